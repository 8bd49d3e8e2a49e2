"""Map files as senders write them: shapefiles in GBK, GeoPackages, file geodatabases, KML, GeoJSON, GeoParquet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS

from geo.shift import gcj02_from_wgs84

STORED = 4490
"""CGCS2000 longitude and latitude."""
PREFIXED = 4523
"""CGCS2000 3-degree Gauss-Kruger zone 35 (central meridian 105°E) with the zone number before the easting."""


def write_shapefile(
    path: Path, frame: gpd.GeoDataFrame, at: date, *, encoding: str = "GBK", cpg: bool = False, prj: bool = True
) -> Path:
    """A shapefile in the CRS of `frame`; without .cpg as Chinese desktop software leaves it, or .prj too."""
    remove(path)
    pyogrio.write_dataframe(
        _plain_dates(frame), path, encoding=encoding, layer_options={"DBF_DATE_LAST_UPDATE": at.isoformat()}
    )
    if not cpg:
        path.with_suffix(".cpg").unlink()
        with path.with_suffix(".dbf").open("r+b") as table:
            table.seek(29)
            table.write(b"\x00")
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


def write_geopackage(path: Path, frame: gpd.GeoDataFrame, at: date, layer: str) -> Path:
    """A GeoPackage of one layer, its inner dates those of `at`."""
    remove(path)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{at.isoformat()}T09:00:00.000Z"})
    try:
        pyogrio.write_dataframe(_plain_dates(frame), path, layer=layer, driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    return path


def write_geodatabase(path: Path, frame: gpd.GeoDataFrame, layer: str) -> Path:
    """An Esri file geodatabase (a folder) of one layer."""
    remove(path)
    pyogrio.write_dataframe(_plain_dates(frame), path, layer=layer, driver="OpenFileGDB")
    return path


def write_geojson(path: Path, frame: gpd.GeoDataFrame, *, shifted: bool = False) -> Path:
    """GeoJSON with eight decimals. shifted: coordinates of GCJ-02 under the WGS 84 that GeoJSON implies."""
    frame = _plain_dates(frame.to_crs(STORED))
    if shifted:
        frame = frame.set_geometry(shift(frame.geometry.to_numpy()), crs=STORED)
    remove(path)
    pyogrio.write_dataframe(frame, path, driver="GeoJSON", COORDINATE_PRECISION=8)
    return path


def write_flatgeobuf(path: Path, frame: gpd.GeoDataFrame) -> Path:
    """FlatGeobuf in EPSG:4490."""
    remove(path)
    pyogrio.write_dataframe(_plain_dates(frame.to_crs(STORED)), path, driver="FlatGeobuf")
    return path


def write_kml(path: Path, frame: gpd.GeoDataFrame) -> Path:
    """KML, whose every value is text."""
    remove(path)
    frame = _plain_dates(frame.to_crs(4326))
    text = frame.drop(columns="geometry").astype("string")
    pyogrio.write_dataframe(gpd.GeoDataFrame(text, geometry=frame.geometry), path, driver="KML")
    return path


def write_geoparquet(path: Path, chunks: Iterable[gpd.GeoDataFrame]) -> Path:
    """GeoParquet 1.0 (WKB, EPSG:4490), one row group a chunk, so that a million rows need little memory."""
    column = {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": CRS.from_epsg(STORED).to_json_dict()}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    writer: pq.ParquetWriter | None = None
    for chunk in chunks:
        frame = chunk.to_crs(STORED)
        table = pa.Table.from_pandas(pd.DataFrame(frame.drop(columns="geometry")), preserve_index=False)
        table = table.replace_schema_metadata({b"geo": json.dumps(geo).encode()})
        table = table.append_column("geometry", pa.array(shapely.to_wkb(frame.geometry.to_numpy()), pa.binary()))
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


def shift(geometry: np.ndarray) -> np.ndarray:
    """Longitude–latitude shapes of CGCS2000 as a Chinese web map would show them (GCJ-02)."""

    def moved(coordinates: np.ndarray) -> np.ndarray:
        return np.column_stack(gcj02_from_wgs84(coordinates[:, 0], coordinates[:, 1]))

    return np.asarray(shapely.transform(geometry, moved))


def sexagesimal(degrees: pd.Series) -> pd.Series:
    """Degrees as text of degrees, minutes and seconds with one decimal: 105°02′31.5″ (1.5 m on the ground)."""

    def text(value: float) -> str:
        tenths = round(value * 36_000)
        return f"{tenths // 36_000}°{tenths // 600 % 60:02d}′{tenths % 600 / 10:04.1f}″"

    return degrees.map(text)


def remove(path: Path) -> None:
    """Remove what an earlier run left at exactly `path`, with a shapefile's companions."""
    if path.is_dir():
        shutil.rmtree(path)
        return
    for part in shapefile_parts(path) if path.suffix == ".shp" else [path]:
        part.unlink(missing_ok=True)


def shapefile_parts(path: Path) -> list[Path]:
    """The files of a shapefile that are there."""
    every = (path.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
    return [part for part in every if part.exists()]


def _plain_dates(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dates without a time, so that every format keeps them as days."""
    made = frame.copy()
    for name in made.columns[made.dtypes.map(lambda kind: kind.kind == "M")]:
        made[name] = made[name].dt.date.astype(object).where(made[name].notna(), None)
    return made
