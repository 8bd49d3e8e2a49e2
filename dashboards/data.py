"""What the pages show, as far as their reader may see it; no figure is made here."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from dashboards.ground import Area as Area
from dashboards.ground import Ground
from dashboards.opening import edition
from dashboards.readable_tiles import ReadableTiles
from dashboards.readers import reader_of
from geo.access import Actor, masked, pseudonym, readable_root, within
from geo.layers import Layer
from geo.membership import among
from geo.personal import mask
from geo.progress import UNPLACED
from pipelines.area_rows import is_large
from pipelines.days import today
from pipelines.store.attachments import Attachments

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.tiles import Tiles
    from pipelines.workspace import Import

WORKSPACE_VARIABLE = "XIANGTU_WORKSPACE"
T = TypeVar("T")


class County(Ground):
    """The county as one reader may see it: a light view of an edition that all readers share.

    `root` is the reader's own top: the county, or for a township's account that township. What lies outside is
    not listed, counted or given out; only `outlines` draws the neighbours. Personal fields are masked by the
    reader's role.
    """

    def kept(self, layer_id: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `key` for all readers until the layer changes: nothing that is masked."""
        return self._shared.of_layer(layer_id, ("page", key), make)

    @property
    def past(self) -> bool:
        """Whether this is what was known on an earlier day."""
        return self._shared.past

    def as_shown(self, day: date) -> County:
        """The county as this reader would have seen it at the end of that day."""
        return County(self._shared.as_shown(day), self.actor)

    # --- layers and their figures ---------------------------------------------------------------------------

    def topics(self) -> list[Layer]:
        """The layers a reader can choose: those with rows first, then the others; no areas and no ground."""
        every = self.workspace.layers().values()
        layers = [one for one in every if not (one.is_area or one.ground) and self._reads(one.id)]
        return sorted(layers, key=lambda one: (not self.has_rows(one.id), not one.indicators))

    def _reads(self, layer_id: str) -> bool:
        return self.reach(layer_id) is not None

    def has_rows(self, layer_id: str) -> bool:
        """Whether anything was ever taken in for this layer, or added to it in the ledger."""
        taken = bool(self.workspace.imports(layer_id)) or layer_id in self._shared.heads
        return taken and self._reads(layer_id)

    def first_day(self, layer_id: str) -> date | None:
        """The earliest day that a thing of this layer within the reader's reach is dated; None when none is."""
        reach = self.reach(layer_id)
        return None if reach is None else self._shared.first_day(layer_id, reach)

    def progress(self, layer_id: str, by: str, as_of: date) -> pd.DataFrame:
        """The layer's figures by units of a level on a day, as `xiangtu progress` gives them.

        Only rows within the reader's reach; a zone counts as within where most of it lies.
        """
        frame = self._shared.progress(layer_id, by, as_of)
        reach = self.reach(layer_id)
        if reach == "":
            return frame
        if reach is None:
            return frame.iloc[:0]
        if by == "zone":
            mine = {str(one) for layer in ("zone", "zone_plan") for one in self._ids(layer, as_of)}
            return frame[frame["area_code"].isin(mine)].reset_index(drop=True)
        return frame[frame["area_code"].str.startswith(reach, na=False)].reset_index(drop=True)

    def _ids(self, layer_id: str, as_of: date) -> list[str]:
        if layer_id not in self.workspace.layers() or not self.has_rows(layer_id):
            return []
        return list(self.things(layer_id, as_of=as_of)["id"])

    def things(self, layer_id: str, *, area: Area | None = None, as_of: date) -> gpd.GeoDataFrame:
        """The rows of a layer in an area on a day, as `xiangtu show` gives them, masked for the reader."""
        if area is not None and area.level == UNPLACED:
            outside = self._shared.things(layer_id, UNPLACED, as_of)
            return self._masked(outside if self.reach(layer_id) == "" else outside.iloc[:0], layer_id)
        code = self._where(layer_id, area)
        if code is None:
            return self._shared.things(layer_id, self.root.code, as_of).iloc[:0]

        def _found() -> gpd.GeoDataFrame:
            return self._masked(self._shared.things(layer_id, code, as_of), layer_id)

        return self._shared.of_layer(layer_id, ("masked", code, as_of, self._clear), _found)

    @property
    def _clear(self) -> Hashable:
        """What decides which personal fields this reader sees."""
        return self.actor.role, self.actor.area_code, self.actor.layers

    def _where(self, layer_id: str, area: Area | None) -> str | None:
        """The area of which the reader gets the rows that were asked for: "" for all, None for none."""
        reach = self.reach(layer_id)
        asked = "" if area is None or area.level == "county" else area.code
        if reach is None or not (within(asked, reach) or within(reach, asked)):
            return None
        return max(asked, reach, key=len)

    def light(self, layer_id: str, *, area: Area | None = None, as_of: date) -> pd.DataFrame:
        """The rows of `things`, but of a very large layer only what counting and listing needs, without shapes."""
        whole = area is None or area.level == "county"
        if not self.is_large(layer_id) or (self.workspace.layer(layer_id).lifecycle is None and not whole):
            return self.things(layer_id, area=area, as_of=as_of)

        def _found() -> pd.DataFrame:
            rows = self._shared.light(layer_id, as_of)
            code = rows["area_code"]
            if area is not None and area.level == UNPLACED:
                inside = code.isna() & (self.reach(layer_id) == "")
            else:
                where = self._where(layer_id, area)
                inside = code.str.startswith(where or "-", na=False) | (where == "")
            return masked(rows[inside.to_numpy(bool)], self.workspace.layer(layer_id), self.actor)

        key = ("light", area.code if area is not None else "", as_of, self._clear)
        return self._shared.of_layer(layer_id, key, _found)

    def light_of(self, layer_id: str, key: Hashable, ids: pd.Series, as_of: date) -> pd.DataFrame:
        """The rows of `light` of some things, in order of id. key: the same for the same ids on that day."""
        if not self.is_large(layer_id) or self.workspace.layer(layer_id).lifecycle is not None:
            every = self.light(layer_id, as_of=as_of)
            return every[among(every["id"], ids)]
        found = self._shared.light_of(layer_id, key, list(ids), as_of)
        reach = self.reach(layer_id)
        if reach != "":
            found = found[found["area_code"].str.startswith(reach or "-", na=False)]
        return masked(found, self.workspace.layer(layer_id), self.actor)

    def is_large(self, layer_id: str) -> bool:
        """Whether a layer has too many rows to keep all their fields at hand."""
        return is_large(self.workspace, layer_id)

    def listed(self, layer_id: str, ids: Sequence[str], as_of: date) -> gpd.GeoDataFrame:
        """The whole rows of some things that the reader may see, in order of id, masked."""
        rows = self._shared.listed(layer_id, ids, as_of)
        mine = [self._sees(layer_id, code) for code in rows["area_code"]]
        return self._masked(rows[pd.Series(mine, index=rows.index, dtype=bool)], layer_id)

    def _masked(self, rows: gpd.GeoDataFrame, layer_id: str) -> gpd.GeoDataFrame:
        return masked(rows, self.workspace.layer(layer_id), self.actor)

    def thing(self, layer_id: str, thing_id: str, as_of: date) -> pd.Series | None:
        """One row of a layer on a day; None when there is none of that id that the reader may see."""
        rows = self._shared.thing(layer_id, thing_id, as_of)
        if rows.empty or not self._sees(layer_id, rows["area_code"].iloc[0]):
            return None
        return self._masked(rows, layer_id).iloc[0]

    def _sees(self, layer_id: str, area_code: object) -> bool:
        reach = self.reach(layer_id)
        return reach is not None and within(area_code if isinstance(area_code, str) else None, reach)

    def history(self, layer_id: str, thing_id: str) -> list[dict[str, Any]]:
        """All that the reader may know to have happened to a thing, oldest first.

        What `pipelines.exchange.history` gives; of the events only the reader's own where the role reads no
        others, and people as stand-ins where it may see none.
        """
        place = None
        if self.reach(layer_id) != "":
            rows = self._shared.thing(layer_id, thing_id, today())
            place = rows["area_code"].iloc[0] if len(rows) else None
            if not isinstance(place, str) or not self._sees(layer_id, place):
                return []
        whole = self.may("history", layer_id, place)
        named = self.may("personal", layer_id, place)
        found = []
        for one in self._shared.history(layer_id, thing_id):
            who = one.get("actor")
            if one["kind"] == "import" or who is None or who == self.actor.name:
                found.append(one)
            elif whole:
                found.append(one if named else self._nameless(one))
        return found

    def _nameless(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event with a stand-in for who did it, and numbers of people in its note as stars."""
        told = {**event, "actor": pseudonym(str(event["actor"]), self.workspace.settings.code)}
        return {**told, "note": mask(str(event["note"]))[0]} if event.get("note") else told

    def photo(self, digest: str, kind: str) -> Path | None:
        """The file of a photo's `thumb` or `view`; None when there is none of a thing the reader may see."""
        file = Attachments(self.workspace.root / "attachments").path(digest, kind)
        if file is None or readable_root(self.actor) == "":
            return file
        places = self._shared.photo_places(digest)
        return file if any(self._sees(layer, area) for layer, area in places) else None

    def source(self, layer_id: str, import_id: str) -> Import | None:
        """The import of that id; None when it is not there or holds nothing that the reader may see."""
        found = next((one for one in self.workspace.imports(layer_id) if one.id == import_id), None)
        if found is None or self.reach(layer_id) == "":
            return found
        mine = self.light(layer_id, as_of=today())
        return found if bool((mine["import_id"] == import_id).any()) else None

    def source_file(self, layer_id: str, import_id: str) -> str | None:
        """The name of the file that an import was read from; None when there is no `source`."""
        found = self.source(layer_id, import_id)
        return found.file if found is not None else None

    def ground_tile(self, layer_id: str, z: int, x: int, y: int) -> bytes:
        """A tile of water, roads …, compressed: for orientation, so it asks no right but to read this ground."""
        return self._shared.ground_tiles(layer_id, "" if self.root.level == "county" else self.root.code).packed(
            z, x, y
        )

    def tiles(self) -> ReadableTiles:
        """The vector tiles of what the reader may see."""
        return ReadableTiles(self.tiles_of)

    def tiles_of(self, layer_id: str) -> Tiles | None:
        """`pipelines.tiles.Tiles` of a layer's things within the reader's reach; None when there are none."""
        reach = self.reach(layer_id)
        return None if reach is None else self._shared.tiles(layer_id, reach)


def county(root: Path | None = None, *, actor: Actor | None = None) -> County:
    """The workspace this server shows, as it is now, for one reader.

    root: the workspace folder; that of the environment variable XIANGTU_WORKSPACE when None. actor: who reads;
    when None, whoever may read without signing in. Raises `geo.errors.Refused` when it is not a workspace, and
    Forbidden when nobody reads it without signing in.
    """
    folder = Path(root or os.environ[WORKSPACE_VARIABLE])
    shared = edition(folder)
    return County(shared, actor if actor is not None else reader_of(folder, None))
