"""Whether a layer carries a web-map offset (GCJ-02, BD-09): decided by how it fits what is trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.shift import UNSHIFT
from geo.systems import Points

Name = Literal["gcj02", "bd09"]
NAMES: tuple[Name, ...] = ("gcj02", "bd09")
Hits = Callable[[Points], NDArray[np.bool_]]

# Points: an offset must mend this many that lie wrong, far beyond chance, …
_FEWEST = {"named": 5, "outline": 8}
_CHANCE = {"named": 1e-3, "outline": 1e-4}
_HINT_CHANCE = 0.02
# … where chance is that of a wrong name to be met by so short a move, or of a point beside the outline, …
_BY_LUCK = {"named": 0.25, "outline": 0.5}
# … hardly any may be spoiled by it, and there must have been some that a needless removal would have spoiled.
_SPOILED = 0.2
_TELLING = 0.3
# Boundaries: what coincides within this distance was drawn from one source; chance alone gives a few per cent.
_COINCIDES_M = 30.0
_COINCIDING = 0.25
_TIMES = 4.0
_HINT = 0.6
_METRES = 111_320.0
_MOST_CORNERS = 3_000


@dataclass(frozen=True)
class ShiftVerdict:
    """What was found of a layer's offset.

    name: the offset to take off, None for none. suspected: an offset that would fit better, but not so clearly
    that it may be taken off. before, after: share (0–1) of features that are where they should be, as the layer
    came and with the named or suspected offset taken off. basis: `named`, `outline` or `edges`.
    """

    name: Name | None = None
    suspected: Name | None = None
    before: float = 0.0
    after: float = 0.0
    basis: str = "none"


def without_shift(name: str, lonlat: Points) -> Points:
    """(n, 2) degrees with the named offset taken off."""
    return np.column_stack(UNSHIFT[name](lonlat[:, 0], lonlat[:, 1]))


def decide_by_hits(lonlat: Points, hits: Hits, basis: Literal["named", "outline"]) -> ShiftVerdict:
    """The offset under which many more points fall where they should, of (n, 2) stored degrees.

    hits: for (n, 2) points, in the same order, whether each lies where it should: in the place its row names, or
    in the county. An offset is taken off only when far more points are put right than spoiled, when it fits
    clearly better than the other one, and when the points lie in such a way that a needless removal would show:
    a layer along one border proves nothing. What falls short of that is `suspected`.
    """
    good = np.isfinite(lonlat).all(axis=1)
    raw = hits(lonlat) & good
    outcomes: dict[Name, NDArray[np.bool_]] = {}
    for name in NAMES:
        outcomes[name] = hits(without_shift(name, lonlat)) & good
    best: Name = max(NAMES, key=lambda n: int(outcomes[n].sum()))
    other: Name = "bd09" if best == "gcj02" else "gcj02"
    mended, spoiled = _changed(raw, outcomes[best])
    chance = _luck(mended, mended + spoiled if basis == "outline" else int((~raw).sum()), _BY_LUCK[basis])
    before, after = _share(raw), _share(outcomes[best])
    if chance > _HINT_CHANCE or spoiled > _SPOILED * mended or after < 0.6:
        return ShiftVerdict(before=before, after=before, basis=basis)
    twice = hits(without_shift(best, without_shift(best, lonlat))) & good
    telling = int((outcomes[best] & ~twice).sum())
    better, worse = _changed(outcomes[other], outcomes[best])
    sure = chance <= _CHANCE[basis] and mended >= _FEWEST[basis] and telling >= max(4, _TELLING * mended)
    sure = sure and better - worse >= 3 and _luck(better, better + worse, 0.5) < 0.05
    if sure:
        return ShiftVerdict(name=best, before=before, after=after, basis=basis)
    return ShiftVerdict(suspected=best, before=before, after=after, basis=basis)


def _changed(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[int, int]:
    """How many go from wrong in `one` to right in `other`, and the reverse."""
    return int((~one & other).sum()), int((one & ~other).sum())


def _luck(mended: int, trials: int, chance: float) -> float:
    """The probability of mending so many of so many by luck (binomial test)."""
    from scipy.stats import binomtest

    return float(binomtest(mended, trials, chance, alternative="greater").pvalue) if trials else 1.0


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else 0.0


def decide_by_edges(shapes: NDArray[np.object_], trusted: Any) -> ShiftVerdict:
    """The offset under which a layer of areas coincides with trusted boundaries.

    shapes: polygons in stored degrees that tile a territory. trusted: lines of the county's own boundaries.
    Boundaries drawn from one source coincide to metres over long stretches, seen from either side; those drawn
    apart do not, however well one offset may seem to fit: that is only `suspected`.
    """
    shapes = shapes[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
    if not len(shapes) or trusted is None or trusted.is_empty:
        return ShiftVerdict()
    outer = shapely.boundary(shapely.union_all(shapely.make_valid(shapes)))
    lines = shapely.geometrycollections(shapely.boundary(shapes))
    coincide: dict[str, float] = {}
    near: dict[str, float] = {}
    for name in ("none", "gcj02", "bd09"):
        moved = [outer, lines]
        if name != "none":
            moved = [shapely.transform(one, lambda xy, n=name: without_shift(n, xy)) for one in moved]
        coincide[name], near[name] = _closeness(moved[0], moved[1], trusted)
    best: Name = "gcj02" if coincide["gcj02"] >= coincide["bd09"] else "bd09"
    other: Name = "bd09" if best == "gcj02" else "gcj02"
    rest = max(coincide["none"], coincide[other])
    if coincide[best] >= _COINCIDING and coincide[best] >= _TIMES * rest:
        return ShiftVerdict(name=best, before=coincide["none"], after=coincide[best], basis="edges")
    closest: Name = "gcj02" if near["gcj02"] <= near["bd09"] else "bd09"
    if coincide["none"] < _COINCIDING and near["none"] > _COINCIDES_M and near[closest] < _HINT * near["none"]:
        return ShiftVerdict(suspected=closest, before=coincide["none"], after=coincide[closest], basis="edges")
    return ShiftVerdict(before=coincide["none"], after=coincide["none"], basis="edges")


def _closeness(outer: Any, lines: Any, trusted: Any) -> tuple[float, float]:
    """The share of corners within 30 m of the other side's lines, and their median distance in metres.

    Measured from the layer's outer edge to the trusted lines, and from these (where the layer is) to all of the
    layer's: the lower share and the larger median count.
    """
    west, south, east, north = shapely.bounds(lines)
    scale = np.array([_METRES * np.cos(np.radians((south + north) / 2)), _METRES])
    origin = np.array([(west + east) / 2, (south + north) / 2])

    def metres(shape: Any) -> Any:
        return shapely.transform(shape, lambda xy: (xy - origin) * scale)

    with np.errstate(invalid="ignore"):  # GEOS says so of a line that only touches the box
        near = shapely.clip_by_rect(trusted, west - 0.01, south - 0.01, east + 0.01, north + 0.01)
    fixed = metres(near)
    shares, medians = [], []
    for source, target in ((metres(outer), fixed), (fixed, metres(lines))):
        corners = shapely.get_coordinates(source)
        if not len(corners) or target.is_empty:
            return 0.0, np.inf
        corners = corners[:: max(1, len(corners) // _MOST_CORNERS)]
        tree = shapely.STRtree(_segments(target))
        _, distance = tree.query_nearest(shapely.points(corners), return_distance=True, all_matches=False)
        shares.append(float(np.mean(distance <= _COINCIDES_M)))
        medians.append(float(np.median(distance)))
    return min(shares), max(medians)


def _segments(lines: Any) -> NDArray[np.object_]:
    """Each edge of lines by itself: what is near a point is found among them without looking at all."""
    xy, of_line = shapely.get_coordinates(_simple(lines), return_index=True)
    pairs = np.stack((xy[:-1], xy[1:]), axis=1)[of_line[:-1] == of_line[1:]]
    return np.asarray(shapely.linestrings(pairs))


def _simple(lines: Any) -> NDArray[np.object_]:
    """The single lines of a line, a multiline or a collection of such."""
    parts = shapely.get_parts(shapely.get_parts(lines))
    return np.asarray(parts[np.isin(shapely.get_type_id(parts), (1, 2))])
