"""Small pictures of parcels before and after, cut from the scenes while they are at hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from geo.errors import Refused
from geo.verify_reported import reported_rows
from pipelines.imagery import Box, Scene, window_of
from pipelines.verify_parcels import Parcels, metres_per_unit
from pipelines.verify_series import Picked
from pipelines.verify_store import write_json

Array = NDArray[Any]
Progress = Callable[[str, int, int | None], None]
# Parcels that get pictures without being asked for by name; two of about ten kilobytes each.
MOST_PARCELS = 200
RIM_M = 60.0
# Pixels a picture has across at least, whole steps of enlargement of the scene's own.
WIDE = 240
LARGEST_CELLS = 400
NDVI_INKS = ((0.0, (150, 110, 70)), (0.2, (214, 190, 140)), (0.45, (190, 205, 110)), (0.85, (20, 105, 45)))


@dataclass(frozen=True)
class Chip:
    """One picture. when: `before` or `after`. colours: `natural` or `ndvi` (brown to green). name: of the PNG."""

    when: Literal["before", "after"]
    day: str
    scene: str
    colours: Literal["natural", "ndvi"]
    name: str


def chips_of(target: Path, parcel_id: str) -> tuple[Chip, ...]:
    """The pictures kept of a parcel, the earlier first."""
    try:
        found = json.loads((target / "chips" / "chips.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(Chip(**one) for one in found.get(parcel_id, ()))


def wanted(verdicts: pd.DataFrame, sampled: Iterable[str], asked: Iterable[str], most: int) -> list[str]:
    """Ids of at most `most` parcels to be cut: those asked for and sampled, then contradicted, then inconclusive.

    Those asked for by name always come along; a verdict counts for what was reported in use.
    """
    latest = verdicts[(verdicts["season"] == verdicts["season"].iloc[-1]) & reported_rows(verdicts)]
    named = list(dict.fromkeys(asked))
    by_verdict = [latest.loc[latest["verdict"] == verdict, "id"] for verdict in ("contradicted", "inconclusive")]
    rest = [one for part in (sampled, *by_verdict) for one in part]
    return list(dict.fromkeys([*named, *rest]))[: max(most, len(named))]


def cut_chips(
    target: Path, parcels: Parcels, picked: Picked, ids: Sequence[str], progress: Progress | None = None
) -> int:
    """Cut and keep two pictures of each parcel, in place of those kept before; how many pictures were made.

    `after` is the date of the last year on which the others were greenest; `before` the clear date nearest to the
    same day of a year before it was accepted, or of the year before. A scene that cannot be read is passed over.
    """
    folder = target / "chips"
    folder.mkdir(exist_ok=True)
    made: dict[str, list[dict[str, Any]]] = {}
    at = pd.Index(parcels.frame["id"]).get_indexer(pd.Index(list(ids), dtype=object))
    accepted = parcels.frame["accepted_on"].to_numpy()
    others = _others(picked)
    for number, row in enumerate((int(r) for r in at if r >= 0), start=1):
        parcel = str(parcels.frame["id"].iloc[row])
        pair = dates_of(picked.days, others, picked.share[:, row], accepted[row])
        for when, day in pair.items():
            chip = _cut(folder, parcels, row, parcel, when, day, picked.used)
            if chip is not None:
                made.setdefault(parcel, []).append(asdict(chip))
        if progress:
            progress("截图 / pictures of parcels", number, len(ids))
    parcels.release()
    write_json(folder / "chips.json", made)
    names = {chip["name"] for pair in made.values() for chip in pair}
    for path in folder.glob("*.png"):
        if path.name not in names:
            path.unlink()
    return len(names)


def _others(picked: Picked) -> Array:
    """Median index of the parcels on each day, of some of them where they are many; NaN = none seen."""
    some = picked.mean["ndvi"][:, :: max(1, picked.share.shape[1] // 5000)].astype(np.float32)
    seen = np.isfinite(some).any(axis=1)
    made = np.full(len(some), np.nan)
    made[seen] = np.nanmedian(some[seen], axis=1)
    return made


def dates_of(days: Sequence[date], others: Array, share: Array, accepted: Any) -> dict[str, date]:
    """Which dates to show: `before` and `after`, or only one when no other is clear.

    others: index of the parcels in general by day. share: clear share of this one by day. accepted: NaT = never.
    """
    seen = np.flatnonzero(np.isfinite(others) & (share >= 0.8))
    if not len(seen):
        return {}
    ordinal = np.array([day.toordinal() for day in days])
    latest = seen[ordinal[seen] > ordinal[seen[-1]] - 365]
    after = int(latest[np.argmax(others[latest])])
    year_ago = ordinal[after] - 365
    if not np.isnat(np.datetime64(accepted, "D")):
        limit = int(np.datetime64(accepted, "D").astype(int)) + date(1970, 1, 1).toordinal()
        earlier = seen[ordinal[seen] < min(limit, ordinal[after])]
        if len(earlier):
            off_season = np.abs((ordinal[earlier] - ordinal[after] + 182) % 365 - 182)
            return {"before": days[int(earlier[np.argmin(off_season)])], "after": days[after]}
    earlier = seen[ordinal[seen] < ordinal[after] - 60]
    if not len(earlier):
        return {"after": days[after]}
    return {"before": days[int(earlier[np.argmin(np.abs(ordinal[earlier] - year_ago))])], "after": days[after]}


def _cut(
    folder: Path, parcels: Parcels, row: int, parcel: str, when: str, day: date, used: Mapping[str, Scene]
) -> Chip | None:
    for scene in used.values():
        if scene.day != day:
            continue
        shape = parcels.shapes(np.array([row]), scene.grid.crs)[0]
        box = None if shape is None or shape.is_empty else _window(scene, shape, parcels)
        if box is None:
            continue
        try:
            picture, colours = _colours(scene, box)
        except Refused:
            continue
        if picture is None:
            continue
        mark = hashlib.blake2b(f"{parcel} {when} {scene.name} {day}".encode(), digest_size=10).hexdigest()
        _draw(picture, shape, scene, box).save(folder / f"{mark}.png", optimize=True)
        return Chip(when, day.isoformat(), scene.name, colours, f"{mark}.png")  # type: ignore[arg-type]
    return None


def _window(scene: Scene, shape: Any, parcels: Parcels) -> Box | None:
    rim = RIM_M / metres_per_unit(scene.grid, parcels.bounds)
    west, south, east, north = shape.bounds
    box = window_of(scene.grid, (west - rim, south - rim, east + rim, north + rim))
    return None if box is None or max(box[2], box[3]) > LARGEST_CELLS else box


def _colours(scene: Scene, box: Box) -> tuple[Array | None, Literal["natural", "ndvi"]]:
    """A picture as (rows, columns, 3) bytes, clouds left in; None when it shows nothing there."""
    natural = scene.read_bands(("red", "green", "blue"), box)
    if natural is not None:
        light = np.stack([natural[name] for name in ("red", "green", "blue")], axis=-1)
        seen = np.isfinite(light).all(axis=-1)
        top = max(0.12, float(np.nanquantile(light, 0.98))) if seen.any() else 1.0
        shown = np.sqrt(np.clip(np.nan_to_num(light) / top, 0, 1)) * 255
        return (shown.astype(np.uint8) if seen.any() else None), "natural"
    green = scene.read(box, masked=False)["ndvi"]
    if not np.isfinite(green).any():
        return None, "ndvi"
    level = np.nan_to_num(green, nan=0.0)
    at = [stop for stop, _ in NDVI_INKS]
    inks = [np.interp(level, at, [ink[k] for _, ink in NDVI_INKS]) for k in range(3)]
    shown = np.stack(inks, axis=-1)
    shown[~np.isfinite(green)] = 235
    return shown.astype(np.uint8), "ndvi"


def _draw(picture: Array, shape: Any, scene: Scene, box: Box) -> Image.Image:
    """Enlarged by whole steps, the parcel's outline on it, white with a dark rim."""
    step = max(1, -(-WIDE // max(picture.shape[:2])))
    image = Image.fromarray(picture).resize(
        (picture.shape[1] * step, picture.shape[0] * step), Image.Resampling.NEAREST
    )
    line = Image.new("L", image.size)
    pen = ImageDraw.Draw(line)
    for part in getattr(shape, "geoms", [shape]):
        for ring in (part.exterior, *part.interiors):
            cells = scene.grid.to_cells(np.asarray(ring.coords)[:, :2])
            pen.line([((x - box[0]) * step, (y - box[1]) * step) for x, y in cells], fill=255, width=2)
    # The dark rim grows out of the white line, so that both have one middle wherever the ring turns.
    image.paste((20, 20, 20), mask=line.filter(ImageFilter.MaxFilter(5)))
    image.paste((255, 255, 255), mask=line)
    return image
