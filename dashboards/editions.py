"""The workspace as it is now, shared by all readers; what was read is kept until what it hangs on changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
import shapely

from dashboards.readers import ledger_of
from dashboards.shelf import Shelf
from geo.layers import Layer
from geo.membership import among
from geo.progress import UNPLACED
from pipelines.area_rows import Homes, homes_of, is_large, partners, shapes_in
from pipelines.days import today
from pipelines.exchange import show
from pipelines.ground_tiles import GroundTiles, ground_tiles
from pipelines.light_rows import light_rows
from pipelines.standing import as_shown
from pipelines.store.ledger import SYSTEM
from pipelines.store.ledger_heads import photo_places, touched
from pipelines.tally_state import heads_of
from pipelines.territory import areas_key
from pipelines.tiles import Box, Tiles, TilesByArea
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    import geopandas as gpd

# Drawn outlines keep a detail of about one pixel on a map this many pixels wide.
PIXELS = {"county": 1500, "township": 2000, "village": 6000}
MANY = 500
"""So many changed things are read by themselves; of more, everything is read anew."""
PAST_ROWS = 300_000
"""Rows of tables kept at once of what was known on an earlier day."""
T = TypeVar("T")
Frame = TypeVar("Frame", bound=pd.DataFrame)


@dataclass(frozen=True)
class Mark:
    """What a layer's kept things hang on: `still` changes with imports and settings, `head` with its events."""

    still: str
    head: int


class Edition:
    """One state of a workspace. Nothing here asks who reads, and what is kept is kept unmasked:

    pages have `dashboards.data.County`, which gives of it what its reader may see.

    heads: number of the last event of each layer. past: it is what was known on an earlier day.
    """

    past = False

    def __init__(self, workspace: Workspace, heads: dict[str, int], shelf: Shelf) -> None:
        self.workspace = workspace
        self.heads = heads
        self._shelf = shelf

    @cached_property
    def name(self) -> str:
        """A short mark that changes with every import and every event of the ledger."""
        return _short(self.workspace.edition(), sorted(self.heads.items()), self._settings)

    @cached_property
    def _settings(self) -> str:
        return repr(self.workspace.settings)

    def layer_mark(self, layer_id: str) -> Mark:
        """What changes whenever a layer's rows, state or figures may have changed."""
        return self._once(("mark", layer_id), self.name, lambda: self._layer_mark(layer_id))

    def _layer_mark(self, layer_id: str) -> Mark:
        layers = sorted(related(self.workspace.layer(layer_id), self.workspace))
        others = [self.heads.get(one, 0) for one in layers if one != layer_id]
        still = _short(self.workspace.edition(*layers), others, self._settings)
        return Mark(still, self.heads.get(layer_id, 0))

    def _once(self, key: Hashable, mark: Hashable, make: Callable[[], T]) -> T:
        return self._shelf.once(key, mark, make)

    def of_layer(self, layer_id: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `key` until the layer changes."""
        return self._once((layer_id, key), self.layer_mark(layer_id), make)

    def of_areas(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `key` until the areas change."""
        return self._once(("areas", key), areas_key(self.workspace), make)

    def as_shown(self, day: date) -> Edition:
        """What was known at the end of a day in China: without what was taken in or recorded later."""

        def _then() -> Edition:
            state = as_shown(self.workspace, day)
            made = Edition(state, {one: head for one, (head, _) in heads_of(state).items()}, Shelf(rows=PAST_ROWS))
            made.past = True
            return made

        return self._once(("as shown", day), _short(self.workspace.edition(), self._settings), _then)

    def outlines(self, level: str) -> gpd.GeoDataFrame:
        """All units of a level, their outlines thinned together for drawing so that neighbours still meet."""
        return self.of_areas(("outlines", level), lambda: self._thinned(level))

    def _thinned(self, level: str) -> gpd.GeoDataFrame:
        frame = self.workspace.areas()
        chosen = frame[frame["level"] == level].copy()
        if chosen.empty:
            return chosen
        west, _, east, _ = frame.total_bounds
        shapes = chosen.geometry.to_numpy()
        thin = shapely.coverage_simplify(shapes, (east - west) / PIXELS[level])
        thin = np.where(shapely.is_empty(thin), shapes, thin)
        chosen.geometry = shapely.transform(thin, lambda c: np.round(c, 5))
        return chosen

    def first_day(self, layer_id: str, within: str = "") -> date | None:
        """The earliest day that a thing of this layer within an area ("" for all) is dated; None when none is."""
        return self.of_layer(layer_id, ("first day", within), lambda: self._first_day(layer_id, within))

    def _first_day(self, layer_id: str, within: str) -> date | None:
        layer = self.workspace.layers()[layer_id]
        columns = [s.date_field for s in layer.lifecycle.stages if s.date_field] if layer.lifecycle else []
        if not columns or not self.workspace.imports(layer_id):
            return None
        dated = self.of_layer(layer_id, "dated", lambda: self._dated(layer, columns))
        earliest = dated[dated["area_code"].str.startswith(within, na=within == "")]["first"].min()
        return None if pd.isna(earliest) else pd.Timestamp(earliest).date()

    def _dated(self, layer: Layer, columns: list[str]) -> pd.DataFrame:
        """The first day of all things of each area that named one: area_code, first."""
        from pipelines.store.layers import current_rows

        rows = current_rows(self.workspace, layer, columns=["area_code", *columns])
        first = rows.assign(first=rows[columns].min(axis=1))
        return pd.DataFrame(first.groupby("area_code", dropna=False)["first"].min().reset_index())

    def progress(self, layer_id: str, by: str, as_of: date) -> pd.DataFrame:
        """The layer's figures by units of a level on a day: what `xiangtu progress` gives."""
        from pipelines.summarise import progress

        key = ("progress", by, as_of)
        return self.of_layer(layer_id, key, lambda: progress(self.workspace, layer_id, by=by, as_of=as_of))

    def things(self, layer_id: str, area: str, as_of: date) -> gpd.GeoDataFrame:
        """The rows of a layer in an area ("" for all) on a day, unmasked: what `xiangtu show` gives."""
        return self.of_layer(layer_id, ("things", area, as_of), lambda: self._things(layer_id, area, as_of))

    def _things(self, layer_id: str, area: str, as_of: date) -> gpd.GeoDataFrame:
        large = is_large(self.workspace, layer_id)
        if area and not large:
            every = self.things(layer_id, "", as_of)
            inside = (
                every["area_code"].isna()
                if area == UNPLACED
                else every["area_code"].str.startswith(area, na=False)
            )
            return every[inside]
        homes = self._homes(layer_id) if large and area else None

        def _read(ids: list[str] | None) -> gpd.GeoDataFrame:
            only = homes if ids is None else None
            return show(
                self.workspace, layer_id, ids=ids, area=area or None, as_of=as_of, actor=SYSTEM, homes=only
            )

        return self._renewed(layer_id, ("things", area, as_of), _read)

    def light(self, layer_id: str, as_of: date) -> pd.DataFrame:
        """All rows of a layer on a day, unmasked; of a large layer only `pipelines.light_rows`, without shapes."""
        if not is_large(self.workspace, layer_id):
            return self.things(layer_id, "", as_of)

        def _read(ids: list[str] | None) -> pd.DataFrame:
            return light_rows(self.workspace, layer_id, as_of, ids=ids)

        key = ("light", as_of)
        return self.of_layer(layer_id, key, lambda: self._renewed(layer_id, key, _read))

    def light_of(self, layer_id: str, key: Hashable, ids: Sequence[str], as_of: date) -> pd.DataFrame:
        """`light` of some things of a large layer alone. key: the same for the same ids on that day."""
        return self.of_layer(
            layer_id, ("light of", key), lambda: light_rows(self.workspace, layer_id, as_of, ids=ids)
        )

    def _renewed(self, layer_id: str, key: Hashable, read: Callable[[list[str] | None], Frame]) -> Frame:
        """What `read` gives of all things (None); when few have changed since it was kept, of these alone."""
        before = self._shelf.last((layer_id, key))
        mark = before[0] if before is not None else None
        changed = self._changed_since(layer_id, mark) if isinstance(mark, Mark) else None
        if before is None or changed is None:
            return read(None)
        return replaced(before[1], read(changed), changed)

    def listed(self, layer_id: str, ids: Sequence[str], as_of: date) -> gpd.GeoDataFrame:
        """The rows of some things on a day, unmasked, in order of id."""
        if not is_large(self.workspace, layer_id):
            every = self.things(layer_id, "", as_of)
            return every[among(every["id"], ids)]
        key = ("listed", as_of, _short(sorted(ids)))
        return self.of_layer(
            layer_id, key, lambda: show(self.workspace, layer_id, ids=ids, as_of=as_of, actor=SYSTEM)
        )

    def _changed_since(self, layer_id: str, mark: Mark) -> list[str] | None:
        """Ids of the things that events have touched since a mark, and of those they bear on; None for all."""
        now = self.layer_mark(layer_id)
        if mark.still != now.still or mark.head > now.head:
            return None
        with ledger_of(self.workspace) as ledger:
            ids = sorted(touched(ledger, layer_id, after=mark.head)) if ledger is not None else []
        if len(ids) > MANY:
            return None
        return partners(self.workspace, self.workspace.layer(layer_id), ids)

    def _homes(self, layer_id: str) -> Homes:
        """Where the rows of a layer's imports lie, which no event changes."""
        layers = self.workspace.edition(layer_id)
        return self._once(
            (layer_id, "homes"), layers, lambda: homes_of(self.workspace, self.workspace.layer(layer_id))
        )

    def thing(self, layer_id: str, thing_id: str, as_of: date) -> gpd.GeoDataFrame:
        """The row of one thing on a day, unmasked, as a table of one row or none."""

        def _found() -> gpd.GeoDataFrame:
            if is_large(self.workspace, layer_id):
                return show(self.workspace, layer_id, feature_id=thing_id, as_of=as_of, actor=SYSTEM)
            every = self.things(layer_id, "", as_of)
            return every[every["id"] == thing_id]

        return self.of_layer(layer_id, ("thing", thing_id, as_of), _found)

    def history(self, layer_id: str, thing_id: str) -> list[dict[str, Any]]:
        """All that is known to have happened to a thing: what `pipelines.exchange.history` gives."""
        from pipelines.exchange import history

        key = ("history", thing_id)
        return self.of_layer(layer_id, key, lambda: history(self.workspace, layer_id, thing_id, clear=True))

    def photo_places(self, digest: str) -> list[tuple[str, str | None]]:
        """Layer and area code of all that a photo was given for."""

        def found() -> list[tuple[str, str | None]]:
            with ledger_of(self.workspace) as ledger:
                return photo_places(ledger, digest) if ledger is not None else []

        return self._once(("photo", digest), self.name, found)

    def tiles(self, layer_id: str, area: str) -> Tiles:
        """The vector tiles of a layer's things in an area ("" for all)."""
        return self.of_layer(layer_id, ("tiles", area), lambda: self._tiles(layer_id, area))

    def _tiles(self, layer_id: str, area: str) -> Tiles:
        layer, large = self.workspace.layer(layer_id), is_large(self.workspace, layer_id)

        def rows(_: str, as_of: date | None) -> pd.DataFrame:
            if large and layer.lifecycle is None:
                return shapes_in(self.workspace, layer, area, as_of=as_of, homes=self._homes(layer_id))
            return self.things(layer_id, area, as_of or today())

        if area or not large:
            return Tiles(self.workspace, rows=rows, merged=large)
        boxes = self.of_areas("boxes", self._boxes)
        return TilesByArea(self.workspace, boxes, lambda code: self.tiles(layer_id, code))

    def ground_tiles(self, layer_id: str, area: str) -> GroundTiles:
        """The tiles of a layer that is drawn below the maps, cut to an area ("" for all)."""
        layer = self.workspace.layer(layer_id)
        return self.of_layer(layer_id, ("ground", area), lambda: ground_tiles(self.workspace, layer, area))

    def _boxes(self) -> dict[str, Box | None]:
        """Bounds of each township by its code; what lies on none may lie anywhere."""
        frame = self.workspace.areas()
        townships = frame[frame["level"] == "township"]
        bounds = shapely.bounds(townships.geometry.to_numpy(object)).tolist()
        return {**dict(zip(townships["code"], map(tuple, bounds), strict=True)), UNPLACED: None}


def replaced(before: Frame, fresh: Frame, ids: Sequence[str]) -> Frame:
    """Rows with those of some ids taken out and fresh ones in their place, in order of id."""
    rest: Frame = before[~among(before["id"], ids)]
    if not len(fresh):
        return rest
    merged = pd.concat([rest, fresh]) if len(rest) else fresh
    order = np.argsort(merged["id"].to_numpy(object), kind="stable")
    return merged.iloc[order].reset_index(drop=True)


def related(layer: Layer, workspace: Workspace) -> set[str]:
    """The layers that a layer's rows and figures hang on, itself among them."""
    from pipelines.summarise import denominators

    others = {one.layer for one in layer.relations if one.layer}
    return {layer.id, *others, *(one.id for one in denominators(workspace, layer))}


def _short(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
