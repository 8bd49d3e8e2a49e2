"""Things as flat arrays of coordinates, and their encoding as Mapbox Vector Tiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

EXTENT = 4096
BUFFER = 64
POINT, LINE, RING = 1, 2, 3


@dataclass(frozen=True)
class Shapes:
    """Things as flat arrays: their parts (a point, a line or a ring each) one after the other.

    coordinates: (n, 2) lon/lat. starts: first coordinate of each part, one more than there are parts. owner and
    kind (POINT, LINE or RING): of each part, in order of owner. bounds: (things, 4) degrees, NaN where empty.
    ids and values: of each thing; values is what the map colours by.
    """

    coordinates: Floats
    starts: Integers
    owner: Integers
    kind: npt.NDArray[np.int8]
    bounds: Floats
    first: Integers
    ids: pd.Series
    values: pd.Series

    def within(self, west: float, south: float, east: float, north: float) -> Integers:
        """Positions of the things whose box meets that box."""
        low_x, low_y, high_x, high_y = self.bounds.T
        return np.flatnonzero((low_x <= east) & (high_x >= west) & (low_y <= north) & (high_y >= south))

    def shape(self, position: int) -> shapely.Geometry:
        """One thing as a geometry; several rings of one thing are taken as even–odd."""
        found: shapely.Geometry | None = None
        for part in range(int(self.first[position]), int(self.first[position + 1])):
            line = self.coordinates[self.starts[part] : self.starts[part + 1]]
            if self.kind[part] == RING:
                made = shapely.polygons(line)
            else:
                made = shapely.linestrings(line) if self.kind[part] == LINE else shapely.points(line[0])
            found = made if found is None else shapely.symmetric_difference(found, made)
        return found if found is not None else shapely.Point()


def flatten(geometry: npt.NDArray[np.object_], ids: pd.Series, values: pd.Series) -> Shapes:
    """Shapely objects (lon/lat, None for nothing) as flat arrays; polygons' outer rings run clockwise."""
    whole, owner = shapely.get_parts(geometry, return_index=True)
    simple, again = shapely.get_parts(whole, return_index=True)
    owner = owner[again]
    kinds = shapely.get_type_id(simple)
    area = kinds == 3
    rings, ring_of = shapely.get_rings(shapely.orient_polygons(simple[area], exterior_cw=True), return_index=True)
    parts = np.concatenate([simple[~area], rings])
    owners = np.concatenate([owner[~area], owner[area][ring_of]])
    kind = np.concatenate([np.where(kinds[~area] == 0, POINT, LINE), np.full(len(rings), RING)]).astype(np.int8)
    order = np.argsort(owners, kind="stable")
    parts, owners, kind = parts[order], owners[order].astype(np.int64), kind[order]
    coordinates, part_of = shapely.get_coordinates(parts, return_index=True)
    counts = np.bincount(part_of, minlength=len(parts))
    return Shapes(
        coordinates=coordinates,
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        owner=owners,
        kind=kind,
        bounds=shapely.bounds(geometry),
        first=np.searchsorted(owners, np.arange(len(geometry) + 1)).astype(np.int64),
        ids=ids.reset_index(drop=True),
        values=values.reset_index(drop=True),
    )


def tile_box(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a web map's tile in degrees."""
    count = 2**z
    west, east = (360.0 * column / count - 180.0 for column in (x, x + 1))
    north, south = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count)))) for row in (y, y + 1))
    return west, south, east, north


def tile_at(z: int, lon: float, lat: float) -> tuple[int, int]:
    """Column and row of the web map's tile that a place lies on."""
    row = (0.5 - math.atanh(math.sin(math.radians(lat))) / (2 * math.pi)) * 2**z
    return int((lon + 180.0) / 360.0 * 2**z), int(row)


def wide_box(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """The box of a tile with the margin beyond which nothing is drawn in it."""
    west, south, east, north = tile_box(z, x, y)
    margin_x, margin_y = ((b - a) * BUFFER / EXTENT for a, b in ((west, east), (south, north)))
    return west - margin_x, south - margin_y, east + margin_x, north + margin_y


def together(chosen: Sequence[tuple[Shapes, Integers]]) -> Shapes:
    """Some things (by their positions, in order) of several sets as one set."""
    parts = [_taken(shapes, at) for shapes, at in chosen]
    counts = np.concatenate([np.empty(0, np.int64), *(part[1] for part in parts)])
    begins = np.cumsum([0, *(len(at) for _, at in chosen)])
    owners = [
        np.searchsorted(at, part[2]) + begin for (_, at), part, begin in zip(chosen, parts, begins, strict=False)
    ]
    owner = np.concatenate([np.empty(0, np.int64), *owners])
    nothing = pd.Series([], dtype=object)
    return Shapes(
        coordinates=np.concatenate([np.empty((0, 2)), *(part[0] for part in parts)]),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        owner=owner,
        kind=np.concatenate([np.empty(0, np.int8), *(part[3] for part in parts)]),
        bounds=np.concatenate([np.empty((0, 4)), *(shapes.bounds[at] for shapes, at in chosen)]),
        first=np.searchsorted(owner, np.arange(begins[-1] + 1)).astype(np.int64),
        ids=pd.concat(
            [nothing, *(shapes.ids.iloc[at].astype(object) for shapes, at in chosen)], ignore_index=True
        ),
        values=pd.concat(
            [nothing, *(shapes.values.iloc[at].astype(object) for shapes, at in chosen)], ignore_index=True
        ),
    )


def encode(
    shapes: Shapes,
    z: int,
    x: int,
    y: int,
    *,
    name: str = "things",
    fields: Sequence[str],
    among: Callable[[Integers], Integers] | None = None,
    merged: bool = False,
) -> bytes:
    """The things that meet a tile, as a Mapbox Vector Tile 2.1 with one layer; empty when there are none.

    fields: names under which id and value are written. A thing much larger than the tile is cut to it. among: of
    some positions those that are meant; all when None. merged: lines and polygons of one value are one feature
    without an id, so that ten thousand of them are drawn as quickly as ten.
    """
    west, south, east, north = tile_box(z, x, y)
    box = wide_box(z, x, y)
    chosen = shapes.within(*box) if among is None else among(shapes.within(*box))
    if not len(chosen):
        return b""
    wide = shapes.bounds[chosen]
    large = (wide[:, 2] - wide[:, 0] > 2 * (east - west)) | (wide[:, 3] - wide[:, 1] > 2 * (north - south))
    pieces = [_taken(shapes, chosen[~large])]
    if large.any():
        cut = np.array([shapely.clip_by_rect(shapes.shape(int(p)), *box) for p in chosen[large]], dtype=object)
        flat = flatten(cut, shapes.ids.iloc[chosen[large]], shapes.values.iloc[chosen[large]])
        pieces.append((flat.coordinates, np.diff(flat.starts), chosen[large][flat.owner], flat.kind))
    coordinates, counts, owner, kind = (np.concatenate(column) for column in zip(*pieces, strict=True))
    placed = _to_tile(coordinates, z, x, y)
    return _layer(placed, counts, owner, kind, shapes, name, fields, merged=merged)


def _taken(shapes: Shapes, chosen: Integers) -> tuple[Floats, Integers, Integers, npt.NDArray[np.int8]]:
    """Coordinates, number of them in each part, owner and kind of each part, of the chosen things."""
    parts = _ranges(shapes.first[chosen], shapes.first[chosen + 1])
    points = _ranges(shapes.starts[parts], shapes.starts[parts + 1])
    counts = shapes.starts[parts + 1] - shapes.starts[parts]
    return shapes.coordinates[points], counts, shapes.owner[parts], shapes.kind[parts]


def _ranges(starts: Integers, ends: Integers) -> Integers:
    """The numbers of all half-open ranges, one after the other."""
    counts = ends - starts
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)


def _to_tile(coordinates: Floats, z: int, x: int, y: int) -> Integers:
    """Lon/lat as whole tile units from the tile's north-west corner."""
    scale = 2.0**z
    sine = np.sin(np.radians(coordinates[:, 1]))
    column = (coordinates[:, 0] + 180.0) / 360.0 * scale - x
    row = (0.5 - np.arctanh(sine) / (2 * math.pi)) * scale - y
    return np.rint(np.column_stack([column, row]) * EXTENT).astype(np.int64)


def _layer(
    placed: Integers,
    counts: Integers,
    owner: Integers,
    kind: npt.NDArray[np.int8],
    shapes: Shapes,
    name: str,
    fields: Sequence[str],
    *,
    merged: bool,
) -> bytes:
    placed, counts, keep = _without_repeats(placed, counts, kind)
    owner, kind = owner[keep], kind[keep]
    if not len(owner):
        return b""
    same = owner
    if merged:
        same = pd.factorize(shapes.values.iloc[owner])[0]
        placed, counts, owner, kind, same = _by_value(placed, counts, owner, kind, same)
    # One feature of the tile: neighbouring parts of one thing (or one value) and one kind; points stand alone.
    fresh = np.ones(len(owner), dtype=bool)
    fresh[1:] = (same[1:] != same[:-1]) | (kind[1:] != kind[:-1]) | (kind[1:] == POINT)
    commands, ends = _commands(placed, counts, kind, fresh)
    heads = np.flatnonzero(fresh)
    things = owner[heads]
    values: dict[str, int] = {}
    features = []
    start = 0
    rows = zip(
        things.tolist(),
        kind[heads].tolist(),
        ends.tolist(),
        shapes.ids.iloc[things].tolist(),
        shapes.values.iloc[things].tolist(),
        strict=True,
    )
    for thing, sort, end, key, value in rows:
        tags = b"" if merged else b"\x00" + _varint(values.setdefault(str(key), len(values)))
        if isinstance(value, str):
            tags += b"\x01" + _varint(values.setdefault(value, len(values)))
        head = b"\x08" + _varint(thing + 1) + (_field(2, tags) if tags else b"") + b"\x18" + _varint(sort)
        features.append(_field(2, head + _field(4, commands[start:end])))
        start = end
    keys = b"".join(_field(3, field.encode()) for field in fields)
    table = b"".join(_field(4, _field(1, value.encode())) for value in values)
    head = b"\x78\x02" + _field(1, name.encode())
    return _field(3, head + b"".join(features) + keys + table + b"\x28" + _varint(EXTENT))


def _by_value(
    placed: Integers, counts: Integers, owner: Integers, kind: npt.NDArray[np.int8], value: Integers
) -> tuple[Integers, Integers, Integers, npt.NDArray[np.int8], Integers]:
    """The parts in order of their kind and value, those of one thing together as they were."""
    order = np.lexsort((np.arange(len(value)), value, kind))
    starts = np.cumsum(counts) - counts
    points = _ranges(starts[order], starts[order] + counts[order])
    return placed[points], counts[order], owner[order], kind[order], value[order]


def _without_repeats(
    placed: Integers, counts: Integers, kind: npt.NDArray[np.int8]
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Drop points equal to the one before, the closing point of rings, and parts that shrank to nothing."""
    part_of = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    keep = np.ones(len(placed), dtype=bool)
    keep[1:] = (placed[1:] != placed[:-1]).any(axis=1) | (part_of[1:] != part_of[:-1])
    ring = kind == RING
    last = starts[ring] + counts[ring] - 1
    keep[last] = keep[last] & (placed[last] != placed[starts[ring]]).any(axis=1)
    left = np.bincount(part_of[keep], minlength=len(counts))
    whole = left >= np.where(ring, 3, np.where(kind == LINE, 2, 1))
    keep &= whole[part_of]
    return placed[keep], left[whole], whole


def _commands(
    placed: Integers, counts: Integers, kind: npt.NDArray[np.int8], fresh: npt.NDArray[np.bool_]
) -> tuple[bytes, Integers]:
    """The drawing commands of all features in one string, and where each feature's ends."""
    starts = np.cumsum(counts) - counts
    steps = np.diff(placed, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    begin = starts[fresh]
    steps[begin] = placed[begin]
    zigzag = (steps << 1) ^ (steps >> 63)
    # MoveTo x y [LineTo (x y)…] [ClosePath]
    sizes = np.where(kind == POINT, 3, 2 * counts + 2 + (kind == RING))
    at = np.cumsum(sizes) - sizes
    words = np.zeros(int(sizes.sum()), dtype=np.int64)
    words[at] = 1 << 3 | 1
    drawn = kind != POINT
    words[at[drawn] + 3] = (counts[drawn] - 1) << 3 | 2
    words[(at + sizes - 1)[kind == RING]] = 1 << 3 | 7
    part_of = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(placed)) - starts[part_of]
    slot = at[part_of] + np.where(place == 0, 1, 2 + 2 * place)
    words[slot], words[slot + 1] = zigzag[:, 0], zigzag[:, 1]
    text, ends = _varints(words)
    last = np.append(np.flatnonzero(fresh)[1:], len(counts)) - 1
    return text, ends[(at + sizes - 1)[last]]


def _varints(words: Integers) -> tuple[bytes, Integers]:
    """Protocol-buffer varints of non-negative numbers in one string, and where each ends."""
    length = np.ones(len(words), dtype=np.int64)
    for bits in (7, 14, 21, 28, 35):
        length += words >= 1 << bits
    ends = np.cumsum(length)
    text = np.zeros(int(ends[-1]), dtype=np.uint8)
    for byte in range(int(length.max())):
        has = length > byte
        more = np.where(length[has] > byte + 1, 128, 0)
        text[(ends - length)[has] + byte] = (words[has] >> 7 * byte & 127) | more
    return text.tobytes(), ends


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body
