"""The parcels of a layer that are to be checked, their shapes read block by block in the CRS of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.errors import Refused
from geo.measure import MICRO, mu_from_m2
from geo.seasons import read_windows
from geo.verify_management import management_of
from geo.verify_reported import Reported
from geo.zonal import BLOCK, Grid, inward
from pipelines.verify_reported import DATES, reported_days

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Array = NDArray[Any]
LON_LAT = CRS.from_epsg(4490)
METRES_PER_DEGREE = 111_320.0
SAID = ("mode", "crop", "use_after", "land_class", "remark")
WANTED = ("reported_mu", "contracted_mu", "season", "contract_id", "stage", *DATES, *SAID)


class Parcels:
    """Things of a layer, most of them with a polygon. frame: one row each, in order of id.

    id, area_code, area_m2 (NaN without polygon), micro_mu (int64), management, season (declared), lon, lat,
    mode, contract_id; accepted_on (NaT = never), closed (accepted and not open again), reported_from and
    reported_to (the days between which it was reported in use); file and position of the shape.

    The shapes are read when first asked for and let go by `release`; they are most of what a layer weighs.
    """

    def __init__(self, frame: pd.DataFrame, files: Sequence[Path], windows: Sequence[str]) -> None:
        self.frame = frame
        self._windows = tuple(windows)
        self.width_m = np.full(len(frame), np.nan)
        self._files = tuple(files)
        self._loaded: dict[int, pa.Array] = {}
        self._loading = Lock()

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def reported(self) -> Reported:
        """What was reported of them: since when, until when, for which season."""
        since, until = (self.frame[name].to_numpy() for name in ("reported_from", "reported_to"))
        return Reported(since, until, self.frame["season"].astype(object).tolist(), self._windows)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the parcels' own points, with a rim of about 500 m."""
        lon, lat = self.frame["lon"].to_numpy(float), self.frame["lat"].to_numpy(float)
        rim = 0.005
        return (
            float(np.nanmin(lon) - rim),
            float(np.nanmin(lat) - rim),
            float(np.nanmax(lon) + rim),
            float(np.nanmax(lat) + rim),
        )

    def shapes(self, rows: Array, crs: CRS) -> Array:
        """Polygons of some rows, by position, in `crs`."""
        files, places = self.frame["file"].to_numpy(), self.frame["position"].to_numpy()
        made = np.empty(len(rows), dtype=object)
        for file in np.unique(files[rows]):
            here = files[rows] == file
            wkb = self._wkb(int(file)).take(pa.array(places[rows[here]]))
            made[here] = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        if crs == LON_LAT:
            return made
        to_crs = Transformer.from_crs(LON_LAT, crs, always_xy=True)
        return np.asarray(shapely.transform(made, to_crs.transform, interleaved=False), dtype=object)

    def _wkb(self, file: int) -> pa.Array:
        with self._loading:
            if file not in self._loaded:
                self._loaded[file] = _read_wkb(self._files[file])
            return self._loaded[file]

    def release(self) -> None:
        """Let the shapes go; they are read again when asked for."""
        with self._loading:
            self._loaded.clear()

    def blocks(self, grid: Grid, inward_pixels: float, least_pixels: float) -> Iterator[Callable[[], Array]]:
        """Functions that give the parcels in the grid's CRS, drawn in; as a side effect they fill `width_m`."""
        for first in range(0, len(self), BLOCK):
            rows = np.arange(first, min(first + BLOCK, len(self)))
            yield partial(self._block, rows, grid, inward_pixels, least_pixels)

    def _block(self, rows: Array, grid: Grid, inward_pixels: float, least_pixels: float) -> Array:
        shapes = self.shapes(rows, grid.crs)
        length = shapely.length(shapes) * metres_per_unit(grid, self.bounds)
        area = self.frame["area_m2"].to_numpy(float)[rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            self.width_m[rows] = 2 * area / length
        if inward_pixels <= 0:
            return shapes
        drawn, _ = inward(shapes, inward_pixels * grid.cell_size, least_area=least_pixels * grid.cell_area)
        return drawn


def metres_per_unit(grid: Grid, bounds: tuple[float, float, float, float]) -> float:
    """Length of one unit of the grid's CRS, near the middle of lon/lat bounds."""
    if grid.crs.is_geographic:
        return METRES_PER_DEGREE * float(np.sqrt(np.cos(np.radians((bounds[1] + bounds[3]) / 2))))
    return float(grid.crs.axis_info[0].unit_conversion_factor)


def read_parcels(workspace: Workspace, layer_id: str, as_of: date | None) -> Parcels:
    """Things of a layer on a day, in order of id; Refused (`verify_nothing_to_check`) when none has a polygon.

    Things without a polygon stay in the list, so that what was reported adds up: no picture can show them.
    """
    from pipelines.store.layers import current_rows

    layer = workspace.layer(layer_id)
    known = {field.name for field in layer.fields}
    columns = ["id", "area_m2", "lon", "lat", "area_code", *(name for name in WANTED if name in known)]
    if layer.lifecycle is not None:
        named = (layer.lifecycle.stage_field, *(stage.date_field for stage in layer.lifecycle.stages))
        columns = list(dict.fromkeys([*columns, *(name for name in named if name in known)]))
    rows = current_rows(workspace, layer, columns=columns, as_of=as_of)
    if not (rows["area_m2"].to_numpy(float, na_value=np.nan) > 0).any():
        raise Refused("verify_nothing_to_check", layer=layer_id)
    reported = next((name for name in ("reported_mu", "contracted_mu") if name in known), None)
    measured = np.nan_to_num(mu_from_m2(rows["area_m2"].to_numpy(float, na_value=np.nan)))
    mu = measured if reported is None else rows[reported].to_numpy(float, na_value=np.nan)
    mu = np.where(np.isnan(mu), measured, mu)
    said = [rows[name] for name in SAID if name in rows and name != "remark"]
    days = reported_days(workspace, layer, rows, as_of)
    imports = workspace.imports(layer_id)
    editions = {one.id: n for n, one in enumerate(imports)}
    frame = pd.DataFrame(
        {
            "id": rows["id"].astype("str"),
            "area_code": rows["area_code"].astype("category"),
            "area_m2": rows["area_m2"].to_numpy(float, na_value=np.nan),
            "micro_mu": np.rint(mu * MICRO).astype(np.int64),
            "management": pd.Categorical(management_of(*said) if said else [""] * len(rows)),
            **{name: days[name] for name in ("accepted_on", "closed", "reported_from", "reported_to")},
            "season": _words(rows, "season"),
            "lon": rows["lon"].to_numpy(float, na_value=np.nan),
            "lat": rows["lat"].to_numpy(float, na_value=np.nan),
            "mode": _words(rows, "mode"),
            "contract_id": rows["contract_id"].astype(object) if "contract_id" in rows else None,
            "file": rows["shape_import"].map(editions).astype(np.int32),
            "position": rows["position"].astype(np.int32),
        }
    )
    windows = [one.id for one in read_windows(workspace.settings.seasons)]
    return Parcels(frame, [workspace.import_folder(one) / "data.parquet" for one in imports], windows)


def _words(rows: pd.DataFrame, name: str) -> pd.Categorical:
    """A column of few words; none of them where the layer has no such column."""
    values = rows[name].astype(object) if name in rows else [None] * len(rows)
    return pd.Categorical(values)


def _read_wkb(path: Path) -> pa.Array:
    with pq.ParquetFile(path) as file:
        parts = [batch.column(0) for batch in file.iter_batches(columns=["geometry"], batch_size=50_000)]
    parts = [part.cast(pa.large_binary()) for part in parts]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_binary())
