"""`xiangtu run`, `progress` and `show`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import Refused
from pipelines.console import Console, csv_text, rows_text, table_text
from pipelines.days import day, today

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from geo.layers import Layer
    from pipelines.province import Province
    from pipelines.workspace import Workspace


HOT = {
    "class": ("类别", "class"),
    "count": ("点数", "points"),
    "z": ("z 值", "z"),
    "p": ("p 值", "p"),
    "lon": ("经度", "longitude"),
    "lat": ("纬度", "latitude"),
}
"""Columns of the table of hot spots, and their headings."""


def _hot_class(name: str, console: Console) -> str:
    """`hot_95` as people say it: how sure it is that points lie closer, or sparser, than chance explains."""
    what, _, percent = name.partition("_")
    hot = what == "hot"
    zh, en = ("热点", "hot spot") if hot else ("冷点", "cold spot")
    return console.pick(f"{zh}（{percent}% 可信）", f"{en} ({percent} % sure)")


def refresh(workspace: Workspace, console: Console, executor: Executor | None = None) -> None:
    """Join and summarise what changed, and say what was done."""
    from pipelines.figures import keep_figures
    from pipelines.join import join_all
    from pipelines.standing import leave_moves
    from pipelines.summarise import summarise_all
    from pipelines.tally_state import state_of

    with workspace.writing(), console.progress() as tick:
        joined = join_all(workspace, tick, executor)
        state = state_of(workspace)
        counted = summarise_all(state)
        keep_figures(state, today())
        leave_moves(workspace)
        if counted:
            from pipelines.trends import keep_trends

            keep_trends(workspace, today(), counted)
    if not joined and not counted:
        console.say("没有变化，无需重算。", "Nothing changed; nothing to do.")
        return
    names = "、".join(workspace.layer(one).label(console.lang) for one in dict.fromkeys([*joined, *counted]))
    console.say(f"已重算：{names}", f"Worked out anew: {names}")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Join and summarise what changed, of a county or of every county of a province."""
    from pipelines.late_modules import SLOW, load_late

    load_late(*SLOW)
    from pipelines.engine import engine
    from pipelines.province import is_province, read_province
    from pipelines.workspace import Workspace

    if is_province(arguments.dir):
        with engine(arguments.executor, arguments.scheduler) as executor:
            _refresh_province(read_province(arguments.dir), executor, console)
    elif arguments.executor == "local" and arguments.scheduler is None:
        refresh(Workspace(arguments.dir), console)
    else:
        workspace = Workspace(arguments.dir)
        with engine(arguments.executor, arguments.scheduler) as executor:
            refresh(workspace, console, executor)
    return 0


def _refresh_province(province: Province, executor: Executor, console: Console) -> None:
    from pipelines.province import run_province

    with console.progress() as tick:
        finished = 0

        def _done(code: str, _: object) -> None:
            nonlocal finished
            finished += 1
            tick("run", finished, len(province.counties))

        sums = run_province(province, executor, done=_done)
    console.say(f"{province.name}：{len(sums)} 个县已汇总。", f"{province.name}: {len(sums)} counties summed.")


def progress(arguments: argparse.Namespace, console: Console) -> int:
    """Progress by area in the format asked for."""
    from pipelines.asked import asked_day
    from pipelines.figures import kept_rows
    from pipelines.province import is_province

    asked = asked_day(arguments.as_of, console)
    places = decimals(arguments.format)
    rows = None
    if is_province(arguments.dir):
        rows = _of_province(arguments, asked, places)
    elif arguments.by == "province":
        raise Refused("county_no_province")
    elif not (arguments.split or arguments.as_shown):
        rows = kept_rows(arguments.dir, arguments.layer, arguments.by, asked, places)
    if rows is None:
        rows = _counted(arguments, asked, places)
    if arguments.format == "json":
        console.json(rows)
    elif arguments.format == "geojson":
        console.json(_with_shapes(arguments.dir, rows, arguments.by))
    elif arguments.format == "csv":
        console.result(csv_text(rows, _columns(arguments, rows)).rstrip("\n"))
    else:
        console.result(_as_table(arguments, rows, console))
    return 0


def _counted(arguments: argparse.Namespace, asked: date, places: int) -> list[dict[str, Any]]:
    """The rows of `progress` worked out now, and kept."""
    from geo.spoken import field_called
    from pipelines.exchange import records
    from pipelines.figures import keep_rows
    from pipelines.summarise import progress as figures
    from pipelines.summarise import progress_split

    workspace = _workspace(arguments, asked)
    layer = workspace.layer(arguments.layer)
    if arguments.split:
        arguments.split = field_called(layer, arguments.split)
        split = progress_split(workspace, layer.id, arguments.by, arguments.split, asked, decimals=places)
        return records(split)
    rows = records(figures(workspace, layer.id, arguments.by, asked, decimals=places))
    if not arguments.as_shown:
        keep_rows(arguments.dir, layer.id, arguments.by, asked, places, rows)
    return rows


def _workspace(arguments: argparse.Namespace, asked: date) -> Workspace:
    """The workspace, with `--as-shown` as it was on the day asked about."""
    from pipelines.standing import as_shown
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    return as_shown(workspace, asked) if arguments.as_shown else workspace


def _of_province(arguments: argparse.Namespace, asked: date, places: int) -> list[dict[str, Any]]:
    """The rows of a province's progress, added up of what its counties keep."""
    from pipelines.exchange import records
    from pipelines.province import province_progress, read_province

    province = read_province(arguments.dir)
    if arguments.split or arguments.as_shown or arguments.format == "geojson":
        raise Refused("province_levels")
    return records(province_progress(province, arguments.layer, arguments.by, asked, decimals=places))


def _columns(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> list[str]:
    """The columns of the rows; where there are none, those there would be."""
    if rows:
        return list(rows[0])
    layer = _layer(arguments)
    return ["area_code", "area_name", "level", "features", *(one.id for one in layer.indicators)]


def _layer(arguments: argparse.Namespace) -> Layer:
    from geo.layers import load_layers

    own = sorted((arguments.dir / "layers").glob("*.toml"))
    return load_layers({path.name: path.read_text(encoding="utf-8") for path in own})[arguments.layer]


def _as_table(arguments: argparse.Namespace, rows: list[dict[str, Any]], console: Console) -> str:
    from geo.spoken import field_words, value_words
    from pipelines.console import indicator_words

    layer = _layer(arguments)
    head = [console.pick("代码", "code"), console.pick("区域", "area"), console.pick("数量", "features")]
    extra = [name for name in ("zone_kind", arguments.split) if rows and name in rows[0]]
    columns = ["area_code", "area_name", *extra, "features", *(one.id for one in layer.indicators)]
    words = [indicator_words(one, console.lang) for one in layer.indicators]
    named = [field_words(layer, name)(console.lang) for name in extra]
    spoken = [{**row, **{n: value_words(layer, n, row[n])(console.lang) for n in extra}} for row in rows]
    return rows_text(spoken, columns, [*head[:2], *named, head[2], *words])


def hotspots(arguments: argparse.Namespace, console: Console) -> int:
    """Hexagons where the points of a layer lie closer, or sparser, than chance explains (Getis-Ord Gi*)."""
    import pandas as pd
    import shapely

    from geo.areas import outline_of
    from geo.hotspots import hot_spots
    from pipelines.exchange import as_csv, as_geojson, records
    from pipelines.store.geoparquet import as_geoframe
    from pipelines.summarise import things_at
    from pipelines.workspace import Workspace

    workspace = Workspace(arguments.dir)
    things = things_at(workspace, workspace.layer(arguments.layer), day(arguments.as_of) or today(), ["geometry"])
    open_points = things.loc[things["kind"] != "void"] if "kind" in things else things
    outline = outline_of(workspace.areas(), workspace.settings.code)
    cells = hot_spots(open_points["geometry"].to_numpy(object), seed=arguments.seed, within=outline)
    middle = shapely.centroid(cells["geometry"].to_numpy(object))
    cells = cells.assign(lon=shapely.get_x(middle).round(6), lat=shapely.get_y(middle).round(6))
    if arguments.format == "geojson":
        console.json(as_geojson(as_geoframe(cells)))
    elif arguments.format == "json":
        console.json(records(cells))
    elif arguments.format == "csv":
        console.result(as_csv(cells).rstrip("\n"))
    else:
        hot = cells[cells["class"] != "none"].sort_values("z", ascending=False)
        said = {name: console.pick(zh, en) for name, (zh, en) in HOT.items()}
        table = pd.DataFrame(hot)[[*HOT]].assign(**{"class": [_hot_class(one, console) for one in hot["class"]]})
        console.result(table_text(table, [*said.values()]))
    return 0


def decimals(kind: str) -> int:
    """Decimals of printed quantities: two for people, six for programs; both add up."""
    return 6 if kind in ("json", "geojson") else 2


def _with_shapes(root: Path, rows: list[dict[str, Any]], by: str) -> dict[str, Any]:
    """The rows as a feature collection, each with its area's shape."""
    import geopandas as gpd
    import pandas as pd

    from pipelines.exchange import as_geojson
    from pipelines.workspace import Workspace
    from pipelines.zones import zone_areas

    workspace = Workspace(root)
    areas = zone_areas(workspace) if by == "zone" else workspace.areas()
    shapes = dict(zip(areas["code"], areas.geometry, strict=True)) if areas is not None else {}
    geometry = [shapes.get(row["area_code"]) if row["level"] == by else None for row in rows]
    return as_geojson(gpd.GeoDataFrame(pd.DataFrame(rows), geometry=geometry, crs="EPSG:4490"))


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Rows of a layer; with --id also the thing's history."""
    from geo.spoken import named_layer
    from pipelines.asked import asked_day, check_area
    from pipelines.exchange import as_csv, as_geojson, history, records
    from pipelines.exchange import show as rows_of

    workspace = _workspace(arguments, asked_day(arguments.as_of, console))
    check_area(workspace, arguments.area)
    frame = rows_of(
        workspace, arguments.layer, feature_id=arguments.id, area=arguments.area, as_of=day(arguments.as_of)
    )
    if arguments.id is not None and frame.empty:
        return console.error("feature_unknown", id=arguments.id, **named_layer(workspace.layer(arguments.layer)))
    past = history(workspace, arguments.layer, arguments.id) if arguments.id is not None else None
    if arguments.format == "json":
        rows = records(frame)
        console.json([{**row, "history": past} for row in rows] if past is not None else rows)
    elif arguments.format == "geojson":
        console.json(as_geojson(frame))
    elif arguments.format == "csv":
        console.result(as_csv(frame).rstrip("\n"))
    else:
        layer = workspace.layer(arguments.layer)
        console.result(_as_text(frame, layer, past, console))
    return 0


def _as_text(frame: Any, layer: Any, past: list[dict[str, Any]] | None, console: Console) -> str:
    """A table of rows, or one thing as a sheet with its history."""
    import pandas as pd

    from geo.spoken import field_words, stage_words, value_words
    from pipelines.exchange import INNER, records
    from pipelines.past_lines import past_line

    if past is None:
        columns = ["id", "area_code", "area_name", "stage", "area_m2", "lon", "lat"]
        table = pd.DataFrame(frame)[columns]
        known = {one: stage_words(layer, one)(console.lang) for one in table["stage"].dropna().unique()}
        headings = [field_words(layer, name)(console.lang) for name in columns]
        return table_text(table.assign(stage=table["stage"].map(known)), headings)

    lines = [
        f"{field_words(layer, name)(console.lang)}: {value_words(layer, name, _short(value))(console.lang)}"
        for name, value in records(frame)[0].items()
        if value not in (None, "") and name not in INNER
    ]
    return "\n".join([*lines, *(f"  {past_line(event, layer, console)}" for event in past)])


def _short(value: Any) -> Any:
    """A number with no more decimals than anybody reads: those of a degree that tell metres apart."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
