"""Rights-confirmation sets of NY/T 2539: the parcel map DK joined with 权属数据.mdb or its exports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import shapely

from geo.issues import Issue

from .columns import objects
from .source import Table

_PARCELS = re.compile(r"^DK(\d{6,}.*)?$", re.IGNORECASE)
_KEYS = ("DKBM", "CBHTBM", "LZHTBM")
# What a parcel takes over from its contract: table, key, and columns by their standard names.
_OF_CONTRACT = ("CBHT", "CBHTBM", ("CBFS", "CBQXQ", "CBQXZ", "QDSJ"))


def join(tables: list[Table]) -> list[Table]:
    """The tables with those of a rights-confirmation set joined; as they are when they hold no set.

    DK (also with county code and year behind) gets what CBDKXX and CBHT say of each parcel, found by DKBM and
    CBHTBM; LZHT becomes a map with the shapes of the parcels that CBDKXX gives to each contract by LZHTBM. Columns
    that DK has itself are not taken over. A parcel named in several rows of CBDKXX keeps the first, with finding
    `parcel_in_several_contracts`. The joined maps come first, the other tables stay as they are.
    """
    parcels = [table for table in tables if _PARCELS.match(_own(table)) and "DKBM" in table.columns]
    links = _named(tables, "CBDKXX", "DKBM")
    if not parcels or not links:
        return tables
    rows, contracts = _read(links), _read(_named(tables, _OF_CONTRACT[0], _OF_CONTRACT[1]))
    transfers = _named(tables, "LZHT", "LZHTBM") if "LZHTBM" in rows.columns else []
    joined = [*parcels, *transfers]
    return [
        *(_enriched(table, rows, contracts) for table in parcels),
        *(_placed(table, rows, parcels) for table in transfers),
        *(table for table in tables if not any(table is one for one in joined)),
    ]


def _named(tables: list[Table], name: str, key: str) -> list[Table]:
    return [table for table in tables if _own(table).upper() == name and key in table.columns]


def _own(table: Table) -> str:
    """The table's own name, without the folder that tells it apart."""
    return table.name.rsplit("/", 1)[-1]


def _read(tables: list[Table]) -> pd.DataFrame:
    """Tables of one kind as one in memory, text packed, keys as plain text."""
    frames = []
    for table in tables:
        for frame in table.batches():
            frame = frame.drop(columns="geometry", errors="ignore")
            for key in set(_KEYS) & set(frame.columns):
                frame[key] = _key(frame[key])
            frames.append(frame.astype(dict.fromkeys(_texts(frame), "str")))
    if frames:
        return pd.concat(frames, ignore_index=True)
    return pd.DataFrame({name: pd.Series(dtype="str") for table in tables[:1] for name in table.columns})


def _texts(frame: pd.DataFrame) -> list[str]:
    """Columns that hold nothing but text."""
    held = (c for c in frame.columns if frame[c].dtype == object)
    return [c for c in held if all(value is None or isinstance(value, str) for value in frame[c])]


def _key(values: Any) -> Any:
    """Codes as plain text: spaces dropped, whole numbers without a decimal point, None where empty."""
    return _series((_code(value) for value in values), values)


def _code(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


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

    def _batches() -> Iterator[pd.DataFrame]:
        for frame in parcels.batches():
            found = lookup.reindex(_key(frame["DKBM"])).set_axis(frame.index)
            shapes = frame.pop("geometry")
            yield pd.concat([frame, found.apply(_unpacked), shapes], axis=1)

    return replace(parcels, columns=(*parcels.columns, *added), batches=_batches, issues=issues)


def _unpacked(column: Any) -> Any:
    """Text as plain text again, None where empty."""
    return (
        column.astype(object).where(column.notna(), None) if isinstance(column.dtype, pd.StringDtype) else column
    )


def _placed(transfers: Table, rows: pd.DataFrame, parcels: list[Table]) -> Table:
    """Transfer contracts as a map: each with the shapes of the parcels that CBDKXX gives to it, as one shape."""
    links = rows.dropna(subset=["DKBM", "LZHTBM"])[["DKBM", "LZHTBM"]].drop_duplicates()
    transfer_of = links.groupby("DKBM")["LZHTBM"].agg(list)
    columns = transfers.columns if "DKBM" in transfers.columns else (*transfers.columns, "DKBM")

    def _batches() -> Iterator[pd.DataFrame]:
        shapes, codes = _collected(parcels, transfer_of)
        for frame in transfers.batches():
            keys = _key(frame["LZHTBM"])
            if "DKBM" not in frame.columns:
                frame["DKBM"] = _series(("、".join(codes.get(k, ())) or None for k in keys), frame)
            frame["geometry"] = _series((_union(shapes.get(k, [])) for k in keys), frame)
            yield frame

    first = parcels[0]
    return replace(
        transfers, kind="map", columns=columns, batches=_batches, crs=first.crs, geometry_type="polygon",
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
