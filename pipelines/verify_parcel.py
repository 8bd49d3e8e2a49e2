"""What the satellite check kept of one parcel: its series, its peers, its verdicts in words, its pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.season_events import Event, season_events
from geo.seasons import Season
from geo.verdicts import Rule, label, not_judged, sentence
from pipelines.verify_chips import Chip, chips_of
from pipelines.verify_keep import Kept, read_series
from pipelines.workspace import Workspace

Array = NDArray[Any]
YEARS = timedelta(days=731)


@dataclass(frozen=True)
class Judged:
    """The verdict of one season. row: its evidence, as kept. `reported`: whether the parcel is judged in it."""

    season: Season
    verdict: str
    row: Mapping[str, Any]
    events: tuple[Event, ...]

    @property
    def reported(self) -> bool:
        """Whether the parcel was reported in use throughout the season: else it is not judged in it."""
        return self.row.get("standing", "reported") == "reported"

    def label(self, lang: str) -> str:
        """The verdict's name, or that there is none."""
        return label(self.verdict, lang) if self.reported else not_judged(lang)


@dataclass(frozen=True)
class ParcelCheck:
    """One parcel of the latest check: the last two years of it.

    days: of the pictures. ndvi: what counts, NaN where clouded, off the pictures or too little seen. clouded:
    whether a picture was taken on which the parcel was not clear enough. peers: (days, 3) quartiles. rule: as it
    was then. warned: whether the layer fitted better when moved. block: whether small neighbours were taken
    together.
    """

    id: str
    days: tuple[date, ...]
    ndvi: Array
    clouded: Array
    peers: Array
    judged: tuple[Judged, ...]
    chips: tuple[Chip, ...]
    rule: Rule
    pixel_m: float
    pixels: float
    block: bool
    warned: bool

    def said(self, one: Judged, lang: str, *, season: str) -> str:
        """The verdict in words with the evidence it rests on. season: its name in `lang`."""
        return sentence(one.row, self.rule, lang, season=season)


def parcel_check(workspace: Workspace, layer_id: str, parcel_id: str) -> ParcelCheck | None:
    """What the latest check kept of a parcel; None when there was none, or the parcel was not part of it."""
    target = workspace.root / "summary" / "verify" / layer_id
    try:
        run = json.loads((target / "run.json").read_text(encoding="utf-8"))
        kept = read_series(target / str(run["series"]), parcel_id)
        rows = pd.read_parquet(target / "verdicts.parquet", filters=[("id", "==", parcel_id)])
    except (OSError, KeyError, ValueError):
        return None
    if kept is None or rows.empty:
        return None
    rule = _rule(run["rule"])
    seasons = {one["id"]: _season(one) for one in run["seasons"]}
    shown = np.array([day > kept.days[-1] - YEARS for day in kept.days])
    counted = _counted(kept, rule)
    ndvi = np.where(counted, kept.mean["ndvi"], np.nan)
    judged = [
        _judged(seasons[row["season"]], row, kept, ndvi, rule)
        for row in ({str(name): value for name, value in one.items()} for one in rows.to_dict("records"))
    ]
    return ParcelCheck(
        id=parcel_id,
        days=tuple(day for day, one in zip(kept.days, shown, strict=True) if one),
        ndvi=ndvi[shown],
        clouded=~np.isfinite(ndvi[shown]),
        peers=kept.peers[shown],
        judged=tuple(sorted(judged, key=lambda one: (one.season.end, one.season.id))),
        chips=chips_of(target, parcel_id),
        rule=rule,
        pixel_m=float(run["pixel_m"]),
        pixels=float(rows["pixels"].iloc[0]),
        block=kept.block,
        warned=any(issue["code"] == "layer_off_picture" for issue in run["issues"]),
    )


def _judged(season: Season, row: Mapping[str, Any], kept: Kept, ndvi: Array, rule: Rule) -> Judged:
    ends = {"pictures_end": kept.days[-1].isoformat(), "season_end": season.end.isoformat()}
    return Judged(season, row["verdict"], {**row, **ends}, _events(kept, ndvi, season, rule))


def _rule(stored: Mapping[str, Any]) -> Rule:
    known = Rule().as_dict()
    return Rule(**{name: value for name, value in stored.items() if name in known})


def _season(stored: Mapping[str, str]) -> Season:
    days = {name: date.fromisoformat(stored[name]) for name in ("start", "end", "key_start", "key_end")}
    return Season(stored["id"], stored["window"], **days)


def _counted(kept: Kept, rule: Rule) -> Array:
    """The dates on which enough of the parcel was clear; of a block those on which the block was."""
    if kept.block:
        return np.isfinite(kept.mean["ndvi"])
    return (kept.share >= rule.least_clear_share) & (kept.pixels >= 0.5 * rule.least_pixels)


def _events(kept: Kept, ndvi: Array, season: Season, rule: Rule) -> tuple[Event, ...]:
    bands = {name: kept.mean.get(name) for name in ("lswi", "bsi")}
    return tuple(season_events(kept.days, ndvi, season, **bands, tilled_bsi=rule.tilled_bsi))


def chip_file(workspace: Workspace, layer_id: str, name: str) -> Path | None:
    """The picture of that name; None when there is none. The name is one `Chip.name` gave, never a path."""
    path = workspace.root / "summary" / "verify" / layer_id / "chips" / name
    return path if "/" not in name and "\\" not in name and path.suffix == ".png" and path.is_file() else None
