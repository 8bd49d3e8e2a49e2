"""Townships beside each other: what is counted, who stands out, and that few cases are no rank."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.exchange import show
from pipelines.fairness import county_share, fair_table, limits_to_draw, recurrence
from pipelines.marks_places import LAYER
from pipelines.summarise import progress
from pipelines.workspace import Workspace
from tests.dashboards.sites_county import CLEAR, EAST, STONE, TODAY, build_sites


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(build_sites(Path(tmp_path_factory.mktemp("sites"))))


def test_open_overdue_sites_count_against_their_township(county: Workspace) -> None:
    rows = progress(county, LAYER, by="township", as_of=TODAY)
    back = recurrence(county, show(county, LAYER, as_of=TODAY), TODAY)
    found = fair_table(rows, back).set_index("area_code")
    assert list(found.loc[STONE][["on_time", "base", "overdue"]]) == [1, 2, 1]
    assert list(found.loc[CLEAR][["on_time", "base", "closed", "back"]]) == [0, 0, 2, 2]
    assert list(found.loc[EAST][["on_time", "base"]]) == [0, 1]
    assert found["small"].all()
    assert county_share(county, TODAY) == (1, 3)


def table(cases: list[tuple[str, int, int]], **options: float) -> pd.DataFrame:
    rows = pd.DataFrame(cases, columns=["area_code", "closed_on_time", "on_time_base"])
    rows = rows.assign(area_name=rows["area_code"], level="township", open=0, overdue=0)
    return fair_table(rows, pd.DataFrame({"closed": [], "back": []}), **options)


def test_who_stands_out_comes_first_and_the_others_in_order_of_code() -> None:
    found = table([("1", 80, 100), ("2", 8, 10), ("3", 40, 100), ("4", 99, 100), ("5", 0, 0)])
    assert found["area_code"].tolist() == ["3", "1", "2", "4", "5"]
    assert found["position"].tolist() == ["far_below", "within", "within", "far_above", None]
    assert found["small"].tolist() == [False, False, False, False, True]


def test_one_township_is_set_against_the_county_it_does_not_see() -> None:
    found = table([("1", 40, 100)], mean=0.8)
    assert found["position"].tolist() == ["far_below"]
    assert limits_to_draw(found)["base"].max() == 100


def test_without_any_case_there_is_nothing_to_draw() -> None:
    assert limits_to_draw(table([("1", 0, 0)])).empty
    assert limits_to_draw(table([])).empty
