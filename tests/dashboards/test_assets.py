"""Browser files: from a lock that names no address, copied once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards import assets


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A node_modules folder with an empty file for each that is wanted."""
    root = tmp_path / "node_modules"
    for source in assets.FILES:
        path = root / source
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        elif path.name == "images":
            path.mkdir(parents=True)
            (path / "marker.png").write_text("png")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("licence")
    return root


def test_the_lock_pins_every_package_by_digest_and_names_no_address() -> None:
    text = assets.LOCK.read_text(encoding="utf-8")
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert "://" not in text


def test_a_second_run_does_nothing(modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_fetch", lambda folder: modules)
    target = tmp_path / "vendor"
    assert assets.install(target)
    monkeypatch.setattr(assets, "_fetch", lambda folder: pytest.fail("fetched again"))
    assert not assets.install(target)
    assert (target / "leaflet" / "images" / "marker.png").read_text() == "png"


def test_a_lost_file_is_fetched_again(modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_fetch", lambda folder: modules)
    target = tmp_path / "vendor"
    assets.install(target)
    (target / "leaflet" / "leaflet.js").unlink()
    assert not assets.is_ready(target)
    assert assets.install(target)


def test_a_package_without_the_file_wanted_is_an_error_and_leaves_nothing(
    modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (modules / "leaflet" / "dist" / "leaflet.js").unlink()
    monkeypatch.setattr(assets, "_fetch", lambda folder: modules)
    with pytest.raises(assets.AssetsError, match=r"leaflet\.js"):
        assets.install(tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()
