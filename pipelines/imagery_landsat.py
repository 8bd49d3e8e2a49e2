"""Landsat Collection 2 Level-2 scenes: surface reflectance bands with their quality band, by their file names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from geo.errors import Refused
from pipelines.imagery import Scene, Source, grid_of

# Collection 2 Level-2 science products: reflectance = number × scale + offset, 0 is fill.
SCALE, OFFSET = 0.0000275, -0.2
_NAME = re.compile(
    r"^(?P<scene>L[COTEM]0(?P<mission>[45789])_L2S[PR]_\d{6}_(?P<day>\d{8})_\d{8}_02_T[12])_"
    r"(?P<band>SR_B\d|QA_PIXEL)\.TIFF?$",
    re.IGNORECASE,
)
_LATER = {"SR_B2": "blue", "SR_B3": "green", "SR_B4": "red", "SR_B5": "nir", "SR_B6": "swir1"}
_EARLIER = {"SR_B1": "blue", "SR_B2": "green", "SR_B3": "red", "SR_B4": "nir", "SR_B5": "swir1"}


def landsat_groups(files: Sequence[Path]) -> dict[str, dict[str, Path]]:
    """Files of Landsat scenes by scene and band; what is not named as one is left out."""
    groups: dict[str, dict[str, Path]] = {}
    for path in files:
        found = _NAME.match(path.name)
        if found:
            groups.setdefault(found["scene"].upper(), {})[found["band"].upper()] = path
    return groups


def landsat_scene(name: str, files: dict[str, Path]) -> Scene:
    """One scene of its files; Refused (`scene_incomplete`) without red, near infrared or the quality band."""
    bands = _LATER if name[3] in "89" else _EARLIER
    by_role = {role: files[band] for band, role in bands.items() if band in files}
    missing = [band for band, role in bands.items() if role in ("red", "nir") and band not in files]
    if "QA_PIXEL" not in files:
        missing.append("QA_PIXEL")
    if missing:
        raise Refused("scene_incomplete", scene=name, missing=", ".join(missing))
    scale, offset = _scaling(files["QA_PIXEL"].parent, name)
    sources = {role: Source(str(path), 1, scale, offset, (0.0, 65535.0)) for role, path in by_role.items()}
    sources["qa_pixel"] = Source(str(files["QA_PIXEL"]))
    stamp = name.split("_")[3]
    day = date(int(stamp[:4]), int(stamp[4:6]), int(stamp[6:]))
    return Scene(name, day, grid_of(sources["red"].path, name), sources, "landsat")


def _scaling(folder: Path, name: str) -> tuple[float, float]:
    """Scale and offset from the scene's own metadata, when it lies beside the bands."""
    for path in folder.glob("*_MTL.json"):
        if not path.name.upper().startswith(name):
            continue
        try:
            given = json.loads(path.read_text())["LANDSAT_METADATA_FILE"]["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"]
            return float(given["REFLECTANCE_MULT_BAND_4"]), float(given["REFLECTANCE_ADD_BAND_4"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refused("scene_unreadable", scene=name, reason=f"{path.name}: {error}"[:160]) from None
    return SCALE, OFFSET


def landsat_scenes(files: Sequence[Path]) -> Iterator[tuple[str, dict[str, Path]]]:
    """Scene names with their files, in order."""
    yield from sorted(landsat_groups(files).items())
