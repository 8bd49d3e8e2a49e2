"""The ledger: what happened to every thing, one line each, chained by hash, never changed.

SQLite in the workspace by default, PostgreSQL by address; the same behaviour on both.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from geo.access import Actor, require
from geo.changes import Event, Projection, projection, row_hash
from geo.errors import Conflict, Forbidden, Refused
from geo.issues import Issue
from geo.layers import Layer, builtin_layers
from geo.spoken import named_layer
from pipelines.store.ledger_acts import (
    Act,
    Footing,
    Places,
    allowed,
    end_of_day,
    instant,
    looked_up,
    same_act,
    settled,
    well_formed,
)
from pipelines.store.ledger_anchors import FILE, noted
from pipelines.store.ledger_fields import check_fields
from pipelines.store.ledger_reading import SELECT, LedgerReading
from pipelines.store.ledger_sql import Transaction, open_database
from pipelines.store.migrations import migrate
from pipelines.store.schema import EVENT_COLUMNS

SYSTEM = Actor("系统", "administrator", has_account=False)
"""Who acts where a rule does: escalations, planned revisits."""

_INSERT = f"insert into events ({', '.join(EVENT_COLUMNS)}) values ({', '.join('?' * len(EVENT_COLUMNS))})"

_LAST_IMPORT = "select import_id from events where layer = ? and kind = 'import' order by +seq desc limit 1"
_AS_TOLD = (
    *("id", "layer", "feature_id", "kind", "from_stage", "to_stage", "actor", "area_code", "note", "evidence"),
    *("base_version", "undoes", "lon", "lat", "data"),
)
"""What an event has as its act told it."""


def open_ledger(
    target: Path | str,
    *,
    layers: Mapping[str, Layer] | None = None,
    places: Places | None = None,
    folder: Path | None = None,
) -> Ledger:
    """The ledger at an address (`postgresql://…`), in a workspace folder, or in a file; made when missing.

    layers: the layers whose lifecycles it enforces; the built-in ones when None. places: who knows where things
    really lie, so that no caller's word is taken for it; without it only the ledger's own events are. folder: the
    workspace where the ends of a PostgreSQL ledger are noted; an embedded one has them beside it. Refused in one
    sentence when the database cannot be opened, is damaged, or was written by a newer program.
    """
    database = open_database(target)
    if folder is not None and database.anchors is None:
        database.anchors = folder / FILE
    known = layers if layers is not None else builtin_layers()
    try:
        migrate(database, known)
    except Refused as refusal:
        if refusal.code != "ledger_read_only":
            raise
    return Ledger(database, known, places=places)


class Ledger(LedgerReading):
    """The events, the state they add up to, and the chain that proves them. One object serves many threads."""

    def acting_as(self, actor: Actor) -> Ledger:
        """The same ledger as `actor` may see it: on PostgreSQL under the account's own database role."""
        return Ledger(self.database, self.layers, actor, self.places)

    def append(self, act: Act, *, now: datetime) -> Event:
        """Take one act; the event as it stands in the ledger when this returns, safe on disk.

        Forbidden when the actor's rights or the lifecycle do not allow it, Conflict when somebody changed the
        same thing meanwhile (`theirs` in its parameters), Refused when it cannot be understood; nothing is
        written then. An act whose `id` was taken before gives that event again.
        """
        footing = looked_up(act, self.places)
        with noted(self.database, self._role(act.actor)) as tx:
            return self._take(tx, act, now, footing)

    def append_many(self, acts: Sequence[Act], *, now: datetime) -> list[Event | Forbidden | Conflict | Refused]:
        """Take acts made offline, in the order they happened; each gives its event or the refusal it met.

        All that were taken become safe together. The order of the answers is that of `acts`.
        """
        order = sorted(range(len(acts)), key=lambda k: (acts[k].at or now, k))
        answers: dict[int, Event | Forbidden | Conflict | Refused] = {}
        for actor in {act.actor for act in acts}:
            with noted(self.database, self._role(actor)) as tx:
                for k in order:
                    if acts[k].actor != actor:
                        continue
                    try:
                        answers[k] = self._take(tx, acts[k], now, looked_up(acts[k], self.places))
                    except (Forbidden, Conflict) as refusal:
                        answers[k] = refusal
                    except Refused as refusal:
                        if refusal.code.startswith("ledger_"):
                            raise
                        answers[k] = refusal
        return [answers[k] for k in range(len(acts))]

    def check(self, act: Act, *, now: datetime) -> None:
        """Raise what `append` would raise for the act, and write nothing."""
        footing = looked_up(act, self.places)
        with self.database.reading(self._role(act.actor)) as tx:
            layer = well_formed(act, self.layers, now)
            check_fields(act, layer)
            past = self._past(tx, act)
            allowed(settled(act, past, layer, now, footing), past, layer, now)
            _must_exist(act, past, footing)

    def merge(self, away: Act, into: Act, *, now: datetime) -> tuple[Event, Event]:
        """Say that one thing is the same as another: one event on each, both histories kept.

        away, into: acts of one actor on the double and on the thing that stays, with what is known of either; what
        they do is filled in here. The double goes to the layer's stage `duplicate` where it has one. Returned: the
        double's event and the other's. Forbidden as for `append`, for a thing merged before, with itself and
        without a reason.
        """
        if away.feature_id == into.feature_id:
            raise Forbidden("merge_with_itself", id=into.feature_id)
        if not (away.note or "").strip():
            raise Forbidden("merge_needs_reason", id=away.feature_id, into=into.feature_id)
        life = self.layers[away.layer].lifecycle if away.layer in self.layers else None
        stage = "duplicate" if life is not None and any(s.id == "duplicate" for s in life.stages) else None
        told = {"into": into.feature_id}, {"from": away.feature_id}
        double = replace(away, kind="merge", to_stage=stage, data={**away.data, **told[0]})
        stays = replace(into, kind="merged", to_stage=None, data={**into.data, **told[1]})
        footing, other = looked_up(double, self.places), looked_up(stays, self.places)
        with noted(self.database, self._role(away.actor)) as tx:
            kept = self._take(tx, stays, now, other)
            return self._take(tx, double, now, footing), kept

    def _past(self, tx: Transaction, act: Act) -> list[Event]:
        found = tx.trusted(
            f"{SELECT} where layer = ? and feature_id = ? order by seq", (act.layer, act.feature_id)
        )
        return [Event.from_row(row) for row in found.fetchall()]

    def _take(self, tx: Transaction, act: Act, now: datetime, footing: Footing) -> Event:
        if act.id is not None:
            earlier = tx.trusted(f"{SELECT} where id = ?", (act.id,)).fetchone()
            if earlier is not None:
                return same_act(Event.from_row(earlier), act)
        layer = well_formed(act, self.layers, now)
        check_fields(act, layer)
        past = self._past(tx, act)
        act = settled(act, past, layer, now, footing)
        allowed(act, past, layer, now)
        _must_exist(act, past, footing)
        if self._role(act.actor) is not None:
            self._project(tx, _placed(act, past))
        event = self._linked(tx, act, now)
        self._project(tx, projection([*past, event]))
        if act.kind == "undo" and past[-1].kind == "merge":
            self._undo_counterpart(tx, past[-1], act, now)
        return event

    def _undo_counterpart(self, tx: Transaction, merge: Event, act: Act, now: datetime) -> None:
        """A merge is two events: whoever undoes it at the double takes back what it said of the other thing."""
        there = self._past(tx, replace(act, feature_id=str(merge.data["into"])))
        undone = {e.undoes for e in there}
        said = [
            e for e in there if e.kind == "merged" and e.data.get("from") == act.feature_id and e.id not in undone
        ]
        if said:
            twin = replace(
                act,
                feature_id=str(merge.data["into"]),
                undoes=said[-1].id,
                area_code=said[-1].area_code,
                base_version=len(there),
                data={},
                id=uuid.uuid4().hex,
                lon=said[-1].lon,
                lat=said[-1].lat,
            )
            event = self._linked(tx, twin, now)
            self._project(tx, projection([*there, event]))

    def _linked(self, tx: Transaction, act: Act, now: datetime) -> Event:
        """Write the act as the next event of the chain, with the edition of the layer that it was done upon."""
        told = {name: getattr(act, name) for name in _AS_TOLD}
        last = tx.trusted(_LAST_IMPORT, (act.layer,)).fetchone()
        if last is not None:
            told["data"] = {**act.data, "edition": last[0]}
        due_on = act.due_on.isoformat() if act.due_on else None
        return self._write(tx, now, **told, at=instant(act.at or now), due_on=due_on)

    def _write(self, tx: Transaction, now: datetime, *, actor: Actor, **values: Any) -> Event:
        seq, last = tx.run("select seq, hash from chain where one = 1").fetchone()
        defaults: dict[str, Any] = dict.fromkeys(EVENT_COLUMNS)
        defaults |= {"evidence": (), "data": {}, "id": uuid.uuid4().hex, "at": instant(now)}
        given = defaults | values
        event = Event(
            **given
            | {
                "seq": seq + 1,
                "recorded_at": instant(now),
                "actor": actor.name,
                "role": actor.role,
                "unit": actor.unit,
                "prev_hash": last,
                "hash": "",
            }
        )
        event = replace(event, hash=row_hash(event.as_row()))
        tx.run(_INSERT, event.as_row())
        return event

    def _project(self, tx: Transaction, state: Projection) -> None:
        tx.trusted(
            "insert into state (layer, feature_id, stage, stage_since, version, last_seq, area_code, due_on,"
            " merged_into) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (layer, feature_id) do update set"
            " stage = excluded.stage, stage_since = excluded.stage_since, version = excluded.version,"
            " last_seq = excluded.last_seq, area_code = excluded.area_code, due_on = excluded.due_on,"
            " merged_into = excluded.merged_into",
            state.as_row(),
        )

    def record_import(
        self,
        *,
        import_id: str,
        layer: str,
        file: str,
        file_sha256: str,
        data_sha256: str,
        rows: int,
        at: datetime,
        actor: Actor = SYSTEM,
        replaces: str = "",
    ) -> Event:
        """Record that an import was taken in, with the hashes by which `audit` knows its file again.

        file: the sender's file name. data_sha256: sha256 of `imports/<layer>/<import_id>/data.parquet`. replaces:
        the import that counts no more. Recording an import twice gives the first event.
        """
        with noted(self.database) as tx:
            earlier = tx.run(
                f"{SELECT} where kind = 'import' and import_id = ? and layer = ?", (import_id, layer)
            ).fetchone()
            if earlier is not None:
                return Event.from_row(earlier)
            told = {"replaces": replaces} if replaces else {}
            data = {"file": file, "file_sha256": file_sha256, "data_sha256": data_sha256, "rows": rows, **told}
            return self._write(tx, at, actor=actor, kind="import", layer=layer, import_id=import_id, data=data)

    def record_account(
        self, tx: Transaction, what: str, name: str, details: Mapping[str, Any], *, by: Actor, now: datetime
    ) -> Event:
        """Record that an account was added, changed or disabled, with that change; never its password."""
        require(by, "account")
        return self._write(tx, now, actor=by, kind="account", data={"what": what, "name": name, **details})

    def audit(self, *, root: Path | None = None) -> list[Issue]:
        """Everything that is not as it was taken; empty when all is whole.

        root: the workspace folder, to compare the files of imports and attachments as well.
        """
        from pipelines.store.ledger_audit import audit

        return audit(self, root)

    def rebuild(self) -> int:
        """Throw the projected state away and make it again from the events; the number of things."""
        from pipelines.store.ledger_audit import rebuild

        return rebuild(self)


def _placed(act: Act, past: Sequence[Event]) -> Projection:
    """Where the thing of an act stood before it, on the area it really lies on.

    The database asks a desk's rights there, also for the first event of a thing and where an import has moved it.
    """
    known = projection(past) if past else Projection(act.layer, act.feature_id, None, None, 0, 0, None, None, None)
    return replace(known, area_code=act.area_code)


def _must_exist(act: Act, past: Sequence[Event], footing: Footing) -> None:
    """Refused for a thing that neither an import nor an event has told of."""
    if not (past or act.kind == "add" or footing.held):
        raise Refused("thing_unknown", id=act.feature_id, **named_layer(act.layer))


__all__ = ["SYSTEM", "Act", "Ledger", "end_of_day", "instant", "open_ledger"]
