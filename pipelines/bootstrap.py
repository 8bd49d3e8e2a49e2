#!/usr/bin/env python3
"""Sets everything up on a bare machine and runs it: `python3 pipelines/bootstrap.py run` or `test`.

Standard library only. Makes .venv from requirements.lock (hashes checked; installed anew only when the lock
changes), fetches the browser files, and then either serves the invented county or runs every check and test.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".lock.sha256"
OLDEST = (3, 11)

# What the tests drive: a browser with a Chinese font, and PostgreSQL with PostGIS.
SYSTEM_PACKAGES = {
    "/usr/bin/chromium": ["chromium"],
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc": ["fonts-wqy-microhei"],
    "/usr/share/postgresql/15/extension/postgis.control": ["postgresql-15", "postgresql-15-postgis-3"],
}


def step(
    *command: str | Path, check: bool = True, quiet: bool = False, environment: dict[str, str] | None = None
) -> int:
    """Run one command in the project's folder and give its exit code; stop everything when it must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL if quiet else None,
        check=False,
    )
    if check and done.returncode:
        sys.exit(f"失败 / failed: {' '.join(str(part) for part in command)}")
    return done.returncode


def wanted_stamp() -> str:
    """What the environment was made from: the lock, the project's metadata, and the Python in use."""
    text = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(text).hexdigest()


def make_environment() -> None:
    """The virtual environment with exactly the locked versions, and the project itself, editable."""
    if sys.version_info < OLDEST:
        sys.exit(f"需要 Python {OLDEST[0]}.{OLDEST[1]} 或更新 / Python {OLDEST[0]}.{OLDEST[1]} or newer is needed")
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted_stamp():
        return
    started = time.monotonic()
    print("正在准备运行环境（首次约一两分钟）/ preparing the environment …", flush=True)
    if not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            venv.create(VENV, with_pip=True)
        except (subprocess.CalledProcessError, ImportError):  # Debian without python3-venv
            shutil.rmtree(VENV, ignore_errors=True)
            venv.create(VENV, with_pip=False)
    install_locked()
    STAMP.write_text(wanted_stamp())
    print(f"环境就绪 / environment ready: {time.monotonic() - started:.0f} s", flush=True)


def install_locked() -> None:
    """Install the lock with uv where it can be had, else with pip; then the project without dependencies."""
    inner = step(PYTHON, "-m", "pip", "--version", check=False, quiet=True) == 0
    pip: list[str | Path] = [PYTHON, "-m", "pip"] if inner else [sys.executable, "-m", "pip", "--python", PYTHON]
    calm = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    uv = step(*pip, "install", "-q", "uv>=0.9", check=False, environment=calm) == 0
    by_uv: list[str | Path] = [BIN / "uv", "pip", "install", "-q", "--python", PYTHON]
    install = by_uv if uv else [*pip, "install", "-q"]
    step(*install, "--require-hashes", "-r", LOCK, environment=calm)
    step(*install, "--no-deps", "--no-build-isolation", "-e", ROOT, environment=calm)


def make_assets() -> None:
    """The browser's files, from the packages that the browser lock names."""
    step(PYTHON, "-m", "dashboards.assets")


def make_system() -> None:
    """What the tests drive beside Python; without the right to install it those tests skip and say so."""
    missing = [name for path, names in SYSTEM_PACKAGES.items() if not Path(path).exists() for name in names]
    if not missing:
        return
    may_install = shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0
    if not may_install:
        print(f"未安装，相关测试将跳过 / not installed, their tests will skip: {' '.join(missing)}", flush=True)
        return
    calm = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-qq", "-y", "install", "--no-install-recommends", *missing]
    step("apt-get", "-qq", "update", environment=calm)
    step(*install, quiet=True, environment=calm)


def run(arguments: Sequence[str]) -> int:
    """Make the invented county once and serve it."""
    workspace = ROOT / "demo"
    if not (workspace / "county.toml").exists():
        step(PYTHON, "-m", "pipelines", "demo", workspace)
    return step(PYTHON, "-m", "pipelines", "serve", workspace, *arguments, check=False)


def test(arguments: Sequence[str]) -> int:
    """Linter, formatter, type checker, then every test; all are run, and any failure fails.

    Tests that drive a browser run by themselves: the driver keeps an event loop running in its process, which
    tests of the server's own answers cannot have. arguments: for pytest, in place of all tests.
    """
    tests: list[str | Path] = [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
    checks: list[list[str | Path]] = [
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
    ]
    parts: list[list[str | Path]] = [["--ignore=tests/browser"], ["tests/browser"]]
    checks += [[*tests, *part] for part in ([list(arguments)] if arguments else parts)]
    return max(step(*check, check=False) for check in checks)


def main() -> int:
    """`setup`, `run` (default) or `test`; what follows goes on to `xiangtu serve` or to pytest."""
    command, arguments = (sys.argv[1] if len(sys.argv) > 1 else "run"), sys.argv[2:]
    if command not in ("setup", "run", "test"):
        sys.exit("用法 / usage: python3 pipelines/bootstrap.py setup|run|test [options]")
    make_environment()
    make_assets()
    if command == "setup":
        return 0
    if command == "test":
        make_system()
        return test(arguments)
    return run(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
