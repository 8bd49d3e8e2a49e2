"""The command `schedule`: what is left to do, counted back from the last day, and what is already too late."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from geo.deadlines import Limit, limits
from geo.errors import Refused
from geo.layers import Layer
from geo.schedule import plan_of, schedule
from geo.spoken import named_layer
from pipelines.console import Console, csv_text, rows_text
from pipelines.days import day, today

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

WORDS = {
    "id": ("编号", "id"),
    "area_name": ("区域", "area"),
    "stage": ("阶段", "stage"),
    "since": ("自", "since"),
    "due_on": ("最后一天", "last day"),
    "days": ("还需工作日", "working days"),
    "days_left": ("剩余工作日", "days left"),
    "earliest_start": ("最早开始", "earliest start"),
    "latest_start": ("最迟开始", "latest start"),
    "latest_finish": ("最迟完成", "latest finish"),
    "slack_days": ("可延误工作日", "slack"),
    "possible": ("来得及", "possible"),
    "first_impossible": ("首个来不及的阶段", "first too late"),
}
STAGES = ("stage", "first_impossible")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Every open thing of a layer with its slack, the most pressing first; of one thing its stages ahead."""
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    layer = workspace.layer(arguments.layer)
    if layer.lifecycle is None:
        raise Refused("step_without_lifecycle", **named_layer(layer))
    asked, last = day(arguments.as_of) or today(), day(arguments.by)
    declared = limits(layer, workspace.settings.raw.get("limits", ()))
    things = _things(workspace, layer, arguments.thing, arguments.area, asked)
    if last is not None:
        things["due_on"] = pd.Series(pd.Timestamp(last), index=things.index, dtype="datetime64[s]")
    if arguments.thing is not None:
        made = _of_one(things, layer, declared, asked, arguments.thing)
    else:
        made = schedule(things, layer, declared, asked)
        made.insert(1, "area_name", made["id"].map(dict(zip(things["id"], things["area_name"], strict=True))))
    _print(made, layer, arguments.format, console)
    _sum_up(made, layer, declared, arguments.thing, console)
    return 0


def _things(workspace: Workspace, layer: Layer, thing: str | None, area: str | None, asked: date) -> pd.DataFrame:
    from pipelines.asked import check_area
    from pipelines.exchange import show

    if thing is None:
        check_area(workspace, area)
    rows = pd.DataFrame(show(workspace, layer.id, feature_id=thing, area=area, as_of=asked)).reset_index(drop=True)
    if thing is not None and rows.empty:
        raise Refused("thing_unknown", id=thing, **named_layer(layer))
    return rows


def _of_one(
    things: pd.DataFrame, layer: Layer, declared: tuple[Limit, ...], asked: date, thing: str
) -> pd.DataFrame:
    row = {str(name): value for name, value in things.iloc[0].items()}
    if row["kind"] not in ("open", "in_progress"):
        raise Refused("schedule_nothing_left", id=thing)
    if pd.isna(row["due_on"]):
        raise Refused("schedule_without_end", id=thing)
    return plan_of(row, layer, declared, asked)


def _print(made: pd.DataFrame, layer: Layer, as_what: str, console: Console) -> None:
    from pipelines.exchange import records

    rows, columns = records(made), [str(name) for name in made.columns]
    if as_what == "json":
        console.json(rows)
        return
    if layer.lifecycle is not None:
        names = {stage.id: stage.label(console.lang) for stage in layer.lifecycle.stages}
        rows = [{**row, **{name: names.get(row[name], "") for name in STAGES if name in row}} for row in rows]
    said = {True: console.pick("是", "yes"), False: console.pick("否", "no"), None: None}
    rows = [{**row, "possible": said[row["possible"]]} for row in rows]
    headings = [console.pick(*WORDS[name]) for name in columns]
    if as_what == "csv":
        console.result(csv_text(rows, columns, headings).rstrip("\n"))
    elif rows:
        console.result(rows_text(rows, columns, headings))


def _sum_up(
    made: pd.DataFrame, layer: Layer, declared: tuple[Limit, ...], thing: str | None, console: Console
) -> None:
    late = int((made["possible"].astype("boolean") == False).fillna(False).sum())  # noqa: E712
    if not declared:
        console.say(
            f"“{layer.label.zh}”没有规定各阶段时限（county.toml 的 [[limits]]），各阶段按 0 个工作日计。",
            f"No stage of “{layer.label.en}” has a limit ([[limits]] of county.toml); each is taken as 0 days.",
        )
    if thing is not None:
        console.say(
            f"{thing}：还有 {len(made)} 个阶段，其中 {late} 个已来不及。",
            f"{thing}: {len(made)} stages ahead, {late} of them too late already.",
        )
        return
    undated = int(made["due_on"].isna().sum())
    console.say(
        f"未完成 {len(made)} 件：{late} 件有阶段已来不及，{undated} 件没有最后期限。",
        f"{len(made)} things are not done: of {late} a stage is too late already, {undated} have no last day.",
    )
