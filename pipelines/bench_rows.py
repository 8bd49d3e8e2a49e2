"""What the benchmark found: its rows, as a table, and as a file to compare commits by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

OURS = "xiangtu"
# A stage is slower or faster than before when its time differs by more than this, as runs of one commit do.
NOTABLE = 1.15


@dataclass(frozen=True)
class Row:
    """One way of one stage.

    form: `plain` code or `tuned` by an expert, "" for ours. runs: how often it was run. seconds: median wall
    time of the whole process, from start to the written result; slowest: of these; None when it was not run,
    and of a way that was `too_slow` the time after which it was stopped. ratio: median, over rounds, of the
    seconds of this way by ours in the same round; cpu_ratio likewise of processor time. work_s, work_ratio:
    processor time of the work alone, where a way tells. peak_mb: largest resident memory. pairs: how many;
    area_m2: their total. same_pairs: of the pairs of both ways, the share that both found; area_off: relative
    difference of the totals, or of lone areas the worst. load: the machine's load average as it began.
    status: `ok`, `not_installed`, `failed` (with the last line of the error) or `too_slow`. note: what else
    is to be said of it, for stages that count other things than pairs.
    """

    stage: str
    parcels: int
    way: str
    status: str
    form: str = ""
    runs: int = 0
    seconds: float | None = None
    slowest: float | None = None
    cpu_s: float | None = None
    cpu_ratio: float | None = None
    ratio: float | None = None
    work_s: float | None = None
    work_ratio: float | None = None
    peak_mb: float | None = None
    pairs: int | None = None
    area_m2: float | None = None
    same_pairs: float | None = None
    area_off: float | None = None
    load: float | None = None
    error: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Goal:
    """What a stage is to reach: times faster than the best plain and the best tuned peer, and its peak."""

    plain: float
    tuned: float | None = None
    peak_mb: float | None = 1000.0
    work_of: str | None = None


GOALS = {
    "villages": Goal(10, 1.5),
    "farmland": Goal(5, 3),
    "redline": Goal(10, 2),
    "transfers": Goal(2.5),
    "parcels": Goal(4),
    "points": Goal(1.5),
    "area": Goal(50, peak_mb=None, work_of="pyproj"),
}
GOALS_AT = 1_000_000
"""Goals are for so many parcels. Of areas, the work on the polygons is compared, not the whole process."""


def keep(rows: Sequence[Row], out: Path) -> list[Row]:
    """Add the rows to the file, in place of older ones of the same size and stage; returns all it holds then."""
    out.parent.mkdir(parents=True, exist_ok=True)
    old = read_rows(out) if out.exists() else []
    sizes = {(row.parcels, row.stage) for row in rows}
    every = sorted(
        [*(one for one in old if (one.parcels, one.stage) not in sizes), *rows], key=lambda r: r.parcels
    )
    text = json.dumps([asdict(row) for row in every], indent=1, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")
    return every


def read_rows(path: Path) -> list[Row]:
    """The rows of a file that `keep` wrote, also of an older commit."""
    known = {field.name for field in fields(Row)}
    read: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [Row(**{name: value for name, value in one.items() if name in known}) for one in read]


_COLUMNS = (
    ("form", "form", ""),
    ("runs", "runs", "d"),
    ("seconds", "seconds", ".2f"),
    ("slowest", "slowest", ".2f"),
    ("ratio", "× ours", ".1f"),
    ("cpu_s", "cpu s", ".2f"),
    ("cpu_ratio", "× ours", ".1f"),
    ("work_s", "work s", ".2f"),
    ("work_ratio", "× ours", ".0f"),
    ("peak_mb", "peak MB", ".0f"),
    ("pairs", "pairs", ",d"),
    ("same_pairs", "same", ".6f"),
    ("area_off", "area off", ".0e"),
    ("load", "load", ".1f"),
)


def as_table(rows: Sequence[Row]) -> str:
    """The rows as plain text, one line each, under a heading; then what each stage reached of its goal."""
    sizes = {row.parcels for row in rows}
    head = f"{'stage':11}" + (f"{'parcels':>10}  " if len(sizes) > 1 else "") + f"{'way':16}"
    lines = [head + "".join(f"{title:>11}" for _, title, _ in _COLUMNS)]
    for row in rows:
        start = f"{row.stage:11}" + (f"{row.parcels:>10,d}  " if len(sizes) > 1 else "") + f"{row.way:16}"
        if row.status in ("not_installed", "failed"):
            lines.append(f"{start}  {row.status} {row.error or ''}".rstrip())
            continue
        shown = [_shown(getattr(row, name), form) for name, _, form in _COLUMNS]
        if row.status == "too_slow":
            shown[2], shown[4] = f">{shown[2]}", f">{shown[4]}"
        lines.append(start + "".join(f"{one:>11}" for one in shown) + (f"  {row.note}" if row.note else ""))
    return "\n".join([*lines, *_reached(rows)])


def _shown(value: Any, form: str) -> str:
    return "" if value is None or (value == 0 and form == "d") else format(value, form)


def _reached(rows: Sequence[Row]) -> list[str]:
    """For each stage that has a goal: the best plain and tuned peer, how far behind, and the goal."""
    lines = []
    for stage, parcels in dict.fromkeys((row.stage, row.parcels) for row in rows if row.stage in GOALS):
        goal = GOALS[stage] if parcels == GOALS_AT else Goal(0, 0, None, GOALS[stage].work_of)
        mine = [row for row in rows if (row.stage, row.parcels) == (stage, parcels)]
        said = [
            _against(mine, form, wanted, goal) for form, wanted in (("plain", goal.plain), ("tuned", goal.tuned))
        ]
        own = next((row for row in mine if row.way == OURS and row.status == "ok"), None)
        if own and own.peak_mb and goal.peak_mb:
            said.append(f"peak {own.peak_mb:.0f} MB (goal {goal.peak_mb:.0f}){_mark(own.peak_mb <= goal.peak_mb)}")
        lines.append(f"{stage}, {parcels:,d}: " + "; ".join(one for one in said if one))
    return ["", *lines] if lines else []


def _against(rows: Sequence[Row], form: str, wanted: float | None, goal: Goal) -> str:
    name = "work_ratio" if goal.work_of else "ratio"
    peers = [
        row for row in rows if row.form == form and getattr(row, name) and row.way in (goal.work_of or row.way,)
    ]
    if wanted is None or not peers:
        return ""
    best = min(peers, key=lambda row: getattr(row, name))
    ratio, more = getattr(best, name), "> " if best.status == "too_slow" else ""
    aim = f" (goal {wanted:g}){_mark(ratio >= wanted)}" if wanted else ""
    return f"{form} {best.way} {more}{ratio:.1f} ×{aim}"


def _mark(reached: bool) -> str:
    return "" if reached else " NOT REACHED"


def compare(rows: Sequence[Row], old: Path) -> str:
    """What became slower or faster, by more than 15 %, than in the file of another commit: one line each.

    By the processor time of ours, which other work on the machine disturbs least.
    """
    before = {(row.stage, row.parcels): row for row in read_rows(old) if row.way == OURS and row.status == "ok"}
    lines = []
    for row in rows:
        was = before.get((row.stage, row.parcels))
        if row.way != OURS or row.status != "ok" or was is None:
            continue
        for name, unit in (("cpu_s", "s of processors"), ("seconds", "s"), ("peak_mb", "MB")):
            now, then = getattr(row, name), getattr(was, name)
            if now and then and not 1 / NOTABLE <= now / then <= NOTABLE:
                word = "more" if now > then else "less"
                lines.append(f"{row.stage}, {row.parcels:,d}: {then:.2f} → {now:.2f} {unit}, {word}")
    return "\n".join(lines) or "nothing became slower or faster by more than 15 %"
