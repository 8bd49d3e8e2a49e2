"""GeoParquet and plain Parquet, streamed by row group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Refused
from geo.issues import Issue

from .columns import column_values, frame_of, free_names, is_scalar
from .garbled import garbled_columns, restore, restored_names
from .source import Table
from .vector import GeometryKind, Shapes, kind_of_shapes, shapes_of

BATCH_ROWS = 50_000
_SAMPLE_ROWS = 1000
_USUAL = ("geometry", "geom", "wkb_geometry", "the_geom", "wkb", "shape")


def open_parquet(path: Path, *, sender: Path) -> Table:
    """The one table of a Parquet file.

    With `geo` metadata its primary column gives the shapes and the CRS (longitude/latitude on WGS 84 where the
    metadata leaves it out, as GeoParquet says); without, a binary column of a usual name that holds WKB does, and
    the CRS is unknown. Raises Refused `file_truncated`, `map_unreadable`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        file.seek(-4, 2)
        if file.read(4) != b"PAR1":
            raise Refused("file_truncated", file=path.name)
    try:
        with pq.ParquetFile(path) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
            geo = _geo(schema)
            shape_column = _shape_column(opened, geo)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Refused("map_unreadable", file=path.name) from error
    issues: list[Issue] = []
    spec = geo.get("columns", {}).get(shape_column, {}) if geo else {}
    fields = [f.name for f in schema if f.name != shape_column and _is_value(f, geo)]
    read_as = dict(zip(fields, free_names(restored_names(fields, issues)), strict=True))
    plain = _Frames(path, read_as, shape_column, str(spec.get("encoding", "WKB")))
    sample = next(plain(_SAMPLE_ROWS), pd.DataFrame())
    garbled = garbled_columns(sample, issues)
    kind = _kind(spec) if shape_column else "none"
    return Table(
        path=sender,
        name=path.stem,
        kind="map" if shape_column else "sheet",
        columns=tuple(read_as.values()),
        batches=(lambda: (restore(frame, garbled) for frame in plain())) if garbled else plain,
        crs=_crs(spec, path.name, issues) if geo else None,
        encoding="utf-8",
        encoding_reason="format",
        rows=rows,
        geometry_type=kind_of_shapes(sample["geometry"]) if kind == "any" and len(sample) else kind,
        issues=issues,
    )


@dataclass(frozen=True)
class _Frames:
    """Frames of a Parquet file, as many rows at once as asked for."""

    path: Path
    read_as: dict[str, str]
    shape_column: str | None
    encoding: str

    def __call__(self, at_once: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        row = 1
        wanted = [*self.read_as, *([self.shape_column] if self.shape_column else [])]
        try:
            with pq.ParquetFile(self.path) as opened:
                for batch in opened.iter_batches(at_once, columns=wanted):
                    yield self._frame(batch, row)
                    row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise Refused("map_unreadable", file=self.path.name) from error

    def _frame(self, batch: Any, first_row: int) -> pd.DataFrame:
        index = pd.RangeIndex(first_row, first_row + batch.num_rows, name="row")
        values = {name: column_values(batch.column(field)) for field, name in self.read_as.items()}
        if self.shape_column:
            values["geometry"] = _shapes(batch.column(self.shape_column), self.encoding)
        return frame_of(values, index)


def _geo(schema: Any) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        return {}
    geo = json.loads(raw)
    return geo if isinstance(geo, dict) and "columns" in geo else {}


def _shape_column(opened: Any, geo: dict[str, Any]) -> str | None:
    """The column with the shapes: the primary one of the metadata, else one that by name and bytes is WKB."""
    if geo:
        return str(geo.get("primary_column") or next(iter(geo["columns"])))
    import pyarrow as pa

    schema = opened.schema_arrow
    for field in schema:
        if field.name.lower() not in _USUAL or is_scalar(getattr(field.type, "storage_type", field.type)):
            continue
        first = next(opened.iter_batches(64, columns=[field.name]), None)
        known = [v for v in _storage(first.column(0)).to_pylist() if v is not None] if first is not None else []
        if isinstance(field.type, pa.BaseExtensionType) or (known and _is_wkb(known[0])):
            return str(field.name)
    return None


def _storage(column: Any) -> Any:
    return getattr(column, "storage", column)


def _is_wkb(value: bytes) -> bool:
    return len(value) >= 5 and value[0] in (0, 1) and bool(value[1:5].strip(b"\0"))


def _is_value(field: Any, geo: dict[str, Any]) -> bool:
    """Whether a column holds what the sender wrote, not shapes, their boxes or pictures."""
    covering = {
        path[0]
        for spec in geo.get("columns", {}).values()
        for path in spec.get("covering", {}).get("bbox", {}).values()
    }
    return field.name not in geo.get("columns", {}) and field.name not in covering and is_scalar(field.type)


def _shapes(column: Any, encoding: str) -> Shapes:
    column = _storage(column)
    if encoding.upper() == "WKB":
        return shapes_of(column)
    import geopandas
    import pyarrow as pa

    metadata = {"ARROW:extension:name": f"geoarrow.{encoding.lower()}"}
    field = pa.field("geometry", column.type, metadata=metadata)
    frame = geopandas.GeoDataFrame.from_arrow(pa.table([column], schema=pa.schema([field])))
    shapes = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    shapes[shapely.is_empty(shapes)] = None
    return np.asarray(shapes, dtype=object)


def _crs(spec: dict[str, Any], file: str, issues: list[Issue]) -> CRS | None:
    declared = spec.get("crs", "OGC:CRS84")
    if declared is None:
        return None
    try:
        return CRS.from_user_input(declared)
    except CRSError:
        issues.append(Issue("crs_unreadable", params={"file": file}))
        return None


def _kind(spec: dict[str, Any]) -> GeometryKind:
    found = {str(name).removesuffix(" Z").removeprefix("Multi") for name in spec.get("geometry_types", ())}
    one: dict[str, GeometryKind] = {"Polygon": "polygon", "LineString": "line", "Point": "point"}
    return one.get(found.pop(), "any") if len(found) == 1 else "any"
