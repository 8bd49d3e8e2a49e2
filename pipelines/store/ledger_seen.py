"""Events as an account may see them, where the database does not see to it itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from geo.access import Actor, mask, masked_values, pseudonym
from geo.changes import Event
from geo.layers import Layer
from geo.personal import mask as mask_numbers
from pipelines.store.desk_rights import ALL, personal_of


def as_seen(event: Event, actor: Actor, layers: Mapping[str, Layer]) -> Event:
    """The event with what may name people masked, unless the actor may see personal data of its layer.

    Personal fields become stars, numbers of people in its note as well, and whoever did it a stand-in, but for the
    actor's own acts. Of a layer that nobody declares every field is hidden.
    """
    sees = personal_of(actor, layers)
    if sees == ALL or event.layer in sees.split(","):
        return event
    layer, data = layers.get(event.layer or ""), dict(event.data)
    if layer is not None:
        data = masked_values(data, layer)
    else:
        for part in {"fields", "was"} & set(data):
            data[part] = {name: mask(value) for name, value in data[part].items()}
        if "name" in data:
            data["name"] = pseudonym(str(data["name"]), "")
    note = None if event.note is None else mask_numbers(event.note)[0]
    who = event.actor if event.actor == actor.name else pseudonym(event.actor, "")
    return replace(event, actor=who, note=note, data=data)
