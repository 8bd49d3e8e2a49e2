"""Pictures given with an act: kept, and set against the thing, the claim and the pictures of other things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.evidence import Photo, compare, reused, take_photo
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
    given = ledger.pictures()
    noted = [noted_of(photo, asked, given, claimed_at) for photo in photos]
    return replace(asked, evidence=tuple(p.sha256 for p in photos), data={**asked.data, "photos": noted})


def noted_of(
    photo: Photo, asked: Act, given: Sequence[tuple[str, str, dict[str, Any]]], claimed_at: datetime
) -> dict[str, Any]:
    """What is noted of a photo beside its act: what it says, and where it or one very like it was given before.

    given: the pictures of `Ledger.pictures`. `reused` names other things' ones, `given_before` this one's.
    """
    here = (asked.layer, asked.feature_id)
    others = [(p["sha256"], p["perceptual_hash"], name) for at, name, p in given if (at, name) != here]
    own = [(p["sha256"], p["perceptual_hash"]) for at, name, p in given if (at, name) == here]
    seen = compare(
        photo, lon=asked.lon, lat=asked.lat, claimed_at=claimed_at, others=[(d, h) for d, h, _ in others]
    )
    where = {digest: name for digest, _, name in reversed(others)}
    before = reused(photo, list(dict.fromkeys(own)))
    return {
        **photo.as_dict(),
        "position": seen.position,
        "distance_m": seen.distance_m,
        "distance_gcj02_m": seen.distance_gcj02_m,
        "delay_hours": seen.delay_hours,
        "reused": [{"sha256": d, "bits": bits, "id": where[d]} for d, bits in seen.reused],
        **({"given_before": [{"sha256": d, "bits": bits} for d, bits in before]} if before else {}),
    }
