"""Run by a test in a name space of its own, where it may mount: a workspace on a disk that fills up.

Then the disk is made read-only. Prints what happened as one JSON object.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from geo.access import Actor
from geo.errors import Refused
from pipelines.act import act, workspace_ledger
from pipelines.store.ledger import Act
from pipelines.workspace import Workspace

ADMIN = Actor("x", "administrator", has_account=False)


def note(root: Path) -> str:
    """Append one long note; the code of the refusal, or ""."""
    ledger = workspace_ledger(Workspace(root))
    try:
        ledger.append(Act("abandoned_parcel", "P1", ADMIN, "note", note="x" * 3900), now=datetime.now(UTC))
    except Refused as refusal:
        return refusal.code
    finally:
        ledger.close()
    return ""


def whole(root: Path) -> bool:
    ledger = workspace_ledger(Workspace(root))
    found = ledger.audit(root=root)
    ledger.close()
    return found == []


def command(*words: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", "pipelines", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def main(source: Path, disk: Path) -> None:
    root = disk / "w"
    shutil.copytree(source, root)
    filler = disk / "filler"
    told: dict[str, object] = {}
    with filler.open("wb") as handle:
        free = shutil.disk_usage(disk).free
        handle.write(b"0" * max(0, free - 200_000))
    codes = [note(root) for _ in range(200)]
    told["full"] = sorted(set(codes) - {""})
    told["taken"], told["refused"] = codes.count(""), len(codes) - codes.count("")
    told["whole"] = whole(root)
    told["events"] = workspace_ledger(Workspace(root)).head()[0]
    photo = disk.parent / "photo.jpg"
    try:
        act(root, "abandoned_parcel", "P2", "accepted", "bureau:农业农村局/李四", photo=photo)
    except Refused as refusal:
        told["photo"] = refusal.code
    step = ["act", str(root), "--layer", "abandoned_parcel", "--id", "P1", "--to", "verified", "--by", "张"]
    told["act"] = command(*step)
    filler.unlink()
    told["again"] = note(root)
    told["left"] = sorted(p.name for p in (root / "attachments").rglob(".new-*"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    told["read_only"] = note(root)
    told["act_read_only"] = command(*step)
    told["show"] = command("show", str(root), "--layer", "abandoned_parcel", "--format", "json")
    told["audit"] = command("audit", str(root))
    print(json.dumps(told, ensure_ascii=False))


main(Path(sys.argv[1]), Path(sys.argv[2]))
