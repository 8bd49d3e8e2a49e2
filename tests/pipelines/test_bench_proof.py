"""The proof of the kernels: random pairs of every kind agree with shapely, and faulty shapes are never silent."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo import joins
from geo.geometry import repair
from pipelines import bench_proof
from pipelines.bench_exact import exact_common
from pipelines.bench_pairs import FAMILIES, random_pairs
from pipelines.bench_proof import prove, shapes_of, try_faulty


@pytest.mark.parametrize("family", FAMILIES)
def test_pairs_of_every_kind_agree_with_shapely(family: str) -> None:
    proofs = prove(3000, seed=7, families=[family])
    assert [proof.place for proof in proofs] == ["degrees", "offset_500km"]
    for proof in proofs:
        assert proof.holds, proof
        assert proof.common > 400 or family == "touching"
        assert proof.points > 10_000


def test_exact_arithmetic_finds_what_squares_have_in_common() -> None:
    square, shifted = shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)
    ring = shapely.box(-1, -1, 4, 4).difference(shapely.box(0.5, 0.5, 2.5, 2.5))
    assert exact_common(square, shifted) == 1
    assert exact_common(square, ring) == Fraction(4) - Fraction(9, 4)
    assert exact_common(square, shapely.Polygon([(0, 0), (2, 0), (0, 2)])) == 2
    assert exact_common(square, shapely.box(2, 0, 4, 2)) == 0


def test_a_proof_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    right = bench_proof.flat_area_m2
    monkeypatch.setattr(bench_proof, "flat_area_m2", lambda flat: right(flat) * 1.001)
    assert bench_proof.main(["--pairs", "180"]) == 1
    assert "NO" in capsys.readouterr().out


@pytest.mark.real_data
def test_faulty_shapes_of_real_files_are_refused_or_repaired_and_never_wrong_in_silence(real_data: Path) -> None:
    files = sorted((real_data / "nasty_geos").glob("*.xml"))
    found = [try_faulty(path.name, shapes_of(path)) for path in files]
    assert all(one.holds for one in found), found
    assert sum(one.polygons for one in found) > 300
    assert sum(one.refused for one in found) > 45


@pytest.mark.real_data
def test_cambridges_faulty_parcels_are_refused_by_every_join_until_they_are_repaired(real_data: Path) -> None:
    parcels = shapes_of(real_data / "cambridge_parcels" / "ASSESSING_ParcelsFY2013.topojson")
    one = try_faulty("parcels", parcels)
    assert (one.invalid, one.refused, one.repaired, one.lost, one.silent) == (24, 24, 24, 0, 0)
    many = np.concatenate((parcels, parcels))
    assert len(many) > 20_000
    with pytest.raises(ValueError, match="repair them first"):
        joins.overlaps_layer(many, [shapely.box(-72, 42, -71, 43)])
    fit = repair(many, expect="polygon").geometry
    covered = joins.overlaps_layer(fit, [shapely.box(-72, 42, -71, 43)])
    assert len(covered) == len(fit)


def test_pairs_are_the_same_every_time_and_come_near_no_other() -> None:
    for place in ("degrees", "offset_500km"):
        one, again = random_pairs("holes", 300, 5, place), random_pairs("holes", 300, 5, place)
        assert (shapely.to_wkb(one[0]) == shapely.to_wkb(again[0])).all()
        left, right = shapely.STRtree(one[0]).query(one[1], predicate="intersects")
        assert (left == right).all()
        assert shapely.is_valid(one[0][~shapely.is_missing(one[0])]).all()
