"""Map formats that GDAL reads, streamed in batches, without GDAL's own voice ever reaching the user."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Refused
from geo.issues import Issue

from . import curves
from .columns import column_values, frame_of, free_names, objects
from .garbled import garbled_columns, restore, restored_names
from .source import Table

BATCH_ROWS = 50_000
_SAMPLE_ROWS = 1000
_CONFIG = {
    "CPL_LOG": "/dev/null",
    "CPL_DEBUG": "OFF",
    "DXF_CLOSED_LINE_AS_POLYGON": "TRUE",
    "DXF_ENCODING": "UTF-8",
    # KML elements that say how to draw get names nobody uses, so that a sender's own column of that name stays.
    "LIBKML_ALTITUDEMODE_FIELD": "_kml_altitudemode",
    "LIBKML_TESSELLATE_FIELD": "_kml_tessellate",
    "LIBKML_EXTRUDE_FIELD": "_kml_extrude",
    "LIBKML_VISIBILITY_FIELD": "_kml_visibility",
    "LIBKML_DRAWORDER_FIELD": "_kml_draworder",
    "LIBKML_ICON_FIELD": "_kml_icon",
    "LIBKML_HEADING_FIELD": "_kml_heading",
    "LIBKML_TILT_FIELD": "_kml_tilt",
    "LIBKML_ROLL_FIELD": "_kml_roll",
    "LIBKML_SNIPPET_FIELD": "_kml_snippet",
    "LIBKML_ID_FIELD": "_kml_id",
}
_OPTIONS = {"GML": {"WRITE_GFS": "NO", "DOWNLOAD_SCHEMA": "NO"}}
_STYLE_TABLES = {"layer_styles", "qgis_projects", "gpkg_metadata"}

Shapes = npt.NDArray[np.object_]
GeometryKind = Literal["polygon", "line", "point", "any", "none"]


@cache
def _pyogrio() -> Any:
    """pyogrio, told once to keep quiet and how to read."""
    import pyogrio

    pyogrio.set_gdal_config_options(_CONFIG)
    logging.getLogger("pyogrio").addHandler(logging.NullHandler())
    return pyogrio


@contextmanager
def _quiet(file: str) -> Iterator[Any]:
    """GDAL without its warnings; whatever it fails at becomes Refused `map_unreadable`."""
    import pyarrow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio = _pyogrio()
        try:
            yield pyogrio
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.FeatureError,
        ) as error:
            raise Refused("map_unreadable", file=file) from error
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise Refused("map_unreadable", file=file) from error


def layers(path: Path) -> list[str]:
    """Names of the layers in a file that GDAL opens, without those that only hold styles."""
    with _quiet(path.name) as pyogrio:
        found = [str(name) for name, _ in pyogrio.list_layers(path)]
    return [name for name in found if name not in _STYLE_TABLES]


def open_layer(
    path: Path,
    layer: str | None,
    *,
    sender: Path,
    name: str | None = None,
    driver: str = "",
    drop: Iterable[str] = (),
) -> Table:
    """One layer of a file that GDAL opens (None: its only one), as a Table whose batches stream.

    driver: GDAL's name where the format needs options of its own. drop: prefixes of columns to leave out.
    Raises Refused `map_unreadable`, also from the batches.
    """
    options = _OPTIONS.get(driver, {})
    with _quiet(path.name) as pyogrio:
        info = pyogrio.read_info(path, layer=layer, **options)
    issues: list[Issue] = []
    kept = [str(f) for f in info["fields"] if not str(f).startswith(tuple(drop) or "\0")]
    read_as = dict(zip(kept, free_names(restored_names(kept, issues)), strict=True))
    is_map = info["geometry_type"] is not None

    def _frames(at_once: int = 0) -> Iterator[pd.DataFrame]:
        row = 1
        for batch in _arrow(path, layer, kept, options, at_once):
            with _quiet(path.name):
                frame = _frame(batch, read_as, has_geometry=is_map, first_row=row)
            yield frame
            row += len(frame)

    sample = next(_frames(_SAMPLE_ROWS), pd.DataFrame())
    garbled = garbled_columns(sample, issues)
    crs, kind = _crs(info["crs"], path.name, issues), _kind(info["geometry_type"])
    if driver == "GeoJSON" and crs is not None and crs.is_geographic and (far := beyond_degrees(sample)):
        # GeoJSON is in degrees unless it says otherwise; many a program writes metres and says nothing.
        crs = None
        issues.append(Issue("geojson_not_degrees", params={"x": f"{far[0]:.10g}", "y": f"{far[1]:.10g}"}))

    return Table(
        path=sender,
        name=name or str(info["layer_name"]),
        kind="map" if is_map else "sheet",
        columns=tuple(read_as.values()),
        batches=(lambda: (restore(frame, garbled) for frame in _frames())) if garbled else _frames,
        crs=crs,
        encoding="utf-8",
        encoding_reason="format",
        rows=int(info["features"]) if info["features"] >= 0 else None,
        geometry_type=kind_of_shapes(sample["geometry"]) if kind == "any" and len(sample) else kind,
        issues=issues,
    )


def geometries(path: Path) -> Iterator[Shapes]:
    """Only the shapes of a file's first layer, batch by batch."""
    for batch in _arrow(path, None, [], {}):
        with _quiet(path.name):
            shapes = shapes_of(batch.column(batch.num_columns - 1))
        yield shapes


def _arrow(
    path: Path, layer: str | None, fields: list[str], options: dict[str, str], at_once: int = 0
) -> Iterator[Any]:
    """Arrow record batches: the fields in their order, then the shapes as WKB when there are any."""
    stack = ExitStack()
    with _quiet(path.name) as pyogrio:
        opened = pyogrio.raw.open_arrow(
            path, layer=layer, columns=fields, batch_size=at_once or BATCH_ROWS, use_pyarrow=True, **options
        )
        _, reader = stack.enter_context(opened)
    with stack:
        while True:
            with _quiet(path.name):
                batch = next(iter(reader), None)
            if batch is None:
                return
            if batch.num_rows:
                yield batch


def _frame(batch: Any, read_as: dict[str, str], *, has_geometry: bool, first_row: int) -> pd.DataFrame:
    index = pd.RangeIndex(first_row, first_row + batch.num_rows, name="row")
    values = {name: column_values(batch.column(field)) for field, name in read_as.items()}
    if has_geometry:
        values["geometry"] = shapes_of(batch.column(batch.num_columns - 1))
    return frame_of(values, index)


def shapes_of(wkb: Any) -> Shapes:
    """Shapes of an Arrow column of WKB: flat (no Z or M), curves as short lines, empty ones as None."""
    raw = wkb.to_numpy(zero_copy_only=False)
    try:
        shapes = shapely.from_wkb(raw)
    except (shapely.errors.GEOSException, NotImplementedError):
        shapes = objects(curves.shape(one) for one in raw)
    if not _plain(wkb) and (shapely.has_z(shapes) | shapely.has_m(shapes)).any():
        shapes = shapely.force_2d(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return np.asarray(shapes, dtype=object)


def _plain(wkb: Any) -> bool:
    """Whether the heads of all values say a shape in the plane, which is looked at faster than the shapes are."""
    import pyarrow.compute as pc

    heads = pc.unique(pc.binary_slice(wkb, 0, 5)).to_pylist()
    return all(one is None or (one[:1] == b"\1" and one[2:] == b"\0\0\0" and one[1] <= 6) for one in heads)


def beyond_degrees(sample: pd.DataFrame) -> tuple[float, float] | None:
    """A coordinate pair of the sample's shapes that no longitude and latitude can be, None when all can be."""
    shapes = sample["geometry"].to_numpy() if "geometry" in sample else np.zeros(0, dtype=object)
    west, south, east, north = shapely.total_bounds(shapes)
    if west < -360 or east > 360 or south < -360 or north > 360:
        return float(east), float(north)
    return None


def kind_of_shapes(shapes: Any) -> GeometryKind:
    """What all shapes are, `any` when they differ, `none` when there are none."""
    kinds = {_kind(shape.geom_type) for shape in shapes if shape is not None}
    return kinds.pop() if len(kinds) == 1 else "any" if kinds else "none"


def _crs(text: str | None, file: str, issues: list[Issue]) -> CRS | None:
    if not text:
        return None
    try:
        return CRS.from_user_input(text)
    except CRSError:
        issues.append(Issue("crs_unreadable", params={"file": file}))
        return None


def _kind(geometry_type: str | None) -> GeometryKind:
    if geometry_type is None:
        return "none"
    for part, kind in _KINDS.items():
        if part in geometry_type:
            return kind
    return "any"


_KINDS: dict[str, GeometryKind] = {
    "Polygon": "polygon",
    "Surface": "polygon",
    "TIN": "polygon",
    "Line": "line",
    "Curve": "line",
    "Point": "point",
}
