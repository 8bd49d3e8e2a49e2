"""Proves the kernels against shapely: on random pairs of every kind, and on faulty shapes of real files.

Run as `python -m pipelines.bench_proof --pairs 1000000 [--faulty FOLDER] [--json FILE]`. Exit 1 when a pair
disagrees, or a faulty shape would be measured wrongly without being refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import shapely

from geo.flat import POLYGON, flatten
from geo.geometry import repair
from geo.kernels import common_areas, flat_area_m2, index, invalid
from geo.measure import area_m2, cut_area_m2, ellipsoid
from geo.pieces import polygonal
from geo.slabs import on_first, slabs_of
from pipelines.bench_exact import exact_common
from pipelines.bench_pairs import FAMILIES, METRE, ORIGIN, PLACES, random_pairs
from pipelines.store.machine_code import load_kernels

Geometries = npt.NDArray[np.object_]

HEXADECIMAL = set("0123456789ABCDEFabcdef\n ")
BATCH = 50_000
SAMPLE = 500
SAME_M2 = 1e-7
"""Areas in common may differ by this, which is the rounding of coordinates; beyond it, exact arithmetic judges."""
EXACT_M2 = 2e-7
"""What the kernels may be off from exact arithmetic: 1e-7 m² under which a pair is left out, and rounding."""
JUDGED = 20


@dataclass(frozen=True)
class Proof:
    """What a family of pairs showed.

    common: pairs with something in common. worst_m2, worst_share: the largest difference to
    `shapely.intersection` in m², and relative where there is 1 m² and more in common. judged, worst_exact:
    how many of the pairs that differ most, by more than 1e-7 m², were worked out in exact arithmetic, and the
    largest difference of the kernels' m² to that (GEOS moves corners to find its way, and is the less exact).
    strangers: pairs found that lie nowhere near each other. worst_area: the largest difference of a
    polygon's area to `geo.measure.area_m2`, relative to it or to 100 m²; worst_geod: relative to
    `pyproj.Geod`, of a sample of polygons above 10 m². points, points_off: corners and middles looked up,
    and how many came out otherwise than by `shapely.intersects`.
    """

    family: str
    place: str
    pairs: int
    common: int
    worst_m2: float
    worst_share: float
    judged: int
    worst_exact: float
    strangers: int
    worst_area: float
    worst_geod: float
    points: int
    points_off: int

    @property
    def holds(self) -> bool:
        """Whether the kernels agree with shapely on all of it."""
        agree = self.worst_exact < EXACT_M2 and self.worst_m2 < 1e-4
        agree &= self.worst_area < 1e-8 and self.worst_geod < 5e-6
        return agree and self.strangers == 0 and self.points_off == 0


def prove(pairs: int, *, seed: int = 20260601, families: Iterable[str] = FAMILIES) -> list[Proof]:
    """Proofs of all families in all places, that together are of so many pairs or a few more."""
    wanted = [(family, place) for family in families for place in PLACES]
    each = -(-pairs // len(wanted))
    return [prove_family(family, place, each, seed + k) for k, (family, place) in enumerate(wanted)]


def prove_family(family: str, place: str, pairs: int, seed: int) -> Proof:
    """The proof of one family, worked in batches."""
    made = []
    for k, begin in enumerate(range(0, pairs, BATCH)):
        shapes = random_pairs(family, min(BATCH, pairs - begin), seed * 1000 + k, place)
        made.append((*_common(*shapes), *_alone(*shapes), *_points(*shapes)))
    common, worst, share, judged, exact, strangers, area, geod, points, off = zip(*made, strict=True)
    pairwise = sum(common), max(worst), max(share), sum(judged), max(exact), sum(strangers)
    return Proof(family, place, pairs, *pairwise, max(area), max(geod), sum(points), sum(off))


def _common(first: Geometries, second: Geometries) -> tuple[int, float, float, int, float, int]:
    feature, other, m2 = common_areas(flatten(first), index(flatten(second)))
    both = polygonal(shapely.intersection(first, second))
    expected = np.nan_to_num(cut_area_m2(both))
    found = np.zeros(len(first))
    found[feature[feature == other]] = m2[feature == other]
    off = np.abs(found - expected)
    large = expected >= 1.0
    share = float((off[large] / expected[large]).max(initial=0.0))
    asked = np.argsort(-off)[:JUDGED]
    asked = asked[off[asked] > SAME_M2]
    judged = [_judged(first[i], second[i], both[i], expected[i], found[i]) for i in asked]
    counts = int((expected > SAME_M2).sum()), float(off.max(initial=0.0)), share
    # What was not judged differs by no more than the last one that was, or by rounding.
    return *counts, len(asked), max(judged, default=0.0), int((feature != other).sum())


def _judged(one: Any, other: Any, both: Any, expected_m2: float, found_m2: float) -> float:
    """How far the m² found is from the exact one; what a degree measures is taken from GEOS's ground."""
    planar = float(shapely.area(both)) if both is not None else 0.0
    if planar == 0.0:
        planar, expected_m2 = float(shapely.area(one)), float(cut_area_m2([one])[0])
    return abs(found_m2 - float(exact_common(one, other)) * expected_m2 / planar)


def _alone(first: Geometries, second: Geometries) -> tuple[float, float]:
    shapes = np.concatenate((first, second))
    shapes = shapes[~shapely.is_missing(shapes)]
    found, expected = flat_area_m2(flatten(shapes)), area_m2(shapes)
    sample = np.flatnonzero(expected > 10.0)[:SAMPLE]
    oriented = shapely.orient_polygons(shapes[sample])
    oracle = np.array([ellipsoid().geometry_area_perimeter(shape)[0] for shape in oriented])
    off = np.abs(found - expected) / np.maximum(expected, 100.0)
    return float(off.max(initial=0.0)), float(np.abs(found[sample] / oracle - 1).max(initial=0.0))


def _points(first: Geometries, second: Geometries) -> tuple[int, int]:
    """Corners of both and middles of edges of the second, looked up among the second."""
    corners = shapely.get_coordinates(second)
    near = np.abs(np.diff(corners, axis=0)).max(axis=1) < 100 * METRE
    middles = (corners[1:] + corners[:-1])[near] / 2
    points = np.concatenate((shapely.get_coordinates(first), corners, middles))
    polygon, point = shapely.STRtree(shapely.points(points)).query(second, predicate="intersects")
    expected = np.full(len(points), len(second))
    np.minimum.at(expected, point, polygon)
    found = on_first(points, slabs_of(flatten(second)))
    return len(points), int((found != np.where(expected < len(second), expected, -1)).sum())


@dataclass(frozen=True)
class Faulty:
    """What became of the polygons of a file: `silent` were neither refused nor measured as shapely does.

    refused: polygons that the kernels would not take; repaired: of these, how many could be repaired, and
    are then measured as shapely does; lost: the others, of which nothing could be saved.
    """

    file: str
    polygons: int
    invalid: int
    refused: int
    repaired: int
    lost: int
    silent: int

    @property
    def holds(self) -> bool:
        """Whether no area came out wrong in silence."""
        return self.silent == 0 and self.refused == self.invalid == self.repaired + self.lost


def try_faulty(file: str, shapes: Geometries) -> Faulty:
    """What the kernels make of a file's shapes as they are, and after repair."""
    placed = _placed(shapes)
    flat = flatten(placed)
    refused = np.zeros(len(placed), dtype=bool)
    refused[invalid(flat)] = True
    bad = ~shapely.is_valid(placed) & (flat.kind == POLYGON)
    done = repair(placed[bad], expect="polygon").geometry
    silent = _off(placed[~refused]) + _off(done)
    lost = int(shapely.is_missing(done).sum())
    counts = int((flat.kind == POLYGON).sum()), int(bad.sum()), int(refused.sum())
    return Faulty(file, *counts, int(bad.sum()) - lost, lost, silent)


def _off(shapes: Geometries) -> int:
    """How many polygons the kernels take without complaint and measure otherwise than shapely."""
    flat = flatten(shapes)
    found, expected = flat_area_m2(flat), area_m2(shapes)
    taken = flat.kind == POLYGON
    taken[invalid(flat)] = False
    planar = np.where(taken, shapely.area(shapes), 0.0)
    wrong = np.abs(found - expected) > 1e-6 + 1e-9 * np.abs(expected)
    return int((taken & (wrong | (expected <= 0) & (planar > 0))).sum())


def _placed(shapes: Geometries) -> Geometries:
    """Polygons that are not in degrees, laid into a corner of a county by a power of two."""
    made = shapely.force_2d(np.array(shapes, dtype=object))
    kinds = shapely.get_type_id(made)
    made = made[((kinds == 3) | (kinds == 6)) & ~shapely.is_empty(made)]
    for i, shape in enumerate(made):
        xy = shapely.get_coordinates(shape)
        extent = float(np.abs(xy).max()) if np.isfinite(xy).all() else 0.0
        if extent > 180 or extent < 1:
            size = 2.0 ** -np.ceil(np.log2(max(extent, 1e-300) / 0.01)) if extent else 1.0
            made[i] = shapely.transform(shape, lambda at, size=size: at * size + ORIGIN)
    return made


def shapes_of(path: Path) -> Geometries:
    """The shapes of a map file, or of a GEOS test in XML (well-known text or binary), those that can be read."""
    if path.suffix != ".xml":
        import geopandas as gpd

        return np.asarray(gpd.read_file(path).geometry.to_numpy(), dtype=object)
    found: list[Any] = []
    for node in ElementTree.parse(path).iter():
        text = (node.text or "").strip()
        if node.tag not in ("a", "b") or not text:
            continue
        read = shapely.from_wkb if set(text) <= HEXADECIMAL else shapely.from_wkt
        text = "".join(text.split()) if read is shapely.from_wkb else " ".join(text.split())
        with np.errstate(invalid="ignore"):
            shape = read(text, on_invalid="ignore")
        found += [] if shape is None else [shape]
    return np.array(found, dtype=object)


def main(words: list[str]) -> int:
    """Prove and print; see the module."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.bench_proof", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20260601)
    parser.add_argument("--faulty", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(words)
    print("kernels:", "machine code" if load_kernels() else "numba", flush=True)
    proofs: list[Any] = prove(asked.pairs, seed=asked.seed) if asked.pairs else []
    faulty: list[Any] = [try_faulty(path.name, shapes_of(path)) for path in asked.faulty]
    for kind in (proofs, faulty):
        _print(kind)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in (*proofs, *faulty)], indent=1), encoding="utf-8")
    return 0 if all(one.holds for one in (*proofs, *faulty)) else 1


def _print(rows: list[Any]) -> None:
    """A plain table, one row a line."""
    if not rows:
        return
    print("  ".join(f"{name:>17}" for name in asdict(rows[0])) + "  holds")
    for row in rows:
        shown = [f"{value:.1e}" if isinstance(value, float) else str(value)[:32] for value in asdict(row).values()]
        print("  ".join(f"{one:>17}" for one in shown) + ("  yes" if row.holds else "  NO"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
