"""A picture of what cloud masking changes: the index of some parcels with clouds left in and left out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import Refused
from geo.zonal import Coverage, coverage
from pipelines.imagery import Scene
from pipelines.imagery_find import find_scenes

Array = NDArray[Any]
WIDTH, HEIGHT, LEFT, TOP, GAP = 1000, 210, 60, 84, 40
INKS = {"unmasked": "#c44e52", "masked": "#2f6f4f"}


@dataclass(frozen=True)
class Compared:
    """Means of polygons on every date, with clouds left in and left out: (polygons, dates), NaN = not seen."""

    days: tuple[date, ...]
    unmasked: Array
    masked: Array

    def figures(self) -> dict[str, float]:
        """Dates, the share of values that masking takes away and their mean, and jumps before and after.

        taken_mean: mean index of what is taken; kept_mean: of what stays. jump: median of the largest change
        between neighbouring dates of a polygon.
        """
        both = np.isfinite(self.unmasked)
        taken = both & ~np.isfinite(self.masked)
        return {
            "dates": float(len(self.days)),
            "taken_share": float(taken.sum() / max(both.sum(), 1)),
            "taken_mean": float(self.unmasked[taken].mean()) if taken.any() else float("nan"),
            "kept_mean": float(np.nanmean(self.masked)),
            "jump_unmasked": _largest_jump(self.unmasked),
            "jump_masked": _largest_jump(self.masked),
        }


def _largest_jump(values: Array) -> float:
    jumps = [np.abs(np.diff(row[np.isfinite(row)])).max() for row in values if np.isfinite(row).sum() > 1]
    return float(np.median(jumps)) if jumps else float("nan")


def compare(scenes: Sequence[Scene], polygons: Array) -> Compared:
    """Read scenes of one grid under `polygons` (in its CRS) twice; a date counts where half of one is seen."""
    grid = scenes[0].grid
    covered = coverage(polygons, grid)
    box = (0, 0, grid.columns, grid.rows)
    pair = [
        [_half_seen(covered, one.read(box, masked=masked)["ndvi"]) for one in scenes] for masked in (False, True)
    ]
    unmasked, masked = (np.stack(part, axis=1) for part in pair)
    return Compared(tuple(one.day for one in scenes), unmasked, masked)


def _half_seen(covered: Coverage, picture: Array) -> Array:
    found = covered.statistics(picture)
    return np.where(found.pixels >= 0.5 * covered.pixels, found.mean, np.nan)


def draw(made: Compared, names: Sequence[str]) -> str:
    """The comparison as an SVG page: one strip per polygon, dots for every date, the masked series joined up."""
    total = TOP + len(names) * (HEIGHT + GAP)
    first, last = made.days[0].toordinal(), made.days[-1].toordinal()
    scale = (WIDTH - LEFT - 20) / max(last - first, 1)
    x = [LEFT + (day.toordinal() - first) * scale for day in made.days]
    figures = made.figures()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{total}" '
        f'viewBox="0 0 {WIDTH} {total}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{total}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="17">云掩膜前后的植被指数 / NDVI, clouds left in and left out</text>',
        f'<circle cx="{LEFT + 5}" cy="44" r="4" fill="{INKS["unmasked"]}"/>'
        f'<text x="{LEFT + 15}" y="49">未掩膜 unmasked</text>'
        f'<circle cx="{LEFT + 175}" cy="44" r="4" fill="{INKS["masked"]}"/>'
        f'<text x="{LEFT + 185}" y="49">掩膜后 masked</text>'
        f'<text x="{LEFT + 330}" y="49" fill="#444">{_told(figures)}</text>',
    ]
    for number, name in enumerate(names):
        top = TOP + number * (HEIGHT + GAP)
        parts += _strip(made, number, name, top, x)
    return "\n".join([*parts, "</svg>", ""])


def _told(figures: dict[str, float]) -> str:
    taken = (
        f"去掉 {figures['taken_share']:.0%}，其均值 {figures['taken_mean']:.2f}，留下的 {figures['kept_mean']:.2f}"
    )
    return f"{taken}；最大跳变中位数 {figures['jump_unmasked']:.2f} → {figures['jump_masked']:.2f}"


def _strip(made: Compared, number: int, name: str, top: int, x: Sequence[float]) -> list[str]:
    def y(value: float) -> float:
        return top + HEIGHT - (value + 0.2) / 1.2 * HEIGHT

    parts = [f'<text x="{LEFT}" y="{top - 6}" fill="#222">{escape(name)}</text>']
    for level in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(level):.1f}" y2="{y(level):.1f}" stroke="#e3e3e3"/>'
            f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end" fill="#666">{level:.1f}</text>'
        )
    for at, day in zip(x, made.days, strict=True):
        new_year = day.year != made.days[max(made.days.index(day) - 1, 0)].year
        if new_year or day == made.days[0]:
            parts.append(f'<text x="{at:.1f}" y="{top + HEIGHT + 16}" fill="#666">{day.isoformat()[:7]}</text>')
    kept = [(at, y(v)) for at, v in zip(x, made.masked[number], strict=True) if np.isfinite(v)]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in kept)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{INKS["masked"]}" stroke-width="1.5"/>')
    for role, radius in (("unmasked", 4.0), ("masked", 3.0)):
        for at, value in zip(x, getattr(made, role)[number], strict=True):
            if np.isfinite(value):
                parts.append(f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="{radius}" fill="{INKS[role]}"/>')
    return parts


def picture_of(patch: Path, polygons: Path, out: Path, *, most: int = 4) -> dict[str, float]:
    """Compare the scenes below `patch` under the largest `polygons` wholly on the picture; write the SVG to `out`.

    Returns the figures of all polygons on the picture. Refused when there are no scenes or no polygons there.
    """
    import geopandas as gpd

    scenes, _ = find_scenes(patch)
    if not scenes:
        raise Refused("scenes_none", path=str(patch), found=0)
    grid = scenes[0].grid
    frame = gpd.read_file(polygons).to_crs(grid.crs)
    covered = coverage(frame.geometry.to_numpy(object), grid)
    wanted = np.flatnonzero((covered.inside > 0.99) & (covered.pixels >= 4))
    if not len(wanted):
        raise Refused("verify_nothing_to_check", layer=polygons.name)
    wanted = wanted[np.argsort(-covered.pixels[wanted], kind="stable")]
    made = compare(scenes, frame.geometry.to_numpy(object)[wanted])
    text = next((c for c in frame.columns if c.upper().endswith("NAME")), None)
    names = [f"{frame.iloc[row][text] if text else row} · {covered.pixels[row]:.0f} px" for row in wanted[:most]]
    out.write_text(draw(made, names), encoding="utf-8")
    return made.figures()


def main(arguments: list[str]) -> None:
    """`PATCH POLYGONS OUT.svg`: write the picture and print the figures."""
    patch, polygons, out = (Path(argument) for argument in arguments)
    for name, value in picture_of(patch, polygons, out).items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
