"""`xiangtu new` and `xiangtu demo`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from geo.errors import Refused
from pipelines.console import Console
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from data_samples.generate import Delivery


def new(arguments: argparse.Namespace, console: Console) -> int:
    """Make an empty workspace and say what comes next."""
    workspace = Workspace.create(arguments.dir, code=arguments.county, name=arguments.name)
    following = f"xiangtu add {workspace.root} FILE --layer township"
    console.say(
        f"已建工作区 {workspace.root}（{workspace.settings.name}）。下一步，加入乡镇界：{following}",
        f"Workspace {workspace.root} made. Next, add the townships: {following}",
    )
    return 0


def demo(arguments: argparse.Namespace, console: Console) -> int:
    """Make an invented county as its senders would deliver it, and take every file in like a real one."""
    from data_samples.generate import COUNTY_CODE, COUNTY_NAME, write_county

    root: Path = arguments.dir
    if (root / "county.toml").exists():
        raise Refused("workspace_exists", path=str(root))
    incoming = root / "incoming"
    workspace = Workspace.create(root, code=COUNTY_CODE, name=COUNTY_NAME)
    try:
        console.say("正在造一个虚构县……", "Making an invented county …")
        deliveries = write_county(incoming, parcels=arguments.parcels, seed=arguments.seed)
        for delivery in deliveries:
            _take(workspace, delivery, console)
        from pipelines.figure_commands import refresh

        refresh(workspace, console)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    console.say(
        f"虚构县已就绪：{root}。看图：xiangtu serve {root}", f"The invented county is ready: xiangtu serve {root}"
    )
    return 0


def _take(workspace: Workspace, delivery: Delivery, console: Console) -> None:
    from pipelines.ingest import Options, add

    options = Options(layer=delivery.layer, sender=None, **delivery.options)
    with console.progress() as tick:
        report = add(workspace, delivery.path, options, at=delivery.at, lang=console.lang, progress=tick)
    name, rows, taken, back = delivery.path.name, report.rows, report.accepted, report.returned
    console.say(
        f"  {delivery.at} {name}：{rows} 行，接收 {taken}，退回 {back}",
        f"  {delivery.at} {name}: {rows} rows, {taken} accepted, {back} returned",
    )
