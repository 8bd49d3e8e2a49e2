"""An area on one page: who stands best and worst, what is late longest, photos before and after, who answers."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd

from geo.access import Actor
from geo.layers import builtin_layers
from pipelines.compare import by_areas, by_figures
from pipelines.profile import ends, longest_late, people, photo_pairs, units
from pipelines.store.accounts import Account

PARCEL = builtin_layers()["abandoned_parcel"]
RATE = PARCEL.indicator("remediated_rate")
AGAIN = PARCEL.indicator("re_abandoned_mu")


def rows(*values: float | None, features: int = 5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area_code": [f"99010110{at}" for at in range(len(values))],
            "area_name": [f"乡{at}" for at in range(len(values))],
            "level": "township",
            "features": features,
            "remediated_rate": values,
            "re_abandoned_mu": values,
        }
    )


def test_the_best_and_the_worst_are_never_the_same() -> None:
    found = ends(rows(10.0, 20.0, 30.0), RATE)
    assert found.worst["area_name"].tolist() == ["乡0"]
    assert found.best["area_name"].tolist() == ["乡2", "乡1"]


def test_where_less_is_better_the_least_is_best() -> None:
    found = ends(rows(10.0, 20.0), AGAIN)
    assert found.best["area_name"].tolist() == ["乡0"]
    assert found.worst["area_name"].tolist() == ["乡1"]


def test_parts_without_value_or_things_stand_nowhere_and_one_alone_is_not_ranked() -> None:
    assert ends(rows(10.0, None), RATE).best.empty
    assert ends(rows(10.0, 20.0, features=0), RATE).worst.empty


def test_at_most_five_stand_at_each_end() -> None:
    found = ends(rows(*(float(at) for at in range(12))), RATE)
    assert found.best["area_name"].tolist() == ["乡11", "乡10", "乡9", "乡8", "乡7"]
    assert found.worst["area_name"].tolist() == ["乡0", "乡1", "乡2", "乡3", "乡4"]


THINGS = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "place_name": ["湾", None, "坡"],
        "area_name": ["前进村", "红旗村", None],
        "kind": ["open", "open", "done"],
        "overdue": [True, True, False],
        "due_on": pd.to_datetime(["2026-06-12", "2026-06-05", "2026-01-01"]),
        "responsible_unit": ["石桥镇", None, "石桥镇"],
    }
)


def test_the_longest_late_stand_first_with_their_working_days() -> None:
    found = longest_late(THINGS, PARCEL, date(2026, 6, 15))
    assert found["id"].tolist() == ["B", "A"]
    assert found["overdue_days"].tolist() == [6, 1]
    assert found["area_name"].tolist() == ["红旗村", "前进村"]


def test_units_are_counted_by_what_is_open() -> None:
    found = units(THINGS)
    assert found.to_dict("list") == {"unit": ["", "石桥镇"], "open": [1, 1], "overdue": [1, 1]}
    assert units(THINGS.drop(columns="responsible_unit")).empty


def shot(event: str, thing: str, at: str, *digests: str, undoes: str | None = None) -> dict[str, object]:
    return {"id": event, "feature_id": thing, "at": at, "evidence": json.dumps(list(digests)), "undoes": undoes}


def test_a_pair_is_the_first_and_the_latest_photo_of_a_thing() -> None:
    events = pd.DataFrame(
        [
            shot("1", "A", "2026-03-01T17:00:00+00:00", "a1", "a2"),
            shot("2", "A", "2026-04-01T01:00:00+00:00", "a3", "a4"),
            shot("3", "B", "2026-05-01T01:00:00+00:00", "b1"),
            shot("4", "C", "2026-05-01T01:00:00+00:00", "c1"),
            shot("5", "C", "2026-05-02T01:00:00+00:00", "c2"),
            shot("6", "C", "2026-05-03T01:00:00+00:00", undoes="5"),
        ]
    )
    found = photo_pairs(events, "abandoned_parcel", {"A", "B", "C"})
    assert [(one.thing_id, one.before, one.after) for one in found] == [("A", "a1", "a4")]
    assert (found[0].before_on, found[0].after_on) == (date(2026, 3, 2), date(2026, 4, 1))
    assert photo_pairs(events, "abandoned_parcel", {"B"}) == []


def test_people_are_named_by_their_own_area_and_masked_for_those_who_may_not_see_them() -> None:
    known = [
        Account("赵无名", "township", "石桥镇", "990101100", (), False, False, 0, None, ""),
        Account("钱无名", "township", "清水乡", "990101101", (), False, False, 0, None, ""),
        Account("孙无名", "township", "石桥镇", "990101100", (), False, True, 0, None, ""),
    ]
    own = people(known, "990101100", Actor("镇", "township", area_code="990101100"))
    assert [one.name for one in own] == ["赵无名"]
    assert [one.name for one in people(known, "990101100", Actor("县", "county_leader"))] == ["赵**"]


def test_two_days_are_compared_area_by_area_the_best_change_first() -> None:
    found = by_areas(rows(10.0, 20.0, None), rows(15.0, 50.0, 30.0), RATE)
    assert found["change"].tolist()[:2] == [30.0, 5.0]
    assert pd.isna(found["change"].iloc[2])
    less = by_areas(rows(10.0, 20.0), rows(15.0, 50.0), AGAIN)
    assert less["area_name"].tolist() == ["乡0", "乡1"]


def test_two_areas_are_compared_figure_by_figure() -> None:
    values = {one.id: 1.0 for one in PARCEL.indicators}
    found = by_figures(pd.Series(values), pd.Series(values | {"found_mu": 4.0}), PARCEL).set_index("indicator")
    assert found.index[0] == "remediated_rate"
    assert found.loc["found_mu", "change"] == 3.0


def test_whoever_subtracts_the_printed_figures_finds_the_printed_change() -> None:
    values: dict[str, object] = {one.id: 0.0 for one in PARCEL.indicators}
    first, second = values | {"found_mu": 55.556, "remediated_rate": 10.04}, values | {"found_mu": 36.564}
    found = by_figures(pd.Series(first), pd.Series(second), PARCEL, decimals={"mu": 2, "percent": 1})
    change = found.set_index("indicator")["change"]
    assert change["found_mu"] == -19.0
    assert change["remediated_rate"] == -10.0
    areas = by_areas(rows(55.556, None), rows(36.564, 1.0), RATE, decimals=2)
    assert areas["change"].tolist()[0] == -19.0
