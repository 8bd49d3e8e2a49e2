"""`xiangtu serve` on a workspace for as long as something is measured, and what memory it takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_S = 120


@contextmanager
def serving(workspace: Path) -> Iterator[tuple[str, int]]:
    """The address of a server that was just started on a workspace, and the number of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipelines", "serve", str(workspace), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer at {address}")


def memory_mb(process: int) -> dict[str, int]:
    """What of the machine's memory a process holds `now`, and `most` so far, in MB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return {"now": int(found["VmRSS"]) // 1024, "most": int(found["VmHWM"]) // 1024}


def at_rest(process: int, most_s: float) -> float:
    """Wait until a process uses hardly any processor time; returns after how many seconds, at most `most_s`."""
    begun, before = time.monotonic(), _ticks(process)
    while time.monotonic() - begun < most_s:
        time.sleep(3.0)
        now = _ticks(process)
        if now - before <= 0.05 * 3.0 * os.sysconf("SC_CLK_TCK"):
            break
        before = now
    return round(time.monotonic() - begun, 1)


def _ticks(process: int) -> int:
    """Processor time that a process has used, in clock ticks."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
