"""A desk that writes and reads until it is killed: run by test_crashes as a process of its own.

`python writer.py TARGET NUMBER ACTS OUT`: appends ACTS acts, each with an id of its own, reading in between, and
notes in OUT the id of every act that was acknowledged, after it was.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from geo.access import Actor
from geo.errors import Conflict, Forbidden
from pipelines.store.ledger import Act, open_ledger


def main(target: str, number: int, acts: int, out: Path) -> None:
    """Write this desk's acts; those it was already acknowledged for are asked again, as a client would."""
    ledger = open_ledger(target if "://" in target else Path(target))
    actor = Actor(f"desk{number}", "administrator", has_account=False)
    with out.open("ab", buffering=0) as acknowledged:
        for k in range(acts):
            shared = k % 5 == 0
            name = f"shared-{k % 7}" if shared else f"own-{number}-{k // 2}"
            act = Act("abandoned_parcel", name, actor, kind="note", note=f"{number}/{k}", id=f"d{number}-{k}")
            if not shared and k % 2 == 0:
                act = Act("abandoned_parcel", name, actor, to_stage="verified", from_stage="found", id=act.id)
            try:
                event = ledger.append(act, now=datetime.now(UTC))
            except (Conflict, Forbidden):
                continue
            acknowledged.write(f"{event.id}\n".encode())
            if k % 4 == 0:
                ledger.projected("abandoned_parcel", name)
            if k % 50 == 0:
                ledger.events(feature_id=name, columns=["seq", "note"])
    ledger.close()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
