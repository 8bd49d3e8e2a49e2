"""What can be read of the ledger: events, histories, where things stand, the end of the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.access import Actor, decide, within
from geo.changes import Event, Projection
from geo.layers import Layer
from pipelines.store.ledger_acts import Places, end_of_day
from pipelines.store.ledger_moves import cut, known_moves, read_moves
from pipelines.store.ledger_seen import as_seen
from pipelines.store.ledger_sql import PostgresDatabase, SqliteDatabase, database_role
from pipelines.store.schema import EVENT_COLUMNS
from pipelines.store.schema_personal import SEEN

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ", ".join(EVENT_COLUMNS)
SELECT = f"select {_COLUMNS} from events"


class LedgerReading:
    """A ledger as it can be read, by `actor` where there is one.

    until: reading stops at the event of that number, for what stood when it was the last. keeps: the folder where
    what was read of a layer is left for the next process; None for nowhere.
    """

    until: int | None = None
    keeps: Path | None = None

    def __init__(
        self,
        database: SqliteDatabase | PostgresDatabase,
        layers: Mapping[str, Layer],
        actor: Actor | None = None,
        places: Places | None = None,
    ) -> None:
        self.database = database
        self.layers = layers
        self.actor = actor
        self.places = places

    @property
    def folder(self) -> Path | None:
        """The workspace folder of an embedded ledger."""
        return self.database.path.parent if isinstance(self.database, SqliteDatabase) else None

    def _role(self, actor: Actor | None) -> str | None:
        if self.database.dialect == "sqlite" or actor is None or not actor.has_account:
            return None
        return database_role(self.database.name, actor.name)

    @property
    def _events(self) -> str:
        """Where the reader's events stand: under an account's database role as that may see them."""
        return "events" if self._role(self.actor) is None else SEEN

    def events(
        self,
        layer: str | None = None,
        feature_id: str | None = None,
        as_of: date | None = None,
        area_prefix: str | None = None,
        *,
        known_by: date | None = None,
        kinds: Sequence[str] = (),
        columns: Sequence[str] = EVENT_COLUMNS,
    ) -> pd.DataFrame:
        """Events in the order they were taken, one row each, columns as asked (of `EVENT_COLUMNS`).

        as_of: only what had happened by the end of that day in China; known_by: only what was recorded by then.
        area_prefix: only of things in that area's subtree; kinds: only of these, all when empty. Text columns are
        pandas strings, `evidence` and `data` JSON text. Under `acting_as` only what that actor may see.
        """
        import pandas as pd

        unknown = set(columns) - set(EVENT_COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {', '.join(sorted(unknown))}")
        where, values = self._filter(layer, feature_id, as_of, area_prefix, known_by)
        if kinds:
            marks = f"kind in ({_marks(kinds)})"
            where, values = (f"{where} and {marks}" if where else f"where {marks}"), [*values, *kinds]
        masks = self.actor is not None and self._events != SEEN
        read = EVENT_COLUMNS if masks else tuple(columns)
        with self.database.reading(self._role(self.actor)) as tx:
            rows = tx.run(f"select {', '.join(read)} from {self._events} {where} order by seq", values).fetchall()
        if masks:
            rows = [event.as_row() for event in self._as_seen(rows)]
        frame = pd.DataFrame.from_records(rows, columns=list(read))[list(columns)]
        numbers = {"seq": "int64", "base_version": "Int64", "lon": "float64", "lat": "float64"}
        return frame.astype({name: numbers.get(name, "str") for name in columns})

    def moves(
        self,
        layer: str,
        as_of: date | None = None,
        area_prefix: str | None = None,
        *,
        known_by: date | None = None,
        feature_ids: Sequence[str] = (),
    ) -> pd.DataFrame:
        """What `geo.lifecycle.state_at` needs of a layer's events, and no more, in the order they were taken.

        Columns: seq (int64), feature_id, kind, to_stage (categorical), at (datetime64[us], UTC), due_on
        (datetime64[s]), undone_at (datetime64[us]: when it was undone, its own instant where it undoes, NaT for
        neither). as_of, area_prefix, known_by: as for `events`. feature_ids: only of these things, all when empty.
        Of a whole layer no more is read than what is new since it was read last.
        """
        until, limits = self.until, {"as_of": _end(as_of), "known_by": _end(known_by)}
        with self.database.reading(self._role(self.actor)) as tx:
            if self.actor is None and area_prefix is None and not feature_ids:
                return cut(known_moves(tx, self.database.name, layer, self.keeps), until=until, **limits)
            where, values = self._filter(layer, None, as_of, area_prefix, known_by)
            if feature_ids:
                where, values = f"{where} and feature_id in ({_marks(feature_ids)})", [*values, *feature_ids]
            return cut(read_moves(tx, where, values, self._events)[0], until=until, **limits)

    def _filter(
        self,
        layer: str | None,
        feature_id: str | None,
        as_of: date | None,
        area_prefix: str | None,
        known_by: date | None,
    ) -> tuple[str, list[Any]]:
        asked: list[tuple[str, Any]] = [
            ("layer = ?", layer),
            ("feature_id = ?", feature_id),
            ("at < ?", _end(as_of)),
            ("recorded_at < ?", _end(known_by)),
            ("seq <= ?", self.until),
        ]
        roots = [area_prefix] if area_prefix else []
        if self.actor is not None and decide(self.actor, "history", area_code=self.actor.area_code).allowed:
            roots += [self.actor.area_code] if self.actor.area_code else []
        elif self.actor is not None:
            asked.append(("actor = ?", self.actor.name))
        for root in roots:
            asked += [("area_code >= ?", root), ("area_code < ?", root + ":")]
        kept = [(text, value) for text, value in asked if value is not None]
        return ("where " + " and ".join(t for t, _ in kept) if kept else ""), [v for _, v in kept]

    def history(self, layer: str, feature_id: str) -> list[Event]:
        """The events of one thing, and of those merged into it and into them, in the order they were taken."""
        names, fresh = [feature_id], [feature_id]
        with self.database.reading(self._role(self.actor)) as tx:
            while fresh:
                found = tx.run(
                    f"select feature_id from state where layer = ? and merged_into in ({_marks(fresh)})",
                    (layer, *fresh),
                ).fetchall()
                fresh = [row[0] for row in found if row[0] not in names]
                names += fresh
            rows = tx.run(
                f"select {_COLUMNS} from {self._events} where layer = ? and feature_id in ({_marks(names)})"
                " order by seq",
                (layer, *names),
            ).fetchall()
        until = self.until
        events = [event for event in self._as_seen(rows) if until is None or event.seq <= until]
        if self.actor is None:
            return events
        return [e for e in events if within(e.area_code, self.actor.area_code)]

    def _as_seen(self, rows: Sequence[Sequence[Any]]) -> list[Event]:
        """The events of rows, as the reader may see them where the database has not masked them."""
        events = [Event.from_row(row) for row in rows]
        if self.actor is None or self._events == SEEN:
            return events
        return [as_seen(event, self.actor, self.layers) for event in events]

    def event(self, event_id: str) -> Event | None:
        """The event of that id, wherever it lies; None when there is none."""
        with self.database.reading() as tx:
            row = tx.run(f"{SELECT} where id = ?", (event_id,)).fetchone()
        return Event.from_row(row) if row is not None else None

    def pictures(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(layer, id of the thing, what the picture said of itself) of every picture given, oldest first."""
        with self.database.reading() as tx:
            rows = tx.run(f"{SELECT} where evidence <> '[]' order by seq").fetchall()
        events = [Event.from_row(row) for row in rows]
        return [(str(e.layer), str(e.feature_id), p) for e in events for p in e.data.get("photos", ())]

    def projected(self, layer: str, feature_id: str) -> Projection | None:
        """Where one thing stands by its events; None when it has none."""
        with self.database.reading(self._role(self.actor)) as tx:
            row = tx.run("select * from state where layer = ? and feature_id = ?", (layer, feature_id)).fetchone()
        return Projection(*row) if row is not None else None

    def head(self) -> tuple[int, str]:
        """Number and hash of the last event; (0, 64 zeros) when there is none."""
        with self.database.reading() as tx:
            seq, last = tx.run("select seq, hash from chain where one = 1").fetchone()
        return int(seq), str(last)

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()


def _end(day: date | None) -> str | None:
    return None if day is None else end_of_day(day)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
