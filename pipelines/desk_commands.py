"""The desk's commands beside `act`: edit, undo, extend, merge, escalate, lookback."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.changes import Event
from geo.deadlines import LADDER
from geo.errors import Refused
from geo.layers import Layer, Words, builtin_layers
from geo.spoken import field_called, value_words
from pipelines.console import Console, table_text

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

HEADINGS = {
    "layer": Words("图层", "layer"),
    "id": Words("编号", "id"),
    "rung": Words("督办级别", "rung"),
    "due_on": Words("期限", "due on"),
    "overdue_days": Words("超期（工作日）", "overdue (working days)"),
    "why": Words("缘由", "why"),
    "score": Words("风险分", "score"),
    "times_here": Words("此处次数", "times here"),
    "area_code": Words("区划", "area"),
    "lon": Words("经度", "lon"),
    "lat": Words("纬度", "lat"),
    "seq": Words("台账条号", "event"),
}
"""Headings of the tables for a terminal; CSV and JSON keep the columns' names."""
WHY = {"risk": Words("按风险", "by risk"), "control": Words("随机", "by lot")}
"""Why a thing is to be visited again."""


def area_names(workspace: Workspace) -> dict[str, str]:
    """Code → code and name, of every area a workspace has."""
    areas = workspace.areas()
    return {code: f"{code} {name}" for code, name in zip(areas["code"], areas["name"], strict=True)}


def _seal(event: Event) -> tuple[str, str]:
    return f"（第 {event.seq} 条，{event.hash[:12]}）", f" (event {event.seq}, {event.hash[:12]})"


def _listed(
    events: Sequence[Event],
    columns: Sequence[str],
    workspace: Workspace,
    arguments: argparse.Namespace,
    console: Console,
) -> None:
    """Events as a table or as JSON; columns: of the event, or of its `data`."""
    rows = []
    for event in events:
        whole = {**event.as_dict(), "id": event.feature_id, "event": event.id, **dict(event.data)}
        rows.append({name: whole.get(name) for name in columns})
    if arguments.format == "json":
        console.json(rows)
    elif arguments.format == "csv":
        from pipelines.exchange import as_csv

        console.result(as_csv(pd.DataFrame(rows, columns=list(columns))).rstrip("\n"))
    elif rows:
        headings = [HEADINGS[name](console.lang) if name in HEADINGS else name for name in columns]
        places = area_names(workspace)
        rows = [{**row, "area_code": places.get(str(row["area_code"]), row["area_code"])} for row in rows]
        spoken = [{name: _called(name, value, console) for name, value in row.items()} for row in rows]
        console.result(table_text(pd.DataFrame(spoken), headings))


def _called(column: str, value: Any, console: Console) -> Any:
    """What a layer, a rung of the ladder or a reason is called; other values as they are."""
    if column == "layer" and value in builtin_layers():
        return builtin_layers()[value].label(console.lang)
    words = {"rung": {one.id: one.label for one in LADDER}, "why": WHY}.get(column, {})
    return words[value](console.lang) if value in words else value


def edit(arguments: argparse.Namespace, console: Console) -> int:
    """Set fields of a thing, and say what they were."""
    from pipelines.amend import edit as take
    from pipelines.workspace import Workspace

    layer = Workspace(arguments.dir).layer(arguments.layer)
    given = [_pair(text) for text in arguments.set]
    fields = {field_called(layer, name): value for name, value in given}
    event = take(
        arguments.dir,
        layer.id,
        arguments.id,
        fields,
        arguments.by,
        note=arguments.note,
        base_version=arguments.base_version,
    )
    zh, en = _seal(event)
    told = "；".join(_change(event, name, layer, console) for name in event.data["fields"])
    console.say(f"{event.feature_id}：{told}{zh}", f"{event.feature_id}: {told}{en}")
    if "merged_with_version" in event.data:
        console.say(
            "您看到的版本之后又有过登记，没有动这些字段，两边都保留。",
            "More was recorded after the version you saw, of other fields; both stand.",
        )
    if "moved_to" in event.data:
        console.say(
            f"按新地名归到 {event.data['moved_to']}。", f"Its names now place it on {event.data['moved_to']}."
        )
    return 0


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Refused("set_malformed", value=text[:60])
    return name.strip(), value.strip() or None


def _change(event: Event, name: str, layer: Layer, console: Console) -> str:
    """`label: before → after`; personal values as stars, because a terminal keeps a log."""
    field = layer.field(name)
    if field.personal:
        return f"{field.label(console.lang)} ＊＊＊"
    both = event.data["was"].get(name), event.data["fields"][name]
    shown = [value_words(layer, name, value)(console.lang) for value in both]
    return f"{field.label(console.lang)} {shown[0]} → {shown[1]}"


def undo(arguments: argparse.Namespace, console: Console) -> int:
    """Take back one's own last act on a thing."""
    from pipelines.amend import undo as take

    event = take(arguments.dir, arguments.layer, arguments.id, arguments.by)
    zh, en = _seal(event)
    console.say(f"已撤回 {event.feature_id} 的最后一件事{zh}", f"The last act on {event.feature_id} is undone{en}")
    return 0


def extend(arguments: argparse.Namespace, console: Console) -> int:
    """Give a thing a new last day."""
    from pipelines.amend import extend as take
    from pipelines.days import day

    due_on = day(arguments.due)
    if due_on is None:
        raise Refused("extension_needs_reason", id=arguments.id)
    event = take(arguments.dir, arguments.layer, arguments.id, due_on, arguments.note or "", arguments.by)
    zh, en = _seal(event)
    console.say(
        f"{event.feature_id} 延期至 {event.due_on}{zh}", f"{event.feature_id} is due on {event.due_on}{en}"
    )
    return 0


def merge(arguments: argparse.Namespace, console: Console) -> int:
    """Say that one thing is the same as another."""
    from pipelines.amend import merge as take

    event, _ = take(
        arguments.dir, arguments.layer, arguments.id, arguments.into, arguments.by, note=arguments.note
    )
    zh, en = _seal(event)
    far = _closeness(event)
    console.say(
        f"{event.feature_id} 已并入 {arguments.into}（{far.zh}），两边经过都保留{zh}",
        f"{event.feature_id} was merged into {arguments.into} ({far.en}); both histories are kept{en}",
    )
    return 0


def _closeness(merge: Event) -> Words:
    """How close two merged things are: the overlap of parcels that overlap, else the distance."""
    if merge.data.get("overlap_percent"):
        percent = merge.data["overlap_percent"]
        return Words(f"重叠 {percent}%", f"{percent} % overlap")
    if "distance_m" in merge.data:
        return Words(f"相距 {merge.data['distance_m']:g} 米", f"{merge.data['distance_m']:g} m apart")
    return Words("没有位置，无法量距离", "without a place, so no distance is known")


def escalate(arguments: argparse.Namespace, console: Console) -> int:
    """Take every rung of the ladder that is due today; run it every day, twice does nothing more."""
    from pipelines.follow_up import escalate as climb
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    layers = [workspace.layer(arguments.layer)] if arguments.layer else list(workspace.layers().values())
    made: list[Event] = []
    for layer in layers:
        if layer.lifecycle is not None:
            made += climb(workspace, layer.id, now=datetime.now(UTC))
    _listed(
        made, ["layer", "id", "rung", "due_on", "overdue_days", "area_code", "seq"], workspace, arguments, console
    )
    console.say(f"督办 {len(made)} 件。", f"{len(made)} things escalated.")
    return 0


def lookback(arguments: argparse.Namespace, console: Console) -> int:
    """Plan revisits of closed things: by risk, and a share by lot."""
    from pipelines.follow_up import plan_lookback
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    made = plan_lookback(workspace, arguments.layer, arguments.count, seed=arguments.seed, now=datetime.now(UTC))
    columns = ["layer", "id", "why", "score", "times_here", "area_code", "lon", "lat", "seq"]
    _listed(made, columns, workspace, arguments, console)
    risky = sum(event.data["why"] == "risk" for event in made)
    console.say(
        f"安排回头看 {len(made)} 处：按风险 {risky} 处，随机 {len(made) - risky} 处（种子 {arguments.seed}）。",
        f"{len(made)} revisits planned: {risky} by risk, {len(made) - risky} by lot (seed {arguments.seed}).",
    )
    if len(made) < arguments.count:
        console.say(
            f"要排 {arguments.count} 处，只有 {len(made)} 处可排：其余还没办结，或已排过回头看。",
            f"{arguments.count} asked for, only {len(made)} can be planned: no more are closed and unplanned.",
        )
    return 0
