"""Invented photos of fields and streets, with the place and time that a phone writes into a picture."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 480, 360
_GPS, _EXIF, _TAKEN, _MODEL = 0x8825, 0x8769, 0x9003, 0x0110

_GROUND = {"before": (124, 108, 74), "after": (92, 142, 66)}
"""Colours of the ground: brown and overgrown before the work, green and even after it."""


def write_photo(
    path: Path, *, key: str, moment: str, on: date, lon: float | None = None, lat: float | None = None
) -> Path:
    """Write one JPEG of about 15 kB: sky, a ridge, and ground as it looks `before` or `after` the work.

    key: of the thing; it seeds the picture, so that two things never share one. lon, lat: degrees, WGS84;
    without them the phone had no position.
    """
    seed = int.from_bytes(hashlib.sha256(f"{key}/{moment}".encode()).digest()[:8], "big")
    picture = Image.fromarray(_scene(np.random.default_rng(seed), moment)).filter(ImageFilter.GaussianBlur(0.6))
    exif = Image.Exif()
    exif[_MODEL] = "Xiangtu sample"
    exif.get_ifd(_EXIF)[_TAKEN] = datetime.combine(on, time(10, 30)).strftime("%Y:%m:%d %H:%M:%S")
    if lon is not None and lat is not None:
        gps = exif.get_ifd(_GPS)
        gps[1], gps[2] = ("N" if lat >= 0 else "S"), _sexagesimal(abs(lat))
        gps[3], gps[4] = ("E" if lon >= 0 else "W"), _sexagesimal(abs(lon))
    picture.save(path, "JPEG", quality=72, exif=exif)
    return path


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round((degrees - whole - minutes / 60) * 3600, 4)


def _scene(rng: np.random.Generator, moment: str) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) bytes."""
    rows = np.linspace(0, 1, HEIGHT)[:, None]
    columns = np.linspace(0, 1, WIDTH)[None, :]
    waves = sum(
        rng.uniform(0.01, 0.05) * np.sin(columns * rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(4)
    )
    horizon = 0.42 + waves
    sky = np.stack(
        [170 + 60 * rows + 0 * columns, 196 + 36 * rows + 0 * columns, 224 + 14 * rows + 0 * columns], -1
    )
    ground = np.ones((HEIGHT, WIDTH, 1)) * np.array(_GROUND[moment], dtype=float)
    rough = 34 if moment == "before" else 12
    ground += rng.normal(0, rough, (HEIGHT, WIDTH, 1))
    if moment == "after":
        ground += 14 * np.sin((columns * rng.uniform(30, 60) + rows * rng.uniform(10, 25)) * np.pi)[..., None]
    ridge = np.clip(1 - np.abs(rows - horizon) * 9, 0, 1)[..., None]
    scene = np.where((rows < horizon)[..., None], sky, ground)
    scene = scene * (1 - 0.5 * ridge) + np.array([88, 108, 96]) * 0.5 * ridge
    return np.clip(scene + rng.uniform(-14, 14, 3), 0, 255).astype(np.uint8)
