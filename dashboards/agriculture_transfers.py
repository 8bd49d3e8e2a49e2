"""The tables of land transfers on the agriculture page: rates, changes of use, certification."""

from __future__ import annotations

import math

import pandas as pd

from dashboards.agriculture import Ask
from dashboards.agriculture_boards import mu, percent
from dashboards.tables import Board, Row, shared_ranks, ties
from dashboards.words import number, say
from geo.layers import Layer
from geo.progress import UNPLACED
from pipelines.transfers import Uses


def rate_board(frame: pd.DataFrame, ask: Ask, *, level: str) -> Board:
    """The transfer rate by area with what it divides and what it divides by, the highest first."""
    lang = ask.lang
    ordered = frame.assign(ranked=frame["transfer_rate"].round(6).where(frame["level"] != UNPLACED))
    ordered = ordered.sort_values(["ranked", "area_code"], ascending=[False, True], na_position="last")
    most, ranks = frame["transfer_rate"].max(), shared_ranks(ordered["ranked"])
    rows = []
    for (_, one), rank in zip(ordered.iterrows(), ranks, strict=True):
        placed = one["level"] != UNPLACED
        rate = float(one["transfer_rate"])
        rows.append(
            Row(
                key=str(one["area_code"]) if placed else UNPLACED,
                name=str(one["area_name"]) if placed else say("thing.area_unknown", lang),
                rank=rank,
                cells=(
                    percent(rate),
                    mu(one["transferred_mu"]),
                    mu(one["contract_mu"]),
                ),
                colour="",
                share=rate / most if most > 0 and not math.isnan(rate) else 0.0,
                small=bool(one["small"]) and placed,
            )
        )
    heads = (ask.word("transfer_rate"), ask.word("transferred"), ask.word("contract_land"))
    notes = (ask.word("rate_is"), *ties(ranks, lang), f"* {ask.word('rate_small')}")
    return Board((say("table.rank", lang), say(f"level.{level}", lang), *heads), tuple(rows), (), notes)


def rate_table(frame: pd.DataFrame, level: str, ask: Ask) -> pd.DataFrame:
    """The transfer rates as a table to take away: numbers as numbers, with the codes of the areas."""
    return pd.DataFrame(
        {
            say(f"level.{level}", ask.lang): frame["area_name"],
            ask.word("taken_code"): frame["area_code"],
            ask.word("taken_transfer_rate"): frame["transfer_rate"].round(2),
            ask.word("taken_mu", name=ask.word("transferred")): frame["transferred_mu"].round(2),
            ask.word("taken_mu", name=ask.word("contract_land")): frame["contract_mu"].round(2),
        }
    )


def use_pairs(found: Uses, ask: Ask) -> list[tuple[str, str]]:
    """How the use changed: before → after, with its 亩 and contracts."""
    return [
        (
            f"{one['before']} → {one['after']}",
            ask.word("summary", count=number(one["contracts"], "count"), mu=mu(one["mu"])),
        )
        for _, one in found.changes.head(12).iterrows()
    ]


def stage_pairs(stages: pd.DataFrame, layer: Layer, ask: Ask) -> list[tuple[str, str]]:
    """How many things stand at each stage of a layer."""
    named = {one.id: one.label(ask.lang) for one in layer.lifecycle.stages} if layer.lifecycle else {}
    return [
        (named[str(one["stage"])], ask.word("things", count=number(one["features"], "count")))
        for _, one in stages.iterrows()
    ]
