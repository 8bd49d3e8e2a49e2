"""Writes `geo/catalog/verify_accuracy.md`: how far verdicts hold on simulated seasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from geo.season_truth import Spoiling, autumn, dates, make, score_card, verdicts
from geo.verdicts import Rule

SIZES_MU = (0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
CLEAR_DATES = (4, 6, 8, 12, 20)
PARCELS = 500
SEED = 20240401
# What is spoiled beyond the ordinary, one thing at a time, at 3 亩 and 12 dates.
CASES = {
    "寻常 / ordinary": Spoiling(),
    "无云无霾、配准无误 / no cloud, no haze, no shift": Spoiling(cloud=0.0, haze=0.0, shift_pixels=0.0),
    "云量过半 / more than half under cloud": Spoiling(cloud=0.55),
    "云漏检四分之一 / a quarter of the cloud missed": Spoiling(missed=0.25),
    "半数日期有霾 / half of the dates hazy": Spoiling(haze=0.5),
    "错位一个像元 / layer one pixel off": Spoiling(shift_pixels=1.0),
    "年中起漏减偏移 / offset forgotten from mid-year on": Spoiling(jump=0.10),
    "像元噪声加倍 / pixel noise doubled": Spoiling(noise=0.04),
}
COLUMNS = {
    "decided": "判定 decided",
    "right": "判定中正确 right of decided",
    "confirmed_right": "“在种”正确 precision in use",
    "contradicted_right": "“不符”正确 precision contradicted",
    "contradicted_found": "撂荒找出 recall contradicted",
    "idle_confirmed": "撂荒误判在种 idle confirmed",
    "unseen": "看不清 unseen",
}
HEAD = """\
# 卫星核查的精度：模拟真值 / Accuracy of the satellite check on simulated seasons

本页由 `python -m pipelines.verify_accuracy` 生成，不手改。This page is made by that command.

规则 {version}；大春一季；每格 {parcels} 块，约两成撂荒（裸地、杂草、灌丛），一成果园，
其余为水稻、玉米、油菜—水稻、小麦—玉米；10 米像元，含云、漏检云、霾、四分之一像元错位与噪声。
Rule {version}, one autumn season, {parcels} parcels a cell: a fifth idle (bare, weeds, scrub), a tenth orchards,
the rest rice, maize, rape–rice and wheat–maize; pixels of 10 m, with cloud, missed cloud, haze, noise, and a
quarter of a pixel of shift. Each cell is one simulated world; cells differ by a few percent by chance.

“日期”是影像日期数，云再遮去其中约四分之一。
Dates are those of pictures; clouds then hide about a quarter of each.
"""


def one_cell(size_mu: float, clear: int, spoiling: Spoiling, rule: Rule) -> dict[str, float]:
    """The shares of one simulated world; the same every time it is asked for."""
    season = autumn()
    rng = np.random.default_rng([SEED, round(size_mu * 10), clear])
    world = make(size_mu, PARCELS, dates(clear, rng, season), rng, spoiling)
    return score_card(verdicts(world, rule, season))


def table(sizes: Sequence[float], clear_dates: Sequence[int], rule: Rule) -> pd.DataFrame:
    """One row per size and number of dates: size_mu, dates, and the shares of `score_card`."""
    rows = [
        {"size_mu": size, "dates": clear, **one_cell(size, clear, Spoiling(), rule)}
        for size in sizes
        for clear in clear_dates
    ]
    return pd.DataFrame(rows)


def document(rule: Rule) -> str:
    """The whole page."""
    parts = [HEAD.format(version=rule.version, parcels=PARCELS), "\n## 按地块大小与影像日期 / By size and dates\n"]
    made = table(SIZES_MU, CLEAR_DATES, rule)
    parts.append(_markdown(made, {"size_mu": "亩 mu", "dates": "日期 dates", **COLUMNS}))
    parts.append("\n## 一次坏一样 / One thing spoiled at a time (3 亩, 12 dates)\n")
    cases = pd.DataFrame([{"case": name, **one_cell(3.0, 12, case, rule)} for name, case in CASES.items()])
    parts.append(_markdown(cases, {"case": "情形 case", **COLUMNS}))
    parts.append("\n## 不内缩 / Without drawing parcels in (12 dates)\n")
    bare = replace(rule, inward_pixels=0.0)
    parts.append(
        _markdown(table((1.0, 3.0, 10.0), (12,), bare), {"size_mu": "亩 mu", "dates": "日期 dates", **COLUMNS})
    )
    return "\n".join(parts) + "\n"


def _markdown(frame: pd.DataFrame, heads: dict[str, str]) -> str:
    lines = ["| " + " | ".join(heads.values()) + " |", "|" + "---|" * len(heads)]
    for row in frame[list(heads)].to_dict("records"):
        lines.append("| " + " | ".join(_shown(str(name), value) for name, value in row.items()) + " |")
    return "\n".join(lines)


def _shown(name: str, value: object) -> str:
    if name in COLUMNS:
        return "—" if value != value else f"{float(str(value)):.0%}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Write the page into the catalog."""
    place = Path(str(files("geo").joinpath("catalog", "verify_accuracy.md")))
    place.write_text(document(Rule()), encoding="utf-8")


if __name__ == "__main__":
    main()
