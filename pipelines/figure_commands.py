"""`xiangtu run`, `progress` and `show`."""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd

from pipelines.console import Console, table_text
from pipelines.exchange import as_csv, as_geojson, history, records
from pipelines.exchange import show as rows_of
from pipelines.file_commands import day
from pipelines.workspace import Workspace


def refresh(workspace: Workspace, console: Console, executor: Any = None) -> None:
    """Join and summarise what changed, and say what was done."""
    from pipelines.join import join_all
    from pipelines.summarise import summarise_all

    with workspace.writing(), console.progress() as tick:
        joined = join_all(workspace, tick)
        counted = summarise_all(workspace)
    if not joined and not counted:
        console.say("没有变化，无需重算。", "Nothing changed; nothing to do.")
        return
    names = "、".join(workspace.layer(one).label(console.lang) for one in dict.fromkeys([*joined, *counted]))
    console.say(f"已重算：{names}", f"Worked out anew: {names}")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Join and summarise what changed."""
    refresh(Workspace(arguments.dir), console)
    return 0


def progress(arguments: argparse.Namespace, console: Console) -> int:
    """Progress by area in the format asked for."""
    from pipelines.summarise import indicator_words, progress_split
    from pipelines.summarise import progress as figures

    workspace = Workspace(arguments.dir)
    layer = workspace.layer(arguments.layer)
    told: dict[str, Any] = {"as_of": day(arguments.as_of), "decimals": decimals(arguments.format)}
    if arguments.split:
        rows = progress_split(workspace, layer.id, arguments.by, arguments.split, **told)
    else:
        rows = figures(workspace, layer.id, arguments.by, **told)
    if arguments.format == "json":
        console.json(records(rows))
    elif arguments.format == "geojson":
        console.json(as_geojson(_with_shapes(workspace, rows, arguments.by)))
    elif arguments.format == "csv":
        console.result(as_csv(rows).rstrip("\n"))
    else:
        head = [console.pick("代码", "code"), console.pick("区域", "area"), console.pick("数量", "features")]
        names = [i.id for i in layer.indicators]
        extra = [name for name in ("zone_kind", arguments.split) if name in rows]
        shown = rows[["area_code", "area_name", *extra, "features", *names]]
        words = [indicator_words(i, console.lang) for i in layer.indicators]
        console.result(table_text(shown, [*head[:2], *extra, head[2], *words]))
    return 0


def hotspots(arguments: argparse.Namespace, console: Console) -> int:
    """Hexagons where the points of a layer lie closer, or sparser, than chance explains (Getis-Ord Gi*)."""
    import shapely

    from geo.areas import outline_of
    from geo.hotspots import hot_spots
    from pipelines.store.geoparquet import as_geoframe
    from pipelines.summarise import things_at, today

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
        columns = ["class", "count", "z", "p", "lon", "lat"]
        console.result(table_text(pd.DataFrame(hot)[columns], columns))
    return 0


def decimals(kind: str) -> int:
    """Decimals of printed quantities: two for people, six for programs; both add up."""
    return 6 if kind in ("json", "geojson") else 2


def _with_shapes(workspace: Workspace, rows: pd.DataFrame, by: str) -> Any:
    import geopandas as gpd

    from pipelines.zones import zone_areas

    areas = zone_areas(workspace) if by == "zone" else workspace.areas()
    shapes = dict(zip(areas["code"], areas.geometry, strict=True)) if areas is not None else {}
    geometry = [
        shapes.get(c) if level == by else None for c, level in zip(rows["area_code"], rows["level"], strict=True)
    ]
    return gpd.GeoDataFrame(rows, geometry=geometry, crs="EPSG:4490")


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Rows of a layer; with --id also the thing's history."""
    workspace = Workspace(arguments.dir)
    frame = rows_of(
        workspace, arguments.layer, feature_id=arguments.id, area=arguments.area, as_of=day(arguments.as_of)
    )
    if arguments.id is not None and frame.empty:
        return console.error("feature_unknown", id=arguments.id, layer=arguments.layer)
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
    if past is None:
        columns = ["id", "area_code", "area_name", "stage", "area_m2", "lon", "lat"]
        return table_text(pd.DataFrame(frame)[columns], columns)
    labels = {f.name: f.label(console.lang) for f in layer.fields}
    row = records(frame)[0]
    lines = [f"{labels.get(name, name)}: {value}" for name, value in row.items() if value not in (None, "")]
    for event in past:
        told = ", ".join(f"{k}={v}" for k, v in event.items() if k not in ("at", "hash", "prev_hash", "id"))
        lines.append(f"  {event['at']}  {told}")
    return "\n".join(lines)
