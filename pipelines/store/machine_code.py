"""Keeps the kernels' machine code between processes, so that only the first one has to compile it."""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from geo import kernels_native

LINK_S = 60.0
PROCESSOR = ("vendor", "cpu family", "model", "flags", "CPU", "Features")
"""Lines of Linux that tell one processor from another, and no lines of how fast it is running."""
_left_to_numba: list[str] = []


def leave_to_numba(why: str) -> None:
    """Load no machine code in this process from now on: it is for commands that end before numba has started.

    A server waits for numba once, and maps so much memory that the loader was seen to give up with the whole
    process; that must not happen to its readers.
    """
    _left_to_numba.append(why)
    load_kernels.cache_clear()


@cache
def load_kernels() -> bool:
    """Bind the kernels to kept machine code, compiling it first where none is kept; False where numba must do.

    It is proven on Linux; elsewhere, and where it cannot be kept or does not fit, numba compiles as before.
    The code is kept beside the program, or else in the user's cache, and never loaded from a file that
    someone else could have written.
    """
    if sys.platform != "linux" or _left_to_numba:
        return False
    try:
        name = f"kernels.{kernels_native.mark(_processor())}"
        if _load_linked(f"{name}.so"):
            return True
        kept = _kept(f"{name}.o")
        kernels_native.load(_compiled(name) if kept is None else kept.read_bytes())
    except (RuntimeError, OSError):
        return False
    return True


def _load_linked(name: str) -> bool:
    """Bind the kernels to the kept library of that name; False where there is none that the system takes."""
    kept = _kept(name)
    if kept is None:
        return False
    try:
        kernels_native.load_linked(ctypes.CDLL(str(kept)))
    except (OSError, AttributeError):
        return False
    return True


def _processor() -> str:
    """What this processor is and is able to do, as Linux says it of the first."""
    with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as told:
        first = itertools.takewhile(str.strip, told)
        return os.uname().machine + "".join(line for line in first if line.startswith(PROCESSOR))


def _kept(name: str) -> Path | None:
    return next((folder / name for folder in _folders() if _trusted(folder / name)), None)


def _folders() -> tuple[Path, Path]:
    user = os.environ.get("XDG_CACHE_HOME")
    home = Path(user) if user else Path.home() / ".cache"
    return Path(kernels_native.__file__).parent / "__pycache__", home / "xiangtu"


def _trusted(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022


def _compiled(name: str) -> bytes:
    """Machine code made now, and kept in the first folder that takes it."""
    code = kernels_native.machine_code()
    for folder in _folders():
        partial = folder / f"{name}.o.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(code)
            partial.chmod(0o644)
            partial.replace(folder / f"{name}.o")
        except OSError:
            continue
        _link(folder / f"{name}.o")
        for old in folder.glob("kernels.*"):
            if not old.name.startswith(name):
                old.unlink(missing_ok=True)
        break
    return code


def _link(code: Path) -> None:
    """Link a library of kept code where there is a linker: it is loaded before llvmlite would have started."""
    import subprocess

    library = code.with_suffix(".so")
    partial = library.with_name(f"{library.name}.{os.getpid()}")
    command = ["cc", "-shared", "-o", str(partial), str(code), "-lm"]
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(command, check=True, capture_output=True, timeout=LINK_S)
        partial.chmod(0o644)
        partial.replace(library)
    partial.unlink(missing_ok=True)
