"""The parcels of a layer that are to be checked, their shapes read block by block in the CRS of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
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
from geo.verify_management import management_of
from geo.zonal import BLOCK, Grid, inward

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Array = NDArray[Any]
LON_LAT = CRS.from_epsg(4490)
METRES_PER_DEGREE = 111_320.0
SAID = ("mode", "crop", "use_after", "land_class", "remark")
WANTED = ("reported_mu", "contracted_mu", "accepted_on", "season", "starts_on", "contract_id", *SAID)


class Parcels:
    """Polygons of a layer. frame: one row each with id, area_code, micro_mu (int64), management, lon, lat …"""

    def __init__(self, frame: pd.DataFrame, shapes: list[pa.Array]) -> None:
        self.frame = frame
        self._shapes = shapes
        self.width_m = np.full(len(frame), np.nan)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the parcels' own points, with a rim of about 500 m."""
        lon, lat = self.frame["lon"].to_numpy(float), self.frame["lat"].to_numpy(float)
        rim = 0.005
        return float(lon.min() - rim), float(lat.min() - rim), float(lon.max() + rim), float(lat.max() + rim)

    def shapes(self, rows: Array, crs: CRS) -> Array:
        """Polygons of some rows, by position, in `crs`."""
        files, places = self.frame["file"].to_numpy(), self.frame["position"].to_numpy()
        made = np.empty(len(rows), dtype=object)
        for file in np.unique(files[rows]):
            here = files[rows] == file
            wkb = self._shapes[file].take(pa.array(places[rows[here]]))
            made[here] = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        if crs == LON_LAT:
            return made
        to_crs = Transformer.from_crs(LON_LAT, crs, always_xy=True)
        return np.asarray(shapely.transform(made, to_crs.transform, interleaved=False), dtype=object)

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
    """Polygons of a layer on a day, in order of id; Refused (`verify_nothing_to_check`) when there are none."""
    from pipelines.store.layers import current_rows

    layer = workspace.layer(layer_id)
    known = {field.name for field in layer.fields}
    columns = ["id", "area_m2", "lon", "lat", "area_code", *(name for name in WANTED if name in known)]
    rows = current_rows(workspace, layer, columns=columns, as_of=as_of)
    rows = rows[rows["area_m2"].to_numpy(float, na_value=np.nan) > 0].reset_index(drop=True)
    if rows.empty:
        raise Refused("verify_nothing_to_check", layer=layer_id)
    reported = next((name for name in ("reported_mu", "contracted_mu") if name in known), None)
    measured = mu_from_m2(rows["area_m2"].to_numpy(float))
    mu = measured if reported is None else rows[reported].to_numpy(float, na_value=np.nan)
    mu = np.where(np.isnan(mu), measured, mu)
    said = [rows[name] for name in SAID if name in rows and name != "remark"]
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]")
    accepted, begun = rows.get("accepted_on", never), rows.get("starts_on", never)
    editions = {one.id: n for n, one in enumerate(workspace.imports(layer_id))}
    frame = pd.DataFrame(
        {
            "id": rows["id"].astype(object),
            "area_code": rows["area_code"].astype(object),
            "area_m2": rows["area_m2"].to_numpy(float),
            "micro_mu": np.rint(mu * MICRO).astype(np.int64),
            "management": management_of(*said) if said else "",
            "accepted_on": pd.to_datetime(accepted),
            "in_force_from": pd.to_datetime(begun),
            "season": rows["season"].astype(object) if "season" in rows else None,
            "lon": rows["lon"].to_numpy(float),
            "lat": rows["lat"].to_numpy(float),
            "mode": rows["mode"].astype(object) if "mode" in rows else "",
            "contract_id": rows["contract_id"].astype(object) if "contract_id" in rows else None,
            "file": rows["import_id"].map(editions).astype(np.int64),
            "position": rows["position"].astype(np.int64),
        }
    )
    folders = [workspace.import_folder(one) for one in workspace.imports(layer_id)]
    shapes = [_wkb(folder / "data.parquet", n in set(frame["file"])) for n, folder in enumerate(folders)]
    return Parcels(frame, shapes)


def _wkb(path: Any, wanted: bool) -> pa.Array:
    if not wanted:
        return pa.array([], pa.binary())
    column = pq.read_table(path, columns=["geometry"])["geometry"].cast(pa.large_binary())
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_binary())
