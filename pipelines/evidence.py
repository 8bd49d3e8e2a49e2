"""Photos as evidence: taken in safely, and what they say of where and when they were taken, shown as facts."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from geo.errors import Refused
from pipelines.disk_words import disk_words
from pipelines.store.attachments import Attachments

MAX_BYTES = 30 * 2**20
MAX_PIXELS = 120_000_000
VIEW_PIXELS = 1600
THUMB_PIXELS = 320
CHINA = timezone(timedelta(hours=8))
SUFFIX = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heic", "TIFF": "tif"}
"""The kinds of picture taken, by what their content is; the name of a file decides nothing."""

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
TAKEN, TAKEN_OFFSET, CHANGED = 0x9003, 0x9011, 0x0132


@dataclass(frozen=True)
class Photo:
    """What a picture says of itself. Whatever it does not say is None: missing, not wrong.

    taken_at: ISO, in the camera's zone where it noted one, else by the satellites' clock, else as China's. lon,
    lat: as the camera noted them. perceptual_hash: 64 bits as hex; pictures that look alike differ in few bits.
    """

    sha256: str
    kind: str
    width: int
    height: int
    bytes: int
    taken_at: str | None
    lon: float | None
    lat: float | None
    camera: str | None
    perceptual_hash: str

    def as_dict(self) -> dict[str, Any]:
        """Its facts by name, as an event's `data` keeps them."""
        return asdict(self)


def take_photo(source: Path | bytes, kept: Attachments) -> Photo:
    """Take a picture in: the original under its hash, an upright view and a thumbnail beside it.

    Refused in one sentence when it is too large, is no picture we know, is broken, or would unpack to more than
    120 million pixels. Its type is told by content.
    """
    content = _content(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _opened(content)
        facts = _facts(image)
        upright = _upright(image)
    digest = kept.put(content, SUFFIX[str(image.format)])
    for kind, pixels in (("view", VIEW_PIXELS), ("thumb", THUMB_PIXELS)):
        if kept.path(digest, kind) is None:
            kept.put_made(digest, kind, _smaller(upright, pixels))
    import imagehash

    return Photo(
        sha256=digest,
        kind=SUFFIX[str(image.format)],
        width=upright.width,
        height=upright.height,
        bytes=len(content),
        perceptual_hash=str(imagehash.phash(upright)),
        **facts,
    )


def _content(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            if source.stat().st_size > MAX_BYTES:
                raise Refused("photo_too_large", mb=round(source.stat().st_size / 2**20), limit=MAX_BYTES // 2**20)
            content = source.read_bytes()
        except OSError as error:
            raise Refused("photo_unreadable", name=source.name, **disk_words(error)) from None
    if len(content) > MAX_BYTES:
        raise Refused("photo_too_large", mb=round(len(content) / 2**20), limit=MAX_BYTES // 2**20)
    return content


def _opened(content: bytes) -> Any:
    """The picture of the content, decoded once to be sure that it is whole."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    try:
        image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "HEIF", "TIFF"))
    except Image.DecompressionBombError as error:
        raise Refused("photo_too_many_pixels", pixels=re.sub(r"\D*(\d+).*", r"\1", str(error))) from None
    except Exception:  # whatever a hostile file makes the decoder stumble over
        raise Refused("photo_not_a_picture") from None
    if image.format not in SUFFIX:
        raise Refused("photo_not_a_picture")
    if image.width * image.height > MAX_PIXELS:
        raise Refused("photo_too_many_pixels", pixels=image.width * image.height)
    try:
        image.load()
    except Exception:
        raise Refused("photo_broken") from None
    return image


def _upright(image: Any) -> Any:
    from PIL import ImageOps

    try:
        turned = ImageOps.exif_transpose(image)
    except Exception:  # a camera's notes can be broken in any way; the picture then stays as it is
        turned = image
    return turned.convert("RGB")


def _smaller(image: Any, pixels: int) -> bytes:
    """A JPEG no wider or higher than `pixels`, without the camera's notes."""
    small = image.copy()
    small.thumbnail((pixels, pixels))
    small.info.clear()
    written = io.BytesIO()
    small.save(written, "JPEG", quality=85)
    return written.getvalue()


def _facts(image: Any) -> dict[str, Any]:
    """What the camera noted; a note that cannot be read is missing."""
    try:
        exif = image.getexif()
        inner, gps = dict(exif.get_ifd(EXIF_IFD)), dict(exif.get_ifd(GPS_IFD))
    except Exception:  # see _upright
        return {"taken_at": None, "lon": None, "lat": None, "camera": None}
    position = _position(gps)
    camera = " ".join(_text(exif.get(tag)) for tag in (0x010F, 0x0110)).strip()
    return {
        "taken_at": _taken_at(
            inner.get(TAKEN) or exif.get(CHANGED), inner.get(TAKEN_OFFSET), _satellite_time(gps)
        ),
        "lon": position[0] if position else None,
        "lat": position[1] if position else None,
        "camera": camera[:100] or None,
    }


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return "".join(c for c in text if c.isprintable()).strip()


def _taken_at(value: Any, offset: Any, satellite: datetime | None) -> str | None:
    """The camera's own time with its own offset; without offset the satellites' time, then China's zone."""
    try:
        moment = datetime.strptime(_text(value)[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return satellite.isoformat() if satellite else None
    try:
        return moment.replace(tzinfo=datetime.strptime(_text(offset), "%z").tzinfo).isoformat()
    except ValueError:
        return (satellite or moment.replace(tzinfo=CHINA)).isoformat()


def _satellite_time(gps: dict[int, Any]) -> datetime | None:
    try:
        day = datetime.strptime(_text(gps[29]), "%Y:%m:%d").replace(tzinfo=UTC)
        hours, minutes, seconds = (float(part) for part in gps[7])
        return day + timedelta(hours=hours, minutes=minutes, seconds=int(seconds))
    except (KeyError, ValueError, TypeError, ZeroDivisionError, OverflowError):
        return None


def _position(gps: dict[int, Any]) -> tuple[float, float] | None:
    """Longitude and latitude in degrees; None when missing, impossible, or the 0, 0 of a receiver without fix."""
    try:
        lat, lon = _degrees(gps[2]), _degrees(gps[4])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    lat = -lat if _text(gps.get(1)).upper().startswith("S") else lat
    lon = -lon if _text(gps.get(3)).upper().startswith("W") else lon
    if not (math.isfinite(lat) and math.isfinite(lon)) or abs(lat) > 90 or abs(lon) > 180 or lat == lon == 0:
        return None
    return round(lon, 7), round(lat, 7)


def _degrees(parts: Sequence[Any]) -> float:
    return float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600


@dataclass(frozen=True)
class Seen:
    """A picture set against the thing and the claim it is to prove. Facts to look at, never a verdict.

    position: `near` (within the limit), `near_after_gcj02` (only once its coordinates are taken as GCJ-02),
    `far`, or `missing`. distance_m: to the thing, as noted. delay_hours: from the picture to the claim, negative
    for a picture taken after it. reused: (sha256, bits that differ) of pictures of other things, nearest first.
    """

    position: str
    distance_m: float | None
    distance_gcj02_m: float | None
    delay_hours: float | None
    reused: tuple[tuple[str, int], ...] = ()


NEAR_M = 200.0
ALIKE_BITS = 6


def compare(
    photo: Photo,
    *,
    lon: float | None,
    lat: float | None,
    claimed_at: datetime,
    others: Sequence[tuple[str, str]] = (),
    near_m: float = NEAR_M,
) -> Seen:
    """Set a picture against the place of the thing (EPSG:4490 degrees) and the moment of the claim.

    others: (sha256, perceptual hash) of the pictures of other things.
    """
    plain = shifted = None
    if None not in (photo.lon, photo.lat, lon, lat):
        plain, shifted = _distances(photo, float(lon or 0), float(lat or 0))
    position = "missing"
    if plain is not None and shifted is not None:
        position = "near" if plain <= near_m else ("near_after_gcj02" if shifted <= near_m else "far")
    delay = None
    if photo.taken_at is not None:
        taken = datetime.fromisoformat(photo.taken_at).astimezone(UTC)
        delay = round((claimed_at.astimezone(UTC) - taken).total_seconds() / 3600, 2)
    return Seen(position, plain, shifted, delay, reused(photo, others))


def _distances(photo: Photo, lon: float, lat: float) -> tuple[float, float]:
    """Metres from the thing to the camera's position as noted, and as it would be if that were GCJ-02."""
    import numpy as np
    from pyproj import Geod

    from geo.shift import wgs84_from_gcj02

    geod = Geod(a=6378137.0, rf=298.257222101)
    moved = wgs84_from_gcj02(np.array([photo.lon]), np.array([photo.lat]))
    places = [(photo.lon, photo.lat), (float(moved[0][0]), float(moved[1][0]))]
    metres = [round(float(geod.inv(lon, lat, *place)[2]), 1) for place in places]
    return metres[0], metres[1]


def reused(photo: Photo, others: Sequence[tuple[str, str]]) -> tuple[tuple[str, int], ...]:
    """The pictures among `others` (sha256, perceptual hash) that are the same or nearly so, nearest first."""
    mine = int(photo.perceptual_hash, 16)
    found = [
        (digest, (mine ^ int(theirs, 16)).bit_count() if digest != photo.sha256 else 0)
        for digest, theirs in others
    ]
    return tuple(sorted((f for f in found if f[1] <= ALIKE_BITS), key=lambda f: (f[1], f[0])))
