"""Longitudes and latitudes as people write them: decimal, degrees-minutes-seconds, packed, or two in one cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBER = r"\d+(?:\.\d+)?"
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3}){2,}(?:\.\d+)?|,\d{3}\.\d+)")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))")
_STRONG_SEPARATOR = re.compile(r"[;；|/]+")
_SIGNED = re.compile(rf"([+-]?{_NUMBER})\s*[°度]?")
_DEGREES = re.compile(
    rf"(-?)\s*(\d{{1,3}})\s*[°度ºo:\s-]\s*({_NUMBER})\s*(?:['′’分:\s-]\s*(?:({_NUMBER})\s*(?:[\"″”秒]|''|′′)?)?)?"
)
_HEMISPHERE = re.compile(r"东经|西经|北纬|南纬|[NSEW经纬东西南北]", re.IGNORECASE)
_SOUTH_OR_WEST = re.compile(r"西|南|[SW]", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,，;；、|/]+")
_QUOTES = str.maketrans(
    {"′": "'", "’": "'", "‘": "'", "″": '"', "”": '"', "“": '"', "º": "°", "˚": "°", "．": "."}
)
_PACKED_LON = (730_000.0, 1_360_000.0)
_PACKED_LAT = (30_000.0, 540_000.0)


@dataclass(frozen=True)
class DegreeColumn:
    """A column of longitudes or latitudes read.

    values: decimal degrees, NaN where empty or unreadable (or plain numbers that are no degrees: metres are not
    judged here). sexagesimal: written with minutes. unreadable: something stands there that is no coordinate.
    """

    values: NDArray[np.float64]
    sexagesimal: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]


def read_degrees(cells: Sequence[Any]) -> DegreeColumn:
    """Each cell of a coordinate column as decimal degrees; south and west are negative.

    Understood: 28.6868, 28.6868°N, 28°41'12.5"N, 28度41分12.5秒, 东经117°4.2′, 28 41 12.5, 28:41:12.5,
    with a decimal comma (28,6868; not 117,070, which may be thousands), thousands separated (39,512,345.6).
    Minutes or seconds of 60 and more are unreadable.
    """
    read = [_one(cell) for cell in cells]
    return DegreeColumn(
        np.array([value for value, _ in read], dtype=np.float64),
        np.array([kind == "minutes" for _, kind in read], dtype=np.bool_),
        np.array([kind == "unreadable" for _, kind in read], dtype=np.bool_),
    )


def read_pairs(cells: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells with two coordinates each: (n, 2) in the order written, which were with minutes, which unreadable.

    `117.07, 28.69`, `(28.69, 117.07)`, `东经117°4′12″ 北纬28°41′12″` are such cells.
    """
    read = [_two(cell) for cell in cells]
    xy = np.array([(first, second) for first, second, _ in read], dtype=np.float64).reshape(-1, 2)
    kinds = [kind for _, _, kind in read]
    return xy, np.array([k == "minutes" for k in kinds], bool), np.array([k == "unreadable" for k in kinds], bool)


def is_packed(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> bool:
    """Whether two columns of numbers are degrees, minutes and seconds written together (1170412.5, 284112.5).

    Only when every one of them can be read so and lies in China: then they can be no metres, whose northings
    have seven digits and start at 1 900 000.
    """
    both = np.isfinite(lon) & np.isfinite(lat) & ((lon != 0) | (lat != 0))
    lon, lat = lon[both], lat[both]
    if not len(lon):
        return False
    inside = (lon >= _PACKED_LON[0]) & (lon < _PACKED_LON[1]) & (lat >= _PACKED_LAT[0]) & (lat < _PACKED_LAT[1])
    return bool(inside.all() and np.isfinite(unpacked(lon)).all() and np.isfinite(unpacked(lat)).all())


def unpacked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decimal degrees of DDDMMSS.s numbers; NaN where minutes or seconds reach 60."""
    degrees, rest = np.divmod(values, 10_000.0)
    minutes, seconds = np.divmod(rest, 100.0)
    made = degrees + minutes / 60.0 + seconds / 3600.0
    return np.where((minutes < 60.0) & (seconds < 60.0), made, np.nan)


def _one(cell: Any) -> tuple[float, str]:
    if cell is None or cell != cell:
        return np.nan, "empty"
    if isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool):
        return float(cell), "plain"
    return _text(str(cell))


@lru_cache(maxsize=65_536)
def _text(cell: str) -> tuple[float, str]:
    text = unicodedata.normalize("NFKC", cell.translate(_QUOTES)).translate(_QUOTES).strip()
    if text in ("", "-", "--", "/", "无", "N/A", "n/a", "null", "NULL", "None"):
        return np.nan, "empty"
    sign = -1.0 if _SOUTH_OR_WEST.search(text) else 1.0
    bare = _written_plainly(_HEMISPHERE.sub(" ", text).strip(" :()（）[]"))
    plain = _SIGNED.fullmatch(bare)
    if plain:
        return sign * float(plain[1]), "plain"
    match = _DEGREES.fullmatch(bare)
    if not match:
        return np.nan, "unreadable"
    minutes, seconds = float(match[3]), float(match[4] or 0.0)
    if minutes >= 60.0 or seconds >= 60.0:
        return np.nan, "unreadable"
    value = float(match[2]) + minutes / 60.0 + seconds / 3600.0
    return (-value if match[1] else value) * sign, "minutes"


def _written_plainly(text: str) -> str:
    """Thousands separators taken out, a decimal comma turned into a point; `117,070` may be either and stays."""
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    return _DECIMAL_COMMA.sub(".", text) if text.count(",") == 1 else text


def _two(cell: Any) -> tuple[float, float, str]:
    if cell is None or cell != cell or not str(cell).strip():
        return np.nan, np.nan, "empty"
    text = str(cell).strip().strip("()（）[]【】")
    parts = [part for part in _SEPARATOR.split(text) if part.strip()]
    if len(parts) != 2:
        parts = [part for part in _STRONG_SEPARATOR.split(text) if part.strip()]
    if len(parts) != 2:
        parts = _halves(text)
    if len(parts) != 2:
        return np.nan, np.nan, "unreadable"
    (first, one), (second, other) = _text(parts[0].strip()), _text(parts[1].strip())
    if "unreadable" in (one, other) or "empty" in (one, other):
        return np.nan, np.nan, "unreadable"
    return first, second, "minutes" if "minutes" in (one, other) else "plain"


def _halves(text: str) -> list[str]:
    """Two coordinates with only space or a hemisphere between them."""
    words = text.split()
    if len(words) in (2, 6):
        return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
    marks = [m.start() for m in re.finditer(r"东经|西经|北纬|南纬", text)]
    if len(marks) == 2 and marks[0] == 0:
        return [text[: marks[1]], text[marks[1] :]]
    ends = [m.end() for m in re.finditer(r"[NSEW]", text, re.IGNORECASE)]
    if len(ends) == 2 and ends[1] == len(text):
        return [text[: ends[0]], text[ends[0] :]]
    return []
