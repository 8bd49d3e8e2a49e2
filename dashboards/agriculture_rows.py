"""Single parcels and contracts of the agriculture page, ready to be drawn: the work list, a village's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from dashboards.agriculture import Ask, problem_word
from dashboards.agriculture_boards import LISTED, Json, mu
from dashboards.legends import choice_labels, thing_colour
from dashboards.tables import Board, Row
from dashboards.words import NOTHING, Lang, day, figure, number, say
from geo.layers import Layer
from geo.measure import mu_from_m2
from pipelines.worklist import DIMENSIONS, PROBLEM, Desk, path_names
from pipelines.worklist_filters import waiting

if TYPE_CHECKING:
    import geopandas as gpd

HEADS = {"id": "id", "stage": "stage", "mu": "size", "days": "days", "due": "due", "how": "", "who": ""}
"""The columns of the work list and the order that each sorts by."""
SAID = ("not_planted", "no_shape", "expired", "re_abandoned", "several_contracts")
"""Problems that a row says already without a mark."""


def list_rows(rows: pd.DataFrame, desk: Desk, lang: Lang, *, within: str) -> list[Json]:
    """The rows of one page of the work list, as they are drawn.

    within: code of the area that is looked at, "" for the county.
    """
    layer = desk.layer
    stages = {one.id: one.label(lang) for one in layer.lifecycle.stages} if layer.lifecycle else {}
    field = DIMENSIONS[layer.id].get("mode")
    modes = choice_labels(layer, field, lang) if field else {}
    kinds = [one for one in desk.problems if one not in SAID]
    by_stage = layer.style.get("colour_by") == "stage"
    paths = path_names(desk.areas)
    known = paths.get(within, ())
    made = []
    for (_, one), waits in zip(rows.iterrows(), waiting(desk).reindex(rows.index), strict=True):
        marks = [problem_word(kind, lang) for kind in kinds if one[PROBLEM + kind]]
        if not one["here"]:
            marks.append(say("agriculture.crossing", lang))
        made.append(
            {
                "id": str(one["id"]),
                "place": _place(one, paths, known),
                "stage": stages.get(one["stage"], say("thing.no_stage", lang)),
                "colour": thing_colour(layer, one["stage"]) if by_stage else "",
                "mu": mu(one["mu"]),
                "days": number(one["stage_days"], "count") if waits else NOTHING,
                "due": _day(one["due_on"], lang),
                "late": bool(one["overdue"]),
                "how": " · ".join(p for p in (modes.get(one["mode"], one["mode"]), one["crop"]) if p),
                "who": str(one["grower"]),
                "marks": marks,
            }
        )
    return made


def _place(one: pd.Series, paths: Mapping[str, tuple[str, ...]], known: tuple[str, ...]) -> str:
    """Township, village and local name; the area that is looked at is not said again."""
    names = paths.get(one["area_code"], ())
    shown = names[len(known) :] or names[-1:] if names[: len(known)] == known else names
    return " · ".join(str(p) for p in (" ".join(shown), one["place_name"]) if isinstance(p, str) and p)


def _day(value: Any, lang: Lang) -> str:
    return NOTHING if pd.isna(value) else day(pd.Timestamp(value).date(), lang)


def problem_pairs(thing: pd.Series, desk: Desk, ask: Ask) -> list[tuple[str, str]]:
    """What is the matter with one thing, each with the figure or day that says how much.

    thing: as `County.thing` gives it.
    """
    mine = desk.rows[desk.rows["id"] == thing["id"]]
    if mine.empty:
        return []
    one = mine.iloc[0]
    said = {
        "stage_overdue": ask.word("problem_since", day=_day(one["stage_due_on"], ask.lang)),
        "area_differs": ask.word(
            "problem_areas", reported=mu(one["reported_mu"]), measured=mu(one["measured_mu"])
        ),
        "on_redline": _ground(thing, "redline_conflict_m2", ask),
        "double_leased": _ground(thing, "double_leased_m2", ask),
        "over_area": _ground(thing, "over_area_m2", ask),
        "expiring_90d": _day(thing.get("ends_on"), ask.lang),
        "expired": _day(thing.get("ends_on"), ask.lang),
        "not_planted": _day(one["stage_since"], ask.lang),
        "re_abandoned": _day(one["stage_since"], ask.lang),
        "several_contracts": str(thing.get("contract_parcel_id")),
        "use_changed": f"{thing.get('use_before')} → {thing.get('use_after')}",
    }
    return [(problem_word(kind, ask.lang), said.get(kind, "")) for kind in desk.problems if one[PROBLEM + kind]]


def _ground(thing: pd.Series, column: str, ask: Ask) -> str:
    m2 = thing.get(column)
    return "" if pd.isna(m2) else figure(float(mu_from_m2(float(m2))), "mu", ask.lang)


def with_desk(rows: gpd.GeoDataFrame, desk: Desk, ask: Ask) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """Rows of `County.things` with what the desk says of each, and the headings of these columns.

    problems: in words; stage_days: working days in the stage, of what waits, where stages have limits; mu_here:
    only where something crosses the border, the 亩 that lie inside.
    """
    own = desk.rows.assign(waits=desk.rows["stage_days"].where(waiting(desk)), inside=desk.rows["mu"].round(2))
    own = own.set_index("id").reindex(rows["id"])
    between = "、" if ask.lang == "zh" else ", "
    words = {kind: problem_word(kind, ask.lang) for kind in desk.problems}
    flags = own[[PROBLEM + kind for kind in words]].to_numpy(bool)
    said = [between.join(word for word, on in zip(words.values(), line, strict=True) if on) for line in flags]
    found: dict[str, object] = {"problems": said}
    if _timed(desk.layer):
        found["stage_days"] = own["waits"].to_numpy(float)
    if desk.crossing:
        found["mu_here"] = own["inside"].to_numpy(float)
    return rows.assign(**found), {name: ask.word(f"taken_{name}") for name in found}


def list_heads(ask: Ask) -> list[Json]:
    """The headings of the work list; days only where stages have limits."""
    return [
        {"name": name, "order": order, "label": ask.word(f"head_{name}")}
        for name, order in HEADS.items()
        if _timed(ask.layer) or name != "days"
    ]


def _timed(layer: Layer) -> bool:
    """Whether stages of a layer have limits of days."""
    return layer.lifecycle is not None and any(stage.days is not None for stage in layer.lifecycle.stages)


def thing_board(desk: Desk, ask: Ask) -> Board:
    """The single things of a village, largest first."""
    stages = {one.id: one.label(ask.lang) for one in ask.layer.lifecycle.stages} if ask.layer.lifecycle else {}
    colour_by = ask.layer.style.get("colour_by", "stage")
    ordered = desk.rows.sort_values(["mu", "id"], ascending=[False, True]).head(LISTED)
    rows = tuple(
        Row(
            key=str(one["id"]),
            name=" ".join(part for part in (str(one["id"]), one["place_name"]) if isinstance(part, str)),
            rank=f"{at}",
            cells=(stages.get(one["stage"], NOTHING), mu(one["mu"])),
            colour=thing_colour(ask.layer, one[colour_by]),
        )
        for at, (_, one) in enumerate(ordered.iterrows(), start=1)
    )
    heads = (say("table.order", ask.lang), ask.word("head_id"), ask.word("head_stage"), ask.word("head_mu"))
    return Board(heads, rows, (), (), words_at=(2,), bars=False)
