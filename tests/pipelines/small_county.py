"""The invented county at its smallest, taken in through the front door, for tests of whole runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from data_samples.county import make_county
from data_samples.delivery import Delivery
from data_samples.generate import COUNTY_CODE, COUNTY_NAME, write_papers
from pipelines.ingest import Options, add
from pipelines.join import join_all
from pipelines.kept_arrays import kept_arrays
from pipelines.summarise import summarise_all
from pipelines.workspace import Workspace

DAY = date(2026, 11, 20)
LAYERS = (
    "county",
    "township",
    "village",
    "zone",
    "permanent_farmland",
    "ecological_redline",
    "contract_parcel",
    "land_transfer",
    "abandoned_parcel",
)
MAPS = (".gpkg", ".parquet", ".shp", ".geojson", ".fgb", ".zip")


def deliveries(folder: Path, *, parcels: int = 1_000, seed: int = 7) -> list[Delivery]:
    """Maps of the layers above as their senders would send them, one edition each, areas first."""
    county = make_county(
        parcels=parcels, seed=seed, townships=6, villages=24, farmland_share=0.5, abandoned_share=0.4
    )
    sent = [one for one in write_papers(folder, county, brief=True) if one.path.suffix in MAPS]
    last = {(one.layer, "DK" in one.path.name): one for one in sent if one.layer in LAYERS}
    return [one for one in sent if one in last.values()]


def take(workspace: Workspace, sent: Sequence[Delivery]) -> Workspace:
    """The workspace with these deliveries taken in."""
    for one in sent:
        add(workspace, one.path, Options(layer=one.layer, **one.options), at=one.at)
    return Workspace(workspace.root)


def empty(root: Path) -> Workspace:
    """A workspace of the invented county without anything in it."""
    return Workspace.create(root, code=COUNTY_CODE, name=COUNTY_NAME)


def run(root: Path, day: date = DAY) -> Workspace:
    """The workspace joined and summarised."""
    workspace = Workspace(root)
    with workspace.writing():
        join_all(workspace)
        summarise_all(workspace, as_of=day)
    return workspace


def without_summary(root: Path, to: Path) -> Path:
    """A copy of a workspace that has nothing worked out."""
    shutil.copytree(root, to, ignore=shutil.ignore_patterns("summary"))
    (to / "summary").mkdir()
    return to


def tables(root: Path, folder: str) -> dict[str, pd.DataFrame]:
    """The newest kept table of every kind in a folder of the summary, by a name without marks."""
    found: dict[str, pd.DataFrame] = {}
    paths = [one for one in (root / "summary" / folder).rglob("*") if one.suffix in (".parquet", ".columns")]
    for path in sorted(paths, key=lambda one: one.stat().st_mtime_ns):
        name = path.relative_to(root / "summary").with_name(path.name.rsplit(".", 2)[0])
        kept = kept_arrays(path) if path.suffix == ".columns" else None
        found[str(name)] = pd.read_parquet(path) if kept is None else pd.DataFrame(kept[0])
    return found


def changed_parcels(source: Path, to: Path, *, every: int = 50, grow: float = 1.25) -> list[str]:
    """A delivery of every so-many-th parcel of another, moved a little and with another area; their ids."""
    frame = gpd.read_parquet(source).iloc[::every].copy()
    frame["SCMJ"] = (frame["SCMJ"] * grow).round(2)
    frame["SCMJM"] = (frame["SCMJM"] * grow).round(2)
    frame["geometry"] = frame.geometry.translate(3e-4, 2e-4)
    frame.to_parquet(to)
    return frame["DKBM"].astype(str).tolist()
