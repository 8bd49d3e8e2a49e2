"""Shapefiles, whole or maimed: the parts are put together here, and what is missing is said or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import Refused
from geo.issues import Issue

from . import vector
from .columns import distinct, free_names, objects
from .dbf import Dbf, Reader, TextEvidence, damage
from .encoding import Decision, Reason, Values, codec_of, decide, decode_cut, repair
from .shape_index import stage_shapes
from .source import Table
from .workplace import Held, Workplace

PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".ain", ".aih", ".cst"})


def parts_of(path: Path) -> dict[str, Path]:
    """The files of one shapefile by suffix, given any of them; upper and lower case are the same.

    Every file beside `path` with its stem belongs to it, whatever the case its name is written in.
    """
    beside = sorted(path.parent.iterdir(), key=lambda other: (other.stem != path.stem, other.name))
    parts: dict[str, Path] = {}
    for other in beside:
        suffix = other.suffix.lower()
        if suffix in PARTS and other.stem.casefold() == path.stem.casefold():
            parts.setdefault(suffix, other)
    parts[path.suffix.lower()] = path
    return parts


def open_shapefile(path: Path, *, sender: Path, encoding: str | None = None) -> Table:
    """The shapefile that `path` (any of its parts) belongs to; `sender` is the file that was sent.

    Raises Refused `shapefile_without_shp`, `shapefile_truncated`, `shapefile_damaged`, `dbf_damaged`,
    `encoding_given_wrong`. A missing or false .shx is made anew, a missing .dbf leaves shapes without attributes;
    both are said in `issues`.
    """
    parts = parts_of(path)
    if ".shp" not in parts:
        have = " ".join(sorted(suffix for suffix in parts if suffix in {".shx", ".dbf", ".prj", ".cpg"}))
        raise Refused("shapefile_without_shp", name=path.stem, have=have)
    issues: list[Issue] = []
    work = Workplace()
    geometry_type, shapes = stage_shapes(parts, work, issues)
    crs = _crs(parts.get(".prj"), issues)
    if ".dbf" in parts:
        attributes, decision = _attributes(Dbf(parts[".dbf"]), parts, encoding, issues)
    else:
        attributes, decision = None, Decision("utf-8", "all_ascii")
        issues.append(Issue("shapefile_without_dbf", params={"name": path.stem}))
    if attributes is not None:
        _compare_counts(attributes.dbf, shapes, path.stem, issues)
    names = free_names(attributes.names if attributes else ())
    if attributes:
        attributes.names = names
    columns = _readable(attributes)
    return Table(
        path=sender,
        name=path.stem,
        kind="map",
        columns=columns,
        batches=Held(_batches(work.path / "shapes.shp", shapes, attributes, columns), work),
        crs=crs,
        encoding=decision.encoding if attributes else None,
        encoding_reason=decision.reason if attributes else None,
        rows=max(shapes, attributes.dbf.records if attributes else 0)
        - (attributes.dbf.deleted if attributes else 0),
        geometry_type=geometry_type,
        issues=issues,
    )


def open_dbf(path: Path, *, sender: Path, encoding: str | None = None) -> Table:
    """An attribute table that comes alone, without shapes; rows are numbered by record."""
    issues: list[Issue] = []
    attributes, decision = _attributes(Dbf(path), parts_of(path), encoding, issues)
    columns = _readable(attributes)

    def batches() -> Iterator[pd.DataFrame]:
        for start in range(0, attributes.dbf.records, vector.BATCH_ROWS):
            frame, kept = attributes.frame(start, vector.BATCH_ROWS)
            yield _numbered(frame[kept], columns)

    rows = attributes.dbf.records - attributes.dbf.deleted
    return Table(
        sender,
        path.stem,
        "sheet",
        columns,
        batches,
        None,
        decision.encoding,
        decision.reason,
        {},
        rows,
        "none",
        issues,
    )


def _readable(attributes: Reader | None) -> tuple[str, ...]:
    if attributes is None:
        return ()
    return tuple(
        name
        for name, column in zip(attributes.names, attributes.dbf.columns, strict=True)
        if column.type not in "M0"
    )


def _numbered(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The frame with the sender's row numbers (1-based record) as index `row`."""
    out = frame[list(columns)]
    return out.set_axis(pd.Index(frame.index.to_numpy() + 1, name="row"), axis=0)


def _crs(prj: Path | None, issues: list[Issue]) -> CRS | None:
    """What the .prj declares, None when there is none or nobody can read it."""
    if prj is None:
        return None
    text = prj.read_bytes()
    decoded = decode_cut(text, "utf-8") or decode_cut(text, "gb18030") or ("", False)
    try:
        return CRS.from_user_input(decoded[0].strip("\ufeff\0 \r\n\t"))
    except CRSError:
        issues.append(Issue("crs_unreadable", params={"file": prj.name}))
        return None


def _attributes(
    dbf: Dbf, parts: dict[str, Path], given: str | None, issues: list[Issue]
) -> tuple[Reader, Decision]:
    """A reader of the attributes with their encoding decided and their field names made whole."""
    marks: list[tuple[Reason, str]] = []
    if ".cpg" in parts:
        mark = parts[".cpg"].read_bytes()[:64].decode("ascii", errors="replace").strip()
        if mark and codec_of(mark) is None:
            issues.append(Issue("encoding_mark_unknown", params={"file": parts[".cpg"].name, "mark": mark[:20]}))
        elif mark:
            marks.append(("cpg", mark))
    if dbf.mark:
        marks.append(("dbf_mark", dbf.mark))
    file = dbf.path.name
    content = TextEvidence(dbf)
    raw_names = Values.of(column.raw_name for column in dbf.columns)
    evidence = content if content.values() else raw_names
    decision = decide(evidence, given=given, marks=marks, file=file)
    issues += decision.issues
    names = _names(dbf, decision, issues)
    issues += damage(dbf, decision.encoding, names)
    issues += [
        Issue("memo_left_out", field=name)
        for name, column in zip(names, dbf.columns, strict=True)
        if column.type == "M"
    ]
    if dbf.held < dbf.announced:
        raise Refused("dbf_truncated", file=file, held=dbf.held, announced=dbf.announced)
    if deleted := dbf.deleted:
        issues.append(Issue("deleted_rows_skipped", params={"file": file, "rows": deleted}))
    return Reader(dbf, decision.encoding, names), decision


def _names(dbf: Dbf, decision: Decision, issues: list[Issue]) -> tuple[str, ...]:
    """Field names: decoded, half characters at the end dropped, mojibake put right, doubles numbered."""
    names: list[str] = []
    for at, column in enumerate(dbf.columns, start=1):
        name, cut = _decode_name(column.raw_name, decision.encoding)
        if mended := repair(name):
            issues.append(Issue("field_name_repaired", field=mended, params={"was": name}))
            name = mended
        elif cut:
            issues.append(Issue("field_name_cut", field=name))
        names.append(name or f"field_{at}")
    return distinct(names)


def _decode_name(raw: bytes, encoding: str) -> tuple[str, bool]:
    for codec in (encoding, "utf-8", "gb18030"):
        if decoded := decode_cut(raw, codec):
            return decoded
    return raw.decode(encoding, errors="replace"), False


def _compare_counts(dbf: Dbf, shapes: int, name: str, issues: list[Issue]) -> None:
    if dbf.records != shapes:
        params = {"name": name, "shapes": shapes, "rows": dbf.records}
        issues.append(Issue("shapes_and_rows_differ", params=params))


def _batches(
    staged: Path, shapes: int, attributes: Reader | None, columns: tuple[str, ...]
) -> Callable[[], Iterator[pd.DataFrame]]:
    """Batches of attributes beside shapes: the i-th record belongs to the i-th shape."""

    def _batches() -> Iterator[pd.DataFrame]:
        at = 0
        for geometry in vector.geometries(staged) if shapes else ():
            frame, kept = _records(attributes, at, len(geometry))
            frame["geometry"] = pd.Series(geometry, index=frame.index, dtype=object)
            yield _numbered(frame[kept], (*columns, "geometry"))
            at += len(geometry)
        # Attributes beyond the last shape are the sender's rows too: they go on, without a place.
        total = attributes.dbf.records if attributes else 0
        for start in range(at, total, vector.BATCH_ROWS):
            frame, kept = _records(attributes, start, min(vector.BATCH_ROWS, total - start))
            frame["geometry"] = pd.Series(objects([None] * len(frame)), index=frame.index, dtype=object)
            yield _numbered(frame[kept], (*columns, "geometry"))

    return _batches


def _records(attributes: Reader | None, start: int, count: int) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Exactly `count` records from `start`, empty beyond the table's end, and which of them are not deleted."""
    index = pd.RangeIndex(start, start + count)
    if attributes is None:
        return pd.DataFrame(index=index), np.ones(count, bool)
    frame, kept = attributes.frame(start, count)
    if len(frame) == count:
        return frame, kept
    beyond = np.ones(count, bool)
    beyond[: len(kept)] = kept
    return frame.reindex(index), beyond


def lone(path: Path) -> bool:
    """Whether a .dbf stands alone: a table of its own, not the rest of a shapefile whose shapes were forgotten."""
    return not ({".shp", ".shx", ".prj", ".sbn", ".sbx", ".cpg"} & set(parts_of(path)))
