"""Progress adds up: villages to townships to the county, printed or not, whatever the order of things."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.layers import builtin_layers, parse_layer
from geo.progress import add_up, additive, printed, rates, roll_up, tally

TODAY = date(2026, 6, 1)

LAYER = parse_layer(
    """
id = "plot"
version = 1
zh = "地块"
en = "Plots"
geometry = "polygon"
place = "split"
id_field = "plot_id"
end_field = "ends_on"
fields = [
  { name = "plot_id", type = "text", zh = "编号", en = "No." },
  { name = "reported_mu", type = "number", unit = "mu", zh = "上报", en = "Reported" },
  { name = "mode", type = "text", zh = "方式", en = "Mode" },
  { name = "ends_on", type = "date", zh = "止", en = "Ends on" },
  { name = "found_on", type = "date", zh = "发现", en = "Found on" },
]
relations = [
  { gives = "clash", kind = "overlaps_self", zh = "重叠", en = "Clash" },
]
indicators = [
  { id = "reported_mu", unit = "mu", sum = "reported_mu", zh = "上报", en = "Reported" },
  { id = "known_mu", unit = "mu", sum = ["reported_mu", "measured_mu"], zh = "面积", en = "Area" },
  { id = "measured_m2", unit = "m2", sum = "measured_m2", zh = "图上", en = "Measured" },
  { id = "done_mu", unit = "mu", sum = "reported_mu", reached = "done", zh = "完成", en = "Done" },
  { id = "open", unit = "count", sum = "features", kinds = ["open"], zh = "未完", en = "Open" },
  { id = "late", unit = "count", sum = "features", overdue = true, zh = "超期", en = "Late" },
  { id = "clashes", unit = "count", sum = "features", flag = "clash", zh = "重", en = "Clashes" },
  { id = "clash_mu", unit = "mu", sum = "clash_m2", zh = "重叠面积", en = "Clash area" },
  { id = "ending", unit = "count", sum = "features", ends_within_days = 90, zh = "将到期", en = "E" },
  { id = "expired", unit = "count", sum = "features", expired = true, zh = "过期", en = "X" },
  { id = "tilled", unit = "count", sum = "features", where = { mode = ["own", "let"] }, zh = "耕", en = "T" },
  { id = "not_let", unit = "count", sum = "features", where_not = { mode = "let" }, zh = "非", en = "N" },
  { id = "in_time", unit = "count", sum = "features", kinds = ["done"], on_time = true, zh = "按", en = "I" },
  { id = "due", unit = "count", sum = "features", due_counts = true, zh = "应完", en = "Due" },
  { id = "done_rate", unit = "percent", numerator = "done_mu", denominator = "reported_mu", zh = "率", en = "R" },
  { id = "on_time_rate", unit = "percent", numerator = "in_time", denominator = "due", zh = "率", en = "O" },
  { id = "share", unit = "percent", numerator = "done_mu", denominator = "plot.reported_mu", zh = "占", en = "S" },
]
[lifecycle]
initial = "found"
stages = [
  { id = "found", zh = "发现", en = "Found", kind = "open", date_field = "found_on" },
  { id = "working", zh = "在办", en = "Working", kind = "in_progress" },
  { id = "done", zh = "办结", en = "Done", kind = "done" },
]
""",
    "plot.toml",
)


def areas() -> pd.DataFrame:
    rows = [
        ("51", "县", "county", ""),
        ("51001", "甲镇", "township", "51"),
        ("51001001", "一村", "village", "51001"),
        ("51001002", "二村", "village", "51001"),
        ("51002", "乙镇", "township", "51"),
        ("51002001", "三村", "village", "51002"),
        ("99009001", "孤村", "village", "99009"),
    ]
    return pd.DataFrame(rows, columns=["code", "name", "level", "parent"])


def things(n: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "reported_mu": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0][:n],
            "measured_mm2": np.array([10, 20, 30, 40, 0, 60][:n], dtype=np.int64) * 1_000_000,
            "mode": pd.array(["own", "let", None, "other", "own", "let"][:n], dtype="string"),
            "ends_on": pd.to_datetime(
                ["2026-05-31", "2026-06-01", None, "2026-08-30", "2026-08-31", "2030-01-01"][:n]
            ),
            "stage": ["found", "working", "done", "done", "found", "done"][:n],
            "reached": ["found", "working", "done", "done", pd.NA, "done"][:n],
            "kind": ["open", "in_progress", "done", "done", "open", "done"][:n],
            "overdue": [True, False, False, False, False, False][:n],
            "on_time": pd.array([False, pd.NA, True, False, pd.NA, pd.NA][:n], dtype="boolean"),
            "clash": pd.array([True, False, pd.NA, False, True, False][:n], dtype="boolean"),
            "clash_m2": [2000.0, np.nan, np.nan, np.nan, 4000.0, np.nan][:n],
        }
    )


def shares() -> pd.DataFrame:
    """0 on village 2, 1 split 2:1 over villages 2 and 3, 2 on village 5, 3 on a township, 4 nowhere, 5 split."""
    return pd.DataFrame(
        {
            "feature": [0, 1, 1, 2, 3, 4, 5, 5],
            "area": [2, 2, 3, 5, 1, -1, 3, 5],
            "mm2": [10_000_000, 10_000_000, 5_000_000, 30_000_000, 40_000_000, 0, 30_000_000, 30_000_000],
        }
    )


def made() -> pd.DataFrame:
    return tally(things(), shares(), LAYER, as_of=TODAY)


def test_every_filter_counts_what_it_says() -> None:
    total = made().sum()
    assert total["features"] == 6
    assert total["reported_mu"] == 17_000_000
    assert total["known_mu"] == 17_060_000
    assert total["measured_m2"] == 160_000_000
    assert total["done_mu"] == 9_000_000
    assert total["open"] == 2
    assert total["late"] == 1
    assert total["clashes"] == 2
    assert total["clash_mu"] == 9_000_000
    assert total["ending"] == 2
    assert total["expired"] == 1
    assert total["tilled"] == 4
    assert total["not_let"] == 4
    assert total["in_time"] == 1
    assert total["due"] == 3


def test_counts_stand_at_the_largest_share_and_quantities_are_split() -> None:
    by_area = made()
    assert by_area.loc[2, "features"] == 2
    assert by_area.loc[3, "features"] == 1
    assert by_area.loc[2, "reported_mu"] == 1_000_000 + 1_333_333
    assert by_area.loc[3, "reported_mu"] == 666_667 + 3_000_000


def test_every_level_has_the_same_total_and_shows_what_is_unplaced() -> None:
    village, township, county = (roll_up(made(), areas(), level) for level in ("village", "township", "county"))
    assert village["area_code"].tolist() == ["51001001", "51001002", "51002001", "99009001", "51001", ""]
    assert village["level"].tolist() == ["village"] * 4 + ["unplaced"] * 2
    assert village["area_name"].tolist()[-2:] == ["甲镇", ""]
    assert township["area_code"].tolist() == ["51001", "51002", ""]
    assert county["area_code"].tolist() == ["51", ""]
    assert township["features"].tolist() == [4, 1, 1]
    for name in ("features", *(one.id for one in additive(LAYER))):
        assert village[name].sum() == township[name].sum() == county[name].sum() == made()[name].sum()


def test_a_village_without_parents_is_unplaced_above() -> None:
    lone = tally(things(1), pd.DataFrame({"feature": [0], "area": [6], "mm2": [1]}), LAYER, as_of=TODAY)
    county = roll_up(lone, areas(), "county")
    assert county[["area_code", "level", "features"]].to_numpy().tolist() == [
        ["51", "county", 0],
        ["", "unplaced", 1],
    ]


def test_zones_are_a_level_of_their_own() -> None:
    zones = pd.DataFrame({"code": ["A", "B"], "name": ["甲片区", "乙片区"], "level": "zone", "parent": ""})
    placed = pd.DataFrame({"feature": [0, 1, 2, 3, 4, 5], "area": [0, 0, 1, -1, -1, 1], "mm2": 1})
    rows = roll_up(tally(things(), placed, LAYER, as_of=TODAY), zones, "zone")
    assert rows[["area_code", "features"]].to_numpy().tolist() == [["A", 2], ["B", 2], ["", 2]]


def test_rates_are_divided_once_and_nothing_by_nothing_is_unknown() -> None:
    rows = roll_up(made(), areas(), "county")
    shown = rates(rows, LAYER, {"plot": (LAYER, rows)})
    assert shown["done_rate"][0] == pytest.approx(100 * 9 / 12)
    assert shown["share"][0] == shown["done_rate"][0]
    assert shown["on_time_rate"][0] == pytest.approx(100 / 3)
    assert np.isnan(shown["on_time_rate"][1])
    assert np.isnan(rates(rows, LAYER)["share"]).all()
    assert shown.columns.tolist()[:4] == ["area_code", "area_name", "level", "features"]


def test_printed_villages_add_up_to_printed_townships_and_the_printed_county() -> None:
    rng = np.random.default_rng(3)
    n = 5000
    many = things().sample(n, replace=True, random_state=1).reset_index(drop=True)
    many["reported_mu"] = rng.uniform(0.3, 3, n)
    placed = pd.DataFrame({"feature": np.arange(n), "area": rng.choice([-1, 1, 2, 3, 5, 6], n), "mm2": 1})
    counted = tally(many, placed, LAYER, as_of=TODAY)
    village, township, county = (
        printed(counted, areas(), level, LAYER) for level in ("village", "township", "county")
    )
    for name in ("reported_mu", "known_mu", "done_mu"):
        hundredths = [np.rint(frame[name].to_numpy() * 100).astype(int) for frame in (village, township, county)]
        assert hundredths[0].sum() == hundredths[1].sum() == hundredths[2].sum()
        first = village["area_code"].str.startswith("51001")
        assert hundredths[0][first].sum() == hundredths[1][0]
        exact = roll_up(counted, areas(), "village")[name].to_numpy() / 1e6
        assert np.abs(village[name] - exact).max() < 0.02
        assert county[name].sum() == pytest.approx(counted[name].sum() / 1e6, abs=0.0051)
    assert village["features"].sum() == n


def test_parts_in_any_order_add_up_to_the_same_tally() -> None:
    whole = made()
    all_things, all_shares = things(), shares()
    parts = []
    for chosen in ([5, 0, 3], [4], [2, 1]):
        here = all_shares[all_shares["feature"].isin(chosen)].copy()
        here["feature"] = here["feature"].map({old: new for new, old in enumerate(chosen)})
        parts.append(tally(all_things.iloc[chosen], here, LAYER, as_of=TODAY))
    pd.testing.assert_frame_equal(add_up(parts), whole)


def test_a_tally_can_be_split_by_stage_and_still_has_the_same_total() -> None:
    by_stage = tally(things(), shares(), LAYER, as_of=TODAY, split_by="stage")
    assert by_stage.groupby(level="stage")["features"].sum().to_dict() == {"done": 3, "found": 2, "working": 1}
    assert by_stage.sum().tolist() == made().sum().tolist()
    by_mode = tally(things(), shares(), LAYER, as_of=TODAY, split_by="mode")
    assert by_mode.groupby(level="mode")["features"].sum().to_dict() == {"": 1, "let": 2, "other": 1, "own": 2}


def test_nothing_at_all_is_a_tally_of_zeros() -> None:
    none = tally(things().iloc[:0], shares().iloc[:0], LAYER, as_of=TODAY)
    rows = roll_up(none, areas(), "township")
    assert rows["features"].tolist() == [0, 0]
    assert printed(none, areas(), "village", LAYER)["reported_mu"].tolist() == [0.0] * 4


@pytest.mark.parametrize("layer_id", sorted(builtin_layers()))
def test_every_built_in_layer_can_be_tallied(layer_id: str) -> None:
    layer = builtin_layers()[layer_id]
    blank = {field.name: pd.Series([None, None], dtype=object) for field in layer.fields}
    for field in layer.fields:
        if field.type in ("number", "integer"):
            blank[field.name] = pd.Series([1.0, np.nan])
        if field.type == "date":
            blank[field.name] = pd.to_datetime(pd.Series([None, "2026-06-02"]))
    for relation in layer.relations:
        blank |= {relation.gives: pd.Series([True, False]), f"{relation.gives}_m2": pd.Series([1.0, 0.0])}
    frame = pd.DataFrame(blank)
    frame = frame.assign(measured_mm2=1, stage=pd.NA, reached=pd.NA, kind=pd.NA, overdue=False, on_time=pd.NA)
    placed = pd.DataFrame({"feature": [0, 1], "area": [2, 3], "mm2": [1, 1]})
    rows = roll_up(tally(frame, placed, layer, as_of=TODAY), areas(), "county")
    assert rows["features"].tolist() == [2]
    assert set(rates(rows, layer)) >= {one.id for one in layer.indicators}
