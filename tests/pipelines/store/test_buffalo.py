"""A real city's problem reports, taken in with their true times; the figures agree with pandas on its own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import holidays
import pandas as pd
import pytest

from geo.access import Actor
from geo.changes import Event
from geo.layers import parse_layer
from geo.lifecycle import state_at
from pipelines.__main__ import main
from pipelines.act import added_things
from pipelines.store.layers import current_rows
from pipelines.store.ledger import Act, open_ledger
from pipelines.workspace import Workspace

pytestmark = pytest.mark.real_data
AS_OF = date(2023, 2, 20)
LIMIT = 15

PLAIN = """
id = "report"
version = 1
zh = "市民报告"
en = "Reports"
geometry = "point"
place = "point"
id_field = "number"
fields = [ { name = "number", type = "text", zh = "编号", en = "No.", required = true } ]
[lifecycle]
initial = "reported"
limit_days = 15
stages = [
  { id = "reported", zh = "报告", en = "Reported", kind = "open" },
  { id = "closed", zh = "办结", en = "Closed", kind = "done" },
]
transitions = [ { from = "reported", to = "closed", roles = ["inspector"] } ]
"""


@pytest.fixture(scope="module")
def reports(real_data_file: Path) -> pd.DataFrame:
    """The reports as pandas reads them: number, opened, closed (local time), lon, lat."""
    raw = pd.read_csv(real_data_file, dtype=str)
    opened = pd.to_datetime(raw["Open Date"], format="%Y-%m-%d")
    closed = pd.to_datetime(raw["Closed Date"].str.strip().replace("", None), format="%m/%d/%Y %I:%M:%S %p")
    return pd.DataFrame(
        {
            "number": raw["Case Reference"],
            "opened": opened,
            "closed": closed,
            "lon": pd.to_numeric(raw["Longitude"], errors="coerce"),
            "lat": pd.to_numeric(raw["Latitude"], errors="coerce"),
        }
    )


@pytest.fixture(scope="module")
def real_data_file() -> Path:
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "buffalo311" / "buffalo311_scrubbed.csv"
    if not path.is_file():
        pytest.skip(f"real files are not at {path}")
    return path


def due_day(opened: date) -> date:
    """The last of fifteen working days, found by walking the calendar a day at a time."""
    china = holidays.country_holidays("CN", years=(2022, 2023))
    day, left = opened, LIMIT
    while left:
        day += timedelta(days=1)
        left -= china.is_working_day(day)
    return day


def expected(opened: pd.Series, closed: pd.Series) -> tuple[int, int, int]:
    """Closed on time, closed late, open and overdue on `AS_OF`, by plain days."""
    dues = {day: due_day(day) for day in set(opened.dt.date)}
    due = opened.dt.date.map(dues)
    shut = closed.notna() & (closed.dt.date.map(lambda d: d is not pd.NaT and d <= AS_OF))
    on_time = shut & pd.Series([c <= d if s else False for c, d, s in zip(closed.dt.date, due, shut, strict=True)])
    overdue = ~shut & due.map(lambda d: d < AS_OF)
    return int(on_time.sum()), int((shut & ~on_time).sum()), int(overdue.sum())


def counted(state: pd.DataFrame) -> tuple[int, int, int]:
    shut = state["kind"] == "done"
    on_time = state["on_time"].fillna(False).astype(bool)
    return int((shut & on_time).sum()), int((shut & ~on_time).sum()), int(state["overdue"].sum())


@pytest.mark.slow
def test_imported_reports_give_the_on_time_and_median_figures_of_pandas(
    reports: pd.DataFrame, real_data_file: Path, tmp_path: Path
) -> None:
    root = tmp_path / "w"
    assert main(["new", str(root), "--county", "510921", "--name", "测试县"]) == 0
    assert main(["add", str(root), str(real_data_file), "--layer", "inspection_point"]) == 0
    workspace = Workspace(root)
    layer = workspace.layer("inspection_point")
    rows = current_rows(workspace, layer)
    assert len(rows) == len(reports) == 7559
    events = open_ledger(root).events(layer=layer.id)
    state = state_at(rows, events[events["kind"] != "import"], layer, AS_OF)
    truth = expected(reports["opened"], reports["closed"])
    assert counted(state) == truth
    assert truth[0] + truth[1] + truth[2] > 7000 and min(truth) > 0
    took = (rows["closed_on"] - rows["reported_on"]).dt.days
    assert took.median() == (reports["closed"].dt.normalize() - reports["opened"]).dt.days.median()


@pytest.mark.slow
def test_reports_entered_as_events_give_the_figures_of_pandas_to_the_second(
    reports: pd.DataFrame, tmp_path: Path
) -> None:
    layer = parse_layer(PLAIN)
    ledger = open_ledger(tmp_path / "ledger.sqlite", layers={layer.id: layer})
    inspector = Actor("督查", "administrator")
    opened = reports["opened"].dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    closed = reports["closed"].dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    closed = closed.where(closed.isna() | (closed > opened), opened)
    acts = []
    for number, begun, ended, lon, lat in zip(
        reports["number"], opened, closed, reports["lon"], reports["lat"], strict=True
    ):
        at = begun.to_pydatetime()
        place = {} if pd.isna(lon) else {"lon": lon, "lat": lat}
        acts.append(Act(layer.id, number, inspector, "add", at=at, data={"fields": {"number": number}}, **place))
        if not pd.isna(ended):
            acts.append(
                Act(
                    layer.id, number, inspector, to_stage="closed", from_stage="reported", at=ended.to_pydatetime()
                )
            )
    now = (closed.max() + pd.Timedelta(days=1)).to_pydatetime()
    answers = ledger.append_many(acts, now=now)
    assert [answer for answer in answers if not isinstance(answer, Event)] == [] and len(answers) == 7559 + 7521
    events = ledger.events(layer=layer.id)
    things = added_things(ledger, layer)
    state = state_at(things, events, layer, AS_OF)
    local = [times.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None) for times in (opened, closed)]
    assert counted(state) == expected(local[0], local[1])
    at = pd.to_datetime(events["at"], utc=True, format="ISO8601")
    times = pd.DataFrame({"id": events["feature_id"], "kind": events["kind"], "at": at}).pivot(
        index="id", columns="kind", values="at"
    )
    assert (times["step"] - times["add"]).median() == (closed - opened).median()
    assert ledger.audit() == []
    ledger.close()
