"""Pictures given with an act: kept, and set against the thing, the claim and the pictures of other things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.evidence import Photo, compare, take_photo
from pipelines.store.attachments import Attachments

if TYPE_CHECKING:
    from pipelines.store.ledger import Act, Ledger
    from pipelines.workspace import Workspace


def with_photos(
    workspace: Workspace, ledger: Ledger, asked: Act, sources: Sequence[Path | bytes], *, claimed_at: datetime
) -> Act:
    """The act with its pictures taken in, and what they say of place and time noted beside them as facts.

    asked: with the place of its thing (`lon`, `lat`). Refused as `pipelines.evidence.take_photo` says. A picture
    given twice is taken once.
    """
    kept = Attachments(workspace.root / "attachments")
    photos = list({photo.sha256: photo for photo in (take_photo(source, kept) for source in sources)}.values())
    others = pictures_of_others(ledger, asked.layer, asked.feature_id)
    noted = [_noted(photo, asked.lon, asked.lat, claimed_at, others) for photo in photos]
    return replace(asked, evidence=tuple(p.sha256 for p in photos), data={**asked.data, "photos": noted})


def _noted(
    photo: Photo, lon: float | None, lat: float | None, claimed_at: datetime, others: list[tuple[str, str, str]]
) -> dict[str, Any]:
    seen = compare(photo, lon=lon, lat=lat, claimed_at=claimed_at, others=[(d, h) for d, h, _ in others])
    where = {digest: name for digest, _, name in reversed(others)}
    return {
        **photo.as_dict(),
        "position": seen.position,
        "distance_m": seen.distance_m,
        "distance_gcj02_m": seen.distance_gcj02_m,
        "delay_hours": seen.delay_hours,
        "reused": [{"sha256": d, "bits": bits, "id": where[d]} for d, bits in seen.reused],
    }


def pictures_of_others(ledger: Ledger, layer: str, feature_id: str) -> list[tuple[str, str, str]]:
    """(sha256, perceptual hash, id of the thing) of every picture given for other things, oldest first."""
    rows = ledger.pictures()
    return [
        (p["sha256"], p["perceptual_hash"], name)
        for where, name, p in rows
        if (where, name) != (layer, feature_id)
    ]
