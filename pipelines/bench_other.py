"""Stages of the benchmark that other modules measure: each is a function that gives rows."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from pipelines.bench_rows import OURS, Row

Say = Callable[[str], None]
Measure = Callable[[int, int, Say], list[Row]]

MEASURES = {
    "zonal": "pipelines.bench_other:zonal",
    "verify": "pipelines.verify_bench_whole:rows",
    "ledger": "pipelines.bench_other:ledger",
    "whole": "pipelines.county_bench:measure",
    "province": "pipelines.province_bench:measure",
}
"""Stage → `module:function`; the function takes parcels, repeats and where to say how far it is."""


def measure(stage: str, parcels: int, repeats: int, say: Say) -> list[Row]:
    """The rows of a stage that is measured elsewhere; KeyError for an unknown one."""
    module, name = MEASURES[stage].split(":")
    function: Measure = getattr(import_module(module), name)
    return function(parcels, repeats, say)


def zonal(parcels: int, repeats: int, say: Say) -> list[Row]:
    """Means under parcels: seconds per date of 24, cover shares worked out once shared among them.

    exactextract is measured on one date and at most 100,000 parcels, beside ours on the same; same_pairs is 1
    when no mean differs by more than 1e-6. Run once.
    """
    from pipelines.verify_bench import measure as measured

    say("zonal: 24 dates")
    found = measured(parcels)
    rows = []
    if found["beside"] != parcels:
        mine = found["ours"]
        rows.append(_zonal_row(parcels, OURS, mine, 1.0, None))
    same = float(found["largest_difference"] < 1e-6)
    rows.append(_zonal_row(found["beside"], OURS, found["ours_beside"], 1.0, None))
    rows.append(_zonal_row(found["beside"], "exactextract", found["exactextract"], found["ratio_per_date"], same))
    return rows


def _zonal_row(parcels: int, way: str, one: dict[str, float], ratio: float, same: float | None) -> Row:
    form = "" if way == OURS else "plain"
    note = f"{parcels:,d} parcels, a date"
    seconds, peak = round(one["per_date_s"], 3), one["peak_mb"]
    return Row(
        "zonal", parcels, way, "ok", form, 1, seconds, ratio=ratio, peak_mb=peak, same_pairs=same, note=note
    )


def ledger(parcels: int, repeats: int, say: Say) -> list[Row]:
    """What the ledger takes, of as many things and a fifth of the events; medians of 3 in one process.

    A row that misses its goal, which is for a million things, is `failed` and says by how much.
    """
    from pipelines.store.ledger_bench import GOAL_AT, Timing
    from pipelines.store.ledger_bench import measure as measured

    def _row(one: Timing) -> Row:
        missed = one.missed if parcels == GOAL_AT else None
        goal = f", goal {one.goal_s:g} s" if one.goal_s is not None and parcels == GOAL_AT else ""
        return Row(
            "ledger",
            parcels,
            OURS,
            "ok" if missed is None else "failed",
            runs=3,
            seconds=round(one.seconds, 4),
            cpu_s=round(one.cpu_s, 4),
            error=missed,
            note=f"{one.what}, {one.rows:,d}{goal}" + (f"; what a user meets {one.met}" if one.met else ""),
        )

    say("ledger: states, one act, audit")
    return [_row(one) for one in measured(parcels, max(parcels // 5, 1))]
