"""The direction of imports that the design fixes, and limits on size, held by reading the code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geo", "pipelines", "dashboards", "data_samples")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "vendor" not in path.parts
)

MAY_NOT = {
    "geo": {
        "pipelines",
        "dashboards",
        "data_samples",
        "streamlit",
        "folium",
        "streamlit_folium",
        "rasterio",
        "sqlalchemy",
        "pyogrio",
        "openpyxl",
        "requests",
        "urllib",
        "http",
        "socket",
        "subprocess",
        "sqlite3",
        "psycopg",
        "os",
        "random",
        "secrets",
        "tempfile",
        "shutil",
        "time",
        "pathlib",
        "io",
    },
    "pipelines": {"dashboards", "streamlit", "folium", "streamlit_folium"},
    "data_samples": {"pipelines", "dashboards", "streamlit", "folium"},
    "dashboards": {"data_samples", "geopandas.tools", "sqlalchemy", "rasterio"},
}
SERVES = {"pipelines/service_commands.py": {"dashboards"}}
"""`xiangtu serve` is the one place where the command line hands over to the dashboards."""
DEMO = {"pipelines/workspace_commands.py": {"data_samples"}}
STREAMLIT_HOMES = ("app.py", "session.py", "data.py", "widgets.py", "server.py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def called(path: Path) -> Iterator[str]:
    """Names of functions that a module calls, as written."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_only_downward(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    package = path.relative_to(ROOT).parts[0]
    allowed = SERVES.get(name, set()) | DEMO.get(name, set())
    wrong = {one for one in imported(path) if one.split(".")[0] in MAY_NOT[package] - allowed}
    assert not wrong, f"{name} imports {sorted(wrong)}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if "geo" in p.relative_to(ROOT).parts[:1]], ids=lambda p: p.name
)
def test_geo_asks_neither_clock_nor_disk(path: Path) -> None:
    hidden = {"open", "datetime.now", "date.today", "datetime.today", "pd.Timestamp.now", "print", "input"}
    assert not hidden & set(called(path))


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.relative_to(ROOT).parts[0] == "dashboards"], ids=lambda p: p.name
)
def test_streamlit_and_folium_stay_in_their_homes(path: Path) -> None:
    names = {one.split(".")[0] for one in imported(path)}
    noun = path.stem.split("_")[0]
    home = f"{noun}.py" in STREAMLIT_HOMES or "views" in path.parts
    assert home or "streamlit" not in names
    assert noun == "maps" or "folium" not in names


def test_packages_are_what_the_design_lists() -> None:
    shown = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and not p.name.endswith(".egg-info")}
    allowed = {*PACKAGES, "tests", "pyproject.toml", "README.md", "requirements.lock", "Makefile", "demo", "build"}
    assert shown <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_small_enough_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400 or any(line.startswith("# Long because") for line in lines)


def test_the_lock_names_no_address() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "dashboards" / "package-lock.json"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256" in text or "integrity" in text
        assert "resolved" not in text
        assert not any(mark in text for mark in ("://", "file:", "@ /"))


def test_this_python_is_one_the_project_supports() -> None:
    assert sys.version_info >= (3, 11)
