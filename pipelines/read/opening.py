"""Opens whatever arrived: one file, a folder of them or an archive, each by the reader of its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from geo.errors import Refused
from geo.issues import Issue

from . import (
    access,
    archives,
    formats,
    kml,
    mapinfo,
    parcel_text,
    parquet,
    rights,
    sets,
    shapefile,
    survey,
    texts,
    vector,
)
from .source import Table
from .workplace import Held, Workplace

_ARCHIVES_IN_ARCHIVES = 1


@dataclass(frozen=True)
class Asked:
    """What the user said about the file, and how many archives around it were opened already."""

    sender: Path
    encoding: str | None = None
    sheet: str | None = None
    depth: int = 0


def open_tables(path: Path, *, encoding: str | None = None, sheet: str | None = None) -> list[Table]:
    """Every table in what the sender sent: a file, an archive, or a folder of readable sets.

    encoding: how its text is to be read, above what the file says. sheet: only the sheet, layer or table of that
    name. The rows of a Table stream from its `batches`; nothing is written beside the sender's files. Raises
    Refused in one sentence for what cannot be opened, also from the batches.
    """
    path = Path(path)
    if not path.exists():
        raise Refused("file_missing", path=str(path))
    tables = _open(path, Asked(path, encoding, sheet))
    if sheet is None:
        return tables
    found = [table for table in tables if table.name.casefold() == sheet.casefold()]
    if not found:
        names = "、".join(table.name for table in tables[:20])
        raise Refused("layer_not_found", file=path.name, layer=sheet, names=names)
    return found


def _open(path: Path, asked: Asked) -> list[Table]:
    if path.is_dir():
        return _database(path, asked) if sets.is_geodatabase(path) else _folder(path, asked)
    return _READERS[formats.kind_of(path)](path, asked)


def _folder(folder: Path, asked: Asked) -> list[Table]:
    """Every set in a folder. What is refused among others becomes a finding; alone it refuses the whole."""
    tables: list[Table] = []
    places: list[str] = []
    refused: list[tuple[Path, Refused]] = []
    for unit in sets.units(folder):
        try:
            found = _open(unit, asked)
        except Refused as refusal:
            refused.append((unit, refusal))
            continue
        tables += found
        places += [_place(unit, folder)] * len(found)
    if not tables and refused:
        raise refused[0][1]
    if not tables:
        raise Refused("nothing_readable", file=asked.sender.name)
    for unit, why in refused:
        params = {"file": unit.name, "reason": why.words("zh"), "reason_en": why.words("en")}
        tables[0].issues.append(Issue("part_not_read", params=params))
    _tell_apart(tables, places)
    return rights.join(tables)


def _place(unit: Path, folder: Path) -> str:
    """Where in the folder a set lies: its folders, and the archive or database it is in."""
    inside = unit.relative_to(folder)
    whole = unit.is_dir() or unit.suffix.lower() in {".zip", ".kmz", ".mdb", ".accdb", ".gpkg"}
    return "/".join([*inside.parts[:-1], *([inside.stem] if whole else [])])


def _tell_apart(tables: list[Table], places: list[str]) -> None:
    """Tables of one name get the folder or archive they lie in before it: `陈营镇/图斑`, `梓埠镇/图斑`."""
    counts = Counter(table.name.casefold() for table in tables)
    for table, place in zip(tables, places, strict=True):
        if counts[table.name.casefold()] > 1 and place:
            table.name = f"{place}/{table.name}"


def _archive(path: Path, asked: Asked) -> list[Table]:
    if asked.depth > _ARCHIVES_IN_ARCHIVES:
        raise Refused("zip_too_deep", file=path.name)
    work = archives.unpack(path)
    return [_held(table, work) for table in _open(work.path, replace(asked, depth=asked.depth + 1))]


def _held(table: Table, work: Workplace) -> Table:
    table.batches = Held(table.batches, work)
    return table


def _shapefile(path: Path, asked: Asked) -> list[Table]:
    if path.suffix.lower() == ".dbf" and shapefile.lone(path):
        return [shapefile.open_dbf(path, sender=asked.sender, encoding=asked.encoding)]
    return [shapefile.open_shapefile(path, sender=asked.sender, encoding=asked.encoding)]


def _database(path: Path, asked: Asked) -> list[Table]:
    """GeoPackage, FlatGeobuf and file geodatabases: every layer, its text being UTF-8 by the format."""
    work = Workplace()
    # GDAL knows a file geodatabase by its suffix alone.
    staged = work.link(path, "data.gdb") if path.is_dir() and path.suffix.lower() != ".gdb" else path
    tables = [vector.open_layer(staged, layer, sender=asked.sender) for layer in vector.layers(staged)]
    return [_held(table, work) for table in tables] or _without_layers(path)


def _without_layers(path: Path) -> list[Table]:
    raise Refused("map_without_layers", file=path.name)


def _text_map(path: Path, asked: Asked, driver: str = "") -> list[Table]:
    """GeoJSON, TopoJSON, GML, GPX and DXF: made UTF-8, and read where GDAL may leave its notes."""
    text = texts.as_utf8(path, given=asked.encoding)
    work = text.work or Workplace()
    staged = text.path if text.work else work.link(path, path.name)
    tables = []
    # GeoJSON has one layer, and every look at it reads the whole file: it is not asked for its layers.
    for layer in vector.layers(staged) if driver != "GeoJSON" else [None]:
        table = vector.open_layer(staged, layer, sender=asked.sender, driver=driver)
        if table.name in _NAMELESS:
            table.name = path.stem
        table.encoding, table.encoding_reason = text.decision.encoding, text.decision.reason
        table.issues += text.decision.issues
        tables.append(_held(table, work))
    return tables or _without_layers(path)


_NAMELESS = {"OGRGeoJSON", "ESRIJSON", "entities"}


def _json(path: Path, asked: Asked) -> list[Table]:
    return _text_map(path, asked, "GeoJSON")


def _gml(path: Path, asked: Asked) -> list[Table]:
    return _text_map(path, asked, "GML")


def _gpx(path: Path, asked: Asked) -> list[Table]:
    """Waypoints, routes and tracks, those that hold anything."""
    filled = [table for table in _text_map(path, asked) if next(table.batches(), None) is not None]
    return filled or _without_layers(path)


def _access(path: Path, asked: Asked) -> list[Table]:
    return access.tables_of(access.Database(path), asked.sender)


def _parquet(path: Path, asked: Asked) -> list[Table]:
    return [parquet.open_parquet(path, sender=asked.sender)]


def _kml(path: Path, asked: Asked) -> list[Table]:
    return kml.open_kml(path, sender=asked.sender, encoding=asked.encoding)


def _mapinfo(path: Path, asked: Asked) -> list[Table]:
    return mapinfo.open_mapinfo(path, sender=asked.sender, encoding=asked.encoding)


def _points(path: Path, asked: Asked) -> list[Table]:
    return [survey.open_points(path, sender=asked.sender, encoding=asked.encoding)]


def _parcels(path: Path, asked: Asked) -> list[Table]:
    return [parcel_text.open_parcels(path, sender=asked.sender, encoding=asked.encoding)]


def _ledger(path: Path, asked: Asked) -> list[Table]:
    from .ledgers import open_ledger

    return _sent_as(open_ledger(path, encoding=asked.encoding, sheet=asked.sheet), asked)


def _delimited(path: Path, asked: Asked) -> list[Table]:
    from .delimited import open_delimited

    return _sent_as(open_delimited(path, encoding=asked.encoding), asked)


def _sent_as(tables: list[Table], asked: Asked) -> list[Table]:
    for table in tables:
        table.path = asked.sender
    return tables


_READERS: dict[formats.Kind, Callable[[Path, Asked], list[Table]]] = {
    "shapefile": _shapefile,
    "archive": _archive,
    "database": _database,
    "access": _access,
    "parquet": _parquet,
    "json": _json,
    "topojson": _text_map,
    "kml": _kml,
    "gpx": _gpx,
    "gml": _gml,
    "mapinfo": _mapinfo,
    "dxf": _text_map,
    "parcel_text": _parcels,
    "point_text": _points,
    "ledger": _ledger,
    "delimited": _delimited,
}
