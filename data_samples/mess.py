"""Ways in which data go wrong: each is a file to be made, and names the finding it must cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from data_samples import headings, life, maps
from data_samples.county import County, make_county
from data_samples.delivery import LAST_DAY, Delivery
from data_samples.headings import under_headings
from data_samples.sent_land import send_areas

Make = Callable[[Path], Path]

OLD_VILLAGE = "旧磨坊坡村"
"""A name that a village of the sample bore before; in no use today."""


@dataclass(frozen=True)
class Mess:
    """One way to go wrong.

    finding_code: what adding the file must report, as a finding or a refusal. make: writes the file into a folder
    and gives its path. layer: what the clerk says it is. options: what else the clerk says.
    """

    name: str
    finding_code: str
    layer: str
    make: Make
    options: Mapping[str, Any] = field(default_factory=dict)


@cache
def sample() -> County:
    """The small invented county in which the messes are made."""
    return make_county(parcels=1_000, seed=7, townships=6, villages=24, abandoned_share=0.4)


def send_base(folder: Path) -> list[Delivery]:
    """The sample's areas, in good order: what a workspace needs before a mess is added to it."""
    folder.mkdir(parents=True, exist_ok=True)
    return send_areas(folder, sample())


def lineage() -> str:
    """What county.toml of the base says of former names: one village was renamed."""
    code = sample().areas.villages["code"].iloc[-1]
    return f"""
[[lineage]]
kind = "renamed"
old_name = "{OLD_VILLAGE}"
new_code = "{code}"
date = "2019-11-30"
"""


def abandoned(*, on_map: bool = True) -> gpd.GeoDataFrame:
    """Abandoned parcels of the last day in EPSG:4544 under their headings, index from 0; as a bureau maps them,
    or those of townships that send paper."""
    county = sample()
    role = county.township_codes(county.abandoned).map(county.roles)
    mine = county.abandoned[(role == "paper") != on_map]
    now = life.as_of(mine, LAST_DAY, life.ABANDONED)
    return under_headings(now, headings.ABANDONED).reset_index(drop=True)


def ledger(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Make:
    """A plain Excel ledger of abandoned parcels after `change`, which is given the rows under their headings."""

    def _make(folder: Path) -> Path:
        rows = pd.DataFrame(abandoned(on_map=False).drop(columns="geometry"))
        path = folder / "撂荒地台账.xlsx"
        change(rows.astype(object).where(rows.notna(), None)).to_excel(path, index=False)
        return path

    return _make


def cell(heading: str, value: object, row: int = 2) -> Make:
    """A ledger with one cell (by position of its row) replaced."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**{heading: rows[heading].where(rows.index != row, value)})

    return ledger(change)


def drawn(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Make:
    """A GeoPackage of abandoned parcels after `change`, which is given them in EPSG:4544."""

    def make(folder: Path) -> Path:
        return maps.write_geopackage(folder / "撂荒地.gpkg", change(abandoned()), LAST_DAY, "撂荒地")

    return make


def every_mess() -> tuple[Mess, ...]:
    """All of them, by name."""
    from data_samples.mess_areas import AREAS
    from data_samples.mess_cells import CELLS
    from data_samples.mess_files import FILES
    from data_samples.mess_shapes import SHAPES

    return tuple(sorted((*AREAS, *CELLS, *FILES, *SHAPES), key=lambda one: one.name))
