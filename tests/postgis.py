"""A throw-away PostgreSQL with PostGIS for tests, from Debian's packages, started by hand in a temporary folder.

`python tests/postgis.py` starts one and prints its address until interrupted; tests ask for it with the fixture
`postgis_server`. Its flushes are off: it never outlives the run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = "postgresql-15 postgresql-15-postgis-3"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl of the newest PostgreSQL that has PostGIS; None when there is none."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if (folder / "initdb").exists() and share.exists():
            return folder
    return None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; then it runs as the user its package made."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server, as its superuser; stopped and removed at the end of the block."""
    tools = binaries()
    if tools is None:
        raise RuntimeError(f"no PostgreSQL with PostGIS here: apt-get install -y {PACKAGES}")
    folder = Path(tempfile.mkdtemp(prefix="xiangtu-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": folder, "check": True}
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=120"
    options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    initdb = [str(tools / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    start = [str(tools / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log"), "-o", options]
    try:
        subprocess.run(_as_postgres([*initdb, "--locale=C.UTF-8", "--no-sync"]), **quiet)  # type: ignore[call-overload]
        subprocess.run(_as_postgres([*start, "start"]), **quiet)  # type: ignore[call-overload]
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            stop = [str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"]
            subprocess.run(_as_postgres(stop), **{**quiet, "check": False})  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with server() as address:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)
