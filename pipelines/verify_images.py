"""The satellite check on pictures: series under every parcel, verdicts by season, figures by area, tasks."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.errors import Refused
from geo.issues import Issue
from geo.seasons import Season, read_windows, seasons_between
from geo.verdicts import Rule
from geo.verify_areas import by_area, consolidation
from geo.verify_reported import against_report, ever_reported, reported_rows
from pipelines.imagery_find import find_scenes
from pipelines.verify import Outcome, Progress, unended_issues
from pipelines.verify_chips import cut_chips, wanted
from pipelines.verify_judge import judge_seasons, peers_of
from pipelines.verify_keep import forget_others, kept_series
from pipelines.verify_parcels import Parcels, read_parcels
from pipelines.verify_series import Picked, read_scenes
from pipelines.verify_store import county_rule, folder, write_json, write_table
from pipelines.verify_tasks import plan_tasks

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

DIGITS = {"county": 6, "township": 9, "village": 12}


def verify_images(
    workspace: Workspace,
    source: Path,
    *,
    layer_id: str,
    by: str = "township",
    as_of: date | None = None,
    chips: int = 0,
    chip_ids: Sequence[str] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Check a layer's polygons against the pictures below `source`; see `pipelines.verify.verify`."""
    rule = county_rule(workspace)
    windows = read_windows(workspace.settings.seasons)
    parcels = read_parcels(workspace, layer_id, as_of)
    scenes, issues = find_scenes(source)
    if not scenes:
        raise _none_usable(source, issues, len(issues))
    kept = folder(workspace, layer_id, "scenes", _edition(parcels, rule))
    try:
        picked = read_scenes(parcels, scenes, rule, kept, issues, progress)
    except Refused as refusal:
        if refusal.code == "scenes_none":
            raise _none_usable(source, issues, len(scenes)) from None
        raise
    _forget_editions(kept)
    issues += shift_issues(picked)
    seasons = seasons_between(windows, picked.days[0], picked.days[-1])
    if not seasons:
        raise Refused("seasons_none", first=str(picked.days[0]), last=str(picked.days[-1]))
    issues += unended_issues(seasons, picked.days[-1])
    peers = ever_reported(seasons, parcels.reported)
    groups = peers_of(parcels, peers)
    seen, blocks = judge_seasons(parcels, picked, seasons, rule, groups, progress)
    verdicts = against_report(seen, seasons, parcels.reported)
    del seen
    target = folder(workspace, layer_id)
    made = _figures(workspace, layer_id, parcels, verdicts, seasons, rule, issues, by)
    made.scenes = picked.scenes
    with kept_series(target, parcels, picked, (groups, peers), blocks) as series:
        _keep(target, made, picked, seasons, series)
    if chips or chip_ids:
        ids = wanted(verdicts, _sampled(target), chip_ids, chips)
        made.chips = cut_chips(target, parcels, picked, ids, progress)
    return made


def _sampled(target: Path) -> list[str]:
    """The parcels on the field list that was drawn last."""
    path = target / "sample.parquet"
    return pd.read_parquet(path, columns=["id"])["id"].tolist() if path.is_file() else []


def _forget_editions(kept: Path) -> None:
    """Remove what earlier runs kept of parcels that have changed since."""
    for other in kept.parent.iterdir():
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)


def _figures(
    workspace: Workspace,
    layer_id: str,
    parcels: Parcels,
    verdicts: pd.DataFrame,
    seasons: list[Season],
    rule: Rule,
    issues: list[Issue],
    by: str,
) -> Outcome:
    """What follows from the verdicts: figures by area, consolidation, tasks, contracts in doubt."""
    frame, digits = parcels.frame, DIGITS[by]
    reported = reported_rows(verdicts)
    micro = np.tile(frame["micro_mu"].to_numpy(), len(seasons))
    codes = np.tile(frame["area_code"].to_numpy(object), len(seasons))
    accepted = np.tile(frame["accepted_on"].to_numpy(), len(seasons))
    starts = {one.id: one.start for one in seasons}
    made = Outcome(verdicts, rule, issues)
    areas = by_area(verdicts, np.where(reported, micro, 0), codes, digits=digits)
    if by == "county":
        areas = areas[areas["area_code"] == "*"].reset_index(drop=True)
    made.areas = named_areas(workspace, areas)
    accepted = np.where(verdicts["standing"] != "not_declared", accepted, np.datetime64("NaT"))
    used = consolidation(verdicts, micro, accepted, starts, None if by == "county" else codes, digits=digits)
    made.consolidation = named_areas(workspace, used)
    made.tasks, made.contracts = plan_tasks(workspace, layer_id, parcels, verdicts, seasons, rule, issues)
    return made


def _keep(target: Path, made: Outcome, picked: Picked, seasons: list[Season], series: str) -> None:
    """Write what was found; the series count once `run.json`, written last, names them."""
    for name in ("tasks", "contracts", "verdicts", "areas", "consolidation"):
        write_table(target / f"{name}.parquet", getattr(made, name))
    write_json(target / "run.json", {**_record(picked, seasons, made.rule, made.issues), "series": series})
    forget_others(target, series)


def _none_usable(source: Path, issues: list[Issue], found: int) -> Refused:
    """Why nothing could be used: the one reason there was, or that there were several, with each in `refused`."""
    if len(issues) == 1:
        return Refused(issues[0].code, **issues[0].params)
    return Refused("scenes_none", path=str(source), found=found, refused=tuple(issues))


def _edition(parcels: Parcels, rule: Rule) -> str:
    """Changes with the parcels read and how they are drawn in: kept scenes of other parcels are not used."""
    total = hashlib.blake2b(digest_size=10)
    key = parcels.frame[["id", "file", "position", "area_m2"]]
    total.update(pd.util.hash_pandas_object(key, index=False).to_numpy().tobytes())
    total.update(f"{rule.inward_pixels} {rule.least_pixels}".encode())
    return total.hexdigest()


def _record(picked: Picked, seasons: list[Season], rule: Rule, issues: list[Issue]) -> dict[str, Any]:
    return {
        "rule": rule.as_dict(),
        "scenes": picked.scenes,
        "first_day": picked.days[0].isoformat(),
        "last_day": picked.days[-1].isoformat(),
        "pixel_m": picked.pixel_m,
        "seasons": [{name: str(value) for name, value in vars(one).items()} for one in seasons],
        "issues": [issue.as_dict() for issue in issues],
    }


def shift_issues(picked: Picked) -> list[Issue]:
    """A warning for each grid on which the layer fits better when moved."""
    found = []
    for grid, fit in picked.moves:
        if fit.shifted:
            size = grid.cell_size
            params = {"east": fit.columns * size, "south": fit.rows * size, "gain": round(100 * fit.gain)}
            found.append(Issue("layer_off_picture", params={**params, "parcels": fit.parcels}))
    return found


def named_areas(workspace: Workspace, areas: pd.DataFrame) -> pd.DataFrame:
    """The figures with the areas' names beside their codes; the county's rows first in each season."""
    known = workspace.areas()
    names = dict(zip(known["code"], known["name"], strict=True))
    made = areas.copy()
    whole = made["area_code"] == "*"
    made.loc[whole, "area_code"] = workspace.settings.code
    name = made["area_code"].map(names).astype(object)
    at = list(made.columns).index("area_code") + 1
    made.insert(at, "area_name", name.where(~whole, workspace.settings.name).fillna(""))
    made["order"] = np.where(whole, 0, 1)
    made["season_order"] = pd.factorize(made["season"])[0] if "season" in made else 0
    made = made.sort_values(["season_order", "order", "area_code"], kind="stable", ignore_index=True)
    return made.drop(columns=["order", "season_order"])
