"""Remediation as a flow from found to in use: what passed each stage, what stands there, and for how long."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.layers import Lifecycle
from geo.measure import MICRO, round_parts
from geo.progress import UNPLACED
from pipelines.worklist import Desk

Integers = npt.NDArray[np.int64]
DECIMALS = 2
SPLITS = ("township", "village", "mode", "crop", "season", "grower")


def life_of(desk: Desk) -> Lifecycle:
    """The lifecycle of the desk's layer; ValueError for a layer without stages."""
    if desk.layer.lifecycle is None:
        raise ValueError(f"{desk.layer.id} has no stages")
    return desk.layer.lifecycle


def flow(desk: Desk, *, decimals: int = DECIMALS) -> pd.DataFrame:
    """One row per stage in the layer's order: stage, on_way (of the ordinary way), passed, passed_mu, standing,
    standing_mu.

    passed: things that reached the stage or went further; void ones passed none. standing: things in it now. What
    passed is rounded as `xiangtu progress` rounds it, and what stands adds up to it: passed_mu of one stage less
    passed_mu of the next is what stands between them. A stage off the way (再撂荒) has passed what stands there.
    """
    life = life_of(desk)
    step = 10 ** (6 - decimals)
    micro = _micro_of(desk)
    rows = desk.rows
    here = rows["here"].to_numpy(bool)
    reached = rows["reached"].map({name: at for at, name in enumerate(life.path)}).fillna(-1).to_numpy(int)
    passed = [round_one(int(micro[reached >= at].sum()), step) for at in range(len(life.path))]
    left = [above - below for above, below in zip(passed, [*passed[1:], 0], strict=True)]
    standing = _standing(desk, micro, dict(zip(life.path, left, strict=True)), step)
    found = []
    for stage in life.stages:
        now = (rows["stage"] == stage.id).to_numpy(bool) & here
        on_way = stage.id in life.path
        at = life.path.index(stage.id) if on_way else -1
        found.append(
            {
                "stage": stage.id,
                "on_way": on_way,
                "passed": int(((reached >= at) & here).sum()) if on_way else int(now.sum()),
                "passed_mu": (passed[at] if on_way else standing[stage.id]) / MICRO,
                "standing": int(now.sum()),
                "standing_mu": standing[stage.id] / MICRO,
            }
        )
    return pd.DataFrame(found)


def _micro_of(desk: Desk) -> Integers:
    """Millionths of a 亩 of each row, as much as lies in the area looked at."""
    summed = desk.shares.groupby("feature")["micro"].sum()
    made: Integers = summed.reindex(desk.rows.index, fill_value=0).to_numpy(np.int64)
    return made


def _standing(desk: Desk, micro: Integers, left: dict[str, int], step: int) -> dict[str, int]:
    """Rounded millionths that stand in each stage, adding up to what is left of each stage of the way."""
    life = life_of(desk)
    reached = desk.rows["reached"].fillna("").to_numpy(object)
    stage = desk.rows["stage"].fillna("").to_numpy(object)
    made: dict[str, int] = {}
    for base in ("", *life.path):
        names = [one.id for one in life.stages if ((stage == one.id) & (reached == base)).any()]
        parts = [int(micro[(stage == name) & (reached == base)].sum()) for name in names]
        total = left[base] if base else round_one(sum(parts), step)
        for name, part in zip(names, round_parts(parts, step, total).tolist() if names else [], strict=True):
            made[name] = made.get(name, 0) + int(part)
    return {one.id: made.get(one.id, 0) for one in life.stages}


def round_one(value: int, step: int) -> int:
    """A whole number rounded to a multiple of `step`, as a total is."""
    return int(round_parts([value], step)[0])


def flow_by(desk: Desk, by: str, *, decimals: int = DECIMALS) -> pd.DataFrame:
    """What passed each stage of the way, by `township`, `village`, `mode`, `crop`, `season` or `grower`.

    Columns: key (area code, `unplaced`, the value, or a person's key), name (an area's name, a grower as the
    reader may see it, else the key), features, `<stage>_mu` for each stage of the way and off it, overdue, rate
    (% of what was found that is remediated; NaN of nothing). Largest first; every column is rounded so that it
    adds up to the printed total.
    """
    life = life_of(desk)
    step = 10 ** (6 - decimals)
    rows = desk.rows
    rank = rows["reached"].map({name: at for at, name in enumerate(life.path)}).fillna(-1).astype(int)
    shares = desk.shares.assign(
        key=_keys(desk, by, desk.shares["area"].to_numpy(np.intp), desk.shares["feature"]),
        rank=rank.reindex(desk.shares["feature"]).to_numpy(),
        stage=rows["stage"].reindex(desk.shares["feature"]).to_numpy(object),
    )
    own = rows[rows["here"]]
    counted = own.assign(key=_keys(desk, by, own["main"].to_numpy(np.intp), pd.Series(own.index)))
    made = pd.DataFrame(index=pd.Index(sorted({*shares["key"], *counted["key"]}), name="key"))
    made["features"] = counted.groupby("key").size().reindex(made.index, fill_value=0)
    for at, name in enumerate(life.path):
        made[f"{name}_mu"] = shares[shares["rank"] >= at].groupby("key")["micro"].sum()
    for name in (one.id for one in life.stages if one.id not in life.path):
        made[f"{name}_mu"] = shares[shares["stage"] == name].groupby("key")["micro"].sum()
    made["overdue"] = counted[counted["overdue"]].groupby("key").size()
    made = made.fillna(0).astype(np.int64)
    above, below = _of_way(made, "remediated"), made[f"{life.path[0]}_mu"].to_numpy(float)
    made["rate"] = np.divide(above * 100.0, below, out=np.full(len(made), np.nan), where=below > 0)
    largest = made[f"{life.path[0]}_mu"].to_numpy(np.int64)
    for name in [one for one in made.columns if one.endswith("_mu")]:
        made[name] = round_parts(made[name].to_numpy(np.int64), step) / MICRO
    made["name"] = _names(desk, by, made.index)
    made = made.iloc[np.argsort(-largest, kind="stable")].reset_index()
    return made[["key", "name", *(c for c in made.columns if c not in ("key", "name"))]]


def by_area(desk: Desk, level: str, *, decimals: int = DECIMALS) -> pd.DataFrame:
    """How much of the desk lies on each area of a level, whatever its stage: key, name, features, mu; most first.

    The 亩 are rounded so that they add up to the printed total. What lies on none has the key `unplaced`.
    """
    step = 10 ** (6 - decimals)
    above = [*ancestors(desk.areas, level), UNPLACED]
    micro = desk.shares.groupby(np.array(above, dtype=object)[desk.shares["area"]])["micro"].sum()
    own = desk.rows.loc[desk.rows["here"], "main"].to_numpy(np.intp)
    features = pd.Series(np.array(above, dtype=object)[own]).value_counts()
    keys = sorted({*micro.index, *features.index})
    whole = micro.reindex(keys, fill_value=0).to_numpy(np.int64)
    made = pd.DataFrame(
        {
            "key": keys,
            "name": _names(desk, level, pd.Index(keys)),
            "features": features.reindex(keys, fill_value=0).to_numpy(np.int64),
            "mu": round_parts(whole, step) / MICRO,
        }
    )
    return made.iloc[np.argsort(-whole, kind="stable")].reset_index(drop=True)


def _of_way(made: pd.DataFrame, stage: str) -> npt.NDArray[np.float64]:
    name = f"{stage}_mu"
    return made[name].to_numpy(float) if name in made else np.zeros(len(made))


def _keys(desk: Desk, by: str, area: npt.NDArray[np.intp], feature: pd.Series) -> list[str]:
    """Under which group each share or thing is counted."""
    if by in ("township", "village"):
        above = ancestors(desk.areas, by)
        return [above[at] if at >= 0 else UNPLACED for at in area]
    column = "person" if by == "grower" else by
    return list(desk.rows[column].reindex(feature).fillna("").astype(str))


def ancestors(areas: pd.DataFrame, level: str) -> list[str]:
    """For each area the code of the area of a level that it is or lies in; `unplaced` when it lies in none."""
    codes, parents = areas["code"].astype(str).tolist(), areas["parent"].astype(str).tolist()
    levels = dict(zip(codes, areas["level"], strict=True))
    up = dict(zip(codes, parents, strict=True))
    found = []
    for code in codes:
        at: str | None = code
        while at is not None and levels.get(at) != level:
            at = up.get(at)
        found.append(at or UNPLACED)
    return found


def _names(desk: Desk, by: str, keys: pd.Index) -> list[str]:
    if by == "grower":
        known = desk.rows.drop_duplicates("person").set_index("person")["grower"]
        return [str(known.get(key, "")) for key in keys]
    if by in ("township", "village"):
        named = dict(zip(desk.areas["code"].astype(str), desk.areas["name"].astype(str), strict=True))
        return [named.get(key, "") for key in keys]
    return list(keys)


def void_figures(desk: Desk) -> list[tuple[str, int, float]]:
    """(stage, things, 亩) of the void stages that something stands in: they are in the desk and in no total."""
    table = flow(desk)
    kinds = {stage.id: stage.kind for stage in life_of(desk).stages}
    void = table[(table["stage"].map(kinds) == "void") & (table["standing"] > 0)]
    return [(str(one["stage"]), int(one["standing"]), float(one["standing_mu"])) for _, one in void.iterrows()]


def stuck(desk: Desk) -> pd.DataFrame:
    """What waits at each stage that something waits at, in the layer's order; days are working days.

    Columns: stage, standing, median_days, longest_days, longest_id (the thing that waits longest, the
    lowest id of equals), limit_days (the layer's own, NaN without), over, over_mu (past the limit that fits
    each), undated (nobody wrote down since when; not in the days). The last stage of the way and void ones wait
    for nothing.
    """
    life = life_of(desk)
    mine = desk.rows[desk.rows["here"]]
    found = []
    for stage in life.stages:
        if stage.kind == "void" or stage.id == life.path[-1]:
            continue
        here = mine[mine["stage"] == stage.id]
        if here.empty:
            continue
        dated = here[here["stage_days"].notna()].sort_values(["stage_days", "id"], ascending=[False, True])
        over = here[here["stage_overdue"]]
        found.append(
            {
                "stage": stage.id,
                "standing": len(here),
                "median_days": float(dated["stage_days"].median()) if len(dated) else np.nan,
                "longest_days": float(dated["stage_days"].iloc[0]) if len(dated) else np.nan,
                "longest_id": str(dated["id"].iloc[0]) if len(dated) else "",
                "limit_days": float(stage.days) if stage.days is not None else np.nan,
                "over": len(over),
                "over_mu": round(float(over["mu"].sum()), 2),
                "undated": len(here) - len(dated),
            }
        )
    columns = ["stage", "standing", "median_days", "longest_days", "longest_id"]
    return pd.DataFrame(found, columns=[*columns, "limit_days", "over", "over_mu", "undated"])
