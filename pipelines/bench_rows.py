"""What the benchmark found: its rows, as a table, as a file to compare commits by, and as a plot."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.bench_ways import PAIRS


@dataclass(frozen=True)
class Row:
    """One way of one stage.

    seconds: median wall time of the whole process, from start to the written result; None when it was not
    run. ratio: seconds of this way by ours. peak_mb: largest resident memory. pairs: how many; area_m2:
    their total. same_pairs: of the pairs of both ways, the share that both found; area_off: relative
    difference of the totals. status: `ok`, `not_installed`, `failed` (with the last line of the error) or
    `too_slow`.
    """

    stage: str
    parcels: int
    way: str
    status: str
    seconds: float | None = None
    cpu_s: float | None = None
    cpu_ratio: float | None = None
    ratio: float | None = None
    peak_mb: float | None = None
    pairs: int | None = None
    area_m2: float | None = None
    same_pairs: float | None = None
    area_off: float | None = None
    error: str | None = None


def keep(rows: list[Row], out: Path) -> None:
    """Add the rows to the file, in place of older ones of the same size, and draw cost against size."""
    out.parent.mkdir(parents=True, exist_ok=True)
    old = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    sizes = {(row.parcels, row.stage) for row in rows}
    kept = [one for one in old if (one["parcels"], one["stage"]) not in sizes]
    every = sorted(kept + [asdict(row) for row in rows], key=lambda one: one["parcels"])
    out.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(every, out.with_suffix(".png"))


def draw(rows: list[dict[str, object]], path: Path) -> bool:
    """Cost against size of the villages stage, with the log–log slope of each way; False without matplotlib."""
    try:
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot
    except ImportError:
        return False
    frame = pd.DataFrame(rows)
    frame = frame[(frame["stage"] == next(iter(PAIRS))) & frame["seconds"].notna()]
    figure, axes = pyplot.subplots(figsize=(7, 5))
    for way, group in frame.groupby("way"):
        if len(group) > 1:
            x, y = np.log(group["parcels"].astype(float)), np.log(group["seconds"].astype(float))
            axes.loglog(group["parcels"], group["seconds"], "o-", label=f"{way} ({np.polyfit(x, y, 1)[0]:.2f})")
    axes.set_xlabel("parcels")
    axes.set_ylabel("seconds, whole process")
    axes.legend(title="slope")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return True


def as_table(rows: list[Row]) -> str:
    """The rows as plain text, one line each, under a heading."""
    titles = ("seconds", "ratio", "cpu s", "ratio", "peak MB", "pairs", "same", "area off")
    head = f"{'stage':10}{'way':16}" + "".join(f"{title:>10}" for title in titles)
    lines = [head]
    for row in rows:
        if row.status != "ok":
            lines.append(f"{row.stage:10}{row.way:16}  {row.status} {row.error or ''}".rstrip())
            continue
        shown = (
            _number(row.seconds, ".2f"),
            _number(row.ratio, ".1f"),
            _number(row.cpu_s, ".2f"),
            _number(row.cpu_ratio, ".1f"),
            _number(row.peak_mb, ".0f"),
            _number(row.pairs, ",d"),
            _number(row.same_pairs, ".6f"),
            _number(row.area_off, ".1e"),
        )
        lines.append(f"{row.stage:10}{row.way:16}" + "".join(f"{one:>10}" for one in shown))
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
