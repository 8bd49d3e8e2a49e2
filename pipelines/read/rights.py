"""Rights-confirmation sets of NY/T 2539: the parcel map DK joined with the tables of 权属数据.mdb."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from geo.issues import Issue

from .access import Database, table_of
from .columns import objects
from .source import Table

_PARCELS = re.compile(r"^DK(\d{6,}.*)?$", re.IGNORECASE)
# What a parcel takes over from its contract and its transfer: table, key, and columns by their standard names.
_OF_PARCEL = "CBDKXX"
_OF_CONTRACT = ("CBHT", "CBHTBM", ("CBFS", "CBQXQ", "CBQXZ", "QDSJ"))
_TRANSFER = "LZHT"


def is_parcel_map(table: Table) -> bool:
    """Whether a table is the parcel map of such a set: named DK (with county code and year), with column DKBM."""
    return bool(_PARCELS.match(table.name)) and "DKBM" in table.columns


def is_rights_database(database: Database) -> bool:
    """Whether an Access database holds the parcel–contract table of the standard."""
    return _OF_PARCEL in database.tables


def join(parcels: list[Table], database: Database, sender: Path) -> list[Table]:
    """The set as tables: DK with what CBDKXX and CBHT say of each parcel; LZHT with the shapes of the parcels it
    moves; and every other table of the database as it is, by name.

    A parcel is found by DKBM, its contract by CBHTBM, its transfer by LZHTBM. Columns that DK has itself are not
    taken over. Parcels named in several rows of CBDKXX keep the first, with finding `parcel_in_several_contracts`.
    """
    rows = _read(database, _OF_PARCEL)
    contracts = _read(database, _OF_CONTRACT[0])
    joined = [_enriched(table, rows, contracts) for table in parcels]
    out = joined
    for name in database.tables:
        table = table_of(database, name, sender)
        if name == _TRANSFER and "LZHTBM" in rows.columns and "LZHTBM" in table.columns:
            table = _placed(table, rows, parcels)
        out = [*out, table]
    return out


def _read(database: Database, name: str) -> pd.DataFrame:
    """A whole table in memory, its keys as plain text."""
    if name not in database.tables:
        return pd.DataFrame()
    frames = list(database.frames(name))
    whole = pd.concat(frames) if frames else pd.DataFrame(columns=list(database.columns(name)))
    for key in ("DKBM", "CBHTBM", "LZHTBM"):
        if key in whole.columns:
            whole[key] = _key(whole[key])
    return whole


def _key(values: Any) -> Any:
    return _series((None if v is None or v != v else str(v).strip() or None for v in values), values)


def _series(values: Iterable[Any], like: Any) -> Any:
    return pd.Series(objects(values), index=like.index, dtype=object)


def _enriched(parcels: Table, rows: pd.DataFrame, contracts: pd.DataFrame) -> Table:
    if "DKBM" not in rows.columns:
        return parcels
    several = rows.loc[rows["DKBM"].notna(), "DKBM"].duplicated()
    issues = list(parcels.issues)
    if several.any():
        issues.append(Issue("parcel_in_several_contracts", params={"parcels": int(several.sum())}))
    known = rows.dropna(subset=["DKBM"]).drop_duplicates("DKBM")
    key, wanted = _OF_CONTRACT[1], [c for c in _OF_CONTRACT[2] if c in contracts.columns]
    if key in known.columns and key in contracts.columns and wanted:
        once = contracts.dropna(subset=[key]).drop_duplicates(key)
        known = known.merge(once[[key, *wanted]], on=key, how="left", suffixes=("", "_CBHT"))
    added = [c for c in known.columns if c not in parcels.columns]
    lookup = known.set_index("DKBM")[added]

    def batches() -> Iterator[pd.DataFrame]:
        for frame in parcels.batches():
            found = lookup.reindex(_key(frame["DKBM"])).set_axis(frame.index)
            shapes = frame.pop("geometry")
            yield pd.concat([frame, found.astype(object).where(found.notna(), None), shapes], axis=1)

    return replace(parcels, columns=(*parcels.columns, *added), batches=batches, issues=issues)


def _placed(transfers: Table, rows: pd.DataFrame, parcels: list[Table]) -> Table:
    """Transfer contracts as a map: each with the shapes of the parcels that CBDKXX gives to it, as one shape."""
    links = rows.dropna(subset=["DKBM", "LZHTBM"])[["DKBM", "LZHTBM"]].drop_duplicates()
    transfer_of = links.groupby("DKBM")["LZHTBM"].agg(list)
    columns = transfers.columns if "DKBM" in transfers.columns else (*transfers.columns, "DKBM")

    def batches() -> Iterator[pd.DataFrame]:
        shapes, codes = _collected(parcels, transfer_of)
        for frame in transfers.batches():
            keys = _key(frame["LZHTBM"])
            if "DKBM" not in frame.columns:
                frame["DKBM"] = _series(("、".join(codes.get(k, ())) or None for k in keys), frame)
            frame["geometry"] = _series((_union(shapes.get(k, [])) for k in keys), frame)
            yield frame

    first = parcels[0]
    return replace(
        transfers, kind="map", columns=columns, batches=batches, crs=first.crs, geometry_type="polygon",
        issues=[Issue("transfers_placed_by_parcels", params={"links": len(links)})],
    )  # fmt: skip


def _collected(parcels: list[Table], transfer_of: Any) -> tuple[dict[str, list[Any]], dict[str, list[str]]]:
    """Shapes and parcel codes by transfer contract, from one pass through the parcels."""
    shapes: dict[str, list[Any]] = {}
    codes: dict[str, list[str]] = {}
    for table in parcels:
        for frame in table.batches():
            keys = _key(frame["DKBM"])
            moved = keys.isin(transfer_of.index)
            for code, shape in zip(keys[moved], frame["geometry"][moved], strict=True):
                for transfer in transfer_of[code]:
                    codes.setdefault(transfer, []).append(code)
                    if shape is not None:
                        shapes.setdefault(transfer, []).append(shape)
    return shapes, codes


def _union(shapes: list[Any]) -> Any:
    if not shapes:
        return None
    parts = [part for shape in shapes for part in shapely.get_parts(shape)]
    if len(parts) == 1:
        return parts[0]
    many = {"Polygon": shapely.MultiPolygon, "Point": shapely.MultiPoint, "LineString": shapely.MultiLineString}
    kinds = {part.geom_type for part in parts}
    return many.get(kinds.pop() if len(kinds) == 1 else "", shapely.GeometryCollection)(parts)
