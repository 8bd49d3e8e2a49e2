"""The fast way for large layers: how flat polygons lie on each other, by compiled loops on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.flat import POLYGON, Flat, take
from geo.kernels_native import NEAR_DEGREES, kernel

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

PIECE_EDGES = 16
CUT_ABOVE_VERTICES = 48
LARGE_VERTICES = 256
MOST_ROUNDS = 40
MOST_CELLS = 4_000_000
CHUNK = 32_768
SIMPLE_VERTICES = 64


@dataclass(frozen=True)
class Index:
    """Polygons cut into small pieces, and a grid that tells which pieces meet each of its cells.

    pieces: `Flat`; owner: the polygon each is of; full: the piece fills its box. start, item: the pieces of
    each cell. west, south, cell, columns, rows: the grid, in degrees.
    """

    pieces: Flat
    owner: npt.NDArray[np.int64]
    full: npt.NDArray[np.bool_]
    start: npt.NDArray[np.int64]
    item: npt.NDArray[np.int32]
    west: float
    south: float
    cell: float
    columns: int
    rows: int

    @property
    def grid(self) -> Any:
        """What kernels take of the grid: start, item, west, south, cell, columns, rows."""
        return self.start, self.item, self.west, self.south, self.cell, self.columns, self.rows


def index(polygons: Flat) -> Index:
    """The index of flat polygons; large ones are cut until a piece has at most 16 edges of its own."""
    pieces, owner, full = _cut(polygons)
    there = pieces.box[:, 0] <= pieces.box[:, 2]
    boxes = pieces.box[there] if there.any() else np.zeros((1, 4))
    west, south = boxes[:, 0].min(), boxes[:, 1].min()
    wide, tall = boxes[:, 2].max() - west, boxes[:, 3].max() - south
    side = np.sqrt(max(wide * tall, 1e-18) / max(2 * len(boxes), 1))
    mean = float((boxes[:, 2] - boxes[:, 0] + boxes[:, 3] - boxes[:, 1]).mean()) / 2
    cell = max(side, mean / 4, np.sqrt(wide * tall / MOST_CELLS), wide / 2000, tall / 2000, 1e-9)
    columns, rows = int(wide / cell) + 1, int(tall / cell) + 1
    grid = float(west), float(south), float(cell), columns, rows
    start = np.zeros(columns * rows + 1, np.int64)
    item = np.empty(kernel("grid_count")(pieces.box, *grid, start), np.int32)
    kernel("grid_fill")(pieces.box, *grid, start.copy(), item)
    return Index(pieces, owner, full, start, item, float(west), float(south), float(cell), columns, rows)


def _cut(polygons: Flat) -> tuple[Flat, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    size = np.diff(polygons.ring_start[polygons.feature_start])
    owner, full = np.arange(len(polygons), dtype=np.int64), np.zeros(len(polygons), dtype=bool)
    if not (size > CUT_ABOVE_VERTICES).any():
        return polygons, owner, full
    flat: tuple[Any, Any, Any, Any] = (
        polygons.coordinates,
        polygons.ring_start,
        polygons.ring_sign,
        polygons.feature_start,
    )
    cell = polygons.box
    for _ in range(MOST_ROUNDS):
        flat, cell, source, full, more = _halved(flat, cell)
        owner = owner[source]
        if not more:
            break
    kind = np.full(len(cell), POLYGON, dtype=np.int8)
    outer = np.ones(len(flat[2]), dtype=bool)
    return Flat(*flat, kind=kind, box=cell, outer=outer), owner, full


def _halved(flat: Any, cell: Floats) -> Any:
    """Pieces after one round of cutting: arrays, cells, sources, which fill their cell, and if any was cut."""
    coordinates, ring_start, _, feature_start = flat
    must_cut, room = np.empty(len(cell), np.bool_), np.empty(3, np.int64)
    cuts = kernel("halves_room")(coordinates, ring_start, feature_start, cell, PIECE_EDGES, must_cut, room)
    vertices, rings, most = room.tolist()
    out, out_ring, out_sign = np.empty((vertices, 2)), np.empty(rings + 1, np.int64), np.empty(rings, np.int8)
    out_feature, out_cell = np.empty(most + 1, np.int64), np.empty((most, 4))
    source, full, used = np.empty(most, np.int64), np.empty(most, np.bool_), np.empty(2, np.int64)
    made = kernel("halve")(
        *flat, cell, must_cut, out, out_ring, out_sign, out_feature, out_cell, source, full, used
    )
    vertex, ring = used.tolist()
    pieces = (
        out[:vertex].copy(),
        out_ring[: ring + 1].copy(),
        out_sign[:ring].copy(),
        out_feature[: made + 1].copy(),
    )
    return pieces, out_cell[:made].copy(), source[:made].copy(), full[:made].copy(), cuts > 0


def flat_area_m2(polygons: Flat, *, geodesic: bool = True) -> Floats:
    """Ellipsoidal m² of flat polygons, NaN where there is none.

    As `geo.measure.area_m2`, or, when not geodesic, as `cut_area_m2` with edges straight in lon/lat.
    """
    area, wide = np.empty(len(polygons)), np.empty(len(polygons), np.bool_)
    kernel("flat_areas")(*polygons.arrays, polygons.outer, geodesic, area, wide)
    area[polygons.kind != POLYGON] = np.nan
    far = np.flatnonzero(wide & (polygons.kind == POLYGON))
    if len(far):
        from geo.measure import area_m2, cut_area_m2

        area[far] = (area_m2 if geodesic else cut_area_m2)(polygons.shapes(far))
    return area


def flat_perimeter_m(polygons: Flat, positions: Positions) -> Floats:
    """Metres of all rings of the polygons at some positions, to about a millionth."""
    flat = polygons.coordinates, polygons.ring_start, polygons.feature_start
    length = np.empty(len(positions))
    kernel("flat_perimeters")(*flat, np.ascontiguousarray(positions, dtype=np.int64), length)
    return length


def too_wide(polygons: Flat) -> Positions:
    """Positions of the polygons over which the scale changes more than the compiled loops allow for (0.2°)."""
    box = polygons.box
    extent = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    return np.flatnonzero((polygons.kind == POLYGON) & (extent > NEAR_DEGREES))


def common_areas(
    features: Flat, others: Index, *, workers: int = 2, later_only: bool = False
) -> tuple[Positions, Positions, Floats]:
    """What each feature has in common with each polygon of an index: positions of both, and m² (straight edges).

    Ordered by feature. Pairs with less than 1e-7 m² are left out. later_only: only polygons of a higher
    position than the feature, for a layer with itself. The number of workers changes nothing but the time.
    """
    size = np.diff(features.ring_start[features.feature_start])
    large = np.flatnonzero(size > LARGE_VERTICES)
    if len(large) == 0:
        return _overlaid(features, others, workers, later_only)
    # Every edge of a feature meets every edge of a piece: a large one is cut into pieces, too.
    box = features.box.copy()
    box[large] = np.inf, np.inf, -np.inf, -np.inf
    small = _overlaid(replace(features, box=box), others, workers, later_only)
    pieces, owner, _ = _cut(take(features, large))
    piece, other, m2 = _overlaid(pieces, others, workers, False)
    feature = large[owner[piece]]
    if later_only:
        kept = other > feature
        feature, other, m2 = feature[kept], other[kept], m2[kept]
    pair, at = np.unique(np.stack((feature, other)), axis=1, return_inverse=True)
    sums = np.bincount(at.ravel(), m2, minlength=pair.shape[1]).astype(np.float64)
    feature, other = np.concatenate((small[0], pair[0])), np.concatenate((small[1], pair[1]))
    order = np.argsort(feature, kind="stable")
    return feature[order], other[order], np.concatenate((small[2], sums))[order]


def _overlaid(
    features: Flat, others: Index, workers: int, later_only: bool
) -> tuple[Positions, Positions, Floats]:
    def chunk(begin: int) -> Any:
        return _chunk(features, others, begin, min(begin + CHUNK, len(features)), later_only)

    begins = range(0, len(features), CHUNK)
    if workers > 1 and len(begins) > 1:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(chunk, begins))
    else:
        parts = [chunk(begin) for begin in begins]
    if not parts:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    feature, owner, m2 = (np.concatenate(column) for column in zip(*parts, strict=True))
    return feature.astype(np.intp, copy=False), owner.astype(np.intp, copy=False), m2


def _chunk(features: Flat, others: Index, begin: int, end: int, later_only: bool) -> Any:
    """Pairs of features begin … end - 1: feature, owner and m², in arrays that grow until all have room."""
    starts = features.ring_start[features.feature_start[begin : end + 1]]
    edge = np.empty((int(np.diff(starts).max(initial=0)) + 1, 5))
    theirs = *others.pieces.arrays, others.owner, others.full
    room, found, reached = 2 * (end - begin) + 16, 0, np.array([begin])
    feature, owner, m2 = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    while True:
        bounds = int(reached[0]), end
        out = edge, feature, owner, m2, found, reached
        found = kernel("overlay")(*features.arrays, *bounds, *theirs, *others.grid, later_only, *out)
        if reached[0] == end:
            return feature[:found], owner[:found], m2[:found]
        feature, owner = (np.concatenate((one, np.empty_like(one))) for one in (feature, owner))
        m2 = np.concatenate((m2, np.empty_like(m2)))


def invalid(polygons: Flat) -> Positions:
    """Positions of the polygons that are not valid. Most are seen to be plainly simple without asking GEOS."""
    found = np.empty(len(polygons), np.bool_)
    flat = polygons.coordinates, polygons.ring_start, polygons.feature_start
    kernel("suspicious")(*flat, SIMPLE_VERTICES, found)
    asked = np.flatnonzero(found)
    if len(asked) == 0:
        return asked
    import shapely

    # Coordinates that are no numbers are what is looked for: no warning is called for.
    with np.errstate(invalid="ignore"):
        return np.asarray(asked[~shapely.is_valid(polygons.shapes(asked))])


def refuse_invalid_flat(polygons: Flat) -> None:
    """ValueError that names the positions of invalid polygons: measured as they are, they would be wrong."""
    bad = invalid(polygons)
    if len(bad):
        named = ", ".join(map(str, bad[:5]))
        raise ValueError(f"features at {named} are not valid; repair them first (geo.geometry)")
