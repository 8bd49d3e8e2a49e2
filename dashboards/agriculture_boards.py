"""The tables and cards of the agriculture page, ready to be drawn."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from dashboards.agriculture import BLANK, Ask, problem_word
from dashboards.legends import NO_DATA, Legend, choice_labels, thing_colour
from dashboards.tables import Board, Row, shared_ranks, ties
from dashboards.words import NOTHING, figure, number, say
from geo.progress import UNPLACED
from pipelines.remediation import whole_rate
from pipelines.remediation_checks import Measured
from pipelines.switchboard import Simulation
from pipelines.worklist import DIMENSIONS, Desk

Json = dict[str, Any]
LISTED = 300
"""So many rows of a split are drawn; the others stay in the files to take away."""
WARNS = ("contract_ended", "double_leased", "over_area", "expired", "on_redline", "re_abandoned", "stage_overdue")


def mu(value: float) -> str:
    """亩 with two decimals, without the unit."""
    return number(value, "mu")


def how_many(ask: Ask, count: float, crossing: float) -> str:
    """How many things, and how many more lie mainly elsewhere and are in the 亩 alone."""
    if not crossing:
        return ask.word("things", count=number(count, "count"))
    return ask.word("things_crossing", count=number(count, "count"), crossing=number(crossing, "count"))


def percent(value: float) -> str:
    """A rate with its sign; a dash for nothing."""
    text = number(value, "percent")
    return text if text == NOTHING else f"{text}%"


def steps(flow: pd.DataFrame, stuck: pd.DataFrame, ask: Ask) -> list[Json]:
    """The stages of the flow: what passed each as a bar, what stands there within it, and how long it waits."""
    stages = {one.id: one for one in ask.layer.lifecycle.stages} if ask.layer.lifecycle else {}
    waits = {str(row["stage"]): row for _, row in stuck.iterrows()}
    most = flow["passed_mu"].max()
    made = []
    for _, one in flow.iterrows():
        if not one["on_way"] and not one["standing"] and not one["standing_crossing"]:
            continue
        name = str(one["stage"])
        wait = waits.get(name)
        over = int(wait["over"]) if wait is not None else 0
        made.append(
            {
                "key": name,
                "label": stages[name].label(ask.lang),
                "colour": thing_colour(ask.layer, name),
                "passed": f"{mu(one['passed_mu'])}",
                "things": how_many(ask, one["passed"], one["passed_crossing"]),
                "share": one["passed_mu"] / most if most > 0 else 0.0,
                "stands": one["standing_mu"] / most if most > 0 else 0.0,
                "standing": ask.word(
                    "stands",
                    things=how_many(ask, one["standing"], one["standing_crossing"]),
                    mu=mu(one["standing_mu"]),
                ),
                "wait": _wait(wait, ask),
                "over": ask.word("over", count=number(over, "count")) if over else "",
                "aside": not one["on_way"],
            }
        )
    return made


def _wait(wait: pd.Series | None, ask: Ask) -> str:
    if wait is None or math.isnan(wait["median_days"]):
        return ""
    said = ask.word("waits", median=f"{wait['median_days']:.0f}", longest=f"{wait['longest_days']:.0f}")
    if not math.isnan(wait["limit_days"]):
        said += ask.word("limit", days=f"{wait['limit_days']:.0f}")
    return said


def split_columns(ask: Ask) -> dict[str, str]:
    """Columns of `flow_by` that a split shows in 亩 → their headings."""
    if ask.layer.id != "abandoned_parcel":
        return {"filed_mu": ask.word("contract_mu")}
    return {
        "found_mu": ask.word("found"),
        "remediated_mu": ask.word("remediated"),
        "in_use_mu": ask.word("in_use"),
    }


def split_labels(ask: Ask) -> dict[str, str]:
    """What the values of a split are called, where they are codes."""
    field = DIMENSIONS[ask.layer.id].get(ask.by)
    return choice_labels(ask.layer, field, ask.lang) if field and ask.by != "grower" else {}


def split_table(frame: pd.DataFrame, ask: Ask) -> pd.DataFrame:
    """A split whole, as a table to take away: numbers as numbers, areas with their codes."""
    labels = split_labels(ask)
    names = [
        split_name(str(key), str(name), ask, labels) for key, name in zip(frame["key"], frame["name"], strict=True)
    ]
    made: dict[str, Any] = {ask.word(f"by_{ask.by}"): names}
    if ask.by in ("township", "village"):
        made[ask.word("taken_code")] = [None if key == UNPLACED else key for key in frame["key"]]
    made |= {ask.word("taken_mu", name=head): frame[name] for name, head in split_columns(ask).items()}
    if ask.layer.id == "abandoned_parcel":
        made |= {ask.word("taken_rate"): frame["rate"].round(2), ask.word("overdue"): frame["overdue"]}
    return pd.DataFrame({**made, ask.word("count"): frame["features"], ask.word("crossing"): frame["crossing"]})


def split_board(frame: pd.DataFrame, ask: Ask) -> Board:
    """What was found, remediated and is in use by one split, with the rate; the largest first."""
    labels, shown = split_labels(ask), split_columns(ask)
    columns, heads = list(shown), list(shown.values())
    rate = "remediated_mu" in frame and ask.layer.id == "abandoned_parcel"
    most = frame[columns[0]].max() if len(frame) else 0.0
    rows, ranks = [], shared_ranks(frame[columns[0]])
    for (_, one), rank in zip(frame.head(LISTED).iterrows(), ranks, strict=False):
        key = str(one["key"])
        late = (percent(one["rate"]), number(one["overdue"], "count")) if rate else ()
        cells = (*(mu(one[name]) for name in columns), *late, _count(one))
        rows.append(
            Row(
                key=key or BLANK,
                name=split_name(key, str(one["name"]), ask, labels),
                rank=rank,
                cells=cells,
                colour=thing_colour(ask.layer, key) if _coloured(ask) else "",
                share=one[columns[0]] / most if most > 0 else 0.0,
            )
        )
    whole = [percent(whole_rate(frame)), number(float(frame["overdue"].sum()), "count")] if rate else []
    total = [*(mu(frame[name].sum()) for name in columns), *whole]
    total.append(number(float(frame["features"].sum()), "count"))
    heads = [*heads, *([ask.word("rate"), ask.word("overdue")] if rate else []), ask.word("count")]
    named = (say("table.rank", ask.lang), ask.word(f"by_{ask.by}"))
    notes = [ask.word("in_mu"), *_border_note(frame, ask), *ties(ranks, ask.lang)]
    if len(frame) > LISTED:
        notes.append(ask.word("more_groups", shown=LISTED, count=number(len(frame), "count")))
    return Board((*named, *heads), tuple(rows), tuple(total), tuple(notes))


def _count(one: pd.Series) -> str:
    """How many things a row counts; with `+` where it has 亩 of things that are counted elsewhere alone."""
    alone = not one["features"] and one["crossing"]
    return f"0 +{number(one['crossing'], 'count')}" if alone else number(one["features"], "count")


def _border_note(frame: pd.DataFrame, ask: Ask) -> tuple[str, ...]:
    """What a border does to the figures, where something crosses one."""
    return (ask.word("border_note"),) if len(frame) and frame["crossing"].any() else ()


def _coloured(ask: Ask) -> bool:
    return ask.layer.style.get("colour_by") == ask.by


def split_name(key: str, name: str, ask: Ask, labels: dict[str, str]) -> str:
    """What one group of a split is called."""
    if key == UNPLACED:
        return say("thing.area_unknown", ask.lang)
    return labels.get(key, name) or ask.word("blank")


def problem_cards(figures: pd.DataFrame, ask: Ask, *, late: Desk) -> list[Json]:
    """One card for each kind of problem, with its 亩, and one for what is overdue; it opens to its rows."""
    cards = [
        {
            "key": str(one["problem"]),
            "label": problem_word(str(one["problem"]), ask.lang),
            "value": number(one["features"], "count"),
            "below": _below(one["mu"], int(one["crossing"]), ask),
            "tone": "bad" if one["problem"] in WARNS and one["features"] else "",
        }
        for _, one in figures.iterrows()
    ]
    if ask.layer.id == "abandoned_parcel":
        card = {"key": "overdue", "label": ask.word("overdue"), "value": number(late.count, "count")}
        below = _below(late.mu, late.crossing, ask)
        cards.insert(0, {**card, "below": below, "tone": "bad" if late.count else ""})
    return cards


def _below(in_mu: float, crossing: int, ask: Ask) -> str:
    said = figure(in_mu, "mu", ask.lang)
    return f"{said} · {ask.word('crossing_count', count=number(crossing, 'count'))}" if crossing else said


def measured_pairs(found: Measured, apart: Measured, ask: Ask) -> list[tuple[str, str]]:
    """Reported against measured, as lines of a card. apart: what is void, which the other lines leave out."""
    lang = ask.lang
    sign = "+" if found.difference_mu > 0 else ""
    difference = f"{sign}{figure(found.difference_mu, 'mu', lang)}"
    if not math.isnan(found.difference_percent):
        difference += (
            f"（{sign}{found.difference_percent:.2f}%）"
            if lang == "zh"
            else (f" ({sign}{found.difference_percent:.2f}%)")
        )
    return [
        (ask.word("reported_total"), figure(found.reported_mu, "mu", lang)),
        (ask.word("measured_total"), figure(found.measured_mu, "mu", lang)),
        (ask.word("both_count"), how_many(ask, found.both, found.crossing)),
        (ask.word("both_reported"), figure(found.both_reported_mu, "mu", lang)),
        (ask.word("both_measured"), figure(found.both_measured_mu, "mu", lang)),
        (ask.word("difference"), difference),
        (ask.word("differing"), ask.word("things", count=number(found.differing, "count"))),
        (ask.word("unmeasured"), ask.word("things", count=number(found.unmeasured, "count"))),
        *_apart(apart, ask),
    ]


def _apart(void: Measured, ask: Ask) -> list[tuple[str, str]]:
    if not void.things:
        return []
    life = ask.layer.lifecycle
    stages = [one.label(ask.lang) for one in life.stages if one.kind == "void"] if life else []
    between = "、" if ask.lang == "zh" else ", "
    said = ask.word(
        "apart_line",
        count=number(void.things, "count"),
        reported=mu(void.reported_mu),
        measured=mu(void.measured_mu),
    )
    return [(ask.word("apart", stage=between.join(stages)), said)]


def simulation_board(found: Simulation, ask: Ask) -> Board:
    """The simulated total by township beside the official one."""
    most = found.areas["simulated_mu"].max() if len(found.areas) else 0.0
    rows = tuple(
        Row(
            key=str(one["area_code"]),
            name=str(one["area_name"]) or say("thing.area_unknown", ask.lang),
            rank=f"{at}",
            cells=(
                mu(one["simulated_mu"]),
                mu(one["official_mu"]),
                signed(one["difference_mu"]),
                number(one["features"], "count"),
            ),
            colour="",
            share=one["simulated_mu"] / most if most > 0 else 0.0,
        )
        for at, (_, one) in enumerate(found.areas.iterrows(), start=1)
    )
    heads = (ask.word("simulated"), ask.word("official"), ask.word("difference"), ask.word("count"))
    total = (
        mu(found.simulated_mu),
        mu(found.official_mu),
        signed(found.difference_mu),
        number(found.features, "count"),
    )
    named = (say("table.number", ask.lang), say("level.township", ask.lang))
    return Board((*named, *heads), rows, total, (ask.word("in_mu"), ask.word("never_stored")))


def signed(value: float) -> str:
    """亩 with its sign."""
    return f"+{mu(value)}" if value > 0 else mu(value)


def area_board(frame: pd.DataFrame, legend: Legend, ask: Ask, *, level: str) -> Board:
    """What passes the filters, by area: its 亩 and how many, in the colours of the map."""
    most, ranks = frame["mu"].max() if len(frame) else 0.0, shared_ranks(frame["mu"])
    rows = tuple(
        Row(
            key=str(one["key"]),
            name=split_name(str(one["key"]), str(one["name"]), ask, {}),
            rank=rank,
            cells=(mu(one["mu"]), _count(one)),
            colour=legend.colour(float(one["mu"])) if one["key"] != UNPLACED else NO_DATA,
            share=one["mu"] / most if most > 0 else 0.0,
        )
        for (_, one), rank in zip(frame.iterrows(), ranks, strict=True)
    )
    total = (mu(frame["mu"].sum()), number(float(frame["features"].sum()), "count"))
    heads = (
        say("table.rank", ask.lang),
        say(f"level.{level}", ask.lang),
        ask.word("map_value"),
        ask.word("count"),
    )
    notes = (ask.word("in_mu"), *_border_note(frame, ask), *ties(ranks, ask.lang))
    return Board(heads, rows, total, notes)


def reason_pairs(found: Simulation, ask: Ask) -> list[tuple[str, str]]:
    """Why parcels do not count in a simulation."""
    return [
        (
            ask.word(f"reason_{one['reason']}"),
            ask.word("summary", count=number(one["features"], "count"), mu=mu(one["mu"])),
        )
        for _, one in found.left_out.iterrows()
    ]
