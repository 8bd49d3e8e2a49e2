"""Kernels kept as machine code say bit for bit what numba says, and code that cannot be trusted is not loaded."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo import kernels_native
from geo.flat import flatten
from geo.kernels import common_areas, flat_area_m2, flat_perimeter_m, index, invalid
from geo.slabs import first_polygons, slabs_of
from pipelines.store import machine_code
from pipelines.store.flat_columns import read_flat, read_points

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="machine code is kept on Linux only")


@pytest.fixture
def unbound() -> Iterator[None]:
    """No kernel bound, and what was bound before put back afterwards."""
    bound, libraries = dict(kernels_native._bound), list(kernels_native._libraries)
    kernels_native.unload()
    yield
    kernels_native._bound.clear()
    kernels_native._bound.update(bound)
    kernels_native._libraries[:] = libraries


def everything() -> list[np.ndarray]:
    """What every kernel says of some fields on a large zone with a hole."""
    chance = np.random.default_rng(3)
    turn = np.sort(chance.uniform(0, 2 * np.pi, (500, 9)), axis=1)
    rings = chance.uniform(0.2, 1, (500, 9, 1)) * np.stack((np.cos(turn), np.sin(turn)), axis=-1)
    centres = chance.uniform(0, 9, (500, 1, 2))
    fields = shapely.make_valid(shapely.polygons((rings + centres) * 1e-3 + (106, 30)), method="structure")
    zone = shapely.Point(106.005, 30.005).buffer(0.004, quad_segs=200)
    zones = np.array([zone.difference(shapely.Point(106.005, 30.005).buffer(0.002))])
    flat, lands = flatten(fields), flatten(zones)
    return [
        flat_area_m2(flat),
        flat_area_m2(flat, geodesic=False),
        flat_perimeter_m(flat, np.arange(500)),
        invalid(flat),
        *common_areas(flat, index(lands)),
        *common_areas(flat, index(flat), later_only=True),
        *first_polygons(shapely.get_coordinates(fields) + 1e-5, slabs_of(flat)),
    ]


@pytest.mark.parametrize("linked", [False, True], ids=["bound by llvmlite", "linked"])
def test_machine_code_says_bit_for_bit_what_numba_says(
    unbound: None, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if linked and shutil.which("cc") is None:
        pytest.skip("no linker here")
    if not linked:
        monkeypatch.setattr(machine_code, "_load_linked", lambda _: False)
    by_numba = everything()
    assert not kernels_native.native()
    assert machine_code.load_kernels.__wrapped__()
    assert kernels_native.native()
    assert isinstance(kernels_native._libraries[0], ctypes.CDLL) is linked
    for mine, theirs in zip(everything(), by_numba, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(by_numba[4]) > 100


def test_files_are_read_the_same_both_ways(unbound: None, tmp_path: Path) -> None:
    shapes = np.array([shapely.box(1, 1, 2, 2), None, shapely.box(0, 0, 1, 1).boundary, shapely.box(3, 3, 4, 5)])
    points = np.array([shapely.Point(3, 4), None, shapely.Point(1, 2, 9)], dtype=object)
    for name, values in (("shapes", shapes), ("points", points)):
        column = pa.array(shapely.to_wkb(values), pa.binary())
        pq.write_table(pa.table({"geometry": column}), tmp_path / name, row_group_size=2)
    assert machine_code.load_kernels.__wrapped__()
    mine, places = read_flat(tmp_path / "shapes"), read_points(tmp_path / "points")
    kernels_native.unload()
    theirs = read_flat(tmp_path / "shapes")
    for one, two in zip(mine.arrays, theirs.arrays, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(places, [[3, 4], [np.nan, np.nan], [1, 2]])
    np.testing.assert_array_equal(read_points(tmp_path / "points"), places)
    with pytest.raises(ValueError, match="value 0 is not a point"):
        read_points(tmp_path / "shapes")


def test_code_that_others_could_have_written_or_that_is_broken_is_not_loaded(
    unbound: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_code, "_folders", lambda: (tmp_path / "one", tmp_path / "two"))
    monkeypatch.setattr(kernels_native, "machine_code", lambda: b"no code at all")
    assert not machine_code.load_kernels.__wrapped__()
    kept = next((tmp_path / "one").iterdir())
    assert machine_code._trusted(kept)
    kept.chmod(0o666)
    assert not machine_code._trusted(kept)
    assert not kernels_native.native()
    assert len(everything()) == 12


def test_a_library_of_something_else_is_left_for_the_kept_code(
    unbound: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = next(Path(np.__file__).parent.glob("_core/_multiarray_umath*.so"))
    for name, content in (("none.so", b"no library"), ("other.so", library.read_bytes())):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o644)
    monkeypatch.setattr(machine_code, "_folders", lambda: (tmp_path,))
    assert not machine_code._load_linked("none.so")
    assert not machine_code._load_linked("other.so")
    assert not machine_code._load_linked("nowhere.so")
    assert not kernels_native.native()


def test_a_kernel_takes_no_array_of_another_kind(unbound: None) -> None:
    assert machine_code.load_kernels.__wrapped__()
    with pytest.raises(TypeError, match="grid_count takes contiguous"):
        kernels_native.kernel("grid_count")(np.zeros((2, 4), np.float32), 0.0, 0.0, 1.0, 1, 1, np.zeros(2, int))
