"""Ranked tables: order, ties, small denominators, and printed parts that add up to the printed total."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from dashboards.legends import value_legend
from dashboards.tables import STANDING_COLOURS, Board, figures, ranked, shared_ranks, standing_parts, ties
from geo.layers import Indicator, builtin_layers
from geo.standing import STANDINGS

ABANDONED = builtin_layers()["abandoned_parcel"]
RATE = ABANDONED.indicator("remediated_rate")
AREA = ABANDONED.indicator("remediated_mu")


def frame(rows: list[tuple[str, float, float, int]], level: str = "village") -> pd.DataFrame:
    """Progress rows of (code, remediated 亩, rate, features)."""
    made = pd.DataFrame(rows, columns=["area_code", "remediated_mu", "remediated_rate", "features"])
    return made.assign(area_name="村" + made["area_code"], level=level, found_mu=10.0, overdue=0.0)


def board(rows: pd.DataFrame, indicator: Indicator = RATE, whole: pd.Series | None = None, **more: int) -> Board:
    legend = value_legend(rows[indicator.id].tolist(), indicator, "zh")
    return ranked(rows, whole, indicator, ABANDONED, legend, level="village", lang="zh", **more)


def test_best_comes_first_and_equal_values_share_a_rank_in_order_of_code() -> None:
    made = board(frame([("3", 5, 50, 20), ("1", 5, 50, 20), ("2", 9, 90, 20), ("4", 1, 10, 20)]))
    assert [(row.rank, row.key) for row in made.rows] == [("1", "2"), ("2", "1"), ("2", "3"), ("4", "4")]
    assert any("名次相同" in note for note in made.notes)


def test_without_ties_the_note_on_ties_is_left_out() -> None:
    made = board(frame([("1", 5, 50, 20), ("2", 9, 90, 20)]))
    assert not any("名次相同" in note for note in made.notes)


def test_where_lower_is_better_the_lowest_comes_first() -> None:
    rows = frame([("1", 0, 0, 20), ("2", 0, 0, 20)]).assign(overdue=[7.0, 3.0])
    assert [row.key for row in board(rows, ABANDONED.indicator("overdue")).rows] == ["2", "1"]


def test_missing_values_stand_last_without_a_rank() -> None:
    made = board(frame([("1", 0, math.nan, 0), ("2", 9, 90, 20)]))
    assert [(row.rank, row.key) for row in made.rows] == [("1", "2"), ("—", "1")]
    assert made.rows[1].cells[0] == "—"


def test_a_rate_over_few_things_is_marked_and_a_sum_is_not() -> None:
    rows = frame([("1", 1, 100, 9), ("2", 9, 90, 10)])
    assert [row.small for row in board(rows).rows] == [True, False]
    assert [row.small for row in board(rows, AREA).rows] == [False, False]


def test_printed_parts_add_up_to_the_printed_total() -> None:
    third = 1 / 3
    rows = frame([("1", third, 1, 20), ("2", third, 1, 20), ("3", third, 1, 20)])
    whole = frame([("9", 1.0, 1, 60)]).iloc[0]
    made = board(rows, AREA, whole)
    assert sorted(row.cells[0] for row in made.rows) == ["0.33", "0.33", "0.34"]
    assert made.total[0] == "1.00"


def test_what_lies_in_no_village_stands_last_and_cannot_be_picked() -> None:
    rows = pd.concat([frame([("1", 1, 50, 20)]), frame([("990101100", 3, 99, 4)], level="unplaced")])
    made = board(rows.reset_index(drop=True), AREA)
    assert [(row.key, row.rank) for row in made.rows] == [("1", "1"), ("", "—")]
    assert made.rows[1].name == "未落到任何村"


def test_things_outside_every_area_are_said_to_be_left_out() -> None:
    made = board(frame([("1", 1, 50, 20)]), outside=3)
    assert made.notes[-1] == "另有 3 个不在本县任何区域内，未计入合计。"


def test_cards_put_rates_first_and_write_missing_figures_as_a_dash() -> None:
    whole = pd.Series({one.id: pd.NA if one.is_rate else 1.0 for one in ABANDONED.indicators})
    found = figures(whole, ABANDONED, "en")
    assert found[0] == {"id": "remediated_rate", "label": "Remediated", "value": "—", "unit": "%"}
    assert len(found) == len(ABANDONED.indicators)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_headings_carry_units_once(lang: str) -> None:
    legend = value_legend([50.0], RATE, "zh")
    made = ranked(frame([("1", 5, 50, 20)]), None, RATE, ABANDONED, legend, level="village", lang=lang)  # type: ignore[arg-type]
    assert made.headings[2].count("%") == 0
    assert ("亩" if lang == "zh" else "mu") in made.headings[3]


def test_a_row_shows_how_its_things_stand_and_the_parts_say_how_many_in_all() -> None:
    standings = pd.DataFrame(0, index=["01", "02"], columns=list(STANDINGS))
    standings.loc["01", ["done", "late"]] = [3, 1]
    standings.loc["02", "late"] = 2
    parts = standing_parts(standings, "zh")
    assert [(one.id, one.count) for one in parts if one.count != "0"] == [("done", "3"), ("late", "3")]
    assert [one.colour for one in parts] == [STANDING_COLOURS[name] for name in STANDINGS]
    rows, legend = frame([("01", 8, 80, 4), ("02", 5, 50, 2)]), value_legend([80.0, 50.0], RATE, "zh")
    made = ranked(rows, None, RATE, ABANDONED, legend, level="village", lang="zh", standings=standings)
    assert made.rows[0].parts == (3, 0, 0, 0, 0, 1)
    assert made.parts_heading == "进展构成"
    assert standing_parts(None, "en") == ()


def test_equal_values_share_the_rank_of_the_first_and_what_is_missing_has_none() -> None:
    ranks = shared_ranks(pd.Series([30.0, 20.0, 20.0, 20.0 + 1e-9, 5.0, math.nan, math.nan]))
    assert ranks == ["1", "2", "2", "2", "5", "—", "—"]
    assert ties(ranks, "zh") == ("数值相同者名次相同，按代码先后排列。",)
    assert ties(["1", "2", "—", "—"], "zh") == ()
