"""What the pages show, fetched from the workspace and kept until the workspace changes; no figure is made here."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
import shapely

from geo.layers import Layer
from geo.progress import UNPLACED
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    import geopandas as gpd

    from pipelines.tiles import Tiles

WORKSPACE_VARIABLE = "XIANGTU_WORKSPACE"
LEVELS = ("county", "township", "village")
# Drawn outlines keep a detail of about one pixel on a map this many pixels wide.
PIXELS = {"county": 1500, "township": 2000, "village": 6000}
KEPT = 400
LARGE = 100_000
T = TypeVar("T")


@dataclass(frozen=True)
class Area:
    """One administrative unit, without its shape."""

    code: str
    name: str
    level: str
    parent: str


class County:
    """One edition of the workspace: everything read from it is kept until the edition changes."""

    def __init__(self, workspace: Workspace, edition: str) -> None:
        self.workspace = workspace
        self.edition = edition
        self.root = Area(workspace.settings.code, workspace.settings.name, "county", "")
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.RLock()

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave the first time it was asked for `key`; one caller makes it, others wait."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]  # type: ignore[return-value]

    # --- areas ---------------------------------------------------------------------------------------------

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """The areas frame (code, name, level, parent, geometry in EPSG:4490)."""
        return self.workspace.areas()

    def area(self, code: str | None) -> Area | None:
        """The unit of that code; the county itself for its own code; None when there is none.

        `unplaced` stands for what lies in no unit at all.
        """
        if code is None or code == self.root.code:
            return self.root
        if code == UNPLACED:
            return Area(UNPLACED, "", UNPLACED, self.root.code)
        found = self._once("index", self._index)
        return found.get(code)

    def _index(self) -> dict[str, Area]:
        frame = self.areas
        rows = zip(frame["code"], frame["name"], frame["level"], frame["parent"], strict=True)
        return {str(code): Area(str(code), str(name), str(level), str(up)) for code, name, level, up in rows}

    def path(self, area: Area) -> list[Area]:
        """The unit and those above it, county first."""
        found = [area]
        while found[0].level != "county":
            above = self.area(found[0].parent)
            found.insert(0, above if above is not None else self.root)
        return found

    def below(self, area: Area) -> str | None:
        """The level of the units that `area` is divided into; None when it is divided no further."""
        frame = self.areas
        if area.level == "county":
            there = set(frame["level"])
            return next((level for level in LEVELS[1:] if level in there), None)
        inside = frame.loc[frame["parent"] == area.code, "level"]
        return None if inside.empty else str(inside.iloc[0])

    def children(self, area: Area) -> gpd.GeoDataFrame:
        """The units `area` is divided into, with outlines for drawing; empty when there are none."""
        level = self.below(area)
        if level is None:
            return self.areas.iloc[:0]
        drawn = self.outlines(level)
        return drawn if area.level == "county" else drawn[drawn["parent"] == area.code]

    def outlines(self, level: str) -> gpd.GeoDataFrame:
        """All units of a level, their outlines thinned together for drawing so that neighbours still meet."""
        return self._once(("outlines", level), lambda: self._thinned(level))

    def _thinned(self, level: str) -> gpd.GeoDataFrame:
        frame = self.areas
        chosen = frame[frame["level"] == level].copy()
        if chosen.empty:
            return chosen
        west, _, east, _ = frame.total_bounds
        shapes = chosen.geometry.to_numpy()
        thin = shapely.coverage_simplify(shapes, (east - west) / PIXELS[level])
        thin = np.where(shapely.is_empty(thin), shapes, thin)
        chosen.geometry = shapely.transform(thin, lambda c: np.round(c, 5))
        return chosen

    def bounds(self, area: Area) -> tuple[float, float, float, float] | None:
        """West, south, east, north of a unit in degrees; None when it has no outline."""
        frame = self.areas
        rows = frame if area.level == "county" else frame[frame["code"] == area.code]
        if rows.empty:
            return None
        west, south, east, north = (float(value) for value in rows.total_bounds)
        return west, south, east, north

    # --- layers and their figures ---------------------------------------------------------------------------

    def topics(self) -> list[Layer]:
        """The layers a reader can choose: those with rows first, then the others, areas left out."""
        layers = [layer for layer in self.workspace.layers().values() if not layer.is_area]
        return sorted(layers, key=lambda one: (not self.has_rows(one.id), not one.indicators))

    def has_rows(self, layer_id: str) -> bool:
        """Whether anything was ever taken in for this layer."""
        return bool(self.workspace.imports(layer_id))

    def first_day(self, layer_id: str) -> date | None:
        """The earliest day that a thing of this layer is dated; None when nothing is dated."""
        return self._once(("first", layer_id), lambda: self._first_day(layer_id))

    def _first_day(self, layer_id: str) -> date | None:
        from pipelines.store.layers import current_rows

        layer = self.workspace.layers()[layer_id]
        columns = [s.date_field for s in layer.lifecycle.stages if s.date_field] if layer.lifecycle else []
        if not columns or not self.has_rows(layer_id):
            return None
        earliest = current_rows(self.workspace, layer, columns=columns)[columns].min().min()
        return None if pd.isna(earliest) else pd.Timestamp(earliest).date()

    def progress(self, layer_id: str, by: str, as_of: date) -> pd.DataFrame:
        """The layer's figures by units of a level on a day: what `xiangtu progress` gives."""
        from pipelines.summarise import progress

        key = ("progress", layer_id, by, as_of)
        return self._once(key, lambda: progress(self.workspace, layer_id, by=by, as_of=as_of))

    def things(self, layer_id: str, *, area: Area | None = None, as_of: date) -> gpd.GeoDataFrame:
        """The rows of a layer in an area on a day: what `xiangtu show` gives."""
        from pipelines.exchange import show

        def within() -> gpd.GeoDataFrame:
            if area is not None and area.level == UNPLACED:
                every = self.things(layer_id, as_of=as_of)
                return every[every["area_code"].isna()]
            if area is None or area.level == "county":
                return show(self.workspace, layer_id, as_of=as_of)
            if not self._is_large(layer_id):
                every = self.things(layer_id, as_of=as_of)
                return every[every["area_code"].str.startswith(area.code, na=False)]
            return show(self.workspace, layer_id, area=area.code, as_of=as_of)

        code = None if area is None or area.level == "county" else area.code
        return self._once(("things", layer_id, code, as_of), within)

    def _is_large(self, layer_id: str) -> bool:
        """Whether a layer has too many rows to keep all their fields at hand."""
        return sum(one.accepted for one in self.workspace.imports(layer_id)) > LARGE

    def thing(self, layer_id: str, thing_id: str, as_of: date) -> pd.Series | None:
        """One row of a layer on a day; None when there is none of that id."""
        from pipelines.exchange import show

        def found() -> gpd.GeoDataFrame:
            if self._is_large(layer_id):
                return show(self.workspace, layer_id, feature_id=thing_id, as_of=as_of)
            every = self.things(layer_id, as_of=as_of)
            return every[every["id"] == thing_id]

        rows = self._once(("thing", layer_id, thing_id, as_of), found)
        return None if rows.empty else rows.iloc[0]

    def history(self, layer_id: str, thing_id: str) -> list[dict[str, Any]]:
        """All that is known to have happened to a thing, oldest first: what `pipelines.exchange.history` gives."""
        from pipelines.exchange import history

        return self._once(("history", layer_id, thing_id), lambda: history(self.workspace, layer_id, thing_id))

    def photo(self, digest: str, kind: str) -> Path | None:
        """The file of a photo's `thumb` or `view`; None when there is none."""
        from pipelines.store.attachments import Attachments

        return Attachments(self.workspace.root / "attachments").path(digest, kind)

    def source_file(self, layer_id: str, import_id: str) -> str | None:
        """The name of the file that an import was read from; None when the import is not there."""
        return next((one.file for one in self.workspace.imports(layer_id) if one.id == import_id), None)

    def tiles(self) -> Tiles:
        """The vector tiles of this edition."""
        from pipelines.tiles import Tiles

        return self._once("tiles", lambda: Tiles(self.workspace))


def _edition(workspace: Workspace) -> str:
    """A short mark that changes with every import and every event of the ledger."""
    if workspace.settings.ledger_url:
        from pipelines.act import workspace_ledger

        ledger = workspace_ledger(workspace)
        written: object = ledger.head()
        ledger.close()
    else:
        files = [workspace.root / name for name in ("ledger.sqlite", "ledger.sqlite-wal")]
        written = [(file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()]
    return hashlib.sha256(f"{workspace.edition()} {written}".encode()).hexdigest()[:16]


_current: dict[Path, County] = {}
_opening = threading.Lock()


def county(root: Path | None = None) -> County:
    """The workspace this server shows, as it is now; read anew when an import was added since.

    root: the workspace folder; that of the environment variable XIANGTU_WORKSPACE when None. Raises
    `geo.errors.Refused` when it is not a workspace.
    """
    folder = Path(root or os.environ[WORKSPACE_VARIABLE])
    with _opening:
        workspace = Workspace(folder)
        edition = _edition(workspace)
        held = _current.get(folder)
        if held is None or held.edition != edition or held.workspace.settings != workspace.settings:
            held = _current[folder] = County(workspace, edition)
        return held
