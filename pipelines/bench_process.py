"""A measured process: run to its end, with its time, processor time and the most memory it held."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LOOK_S = 0.005


@dataclass(frozen=True)
class Run:
    """One run: exit code (-9 when patience was at an end), seconds, processor seconds, peak MB, last words."""

    code: int
    seconds: float
    cpu_s: float
    peak_mb: float
    complaint: str


def run_process(command: list[str], patience_s: float) -> Run:
    """Run a process of its own to its end, or until patience is at one. Modules are found as here."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # As a user's Python does: each process compiling every module again would measure just that.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = _cpu_of_children(), time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            if time.perf_counter() - started > patience_s:
                process.kill()
            time.sleep(LOOK_S)
        seconds = time.perf_counter() - started
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    cpu = _cpu_of_children() - before
    return Run(process.returncode, seconds, cpu, peak, lines[-1] if lines else "")


def load_average() -> float | None:
    """How many processes wanted a processor in the last minute; None where the system does not tell."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident_mb(pid: int) -> float:
    """The most a process has held so far, its children's with it; 0 where the system does not tell."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return round(total, 1)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split()]
