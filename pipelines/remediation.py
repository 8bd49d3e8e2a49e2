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
    """One row per stage in the layer's order: stage, on_way (of the ordinary way), passed, passed_crossing,
    passed_mu, standing, standing_crossing, standing_mu.

    passed: things that reached the stage or went further; void ones passed none. standing: things in it now.
    …_crossing: further things that lie mainly elsewhere, of which the 亩 in the area looked at are counted. What
    passed is rounded as `xiangtu progress` rounds it, and what stands adds up to it: passed_mu of one stage less
    passed_mu of the next is what stands between them. A stage off the way (再撂荒) has passed what stands there.
    """
    life = life_of(desk)
    step = 10 ** (6 - decimals)
    cells = _cells(desk)
    rank = cells["reached"].map({name: at for at, name in enumerate(life.path)}).fillna(-1).astype(int)
    passed = [round_one(int(cells.loc[rank >= at, "micro"].sum()), step) for at in range(len(life.path))]
    left = [above - below for above, below in zip(passed, [*passed[1:], 0], strict=True)]
    standing = _standing(life, cells, dict(zip(life.path, left, strict=True)), step)
    found = []
    for stage in life.stages:
        on_way = stage.id in life.path
        at = life.path.index(stage.id) if on_way else -1
        now = cells.loc[cells["stage"] == stage.id, ["here", "crossing"]].sum()
        went = cells.loc[rank >= at, ["here", "crossing"]].sum() if on_way else now
        found.append(
            {
                "stage": stage.id,
                "on_way": on_way,
                "passed": int(went["here"]),
                "passed_crossing": int(went["crossing"]),
                "passed_mu": (passed[at] if on_way else standing[stage.id]) / MICRO,
                "standing": int(now["here"]),
                "standing_crossing": int(now["crossing"]),
                "standing_mu": standing[stage.id] / MICRO,
            }
        )
    return pd.DataFrame(found)


def _cells(desk: Desk) -> pd.DataFrame:
    """What stands in each stage with each furthest stage ("" for none): stage, reached, micro, and how many things
    lie mainly here, or cross the border from elsewhere (crossing)."""
    rows = desk.rows
    summed = desk.shares.groupby("feature")["micro"].sum()
    plain = pd.DataFrame(
        {
            "stage": rows["stage"].fillna(""),
            "reached": rows["reached"].fillna(""),
            "micro": summed.reindex(rows.index, fill_value=0).astype(np.int64),
            "here": rows["here"].astype(np.int64),
            "crossing": 1 - rows["here"].astype(np.int64),
        }
    )
    return plain.groupby(["stage", "reached"], as_index=False)[["micro", "here", "crossing"]].sum()


def _standing(life: Lifecycle, cells: pd.DataFrame, left: dict[str, int], step: int) -> dict[str, int]:
    """Rounded millionths that stand in each stage, adding up to what is left of each stage of the way."""
    made = {stage.id: 0 for stage in life.stages}
    order = {stage.id: at for at, stage in enumerate(life.stages)}
    for base, inside_ in cells[cells["stage"].isin(list(order))].groupby("reached"):
        ordered = inside_.sort_values("stage", key=lambda names: names.map(order))
        parts = ordered["micro"].to_numpy(np.int64)
        total = left[str(base)] if base else round_one(int(parts.sum()), step)
        for name, part in zip(ordered["stage"], round_parts(parts, step, total).tolist(), strict=True):
            made[str(name)] += int(part)
    return made


def round_one(value: int, step: int) -> int:
    """A whole number rounded to a multiple of `step`, as a total is."""
    return int(round_parts([value], step)[0])


def flow_by(desk: Desk, by: str, *, decimals: int = DECIMALS) -> pd.DataFrame:
    """What passed each stage of the way, by `township`, `village`, `mode`, `crop`, `season` or `grower`.

    Columns: key (area code, `unplaced`, the value, or a person's key), name (an area's name, a grower as the
    reader may see it, else the key), features (things on the way that lie mainly there: what is void counts
    neither here nor in the 亩), crossing (further ones that lie there in part), `<stage>_mu` for each stage of
    the way and off it, overdue, rate (% of what was found that is remediated; NaN of nothing). Largest first;
    every column is rounded so that it adds up to the printed total.
    """
    life = life_of(desk)
    step = 10 ** (6 - decimals)
    rows, shares = desk.rows, desk.shares
    place = rows.index.get_indexer(pd.Index(shares["feature"]))
    own = np.flatnonzero(rows["here"].to_numpy(bool))
    keys = np.concatenate((
        _keys(desk, by, shares["area"].to_numpy(np.intp), place),
        _keys(desk, by, rows["main"].to_numpy(np.intp)[own], own),
    ))  # fmt: skip
    group, names = pd.factorize(keys, sort=True)
    of_share, of_own = group[: len(place)], group[len(place) :]
    reached = rows["reached"].map({name: at for at, name in enumerate(life.path)}).fillna(-1).to_numpy(int)
    rank = reached[place]
    stage = rows["stage"].map({one.id: at for at, one in enumerate(life.stages)}).fillna(-1).to_numpy(int)[place]
    micro = shares["micro"].to_numpy(np.int64)

    def summed(which: npt.NDArray[np.bool_]) -> Integers:
        return sums(micro[which], of_share[which], len(names))

    made = pd.DataFrame(index=pd.Index(names, name="key", dtype=object))
    on_way = reached[own] >= 0
    made["features"] = np.bincount(of_own[on_way], minlength=len(names))
    lying = _lying(of_share[rank >= 0], place[rank >= 0], len(names))
    made["crossing"] = np.maximum(lying - made["features"].to_numpy(np.int64), 0)
    for at, name in enumerate(life.path):
        made[f"{name}_mu"] = summed(rank >= at)
    for at, one in enumerate(life.stages):
        if one.id not in life.path:
            made[f"{one.id}_mu"] = summed(stage == at)
    late = rows["overdue"].to_numpy(bool)[own]
    made["overdue"] = np.bincount(of_own[late], minlength=len(names))
    above, below = _of_way(made, "remediated"), made[f"{life.path[0]}_mu"].to_numpy(float)
    made["rate"] = np.divide(above * 100.0, below, out=np.full(len(made), np.nan), where=below > 0)
    largest = made[f"{life.path[0]}_mu"].to_numpy(np.int64)
    for name in [one for one in made.columns if one.endswith("_mu")]:
        made[name] = round_parts(made[name].to_numpy(np.int64), step) / MICRO
    made["name"] = _names(desk, by, made.index)
    made = made.iloc[np.argsort(-largest, kind="stable")].reset_index()
    return made[["key", "name", *(c for c in made.columns if c not in ("key", "name"))]]


def whole_rate(parts: pd.DataFrame) -> float:
    """The rate of all groups of `flow_by` together, in %; NaN of nothing."""
    found = float(parts["found_mu"].sum())
    return float(parts["remediated_mu"].sum()) / found * 100 if found > 0 else np.nan


def _lying(group: npt.NDArray[np.intp], thing: npt.NDArray[np.intp], size: int) -> Integers:
    """How many different things have a share in each group."""
    most = int(thing.max(initial=0)) + 1
    pairs = np.unique(group.astype(np.int64) * most + thing)
    made: Integers = np.bincount(pairs // most, minlength=size).astype(np.int64)
    return made


def by_area(desk: Desk, level: str, *, decimals: int = DECIMALS) -> pd.DataFrame:
    """How much of the desk lies on each area of a level, whatever its stage: key, name, features (mainly there),
    crossing (further ones that lie there in part), mu; most first.

    The 亩 are rounded so that they add up to the printed total. What lies on none has the key `unplaced`.
    """
    step = 10 ** (6 - decimals)
    above = np.array([*ancestors(desk.areas, level), UNPLACED], dtype=object)
    micro = desk.shares.groupby(above[desk.shares["area"]])["micro"].sum()
    own = desk.rows.loc[desk.rows["here"], "main"].to_numpy(np.intp)
    features = pd.Series(above[own]).value_counts()
    keys = sorted({*micro.index, *features.index})
    at, _ = pd.factorize(pd.Series([*keys, *above[desk.shares["area"]]]))
    lying = _lying(at[len(keys) :], desk.shares["feature"].to_numpy(np.intp), len(keys))
    counts = features.reindex(keys, fill_value=0).to_numpy(np.int64)
    whole = micro.reindex(keys, fill_value=0).to_numpy(np.int64)
    made = pd.DataFrame(
        {
            "key": keys,
            "name": _names(desk, level, pd.Index(keys)),
            "features": counts,
            "crossing": np.maximum(lying - counts, 0),
            "mu": round_parts(whole, step) / MICRO,
        }
    )
    return made.iloc[np.argsort(-whole, kind="stable")].reset_index(drop=True)


def _of_way(made: pd.DataFrame, stage: str) -> npt.NDArray[np.float64]:
    name = f"{stage}_mu"
    return made[name].to_numpy(float) if name in made else np.zeros(len(made))


def sums(values: Integers, groups: npt.NDArray[np.intp], size: int) -> Integers:
    """The exact sum of whole numbers of each group."""
    made = np.zeros(size, dtype=np.int64)
    np.add.at(made, groups, values)
    return made


def _keys(desk: Desk, by: str, area: npt.NDArray[np.intp], place: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Under which group each share or thing is counted. place: positions in the rows."""
    if by in ("township", "village"):
        return np.array([*ancestors(desk.areas, by), UNPLACED], dtype=object)[area]
    column = desk.rows["person" if by == "grower" else by]
    made: npt.NDArray[np.object_] = column.fillna("").to_numpy(object)[place]
    return made


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
    stages = dict(list(desk.rows[desk.rows["here"]].groupby("stage")))
    found = []
    for stage in life.stages:
        if stage.kind == "void" or stage.id == life.path[-1] or stage.id not in stages:
            continue
        here = stages[stage.id]
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
