"""The sheet of one thing: what is registered of it, what happened to it, and the file and row it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dashboards.data import County
from dashboards.footprints import TakenIn, taken_in
from dashboards.legends import choice_labels, thing_colour
from dashboards.words import NOTHING, Lang, day, figure, say
from geo.layers import Field, Layer
from geo.measure import mu_from_m2
from pipelines.worklist import REPORTED

if TYPE_CHECKING:
    from pipelines.workspace import Import


@dataclass(frozen=True)
class Step:
    """One stage of a thing's life. reached: on that day, or True when it was passed on a day nobody wrote down."""

    label: str
    when: str
    reached: bool
    now: bool


@dataclass(frozen=True)
class Record:
    """One entry of what happened: the day, what, by whom with what note, and digests of its photos."""

    when: str
    what: str
    said: str = ""
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The sheet of one thing, in the reader's words. masked: some personal fields are hidden.

    size: its area as measured on the map and as it was reported, each said to be so. batch: the id of the import.
    number: its id, where the heading is its name. taken_in: of a zone its townships, each with its villages.
    """

    heading: str
    place: str
    stage: str
    colour: str
    size: str
    fields: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    source: tuple[tuple[str, str], ...]
    masked: bool
    records: tuple[Record, ...] = ()
    batch: str = ""
    number: str = ""
    taken_in: tuple[tuple[str, str], ...] = ()


def sheet_of(
    county: County,
    layer: Layer,
    thing: pd.Series,
    lang: Lang,
    *,
    history: Sequence[Mapping[str, Any]] | None = None,
) -> Sheet:
    """The sheet of a row of `County.thing` as that reader may see it. history: read already; asked for if None."""
    place = thing.get("area_code")
    area = None if _empty(place) else county.area(str(place))
    path = [one.name for one in county.path(area) if one.level != "county"] if area is not None else []
    return sheet(
        thing,
        layer,
        source=county.source(layer.id, str(thing.get("import_id"))),
        history=county.history(layer.id, str(thing["id"])) if history is None else history,
        clear=county.may("personal", layer.id, None if _empty(place) else str(place)),
        spans=taken_in(county, layer, thing, lang),
        place=" ".join(path),
        lang=lang,
    )


def sheet(
    thing: pd.Series,
    layer: Layer,
    *,
    source: Import | None,
    history: Sequence[Mapping[str, Any]] = (),
    clear: bool = False,
    spans: TakenIn | None = None,
    place: str = "",
    lang: Lang,
) -> Sheet:
    """The sheet of a row as `pipelines.exchange.show` gives it. source: the import that it was read by.

    history: what `pipelines.exchange.history` gives. Personal fields are shown as hidden unless `clear`, for a
    reader who may see them there; empty ones are left out. place: township and village, where they are known.
    What must have a name is headed by it.
    """
    shown = [field for field in layer.fields if not _empty(thing.get(field.name))]
    hidden = {field.name for field in shown if field.personal and not clear}
    stage, name = _plain(thing.get("stage")), _name(thing, layer)
    colour_by = layer.style.get("colour_by")
    return Sheet(
        heading=name or str(thing["id"]),
        place=spans.said if spans else place or _plain(thing.get("area_name")) or say("thing.area_unknown", lang),
        stage=_stage(layer, stage, lang),
        colour=thing_colour(layer, thing.get(colour_by) if colour_by else None),
        size=_size(thing, layer, lang),
        fields=tuple(
            (
                field.label(lang),
                say("thing.masked", lang) if field.name in hidden else value(field, thing, layer, lang),
            )
            for field in shown
            if field.name not in (layer.id_field, layer.name_field if name else "") and not _is_stage(layer, field)
        ),
        steps=steps(thing, layer, lang, history=history),
        source=tuple(_source(thing, source, lang)),
        masked=bool(hidden),
        records=tuple(record(one, layer, lang) for one in reversed(history)),
        batch=_plain(thing.get("import_id")),
        number=say("footprint.number", lang, id=thing["id"]) if name else "",
        taken_in=spans.lines if spans else (),
    )


def _name(thing: pd.Series, layer: Layer) -> str:
    """The name of a thing of a layer whose things must have one; else nothing."""
    named = layer.name_field is not None and layer.field(layer.name_field).required
    return _plain(thing.get(layer.name_field)) if named else ""


def record(one: Mapping[str, Any], layer: Layer, lang: Lang) -> Record:
    """One import or event of a thing's history as it is shown; people appear by their unit."""
    when = day(china_day(one["at"]), lang)
    if one["kind"] == "import":
        return Record(
            when, say("record.import", lang), row_of(one["file"], one.get("table", ""), one["row"], lang)
        )
    what = say(f"record.{one['kind']}", lang)
    if one.get("to_stage"):
        stages = {stage.id: stage.label(lang) for stage in layer.lifecycle.stages} if layer.lifecycle else {}
        steps_ = (stages.get(stage, stage) for stage in (one.get("from_stage"), one["to_stage"]) if stage)
        what = " → ".join(steps_)
    said = " · ".join(str(part) for part in (one.get("unit"), one.get("note")) if part)
    return Record(when, what, said, tuple(one.get("evidence") or ()))


def _empty(value_: object) -> bool:
    return value_ is None or bool(pd.isna(value_)) or value_ == ""  # type: ignore[call-overload]


def _plain(value_: object) -> str:
    return "" if _empty(value_) else str(value_)


def _is_stage(layer: Layer, field: Field) -> bool:
    life = layer.lifecycle
    return life is not None and (
        field.name == life.stage_field or any(field.name == stage.date_field for stage in life.stages)
    )


def _stage(layer: Layer, stage: str, lang: Lang) -> str:
    if layer.lifecycle is None:
        return ""
    known = {one.id: one.label(lang) for one in layer.lifecycle.stages}
    return known.get(stage, stage) or say("thing.no_stage", lang)


def row_of(file: str, table: str, row: object, lang: Lang) -> str:
    """Where in a sender's file something stands: file, sheet where the file has several by name, and row."""
    where = say("thing.source_table", lang, table=table) if table and table != Path(file).stem else ""
    return " · ".join(part for part in (file, where, "" if _empty(row) else _row(row, lang)) if part)


def _row(row: object, lang: Lang) -> str:
    return say("thing.source_row", lang, row=int(row))  # type: ignore[call-overload]


def _size(thing: pd.Series, layer: Layer, lang: Lang) -> str:
    """The measured area and the reported one, each under its name."""
    parts = []
    if not _empty(thing.get("area_m2")):
        mu = figure(float(mu_from_m2(float(thing["area_m2"]))), "mu", lang)
        parts.append(say("thing.measured", lang, mu=mu))
    reported = REPORTED.get(layer.id)
    if reported is not None and not _empty(thing.get(reported)):
        parts.append(f"{layer.field(reported).label(lang)} {figure(float(thing[reported]), 'mu', lang)}")
    return " · ".join(parts) or NOTHING


def value(field: Field, thing: pd.Series, layer: Layer, lang: Lang) -> str:
    """One field of a thing as text: labels for choices, dates as written, numbers with their unit."""
    stored: Any = thing.get(field.name)
    if _empty(stored):
        return NOTHING
    if field.type == "date":
        return day(pd.Timestamp(stored).date(), lang)
    if field.type == "boolean":
        return say("thing.yes" if stored else "thing.no", lang)
    if field.type in ("number", "integer"):
        return figure(float(stored), field.unit or "count", lang)
    if field.type == "choice":
        return choice_labels(layer, field.name, lang).get(str(stored), str(stored))
    return str(stored)


def steps(
    thing: pd.Series, layer: Layer, lang: Lang, *, history: Sequence[Mapping[str, Any]] = ()
) -> tuple[Step, ...]:
    """The stages of a thing's ordinary way and those it strayed into, in order, with their days.

    The day is that of the latest event that led to the stage, else that of the import. What lies ahead on the way
    is not reached, whatever was taken back; a day foreseen for it, as that of a contract's end, is shown.
    """
    life = layer.lifecycle
    if life is None:
        return ()
    now = _plain(thing.get("stage"))
    path = life.path
    taken = {one["to_stage"]: china_day(one["at"]) for one in history if one.get("to_stage")}
    passed = path[: path.index(now) + 1] if now in path else ()
    found = []
    for stage in life.stages:
        stated = _date(thing.get(stage.date_field)) if stage.date_field else None
        ahead = bool(passed) and stage.id in path[len(passed) :]
        when = stated if ahead else taken.get(stage.id, stated)
        reached = not ahead and (stage.id in passed or when is not None or stage.id == now)
        if stage.id not in path and not reached:
            continue
        text = day(when, lang) if when else (say("thing.unknown_date", lang) if reached else "")
        found.append(Step(stage.label(lang), text, reached, stage.id == now))
    return tuple(found)


def china_day(moment: str) -> date:
    """The day it was in China at a moment written in ISO 8601 with its offset."""
    return pd.Timestamp(moment).tz_convert("Asia/Shanghai").date()


def _date(stored: object) -> date | None:
    return None if _empty(stored) else pd.Timestamp(stored).date()  # type: ignore[arg-type]


def _source(thing: pd.Series, source: Import | None, lang: Lang) -> list[tuple[str, str]]:
    """File with sheet and row, the day it was taken in, and how the thing came to its place."""
    found = []
    if source is not None:
        text = row_of(source.file, source.table, thing.get("source_row"), lang)
        found.append((say("thing.source_file", lang), text))
        found.append((say("thing.source_day", lang), day(china_day(source.at.isoformat()), lang)))
    if not _empty(thing.get("lon")):
        found.append((say("thing.position", lang), f"{float(thing['lon']):.6f}, {float(thing['lat']):.6f}"))
    elif _plain(thing.get("placed_by")) == "name":
        found.append((say("thing.position", lang), say("thing.by_name", lang)))
    return found
