"""The satellite check on pictures: series under every parcel, verdicts by season, figures by area, tasks."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Refused
from geo.issues import Issue
from geo.seasons import (
    Season,
    describe,
    flooded_dates,
    peer_groups,
    peer_rank,
    read_windows,
    relative,
    seasons_between,
)
from geo.verdicts import Facts, Rule, judge
from geo.verify_areas import by_area, consolidation
from geo.verify_blocks import block_series, blocks_of
from pipelines.imagery_find import find_scenes
from pipelines.verify import Outcome, Progress
from pipelines.verify_parcels import Parcels, read_parcels
from pipelines.verify_series import Picked, read_scenes
from pipelines.verify_store import county_rule, folder, write_arrays, write_json, write_table
from pipelines.verify_tasks import plan_tasks

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

Array = NDArray[Any]


def verify_images(
    workspace: Workspace,
    source: Path,
    *,
    layer_id: str,
    as_of: date | None = None,
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
    issues += shift_issues(picked)
    seasons = seasons_between(windows, picked.days[0], picked.days[-1])
    if not seasons:
        raise Refused("seasons_none", first=str(picked.days[0]), last=str(picked.days[-1]))
    verdicts = judge_seasons(parcels, picked, seasons, rule)
    micro = np.tile(parcels.frame["micro_mu"].to_numpy(), len(seasons))
    codes = np.tile(parcels.frame["area_code"].to_numpy(object), len(seasons))
    areas = named_areas(workspace, by_area(verdicts, micro, codes))
    accepted = np.tile(parcels.frame["accepted_on"].to_numpy(), len(seasons))
    kept_use = consolidation(verdicts, micro, accepted, {one.id: one.start for one in seasons})
    tasks, contracts = plan_tasks(workspace, layer_id, parcels, verdicts, seasons, rule, issues)
    target = folder(workspace, layer_id)
    write_table(target / "tasks.parquet", tasks)
    write_table(target / "contracts.parquet", contracts)
    write_table(target / "verdicts.parquet", verdicts)
    write_table(target / "areas.parquet", areas)
    write_table(target / "consolidation.parquet", kept_use)
    _keep_series(target, parcels, picked)
    write_json(target / "run.json", _record(picked, seasons, rule, issues))
    return Outcome(
        verdicts,
        rule,
        issues,
        areas=areas,
        consolidation=kept_use,
        tasks=tasks,
        contracts=contracts,
        scenes=picked.scenes,
    )


def _none_usable(source: Path, issues: list[Issue], found: int) -> Refused:
    """Why nothing could be used: the one reason there was, or that there were several."""
    if len({issue.code for issue in issues}) == 1:
        return Refused(issues[0].code, **issues[0].params)
    return Refused("scenes_none", path=str(source), found=found)


def _edition(parcels: Parcels, rule: Rule) -> str:
    """Changes with the parcels read and how they are drawn in: kept scenes of other parcels are not used."""
    total = hashlib.blake2b(digest_size=10)
    key = parcels.frame[["id", "file", "position", "area_m2"]]
    total.update(pd.util.hash_pandas_object(key, index=False).to_numpy().tobytes())
    total.update(f"{rule.inward_pixels} {rule.least_pixels}".encode())
    return total.hexdigest()


def _keep_series(target: Path, parcels: Parcels, picked: Picked) -> None:
    """Keep the series for the parcel sheets: ids in order, days, index and clear share."""
    write_arrays(
        target / "series.npz",
        ids=parcels.frame["id"].to_numpy().astype(str),
        days=np.array([day.isoformat() for day in picked.days]),
        ndvi=picked.ndvi,
        share=picked.share,
    )


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


def judge_seasons(parcels: Parcels, picked: Picked, seasons: list[Season], rule: Rule) -> pd.DataFrame:
    """One row per parcel and season: id, season, verdict, reason, evidence, pixels, block (members, 0 alone)."""
    frame = parcels.frame
    counted = (picked.share >= rule.least_clear_share) & (picked.pixels >= 0.5 * rule.least_pixels)
    series = np.where(counted, picked.ndvi, np.nan)
    codes = frame["area_code"].fillna("").astype(str)
    use = frame["management"].astype(str)
    groups = peer_groups(codes + use, codes.str[:9] + use, codes.str[:9])
    width = parcels.width_m / picked.pixel_m
    facts = Facts(picked.whole, width, picked.inside, frame["management"].to_numpy(object))
    block = _blocks(parcels, picked, rule)
    together = _block_input(parcels, picked, block, rule) if block.max(initial=-1) >= 0 else None
    rows = []
    for season in seasons:
        described = describe(series, picked.days, season)
        score = relative(described, groups)
        made = judge(described, score, facts, rule)
        made["rank"] = peer_rank(score, groups)
        made["block"] = 0
        if together is not None:
            _judge_blocks(made, block, together, season, picked.days, (described, groups), rule)
        made["flooded"] = flooded_dates(_within(series, picked, season), _within(picked.lswi, picked, season))
        made["pixels"], made["width"] = picked.whole, parcels.width_m
        made["least_width_m"] = rule.least_width_pixels * picked.pixel_m
        made["management"] = frame["management"].to_numpy(object)
        made.insert(0, "id", frame["id"].to_numpy(object))
        made.insert(1, "season", season.id)
        rows.append(made)
    return pd.concat(rows, ignore_index=True)


def _within(values: Array, picked: Picked, season: Season) -> Array:
    inside = np.array([season.start <= day <= season.end for day in picked.days])
    return values[:, inside]


def _blocks(parcels: Parcels, picked: Picked, rule: Rule) -> Array:
    """Blocks of small neighbours, in the plane of the first grid."""
    small = np.flatnonzero((picked.whole > 0) & (picked.whole < rule.least_pixels))
    out = np.full(len(parcels), -1, np.int64)
    if len(small) < 2:
        return out
    frame = parcels.frame.iloc[small]
    plane = _plane(parcels)
    keys = frame["area_code"].fillna("").astype(str) + "/" + frame["mode"].fillna("").astype(str)
    keys = keys.where(frame["area_code"].notna(), None)
    shapes = parcels.shapes(small, plane)
    out[small] = blocks_of(
        shapes, keys.tolist(), picked.whole[small], least_pixels=rule.least_pixels, reach=picked.pixel_m
    )
    return out


def _plane(parcels: Parcels) -> Any:
    """A plane CRS in metres about the middle of the parcels."""
    from pyproj import CRS

    west, south, east, north = parcels.bounds
    return CRS.from_proj4(
        f"+proj=laea +lat_0={(south + north) / 2:.4f} +lon_0={(west + east) / 2:.4f} +ellps=GRS80 +units=m"
    )


def _block_input(parcels: Parcels, picked: Picked, block: Array, rule: Rule) -> tuple[Array, Facts, Array]:
    """Series, facts and members of the blocks."""
    series, weight = block_series(picked.ndvi, picked.pixels, block)
    member = block >= 0
    count = int(block.max()) + 1
    whole = np.bincount(block[member], weights=picked.whole[member], minlength=count)
    series = np.where(weight >= rule.least_clear_share * whole[:, None], series, np.nan)
    inside = np.ones(count)
    first = np.zeros(count, np.int64)
    first[block[member][::-1]] = np.flatnonzero(member)[::-1]
    use = parcels.frame["management"].to_numpy(object)[first]
    return series, Facts(whole, None, inside, use), np.bincount(block[member], minlength=count)


def _judge_blocks(
    made: pd.DataFrame,
    block: Array,
    together: tuple[Array, Facts, Array],
    season: Season,
    days: list[date],
    peers: tuple[pd.DataFrame, Array],
    rule: Rule,
) -> None:
    """Give the members of each block the verdict of the block, in place."""
    series, facts, members = together
    described, groups = peers
    member = np.flatnonzero(block >= 0)
    count = len(series)
    first = np.zeros(count, np.int64)
    first[block[member][::-1]] = member[::-1]
    own = describe(series, days, season)
    score = relative(pd.concat([described, own], ignore_index=True), np.concatenate([groups, groups[first]]))
    found = judge(own, score[len(described) :], facts, rule)
    for name in found.columns:
        made[name] = made[name].astype(found[name].dtype)
        made.loc[made.index[member], name] = found[name].to_numpy()[block[member]]
    made.loc[made.index[member], "block"] = members[block[member]]


def named_areas(workspace: Workspace, areas: pd.DataFrame) -> pd.DataFrame:
    """The figures with the areas' names beside their codes; the county's row first in each season."""
    known = workspace.areas()
    names = dict(zip(known["code"], known["name"], strict=True))
    made = areas.copy()
    whole = made["area_code"] == "*"
    made.loc[whole, "area_code"] = workspace.settings.code
    name = made["area_code"].map(names)
    made.insert(2, "area_name", name.where(~whole, workspace.settings.name).fillna(""))
    made["order"] = np.where(whole, 0, 1)
    made["season_order"] = pd.factorize(made["season"])[0]
    made = made.sort_values(["season_order", "order", "area_code"], kind="stable", ignore_index=True)
    return made.drop(columns=["order", "season_order"])
