"""In which polygon a point lies, for many points: the polygons' edges sorted into slabs of latitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.flat import Flat
from geo.kernels_native import kernel

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]
Marks = npt.NDArray[np.bool_]

EDGES_PER_SLAB = 64
MOST_SLABS = 4096


@dataclass(frozen=True)
class Slabs:
    """The edges of polygons by slabs of latitude; in each slab a run of edges for every polygon that meets it.

    south, height: where the slabs begin and how tall each is, in degrees. run_start: the runs of each slab;
    run_of, run_edge: the polygon of each run, and where its edges begin; edge: the vertex each begins with.
    """

    polygons: Flat
    south: float
    height: float
    run_start: Integers
    run_of: npt.NDArray[np.int32]
    run_edge: Integers
    edge: Integers


def slabs_of(polygons: Flat) -> Slabs:
    """The slabs of flat polygons, about one for every 64 edges."""
    there = polygons.box[:, 1] <= polygons.box[:, 3]
    low = float(polygons.box[there, 1].min()) if there.any() else 0.0
    tall = float(polygons.box[there, 3].max()) - low if there.any() else 0.0
    count = int(np.clip(len(polygons.coordinates) // EDGES_PER_SLAB, 1, MOST_SLABS))
    height = max(tall / count, 1e-9)
    flat = polygons.coordinates, polygons.ring_start, polygons.feature_start
    where: Any = (low, height, count)
    run_start, edge_start = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    kernel("slabs_count")(*flat, *where, run_start, edge_start, np.full(count, -1, np.int32))
    run_of, run_edge = np.empty(run_start[-1], np.int32), np.empty(run_start[-1] + 1, np.int64)
    edge = np.empty(edge_start[-1], np.int64)
    fill = run_start.copy(), edge_start.copy(), np.full(count, -1, np.int32)
    kernel("slabs_fill")(*flat, *where, *fill, run_edge, run_of, edge)
    return Slabs(polygons, low, height, run_start, run_of, run_edge, edge)


def first_polygons(points: Floats, slabs: Slabs) -> tuple[Positions, Marks]:
    """The first polygon each point lies inside, -1 for none or no point (NaN), and which points are unsure.

    points: (n, 2) lon/lat. An unsure point is so near a border that rounding could decide; it has -1, and
    must be looked at exactly. A point that is sure is inside no polygon, nor on the border of any, before
    the one it is given.
    """
    found, unsure = np.empty(len(points), np.int64), np.empty(len(points), np.bool_)
    where: Any = (slabs.south, slabs.height, len(slabs.run_start) - 1)
    edges = slabs.run_start, slabs.run_of, slabs.run_edge, slabs.edge
    polygons = slabs.polygons.coordinates, slabs.polygons.box
    kernel("locate")(np.ascontiguousarray(points), *polygons, *where, *edges, found, unsure)
    return found.astype(np.intp, copy=False), unsure


def on_first(points: Floats, slabs: Slabs) -> Positions:
    """The first polygon each point lies inside or on the border of, -1 for none; what is unsure GEOS decides."""
    found, unsure = first_polygons(points, slabs)
    asked = np.flatnonzero(unsure)
    if len(asked):
        import shapely

        near = shapely.STRtree(shapely.points(points[asked]))
        shapes = slabs.polygons.shapes(np.arange(len(slabs.polygons)))
        polygon, point = near.query(shapes, predicate="intersects")
        first = np.full(len(asked), len(shapes), dtype=np.intp)
        np.minimum.at(first, point, polygon)
        found[asked] = np.where(first < len(shapes), first, -1)
    return found
