"""Revisits planned by risk and by lot, what a place remembers, and whose closings held."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from geo.layers import builtin_layers
from geo.lifecycle import state_at
from geo.lookback import Weights, closings, held_rates, memory, plan_revisits, recurrences, risk

POINT = builtin_layers()["inspection_point"]
METRE = 1 / 111_320


def points(*places: tuple[str, float]) -> pd.DataFrame:
    """Closed points on one meridian, metres north of a spot."""
    return pd.DataFrame(
        {
            "id": [name for name, _ in places],
            "lon": 105.5,
            "lat": [30.5 + metres * METRE for _, metres in places],
            "reported_on": pd.Timestamp("2024-01-02"),
            "closed_on": pd.Timestamp("2024-01-10"),
            "recurred_on": pd.Series([pd.NaT] * len(places), dtype="datetime64[s]"),
            "import_at": pd.Timestamp("2024-02-01T00:00Z"),
        }
    )


def steps(*made: tuple[str, str, str, str, str]) -> pd.DataFrame:
    names = ["feature_id", "from_stage", "to_stage", "at", "unit"]
    frame = pd.DataFrame(made, columns=names)
    return frame.assign(
        id=[str(k) for k in range(len(made))],
        actor=frame["unit"],
        kind="step",
        undoes=None,
        recorded_at=frame["at"],
    )


def test_a_recurrence_is_known_from_an_event_or_from_an_imports_date() -> None:
    frame = points(("a", 0), ("b", 1000))
    frame.loc[1, "recurred_on"] = pd.Timestamp("2024-03-01")
    events = steps(("a", "closed", "recurred", "2024-04-01T02:00:00Z", "督查组"))
    found = recurrences(frame, events, POINT, date(2024, 12, 31))
    assert found.to_dict("list") == {
        "id": ["b", "a"],
        "day": [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-04-01")],
    }
    assert recurrences(frame, events, POINT, date(2024, 3, 1))["id"].tolist() == ["b"]


def test_a_spot_remembers_the_recurrences_of_everything_near_it() -> None:
    frame = points(("a", 0), ("b", 30), ("c", 200))
    fell = pd.DataFrame(
        {
            "id": ["a", "a", "b"],
            "day": pd.to_datetime(["2024-03-01", "2024-05-01", "2024-04-01"]).astype("datetime64[s]"),
        }
    )
    found = memory(frame, fell, near_m=50)
    assert found["own"].tolist() == [2, 1, 0]
    assert found["here"].tolist() == [3, 3, 0]
    assert found["last"].tolist()[:2] == [pd.Timestamp("2024-05-01")] * 2 and pd.isna(found["last"][2])


def test_a_recurrence_counts_against_every_closing_before_it() -> None:
    events = steps(
        ("a", "rectified", "closed", "2024-01-10T02:00:00Z", "甲"),
        ("a", "closed", "recurred", "2024-02-10T02:00:00Z", "督查组"),
        ("a", "rectified", "closed", "2024-03-10T02:00:00Z", "乙"),
        ("a", "closed", "recurred", "2024-04-10T02:00:00Z", "督查组"),
        ("a", "rectified", "closed", "2024-05-10T02:00:00Z", "丙"),
        ("b", "rectified", "closed", "2024-05-10T02:00:00Z", "丙"),
    )
    fell = recurrences(points(), events, POINT, date(2024, 12, 31))
    found = closings(events, fell, POINT)
    assert found["recurrences"].tolist() == [2, 1, 0, 0]
    assert found["held"].tolist() == [False, False, True, True]
    assert held_rates(found).to_dict("list") == {
        "unit": ["丙", "乙", "甲"],
        "closings": [2, 1, 1],
        "held": [2, 0, 0],
    }


def scored(frame: pd.DataFrame, fell: pd.DataFrame, day: date, photos: dict[str, str]) -> pd.DataFrame:
    state = state_at(frame, steps(), POINT, day)
    seen = pd.Series({k: pd.Timestamp(v) for k, v in photos.items()}, dtype="datetime64[s]")
    return risk(frame, state, POINT, day, recurred=fell, photographed=seen, weights=Weights()).set_index("id")


def test_risk_adds_up_recurrence_neighbours_missing_photos_and_the_season() -> None:
    frame = points(("a", 0), ("b", 100), ("c", 5000))
    fell = pd.DataFrame({"id": ["a"], "day": [pd.Timestamp("2024-03-01")]}).astype({"day": "datetime64[s]"})
    found = scored(frame, fell, date(2024, 5, 1), {"a": "2024-04-20", "b": "2024-04-20"})
    assert found["score"].to_dict() == {"a": 3.0, "b": 1.0, "c": 2.0}
    summer = scored(frame, fell, date(2024, 6, 1), {"a": "2024-05-20", "b": "2024-05-20", "c": "2024-05-20"})
    assert summer["score"].to_dict() == {"a": 4.0, "b": 2.0, "c": 1.0}


def test_the_plan_takes_the_riskiest_and_a_share_by_lot() -> None:
    table = pd.DataFrame(
        {"id": [f"p{k:03}" for k in range(100)], "score": [float(k >= 90) * k for k in range(100)]}
    )
    plan = plan_revisits(table, 10, control_share=0.3, seed=7)
    assert plan["why"].tolist() == ["risk"] * 7 + ["control"] * 3
    assert plan["id"].tolist()[:7] == [f"p{k:03}" for k in range(99, 92, -1)]
    assert plan["id"].is_unique
    assert plan.equals(plan_revisits(table.sample(frac=1, random_state=1), 10, control_share=0.3, seed=7))
    assert not plan.equals(plan_revisits(table, 10, control_share=0.3, seed=8))


def test_a_things_lot_does_not_depend_on_the_others() -> None:
    table = pd.DataFrame({"id": [f"p{k:03}" for k in range(50)], "score": 0.0})
    all_of_them = plan_revisits(table, 50, control_share=1.0, seed=3)["id"].tolist()
    half = plan_revisits(table.iloc[::2], 25, control_share=1.0, seed=3)["id"].tolist()
    assert half == [name for name in all_of_them if name in set(half)]


def test_everything_is_drawn_about_equally_often() -> None:
    table = pd.DataFrame({"id": [f"p{k}" for k in range(20)], "score": 0.0})
    drawn = pd.concat([plan_revisits(table, 5, control_share=1.0, seed=seed) for seed in range(400)])["id"]
    assert drawn.value_counts().between(60, 145).all() and len(drawn) == 2000


def test_a_plan_is_never_longer_than_what_there_is() -> None:
    table = pd.DataFrame({"id": ["a", "b"], "score": [1.0, 0.0]})
    assert plan_revisits(table, 10, control_share=0.5, seed=1)["id"].tolist() == ["a", "b"]
    assert plan_revisits(table.iloc[:0], 10, seed=1).empty
    with pytest.raises(ValueError, match="share"):
        plan_revisits(table, 1, control_share=1.5)
