"""Figures over months agree with the figures of each day, and are counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pipelines.month_tallies
import pipelines.trends
from geo.pace import Target
from pipelines.act import act
from pipelines.amend import edit
from pipelines.pace import alarm_of, campaigns, glance, lead_of, target_of
from pipelines.summarise import progress
from pipelines.trends import keep_trends, month_ends, trend
from pipelines.workspace import Workspace
from tests.dashboards.little_county import build

LAYER = "abandoned_parcel"
TODAY = date(2026, 6, 15)
DAYS = month_ends(TODAY, 7)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(build(tmp_path))


def test_month_ends_lead_up_to_the_day() -> None:
    assert month_ends(date(2026, 3, 31), 4) == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]
    assert len(month_ends(TODAY)) == 25


@pytest.mark.parametrize("by", ["county", "township", "village"])
def test_each_day_has_the_figures_of_that_day(workspace: Workspace, by: str) -> None:
    found = trend(workspace, LAYER, DAYS, by)
    layer = workspace.layer(LAYER)
    for day in DAYS:
        mine = found[found["day"] == pd.Timestamp(day)].reset_index(drop=True)
        shown = progress(workspace, LAYER, by, day)
        assert mine["area_code"].tolist() == shown["area_code"].tolist()
        for one in layer.indicators:
            np.testing.assert_allclose(mine[one.id].to_numpy(float), shown[one.id].to_numpy(float), atol=2e-6)


def test_what_was_counted_is_not_counted_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = trend(workspace, LAYER, DAYS)

    def again(*_: object) -> None:
        raise AssertionError("counted twice")

    monkeypatch.setattr(pipelines.month_tallies, "_counted", again)
    pd.testing.assert_frame_equal(trend(workspace, LAYER, DAYS), first)


def test_an_event_of_today_leaves_the_months_before_it_as_they_were(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trend(workspace, LAYER, DAYS)
    moment = datetime(2026, 6, 15, 3, tzinfo=UTC)
    act(workspace.root, LAYER, "TB0005", "remediating", "township:石桥镇", now=moment)
    counted: list[date] = []
    count = pipelines.month_tallies._counted

    def watched(root: Workspace, layer: object, days: list[date], events: object) -> object:
        counted.extend(days)
        return count(root, layer, days, events)  # type: ignore[arg-type]

    monkeypatch.setattr(pipelines.month_tallies, "_counted", watched)
    after = trend(Workspace(workspace.root), LAYER, DAYS)
    assert counted == [TODAY]
    pd.testing.assert_frame_equal(after.iloc[:-1], before.iloc[:-1])


def test_an_edit_leaves_the_months_before_it_as_they_were(workspace: Workspace) -> None:
    before = trend(workspace, LAYER, DAYS)
    moment = datetime(2026, 6, 10, 3, tzinfo=UTC)
    reported: dict[str, object] = {"reported_mu": 500.0}
    edit(workspace.root, LAYER, "TB0005", reported, "bureau:县农业农村局", note="重新丈量", now=moment)
    after = trend(Workspace(workspace.root), LAYER, DAYS)
    gained = (after["reported_mu"] - before["reported_mu"]).round(6)
    assert (gained.iloc[:-1] == 0).all() and gained.iloc[-1] > 400


def test_what_a_run_kept_is_not_counted_when_a_page_is_opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_trends(workspace, TODAY, [LAYER])

    def again(*_: object) -> None:
        raise AssertionError("counted twice")

    monkeypatch.setattr(pipelines.month_tallies, "_counted", again)
    assert len(trend(Workspace(workspace.root), LAYER, month_ends(TODAY), "village")) > 25


@pytest.mark.parametrize(
    ("counted", "kept"), [("permanent_farmland", set()), ("contract_parcel", {"land_transfer"}), (LAYER, {LAYER})]
)
def test_a_run_counts_the_months_of_the_campaigns_alone_that_hang_on_what_it_counted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, counted: str, kept: set[str]
) -> None:
    asked: set[str] = set()
    monkeypatch.setattr(pipelines.trends, "trend", lambda _, layer, days: asked.add(layer))
    monkeypatch.setattr(Workspace, "imports", lambda *_told, **_how: ["some"])
    keep_trends(workspace, TODAY, [counted])
    assert asked == kept


def test_a_damaged_store_of_trends_is_made_anew(workspace: Workspace) -> None:
    first = trend(workspace, LAYER, DAYS)
    (workspace.root / "summary" / "trends" / f"{LAYER}.parquet").write_bytes(b"nothing")
    pd.testing.assert_frame_equal(trend(workspace, LAYER, DAYS), first)


def settings(workspace: Workspace, text: str) -> Workspace:
    path = workspace.root / "county.toml"
    path.write_text(path.read_text("utf-8").replace("[targets]", f"[targets]\n{text}"), "utf-8")
    return Workspace(workspace.root)


def test_a_target_is_a_number_for_the_year_or_a_number_with_a_day(workspace: Workspace) -> None:
    layer = workspace.layer(LAYER)
    rate = layer.indicator("remediated_rate")
    assert target_of(workspace.settings, layer, rate, TODAY) is None
    plain = settings(workspace, '"abandoned_parcel.remediated_rate" = 90').settings
    assert target_of(plain, layer, rate, TODAY) == Target(90.0, date(2026, 12, 31))
    dated = settings(workspace, '"abandoned_parcel.overdue" = { value = 0, by = 2026-10-31 }').settings
    goal = target_of(dated, layer, layer.indicator("overdue"), TODAY)
    assert goal == Target(0.0, date(2026, 10, 31), lower=True)


def test_a_target_that_is_no_number_is_refused(workspace: Workspace) -> None:
    from geo.errors import Refused

    wrong = settings(workspace, '"abandoned_parcel.found_mu" = "many"').settings
    layer = workspace.layer(LAYER)
    with pytest.raises(Refused) as refused:
        target_of(wrong, layer, layer.indicator("found_mu"), TODAY)
    assert "abandoned_parcel.found_mu" in refused.value.words("zh")


def test_the_figure_with_a_target_leads_else_the_first_rate(workspace: Workspace) -> None:
    layer = workspace.layer(LAYER)
    lead = lead_of(workspace.settings, layer)
    assert lead is not None and lead.id == "remediated_rate"
    aimed = lead_of(settings(workspace, '"abandoned_parcel.accepted_mu" = 10').settings, layer)
    assert aimed is not None and aimed.id == "accepted_mu"


def test_the_alarm_is_what_is_overdue(workspace: Workspace) -> None:
    layers = workspace.layers()
    found = {one.id: alarm_of(one) for one in campaigns(workspace.settings, layers)}
    assert {name: one.id if one else None for name, one in found.items()} == {
        "abandoned_parcel": "overdue",
        "land_transfer": "expiring_90d",
        "inspection_point": "overdue",
        "zone_plan": "late",
    }


def test_a_glance_has_the_figure_of_the_last_day_and_an_amount_is_the_countys_target_alone(
    workspace: Workspace,
) -> None:
    aimed = settings(workspace, '"abandoned_parcel.accepted_mu" = 4').settings
    layer = workspace.layer(LAYER)
    rows = trend(workspace, LAYER, DAYS)
    whole = glance(aimed, layer, rows[rows["level"] == "county"], TODAY)
    assert whole.value == pytest.approx(4.0)
    assert whole.pace is not None and whole.pace.verdict == "met"
    part = glance(aimed, layer, rows[rows["level"] == "county"], TODAY, whole=False)
    assert part.pace is not None and part.pace.verdict == "no_target"
    assert glance(aimed, layer, rows.iloc[:0], TODAY).empty
    nothing = rows[rows["level"] == "county"].assign(features=0)
    rated = replace(aimed, targets={})
    assert glance(rated, layer, nothing.assign(remediated_rate=float("nan")), TODAY).empty
    assert not glance(rated, layer, nothing.assign(remediated_rate=0.0), TODAY).empty
