"""What is on the screen as a file to take away, as far as the reader may see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import pandas as pd

from dashboards.data import Area, County
from dashboards.words import Lang, day, number, say
from geo.access import masked, roles, within
from geo.progress import UNPLACED
from pipelines.downloads import as_csv, as_xlsx, workbook
from pipelines.downloads_gpkg import as_gpkg
from pipelines.worklist import path_names

if TYPE_CHECKING:
    import geopandas as gpd

UNWRITABLE = re.compile(r"[\\/:*?\"<>|\x00-\x1f\s]+")
"""What a file's name cannot hold on one system or another."""
Format = Literal["xlsx", "gpkg", "csv"]
MEDIA: Mapping[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv",
}


@dataclass(frozen=True)
class Download:
    """A file for the reader: its name, its media type and its bytes."""

    name: str
    media_type: str
    body: bytes


def table(
    county: County,
    layer_id: str,
    rows: gpd.GeoDataFrame,
    fmt: Format,
    *,
    as_of: date,
    lang: Lang,
    area: Area | None = None,
    filters: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Download:
    """Rows of `County.things` as a file: within the reader's reach, masked, with what they are and where from.

    Its name carries layer, area and day. area: what was looked at; the reader's own top when None. filters: what
    was chosen → what it was set to, in the reader's words. extra: further columns of the rows → their headings.
    Refused (`download_too_large`) as in `pipelines.downloads`.
    """
    layer = county.workspace.layer(layer_id)
    shown = masked(_within_reach(county, layer_id, rows), layer, county.actor)
    if "import_id" in shown:
        shown = _with_source(county, layer_id, shown)
    here = area or county.root
    facts = about(county, layer_id, len(shown), area=here, as_of=as_of, lang=lang, filters=filters)
    written = {"xlsx": as_xlsx, "gpkg": as_gpkg, "csv": as_csv}[fmt]
    body = written(shown, layer, lang=lang, facts=facts, extra=extra)
    name = _file_name(layer.label(lang), "".join(area_names(county, here, lang)), f"{as_of}.{fmt}")
    return Download(name, MEDIA[fmt], body)


def figures(
    county: County,
    layer_id: str,
    tables: Mapping[str, pd.DataFrame],
    *,
    things: int,
    as_of: date,
    lang: Lang,
    area: Area,
    filters: Mapping[str, str],
) -> Download:
    """Tables of figures as an Excel file, each on a sheet of its title; what they count was narrowed already.

    things: how many rows they were made of. Its name carries layer, first title, area and day.
    """
    facts = about(county, layer_id, things, area=area, as_of=as_of, lang=lang, filters=filters)
    body = workbook(tables, lang=lang, facts=facts)
    names = (county.workspace.layer(layer_id).label(lang), next(iter(tables)))
    return Download(
        _file_name(*names, "".join(area_names(county, area, lang)), f"{as_of}.xlsx"), MEDIA["xlsx"], body
    )


def _file_name(*parts: str) -> str:
    return "_".join(UNWRITABLE.sub(" ", one).strip() for one in parts)


def area_names(county: County, area: Area, lang: Lang) -> list[str]:
    """The names of an area and of those it lies in, the county's only for the county itself."""
    if area.level == UNPLACED:
        return [say("thing.area_unknown", lang)]
    above = path_names(county.workspace.areas()).get(area.code, ("",))[:-1]
    return [*above, area.name]


def _with_source(county: County, layer_id: str, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows with the file, the sheet and the day of the import that each was read by."""
    known = {one.id: one for one in county.workspace.imports(layer_id)}
    found = [known.get(one) for one in rows["import_id"]]
    days = [None if one is None else pd.Timestamp(one.at).tz_convert("Asia/Shanghai").date() for one in found]
    return rows.assign(
        source_file=[None if one is None else one.file for one in found],
        source_table=[None if one is None else one.table for one in found],
        source_day=pd.to_datetime(pd.Series(days, index=rows.index, dtype=object)),
    )


def _within_reach(county: County, layer_id: str, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    reach = county.reach(layer_id)
    if reach == "":
        return rows
    if reach is None:
        return rows.iloc[:0]
    mine = [within(code if isinstance(code, str) else None, reach) for code in rows["area_code"]]
    return rows[pd.Series(mine, index=rows.index, dtype=bool)]


def about(
    county: County,
    layer_id: str,
    count: int,
    *,
    area: Area,
    as_of: date,
    lang: Lang,
    filters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What a file says of itself: county, layer, edition, day, filters, who took it, and what was hidden."""
    layer = county.workspace.layer(layer_id)
    actor = county.actor
    who = " · ".join(part for part in (actor.unit, actor.name, roles()[actor.role](lang)) if part)
    code = "" if area.level == UNPLACED else area.code
    where = f"{' · '.join(area_names(county, area, lang))} {code}"
    found = {
        say("download.county", lang): f"{county.name} {county.workspace.settings.code}",
        say("download.area", lang): where.strip(),
        say("download.layer", lang): layer.label(lang),
        say("download.as_of", lang): day(as_of, lang),
        say("download.edition", lang): f"{county.edition} · {county.layer_edition(layer_id)}",
        say("download.rows", lang): number(float(count), "count"),
        **(filters or {}),
        say("download.reader", lang): who,
    }
    if any(one.personal for one in layer.fields):
        found[say("download.personal", lang)] = say(
            "download.clear" if county.may("personal", layer_id, county.root.code) else "download.masked", lang
        )
    return found
