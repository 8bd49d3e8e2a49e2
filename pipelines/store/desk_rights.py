"""What a desk's own database role may read and write: the table of rights, in words that PostgreSQL compares."""

from __future__ import annotations

from collections.abc import Iterable

from geo.access import ACTION_OF_KIND, Actor, decide

ALL = "*"
READING = ("read", "history")
WRITING = tuple(sorted(set(ACTION_OF_KIND.values()) - {"import", "account"}))


def layers_of(actor: Actor, known: Iterable[str]) -> tuple[str, str]:
    """The layers an actor may read and those an actor may write, as `db_roles` has them: ids with commas, or `*`.

    What may be written may be read. known: the ids of the layers there are.
    """
    ids = sorted(known)
    writes = [one for one in ids if _any(actor, WRITING, one)]
    reads = [one for one in ids if one in writes or _any(actor, READING, one)]
    return tuple(ALL if len(found) == len(ids) else ",".join(found) for found in (reads, writes))  # type: ignore[return-value]


def personal_of(actor: Actor, known: Iterable[str]) -> str:
    """The layers of whose things the actor may see personal data, as `db_roles` has them; "" for none."""
    ids = sorted(known)
    sees = [one for one in ids if _any(actor, ("personal",), one)]
    return ALL if len(sees) == len(ids) else ",".join(sees)


def _any(actor: Actor, actions: Iterable[str], layer: str) -> bool:
    area = actor.area_code or None
    return any(decide(actor, action, layer=layer, area_code=area).allowed for action in actions)
