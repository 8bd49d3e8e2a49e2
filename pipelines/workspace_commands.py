"""`xiangtu new` and `xiangtu demo`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.console import Console
from pipelines.figure_commands import refresh
from pipelines.settings import FILE
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from data_samples.delivery import Act, Delivery


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
    """Make an invented county as its senders would deliver it, and take every paper in like a real one."""
    from data_samples.county import make_county, share_for
    from data_samples.decisions import with_decisions
    from data_samples.generate import COUNTY_CODE, COUNTY_NAME, write_papers
    from data_samples.history import history

    root: Path = arguments.dir
    workspace = Workspace.create(root, code=COUNTY_CODE, name=COUNTY_NAME)
    try:
        console.say("正在造一个虚构县……", "Making an invented county …")
        share = 1.0 if arguments.abandoned is None else share_for(arguments.abandoned, arguments.parcels)
        county = make_county(parcels=arguments.parcels, seed=arguments.seed, abandoned_share=share)
        settings = root / FILE
        settings.write_text(with_decisions(settings.read_text(encoding="utf-8"), county.areas), encoding="utf-8")
        workspace = Workspace(root)
        for delivery in write_papers(root / "incoming", county):
            _take(workspace, delivery, console)
        _replay(workspace, history(county), console)
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

    options = Options(layer=delivery.layer, **delivery.options)
    with console.progress() as tick:
        report = add(workspace, delivery.path, options, at=delivery.at, lang=console.lang, progress=tick)
    name, rows, taken, back = delivery.path.name, report.rows, report.accepted, report.returned
    console.say(
        f"  {delivery.at} {name}：{rows} 行，接收 {taken}，退回 {back}",
        f"  {delivery.at} {name}: {rows} rows, {taken} accepted, {back} returned",
    )


def _replay(workspace: Workspace, acts: list[Act], console: Console) -> None:
    """Take the invented county's own steps into the ledger, on the days they were taken, with photos where due."""
    from geo.access import Actor
    from geo.errors import XiangtuError
    from pipelines.act import act as take
    from pipelines.workspace import utc

    taken = 0
    with tempfile.TemporaryDirectory() as folder:
        photos = _photos(workspace, acts, Path(folder))
        for one in acts:
            actor = Actor(one.actor, one.role, unit=one.actor, layers=("*",), has_account=False)
            told = {"note": one.note, "photo": photos.get(one), "now": utc(one.at)}
            try:
                take(workspace.root, one.layer, one.id, one.to_stage, actor, **told)  # type: ignore[arg-type]
            except XiangtuError as refusal:
                console.say(
                    f"  未记 {one.id}：{refusal.words('zh')}", f"  not taken, {one.id}: {refusal.words('en')}"
                )
                continue
            taken += 1
    console.say(f"  台账记入 {taken} 步", f"  {taken} steps taken into the ledger")


def _photos(workspace: Workspace, acts: list[Act], folder: Path) -> dict[Act, Path]:
    """A photo for every step, taken where the thing is."""
    from data_samples.photos import write_photo
    from pipelines.store.layers import current_rows

    made: dict[Act, Path] = {}
    for layer_id in {one.layer for one in acts}:
        rows = current_rows(workspace, workspace.layer(layer_id), columns=["id", "lon", "lat"]).set_index("id")
        for number, one in enumerate(acts):
            if one.layer != layer_id or one.id not in rows.index:
                continue
            lon, lat = (float(value) for value in rows.loc[one.id, ["lon", "lat"]].to_numpy(float))
            done = one.to_stage in ("remediated", "accepted", "in_use", "rectified", "closed")
            made[one] = write_photo(
                folder / f"{number}.jpg",
                key=f"{one.id}/{one.to_stage}",
                moment="after" if done else "before",
                on=one.at,
                **({} if lon != lon else {"lon": lon, "lat": lat}),
            )
    return made
