"""Which of a sender's columns holds which field of a layer, and how that was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from geo.heading_scores import EXACT, PARTIAL, Target, score
from geo.headings import core, fold
from geo.layers import GeometryType, Layer
from geo.units import heading_unit

How = Literal["given", "standard", "alias", "close"]

# What a sender may head the columns that say where a row is. East goes to @x and north to @y; a bare X or Y
# keeps its letter, whichever way the sender's axes run: the numbers decide that, where the rows are placed.
ROLE_HEADS: Mapping[str, tuple[str, ...]] = {
    "@lon": (
        *("经度", "东经", "lon", "lng", "long", "longitude", "经度坐标", "x经度", "gps经度", "中心点经度"),
        *("经度(度)", "经度E", "经度(°)", "lon_wgs84", "wgs84经度", "gpslongitude", "中心经度", "点位经度", "JD"),
    ),
    "@lat": (
        *("纬度", "北纬", "lat", "latitude", "纬度坐标", "y纬度", "gps纬度", "中心点纬度", "wgs84纬度"),
        *("纬度(度)", "纬度N", "纬度(°)", "lat_wgs84", "gpslatitude", "中心纬度", "点位纬度", "WD"),
    ),
    "@x": (
        *("x", "x坐标", "坐标x", "x_coord", "xcoord", "x_coordinate", "point_x", "coord_x", "pointx", "X值"),
        *("东坐标", "横坐标", "easting", "east", "e", "东向坐标", "xzb", "中心点x", "中心x", "东坐标e"),
    ),
    "@y": (
        *("y", "y坐标", "坐标y", "y_coord", "ycoord", "y_coordinate", "point_y", "coord_y", "pointy", "Y值"),
        *("北坐标", "纵坐标", "northing", "north", "n", "北向坐标", "yzb", "中心点y", "中心y", "北坐标n"),
    ),
    "@wkt": (
        *("wkt", "geometry", "geom", "the_geom", "几何", "空间数据", "图形", "坐标串", "边界坐标", "拐点坐标"),
        *("geometry_wkt", "wkt_geometry", "geom_wkt", "wkt_geom", "polygon", "界址点坐标", "shape", "四至坐标"),
    ),
    "@lonlat": (
        "经纬度",
        "坐标",
        "经纬度坐标",
        "gps坐标",
        "地理坐标",
        "中心点坐标",
        "latlon",
        "lonlat",
        "位置坐标",
    ),
    "@place": (
        *("地点", "位置", "详细地址", "地址", "坐落", "所在地", "具体位置", "地理位置", "place", "location"),
        *("address", "坐落单位名称", "ZLDWMC", "权属单位名称", "QSDWMC", "所属区域", "所属行政区", "行政区域"),
    ),
}


@dataclass(frozen=True)
class ColumnMatch:
    """The outcome of matching one table's headings with a layer.

    fields: layer field → heading. roles: `@lon @lat @x @y @lonlat @wkt @place` → heading. how: heading →
    (field or role, `given|standard|alias|close`, score 0–100). unmatched: the headings that found nothing.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    how: Mapping[str, tuple[str, How, float]] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()

    def heading(self, target: str) -> str | None:
        """The sender's heading of a field or role; None when no column holds it."""
        return self.roles.get(target) if target.startswith("@") else self.fields.get(target)


def targets_of(layer: Layer) -> tuple[Target, ...]:
    """The fields of a layer and the place roles, as targets for headings."""
    made = [
        Target(f.name, (f.name, *f.standard), (f.label.zh, f.label.en, *f.aliases), f.unit) for f in layer.fields
    ]
    made += [Target(role, (), heads, None) for role, heads in ROLE_HEADS.items()]
    return tuple(made)


def match_columns(
    headings: Sequence[str], layer: Layer, *, override: Mapping[str, str] | None = None
) -> ColumnMatch:
    """Find the field or place role of each heading; one heading to at most one, one column for each.

    override: heading → field, role, or `-` (leave it out), as a person decided; it is taken first, headings
    compared without regard to width, case and spaces. The rest go in three rounds, each the best assignment
    overall: names that are equal, names that are equal without brackets or upper heading, close spellings.
    ValueError when `override` names a field that the layer does not have.
    """
    targets = targets_of(layer)
    how = _given(headings, targets, override or {})
    free_headings = [h for h in dict.fromkeys(headings) if h not in how]
    used = {target for target, _, _ in how.values()}
    free_targets = [t for t in targets if t.name not in used]
    table = np.array([[score(h, t) for t in free_targets] for h in free_headings], dtype=float)
    for floor in (EXACT, PARTIAL, 1.0):
        if not free_headings or not free_targets:
            break
        for i, j in _assign(table, floor):
            how[free_headings[i]] = (
                free_targets[j].name,
                _kind(free_headings[i], free_targets[j], floor),
                table[i, j],
            )
            table[i, :], table[:, j] = 0, 0
    how = {h: (t, k, float(s)) for h, (t, k, s) in how.items() if t != "-"}
    return ColumnMatch(
        fields={t: h for h, (t, _, _) in how.items() if not t.startswith("@")},
        roles={t: h for h, (t, _, _) in how.items() if t.startswith("@")},
        how=how,
        unmatched=tuple(h for h in dict.fromkeys(headings) if h not in how),
    )


def _given(
    headings: Sequence[str], targets: Iterable[Target], override: Mapping[str, str]
) -> dict[str, tuple[str, How, float]]:
    names = {t.name for t in targets}
    wanted = {fold(heading): target for heading, target in override.items()}
    for one in wanted.values():
        if one not in names and one not in ("-", ""):
            raise ValueError(f"{one!r} is neither a field of the layer nor a place role")
    how: dict[str, tuple[str, How, float]] = {}
    for heading in headings:
        target = wanted.get(fold(heading))
        if target is not None and (target in ("-", "") or target not in {t for t, _, _ in how.values()}):
            how[heading] = (target or "-", "given", 100.0)
    return how


def _assign(table: np.ndarray, floor: float) -> list[tuple[int, int]]:
    """Pairs (heading, target) of the best total among scores at or over `floor`; earlier ones win ties."""
    eligible = np.where(table >= floor, table, 0.0)
    if not eligible.any():
        return []
    rows, columns = np.flatnonzero(eligible.any(axis=1)), np.flatnonzero(eligible.any(axis=0))
    part = eligible[np.ix_(rows, columns)]
    # A hair less for later rows and columns, so that ties fall the same way on every machine.
    order = np.add.outer(np.arange(len(rows)) * 1e-6, np.arange(len(columns)) * 1e-7)
    value = np.where(part > 0, part - order, 0.0)
    left, right = np.arange(len(rows)), value.argmax(axis=1)
    if len(set(right.tolist())) < len(right):
        # Only where headings want the same target is there anything to weigh, and worth starting scipy for.
        from scipy.optimize import linear_sum_assignment

        left, right = linear_sum_assignment(value, maximize=True)
    return [(int(rows[i]), int(columns[j])) for i, j in zip(left, right, strict=True) if part[i, j] > 0]


def _kind(heading: str, target: Target, floor: float) -> How:
    if floor not in (EXACT, PARTIAL):
        return "close"
    return "standard" if fold(heading) in {fold(name) for name in target.standard} else "alias"


def guess_layer(
    headings: Sequence[str],
    geometry_type: GeometryType,
    table_name: str,
    layers: Mapping[str, Layer] | Iterable[Layer],
) -> list[tuple[str, float]]:
    """The layers a table may belong to, best first, each with a score from 0 (nothing fits) to 1.

    Counted are the fields that find a column (those that few layers have weigh more), required fields found,
    the kind of geometry, and whether the table or sheet is named after the layer. Ties by layer id.
    """
    listed = list(layers.values()) if isinstance(layers, Mapping) else list(layers)
    heads = {layer.id: {core(h) for f in layer.fields for h in f.heads} for layer in listed}
    scored = []
    for layer in listed:
        match = match_columns(headings, layer)
        weight = 0.0
        for name, heading in match.fields.items():
            _, _, points = match.how[heading]
            sharing = sum(
                bool(heads[other.id] & {core(heading), core(heading.rsplit("/", 1)[-1])}) for other in listed
            )
            unit_fits = layer.field(name).unit == heading_unit(heading) or layer.field(name).unit is None
            weight += points / 100 / max(sharing, 1) * (1.0 if unit_fits else 0.9)
        covered = len(match.fields) / max(len(headings), 1)
        required = [f.name for f in layer.fields if f.required]
        found = sum(name in match.fields for name in required) / len(required) if required else 0.5
        value = 0.35 * (1 - 0.6**weight) + 0.2 * covered + 0.15 * found + 0.3 * _named(table_name, layer)
        scored.append((layer.id, round(value * _geometry_fits(geometry_type, layer), 4)))
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


def _named(table_name: str, layer: Layer) -> float:
    """Whether a table's name speaks of the layer: 1 for its whole label or id, less for part of it."""
    name = core(table_name)
    if not name:
        return 0.0
    words = [core(layer.label.zh), core(layer.label.en), core(layer.id)]
    if any(word and word in name for word in words):
        return 1.0
    label = core(layer.label.zh)
    shared = max(
        (n for n in range(2, len(label)) for i in range(len(label) - n + 1) if label[i : i + n] in name), default=0
    )
    return 0.7 * shared / len(label) if label else 0.0


def _geometry_fits(geometry_type: GeometryType, layer: Layer) -> float:
    if geometry_type == "none":
        return 0.4 if layer.is_area else 1.0
    if geometry_type == "any" or layer.geometry in ("any", geometry_type):
        return 1.0
    return 0.6 if layer.geometry == "none" else 0.3
