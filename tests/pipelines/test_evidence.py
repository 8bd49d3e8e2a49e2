"""Photos taken in: what they say, what is missing, and what a hostile file achieves (nothing)."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from geo.errors import Refused
from geo.shift import gcj02_from_wgs84
from pipelines import evidence
from pipelines.evidence import compare, take_photo
from pipelines.store.attachments import Attachments

CLAIM = datetime(2024, 5, 2, 2, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Attachments:
    return Attachments(tmp_path / "attachments")


def scene(shift: int = 0, size: tuple[int, int] = (640, 480)) -> Image.Image:
    image = Image.new("RGB", size, "#7aa35a")
    draw = ImageDraw.Draw(image)
    for k in range(12):
        x, y = (k * 97 + shift * 53) % size[0], (k * 61 + shift * 131) % size[1]
        draw.rectangle((x, y, x + 90 + 10 * k, y + 40 + 7 * k), fill=(20 * k % 255, 255 - 15 * k, 30 + 11 * k))
    return image


def written(image: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **more)
    return target.getvalue()


def geotagged(lon: float, lat: float, at: str = "2024:05:02 08:30:00", offset: str | None = "+08:00") -> bytes:
    def dms(value: float) -> tuple[float, float, float]:
        degrees, rest = divmod(value, 1)
        minutes, rest = divmod(rest * 60, 1)
        return degrees, minutes, round(rest * 60, 5)

    exif = Image.Exif()
    exif[0x010F] = "Invented"
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = at
    if offset:
        inner[0x9011] = offset
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: dms(lat), 3: "E", 4: dms(lon)})
    return written(scene(), exif=exif)


def code_of(error: pytest.ExceptionInfo[Refused]) -> str:
    assert "…" not in error.value.words("zh") and "…" not in error.value.words("en")
    return error.value.code


def test_position_and_time_are_read_from_the_camera(kept: Attachments) -> None:
    photo = take_photo(geotagged(105.5, 30.5), kept)
    assert (photo.lon, photo.lat, photo.taken_at) == (105.5, 30.5, "2024-05-02T08:30:00+08:00")
    assert (photo.kind, photo.width, photo.height, photo.camera) == ("jpg", 640, 480, "Invented")


def test_what_a_picture_does_not_say_is_missing(kept: Attachments) -> None:
    photo = take_photo(written(scene()), kept)
    assert photo.lon is photo.lat is photo.taken_at is photo.camera is None
    seen = compare(photo, lon=105.5, lat=30.5, claimed_at=CLAIM)
    assert (seen.position, seen.distance_m, seen.delay_hours) == ("missing", None, None)


def test_distance_and_delay_are_facts(kept: Attachments) -> None:
    photo = take_photo(geotagged(105.5, 30.5), kept)
    seen = compare(photo, lon=105.5, lat=30.501, claimed_at=CLAIM)
    assert seen.position == "near" and seen.distance_m == pytest.approx(110.9, abs=0.2)
    assert seen.delay_hours == 1.5
    assert compare(photo, lon=105.5, lat=30.51, claimed_at=CLAIM).position == "far"


def test_coordinates_that_fit_only_after_conversion_are_said_to_be_gcj02(kept: Attachments) -> None:
    lon, lat = gcj02_from_wgs84([105.5], [30.5])
    photo = take_photo(geotagged(float(lon[0]), float(lat[0])), kept)
    seen = compare(photo, lon=105.5, lat=30.5, claimed_at=CLAIM)
    assert seen.position == "near_after_gcj02"
    assert seen.distance_m is not None and seen.distance_m > 300
    assert seen.distance_gcj02_m is not None and seen.distance_gcj02_m < 5


def test_a_receiver_without_fix_and_impossible_positions_are_missing(kept: Attachments) -> None:
    assert take_photo(geotagged(0.0, 0.0), kept).lon is None
    assert take_photo(geotagged(105.0, 95.0), kept).lon is None


def test_the_original_is_kept_byte_for_byte_and_the_view_without_the_cameras_notes(kept: Attachments) -> None:
    content = geotagged(105.5, 30.5)
    photo = take_photo(content, kept)
    original = kept.path(photo.sha256)
    assert original is not None and original.read_bytes() == content
    for kind, longest in (("view", 640), ("thumb", 320)):
        path = kept.path(photo.sha256, kind)
        assert path is not None
        with Image.open(path) as made:
            assert max(made.size) == longest and not made.getexif()
        assert b"Invented" not in path.read_bytes()


def test_the_same_picture_is_kept_once(kept: Attachments) -> None:
    first, second = take_photo(written(scene()), kept), take_photo(written(scene()), kept)
    assert first == second
    assert len([p for p in kept.root.rglob("*") if p.is_file()]) == 3


def test_reuse_is_found_also_when_the_picture_was_made_smaller_and_saved_again(kept: Attachments) -> None:
    original = take_photo(written(scene()), kept)
    again = take_photo(written(scene().resize((400, 300)), quality=55), kept)
    other = take_photo(written(scene(shift=5)), kept)
    others = [(original.sha256, original.perceptual_hash), (other.sha256, other.perceptual_hash)]
    found = compare(again, lon=None, lat=None, claimed_at=CLAIM, others=others).reused
    assert [digest for digest, _ in found] == [original.sha256]
    assert compare(original, lon=None, lat=None, claimed_at=CLAIM, others=others).reused[0] == (original.sha256, 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_pictures_are_known_by_their_content(kept: Attachments, tmp_path: Path, kind: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / "whatever.txt"
    path.write_bytes(written(scene(), kind))
    photo = take_photo(path, kept)
    assert photo.kind == {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "HEIF": "heic"}[kind]
    assert (photo.width, photo.height) == (640, 480)
    thumb = kept.path(photo.sha256, "thumb")
    assert thumb is not None and thumb.read_bytes()[:3] == b"\xff\xd8\xff"


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that would unpack to a picture of that size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


HOSTILE = {
    "empty": (b"", "photo_not_a_picture"),
    "text": (b"<script>alert(1)</script>", "photo_not_a_picture"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "photo_not_a_picture"),
    "program": (b"\x7fELF" + b"\0" * 500, "photo_not_a_picture"),
    "gif": (b"GIF89a" + b"\0" * 500, "photo_not_a_picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) (w) file\n", "photo_not_a_picture"),
    "zip": (b"PK\x03\x04" + b"\0" * 500, "photo_not_a_picture"),
    "bomb": (png_claiming(60_000, 60_000), "photo_too_many_pixels"),
    "small bomb": (png_claiming(11_000, 11_000), "photo_too_many_pixels"),
    "cut short": (written(scene())[:4000], "photo_broken"),
    "no pixels": (png_claiming(640, 480), "photo_broken"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence_and_nothing_is_kept(kept: Attachments, name: str) -> None:
    content, code = HOSTILE[name]
    with pytest.raises(Refused) as refusal:
        take_photo(content, kept)
    assert code_of(refusal) == code
    assert not kept.root.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    kept: Attachments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MAX_BYTES", 2**20)
    path = tmp_path / "large.jpg"
    with path.open("wb") as handle:
        handle.truncate(5 * 2**20)
    for source in (path, b"\xff\xd8\xff" + bytes(2**20)):
        with pytest.raises(Refused) as refusal:
            take_photo(source, kept)
        assert code_of(refusal) == "photo_too_large"


def test_a_photo_that_is_not_there_is_refused(kept: Attachments, tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(Refused) as refusal:
            take_photo(path, kept)
        assert code_of(refusal) == "photo_unreadable"


def test_an_address_is_a_hash_and_never_a_path(kept: Attachments) -> None:
    for digest in ("../../etc/passwd", "..", "ab", "AB" * 32, "ab" * 32 + "/../x", ""):
        assert kept.path(digest) is None and kept.path(digest, "thumb") is None


def test_broken_camera_notes_are_missing_and_stop_nothing(kept: Attachments) -> None:
    content = geotagged(105.5, 30.5, at="not a time", offset="?")
    assert take_photo(content, kept).taken_at is None
    place = content.index(b"Exif\0\0") + 6
    damaged = content[: place + 8] + b"\xff" * 40 + content[place + 48 :]
    photo = take_photo(damaged, kept)
    assert (photo.width, photo.height) == (640, 480)


@pytest.mark.real_data
def test_real_cameras_photos_turn_upright_and_say_where_and_when(kept: Attachments, real_data: Path) -> None:
    folder = real_data / "exif_samples"
    turned = [take_photo(folder / f"landscape_{k}.jpg", kept) for k in (1, 3, 6, 8)]
    assert {(p.width, p.height) for p in turned} == {(600, 450)}
    assert len({p.perceptual_hash for p in turned}) == 1 and len({p.sha256 for p in turned}) == 4
    nikon = take_photo(folder / "DSCN0010.jpg", kept)
    assert nikon.lat == pytest.approx(43.4674483, abs=1e-6) and nikon.lon == pytest.approx(11.8851267, abs=1e-6)
    assert nikon.taken_at == "2008-10-23T14:27:07+00:00"
    pentax = take_photo(folder / "Pentax_K10D.jpg", kept)
    assert pentax.lon is None and pentax.taken_at is not None
    seen = compare(
        replace(nikon),
        lon=11.8851267,
        lat=43.4674483,
        claimed_at=CLAIM,
        others=[(p.sha256, p.perceptual_hash) for p in turned],
    )
    assert seen.position == "near" and seen.distance_m == 0.0 and seen.reused == ()
