"""Where parcels, transfers and plans lie on the lines that limit them: farmland, red line, town boundary."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.measure import area_m2
from geo.overlaps import overlaps_layer
from geo.pieces import polygonal
from pipelines.store.geoparquet import as_geoframe
from pipelines.store.layers import current_rows
from pipelines.summarise import things_at

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.workspace import Workspace

LINES = ("permanent_farmland", "ecological_redline", "urban_boundary")
SUBJECTS = ("land_transfer", "abandoned_parcel", "contract_parcel", "zone_plan", "idle_land")
TOLERANCE_M2, TOLERANCE_PERCENT = 10.0, 1.0
"""What is at or under either is an inaccuracy of drawing, unless the layer declares its own."""
MOST_DRAWN, PIXELS = 800, 2000
"""So many polygons of a limiting layer are drawn at most, with the detail that a map so many pixels wide shows."""


def conflicts(workspace: Workspace, subject: str, line: str, *, as_of: date) -> gpd.GeoDataFrame:
    """The live things of a layer that lie on a limiting layer, the largest common ground first.

    Columns: id, stage, area_code, m2 (common ground on the ellipsoid, counted once where the limiting layer lies
    on itself), share_percent (of the thing), the thing's geometry (EPSG:4490). What is done with (void) is left
    out; at or under the tolerance of the declared relation, else 10 m² or 1 %, nothing is a conflict. Empty when
    either layer has no polygons.
    """
    layer, other = workspace.layer(subject), workspace.layer(line)
    relation = next((r for r in layer.relations if r.kind == "overlaps_layer" and r.layer == line), None)
    things = things_at(workspace, layer, as_of, ["geometry"])
    if "kind" in things:
        things = things[things["kind"] != "void"]
    shapes = things["geometry"].to_numpy(object)
    things = things[np.isin(shapely.get_type_id(shapes), (3, 6))].reset_index(drop=True)
    limits = current_rows(workspace, other, columns=["geometry"], as_of=as_of)["geometry"].to_numpy(object)
    found = overlaps_layer(
        things["geometry"].to_numpy(object),
        limits,
        tolerance_m2=TOLERANCE_M2 if relation is None else relation.tolerance_m2,
        tolerance_percent=TOLERANCE_PERCENT if relation is None else relation.tolerance_percent,
    )
    hit = things.iloc[found["feature"].to_numpy(np.intp)].reset_index(drop=True)
    m2 = found["m2"].to_numpy(float)
    own = hit["measured_mm2"].to_numpy(float) / 1e6
    made = pd.DataFrame(
        {
            "id": hit["id"],
            "stage": hit.get("stage"),
            "area_code": hit["area_code"],
            "m2": m2,
            "share_percent": np.minimum(100.0, 100.0 * m2 / np.maximum(own, 1e-9)),
            "geometry": hit["geometry"],
        }
    )
    return as_geoframe(made.sort_values(["m2", "id"], ascending=[False, True], ignore_index=True))


def common_ground(workspace: Workspace, shapes: np.ndarray, line: str, *, as_of: date) -> np.ndarray:
    """The part of each shape that lies on the limiting layer, for drawing; None where there is none.

    shapes: shapely polygons, EPSG:4490. Worked out for the few that are shown, not for a whole layer.
    """
    limits = current_rows(workspace, workspace.layer(line), columns=["geometry"], as_of=as_of)
    others = limits["geometry"].to_numpy(object)
    others = others[np.isin(shapely.get_type_id(others), (3, 6))]
    tree = shapely.STRtree(others)
    cut = [
        shapely.intersection(shape, shapely.union_all(others[np.sort(tree.query(shape, predicate="intersects"))]))
        for shape in shapes
    ]
    made = np.empty(len(cut), dtype=object)
    made[:] = list(polygonal(np.array(cut, dtype=object))) if cut else []
    made[np.nan_to_num(area_m2(made)) <= 0] = None
    return made


def limits_drawn(
    workspace: Workspace,
    line: str,
    within: shapely.Geometry,
    *,
    as_of: date,
    most: int = MOST_DRAWN,
    near: shapely.Geometry | None = None,
) -> np.ndarray:
    """The polygons of a limiting layer on an area, for drawing: the largest `most`, largest first.

    within: the area, EPSG:4490; what lies across its edge is cut there. near: only those that reach into it. A
    detail of less than a pixel of a map of the whole area, or of that near ground, is left out.
    """
    limits = current_rows(workspace, workspace.layer(line), columns=["geometry"], as_of=as_of)
    shapes = limits["geometry"].to_numpy(object)
    shapes = shapes[np.isin(shapely.get_type_id(shapes), (3, 6))]
    shapely.prepare(within)
    shapes = shapes[shapely.intersects(within, shapes)]
    if near is not None:
        shapes = shapes[shapely.intersects(near, shapes)]
    shapes = shapes[np.argsort(-shapely.area(shapes), kind="stable")][:most]
    inside = shapely.contains(within, shapes)
    shapes = shapes.copy()
    shapes[~inside] = polygonal(shapely.intersection(shapes[~inside], within))
    west, _, east, _ = shapely.bounds(within if near is None else near)
    thin = shapely.simplify(shapes, (east - west) / PIXELS)
    return np.where(shapely.is_empty(thin), shapes, thin)


def conflict_counts(workspace: Workspace, *, as_of: date, subjects: tuple[str, ...] = SUBJECTS) -> pd.DataFrame:
    """How many things of each layer lie on each limiting layer: columns subject, line, count, m2.

    Pairs of which either layer has no rows are left out; a pair without conflict has count 0.
    """
    rows = []
    for subject in subjects:
        for line in LINES:
            if workspace.imports(subject) and workspace.imports(line):
                found = conflicts(workspace, subject, line, as_of=as_of)
                rows.append((subject, line, len(found), float(found["m2"].sum())))
    return pd.DataFrame(rows, columns=["subject", "line", "count", "m2"])
