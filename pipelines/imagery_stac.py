"""STAC items lying beside their pictures: date, bands, scale, offset and no-data value as the item states them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from geo.errors import Refused
from pipelines.imagery import INDICES, Scene, Source, grid_of
from pipelines.imagery_names import role_in
from pipelines.imagery_safe import OFFSET, OFFSET_SINCE_BASELINE

COMMON = {"red": "red", "nir": "nir", "nir08": "nir", "blue": "blue", "green": "green", "swir16": "swir1"}
MOST_BYTES = 5_000_000
# Numbers of Sentinel-2 for a reflectance of 1.
QUANTIFICATION = 10_000.0


def read_item(path: Path) -> dict[str, Any] | None:
    """The STAC item in a JSON file, or None when it is something else."""
    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        item = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return None
    is_item = isinstance(item, dict) and item.get("type") == "Feature" and "stac_version" in item
    return item if is_item and isinstance(item.get("assets"), dict) else None


def item_scene(path: Path, item: Mapping[str, Any]) -> Scene:
    """The scene of one item; its pictures must lie on this machine.

    Refused: no date, no red and near infrared or index, or a picture that is not here (`scene_incomplete`).
    """
    name = str(item.get("id") or path.stem)
    properties = item.get("properties") or {}
    stamp = properties.get("datetime") or properties.get("start_datetime")
    try:
        day = date.fromisoformat(str(stamp)[:10])
    except ValueError:
        raise Refused("scene_without_date", scene=name) from None
    usual = _usual(properties)
    sources: dict[str, Source] = {}
    for key, asset in item["assets"].items():
        role = _role(str(key), asset)
        if role is None or role in sources or "href" not in asset:
            continue
        sources[role] = _source(path, asset, role, name, usual)
    if "ndvi" not in sources and not {"red", "nir"} <= set(sources):
        raise Refused("scene_without_index", scene=name, bands=", ".join(item["assets"]))
    grid = grid_of(sources["ndvi" if "ndvi" in sources else "red"].path, name)
    return Scene(name, day, grid, sources, "stac")


def _usual(properties: Mapping[str, Any]) -> tuple[float, float | None]:
    """Scale where an asset states none, and the offset: None as it states; else that of the product's baseline.

    Catalogues of Sentinel-2 that state neither give the processing baseline; some have taken the offset off.
    """
    baseline = str(properties.get("s2:processing_baseline") or "")
    try:
        shifted = float(baseline) >= OFFSET_SINCE_BASELINE
    except ValueError:
        return 1.0, 0.0 if properties.get("earthsearch:boa_offset_applied") else None
    if properties.get("earthsearch:boa_offset_applied"):
        return 1 / QUANTIFICATION, 0.0
    return 1 / QUANTIFICATION, OFFSET / QUANTIFICATION if shifted else None


def _role(key: str, asset: Mapping[str, Any]) -> str | None:
    bands = asset.get("eo:bands") or asset.get("bands") or []
    if len(bands) == 1:
        common = bands[0].get("common_name") or bands[0].get("eo:common_name")
        if common in COMMON:
            return COMMON[common]
    if len(bands) > 1:
        return None
    return role_in(key)


def _source(
    path: Path, asset: Mapping[str, Any], role: str, name: str, usual: tuple[float, float | None]
) -> Source:
    link = urlparse(str(asset["href"]))
    if link.scheme not in ("", "file"):
        raise Refused("scene_elsewhere", scene=name, href=str(asset["href"])[:120])
    place = Path(unquote(link.path))
    place = place if place.is_absolute() else path.parent / place
    if not place.exists():
        raise Refused("scene_incomplete", scene=name, missing=place.name)
    band = ((asset.get("raster:bands") or asset.get("bands") or [{}]) + [{}])[0]
    if role in ("scl", "qa_pixel", "cloud", "clear", "cloud_probability"):
        return Source(str(place))
    nodata = band.get("nodata")
    codes = () if nodata is None or isinstance(nodata, str) else (float(nodata),)
    stated = {key: band.get(f"raster:{key}", band.get(key)) for key in ("scale", "offset")}
    if role in INDICES:
        return Source(
            str(place), 1, float(stated["scale"] or 1.0), float(stated["offset"] or 0.0), (*codes, 65535.0)
        )
    scale = usual[0] if stated["scale"] is None else float(stated["scale"])
    offset = float(stated["offset"] or 0.0)
    if usual[1] is not None and (stated["offset"] is None or usual[1] == 0.0):
        offset = usual[1]
    return Source(str(place), 1, scale, offset, (*codes, 65535.0))
