"""How much of every grid cell each parcel covers, worked out once and applied to the picture of every date."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

Array = NDArray[Any]
# Parcels laid on the grid in one task; small enough that progress shows and memory stays flat.
BLOCK = 20_000


@dataclass(frozen=True)
class Grid:
    """A raster's cells on the ground.

    transform: (a, b, c, d, e, f) with x = a·column + b·row + c and y = d·column + e·row + f, at cell corners.
    crs: the reference system of x and y.
    """

    columns: int
    rows: int
    transform: tuple[float, float, float, float, float, float]
    crs: CRS

    @property
    def cell_area(self) -> float:
        """Area of one cell in square units of the CRS."""
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d)

    @property
    def cell_size(self) -> float:
        """Side of a square cell of the same area, in units of the CRS."""
        return float(np.sqrt(self.cell_area))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in the CRS."""
        a, b, c, d, e, f = self.transform
        xs = [a * i + b * j + c for i in (0, self.columns) for j in (0, self.rows)]
        ys = [d * i + e * j + f for i in (0, self.columns) for j in (0, self.rows)]
        return min(xs), min(ys), max(xs), max(ys)

    def to_cells(self, xy: Array) -> Array:
        """Ground coordinates (n, 2) as (column, row), fractional."""
        a, b, c, d, e, f = self.transform
        x, y = xy[:, 0] - c, xy[:, 1] - f
        if b == 0.0 and d == 0.0:
            return np.column_stack([x / a, y / e])
        det = a * e - b * d
        return np.column_stack([(e * x - b * y) / det, (a * y - d * x) / det])


@dataclass(frozen=True)
class Zonal:
    """Figures of one raster under each parcel: seen pixels (sum of cover shares), mean and standard deviation."""

    pixels: Array
    mean: Array
    std: Array


@dataclass(frozen=True)
class Coverage:
    """Cover shares of n parcels on one grid, as rows of a sparse matrix.

    starts: int64 (n + 1). cells: row × columns + column, ascending within a parcel. shares: float32 in (0,
    1]. pixels: float64 (n), what each parcel covers of the grid, in cells. whole: float64 (n), the parcel's
    own area in cells, on the grid or off it.
    """

    grid: Grid
    starts: Array
    cells: Array
    shares: Array
    pixels: Array
    whole: Array

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def inside(self) -> Array:
        """Share of each parcel that lies on the grid, 0–1; NaN for a parcel without area."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.minimum(self.pixels / self.whole, 1.0)

    def take(self, rows: Array) -> Coverage:
        """The same for some of the parcels, by position, in that order."""
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(counts)])
        at = np.repeat(self.starts[:-1][rows] - starts[:-1], counts) + np.arange(starts[-1])
        pixels, whole = self.pixels[rows], self.whole[rows]
        return Coverage(self.grid, starts, self.cells[at], self.shares[at], pixels, whole)

    def statistics(self, values: Array, *, threads: int = 2) -> Zonal:
        """Cover-weighted figures of `values` (rows, columns) under each parcel; NaN cells are not seen.

        Same definition as exactextract's `mean`, `stdev` and `count`: a cell weighs as much of it as the parcel
        covers.
        """
        from geo.zonal_kernel import summarise

        if values.shape != (self.grid.rows, self.grid.columns):
            raise ValueError(f"raster of {values.shape} on a grid of {(self.grid.rows, self.grid.columns)}")
        flat = np.ascontiguousarray(values).reshape(-1)
        if not np.issubdtype(flat.dtype, np.floating):
            flat = flat.astype(np.float32)
        count = len(self)
        out = Zonal(np.zeros(count), np.full(count, np.nan), np.full(count, np.nan))

        def _part(first: int, last: int) -> None:
            args = (self.starts, self.cells, self.shares, flat, first, last)
            summarise(*args, out.pixels, out.mean, out.std)

        self.shared_out(_part, threads)
        return out

    def shared_out(self, work: Callable[[int, int], None], threads: int) -> None:
        """Do `work(first, last)` on runs of parcels that together hold all, with as many cells in each thread."""
        cuts = np.searchsorted(self.starts, np.linspace(0, self.starts[-1], threads + 1)[1:-1])
        edges = [0, *(int(cut) for cut in cuts), len(self)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, edges[:-1], edges[1:]))


@dataclass(frozen=True)
class Sums:
    """Figures of a raster that comes strip by strip, added up under each parcel: arrays (n), float64.

    weights: cover shares of seen cells; totals, squares: values and their squares, weighted by them.
    """

    weights: Array
    totals: Array
    squares: Array

    @classmethod
    def empty(cls, count: int) -> Sums:
        """Nothing seen yet of `count` parcels."""
        return cls(np.zeros(count), np.zeros(count), np.zeros(count))

    def add(self, covered: Coverage, values: Array, first_row: int, *, threads: int = 2) -> None:
        """Add whole rows of the grid, from `first_row` on; NaN cells are not seen."""
        from geo.zonal_kernel import add_rows

        if values.shape[1] != covered.grid.columns:
            raise ValueError(f"rows of {values.shape[1]} cells on a grid of {covered.grid.columns}")
        flat = np.ascontiguousarray(values).reshape(-1)
        begin = first_row * covered.grid.columns

        def _part(first: int, last: int) -> None:
            args = (covered.starts, covered.cells, covered.shares, flat, begin, first, last)
            add_rows(*args, self.weights, self.totals, self.squares)

        covered.shared_out(_part, threads)

    def zonal(self) -> Zonal:
        """The figures, as `Coverage.statistics` gives them of the raster as a whole."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.totals / self.weights
            return Zonal(self.weights, mean, np.sqrt(np.maximum(self.squares / self.weights - mean**2, 0.0)))


def _flat(polygons: Array) -> tuple[Array, Array, Array, Array]:
    """Corners, ring starts, first ring of each polygon and hole marks; None and other shapes become empty."""
    areal = np.isin(shapely.get_type_id(polygons), (3, 6))
    clean = np.where(areal, polygons, shapely.from_wkt("MULTIPOLYGON EMPTY"))
    parts, owner = shapely.get_parts(clean, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    ring_starts = np.concatenate([[0], np.cumsum(np.bincount(ring, minlength=len(rings)))])
    holes = np.concatenate([[False], part[1:] == part[:-1]]) if len(part) else np.zeros(0, bool)
    per_polygon = np.bincount(owner[part] if len(part) else part, minlength=len(polygons))
    return xy, ring_starts.astype(np.int64), np.concatenate([[0], np.cumsum(per_polygon)]), holes


def _block(make: Callable[[], Array], grid: Grid) -> tuple[Array, Array, Array, Array]:
    from geo.zonal_kernel import cover

    polygons = make()
    xy, rings, firsts, holes = _flat(polygons)
    lengths, cells, shares = cover(grid.to_cells(xy), rings, firsts, holes, grid.columns, grid.rows)
    if grid.columns * grid.rows < 2**31:
        cells = cells.astype(np.int32)
    return lengths, cells, shares, shapely.area(polygons) / grid.cell_area


def coverage_in_blocks(
    blocks: Iterable[Callable[[], Array]],
    grid: Grid,
    *,
    threads: int = 2,
    progress: Callable[[int], None] | None = None,
) -> Coverage:
    """As `coverage`, of polygons that are made block by block when their turn comes, so that few are held at once.

    blocks: functions, called in the working threads, each giving an array of polygons in the grid's CRS.
    """
    done: list[tuple[Array, Array, Array, Array]] = []
    waiting: deque[Future[tuple[Array, Array, Array, Array]]] = deque()

    def settle() -> None:
        done.append(waiting.popleft().result())
        if progress:
            progress(len(done[-1][0]))

    with ThreadPoolExecutor(threads) as pool:
        for make in blocks:
            waiting.append(pool.submit(_block, make, grid))
            if len(waiting) > threads:
                settle()
        while waiting:
            settle()
    if not done:
        done = [_block(lambda: np.zeros(0, dtype=object), grid)]
    lengths, cells, shares, whole = (np.concatenate(part) for part in zip(*done, strict=True))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    pixels = np.zeros(len(lengths))
    filled = lengths > 0
    if filled.any():
        pixels[filled] = np.add.reduceat(shares, starts[:-1][filled], dtype=np.float64)
    return Coverage(grid, starts, cells, shares, pixels, whole)


def coverage(polygons: Sequence[Any] | Array, grid: Grid, *, threads: int = 2) -> Coverage:
    """Exact cover shares of `polygons` (in the grid's CRS, valid) on `grid`, in their order.

    Every edge is added up cell by cell (the signed-area accumulation that font rasterisers use), so holes,
    parts and slivers come out right, and what lies off the grid is left out. None, points and lines cover
    nothing.
    """
    shapes = np.asarray(polygons, dtype=object)
    parts = (shapes[first : first + BLOCK] for first in range(0, len(shapes), BLOCK))
    return coverage_in_blocks((partial(_same, part) for part in parts), grid, threads=threads)


def _same(part: Array) -> Array:
    return part


def inward(polygons: Sequence[Any] | Array, distance: float, *, least_area: float) -> tuple[Array, Array]:
    """Polygons drawn in by `distance` so that mixed pixels of the rim count less, and the distance each one bore.

    distance and least_area in units of the CRS. A parcel that would keep less than `least_area` is drawn in
    by a half, then a quarter, then not at all: it is never emptied, and the second array says what was done.
    """
    shapes = np.asarray(polygons, dtype=object)
    out = shapes.copy()
    borne = np.zeros(len(shapes))
    left = np.ones(len(shapes), bool)
    for part in (1.0, 0.5, 0.25):
        at = np.flatnonzero(left)
        if distance <= 0 or not len(at):
            break
        inner = shapely.buffer(shapes[at], -distance * part, join_style="mitre")
        kept = shapely.area(inner) >= least_area
        out[at[kept]] = inner[kept]
        borne[at[kept]] = distance * part
        left[at[kept]] = False
    return out, borne
