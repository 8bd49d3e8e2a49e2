"""Where a thing of the workspace really lies, for whoever must not take a caller's word for it."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.errors import Refused
from geo.lifecycle import china_day
from pipelines.store.ledger_acts import Lies

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.workspace import Workspace


REMEMBERED = 10_000


class Whereabouts:
    """The areas of the workspace in the folder `root`, and of the things its imports hold, as they are now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None
        self._found: dict[tuple[str, str], tuple[tuple[str, ...], Lies | None]] = {}

    def _now(self) -> Workspace:
        """The workspace as it is at this moment; its areas are read again only when they changed."""
        from pipelines.workspace import Workspace

        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace(self.root)
            else:
                self._workspace.forget_cache()
            return self._workspace

    def has_areas(self) -> bool:
        """Whether the county's areas are known at all."""
        return not self._now().areas().empty

    def has_area(self, code: str) -> bool:
        """Whether the county has an area of that code."""
        return bool((self._now().areas()["code"] == code).any())

    def area_at(self, lon: float, lat: float) -> str | None:
        """Code of the lowest area a point (EPSG:4490 degrees) lies in; None outside the county.

        Refused when the workspace has no areas, or for numbers that are no place on earth.
        """
        from geo.joins import assign_points

        if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lon) > 180 or abs(lat) > 90:
            raise Refused("point_impossible", lon=lon, lat=lat)
        here = self._now()
        areas = here.areas()
        if areas.empty:
            raise Refused("areas_missing", level="village")
        found = int(assign_points(np.array([shapely.Point(lon, lat)], dtype=object), here.leaves())[0])
        return None if found < 0 else str(areas["code"].iloc[found])

    def find(self, layer_id: str, feature_id: str) -> Lies | None:
        """Where the imports put a thing; None for one that none holds. Remembered until the layer has more."""
        from pipelines.store.layers import current_rows

        here = self._now()
        layer = here.layer(layer_id)
        key, edition = (layer_id, feature_id), tuple(one.id for one in here.imports(layer_id))
        kept = self._found.get(key)
        if kept is not None and kept[0] == edition:
            return kept[1]
        columns = ["id", "area_code", "placed_by"]
        rows = current_rows(here, layer, columns=columns, ids=[feature_id], edited=False)
        found = rows[rows["id"] == feature_id]
        made = None
        if len(found):
            area, how, at = (found[name].iloc[-1] for name in ("area_code", "placed_by", "import_at"))
            day = china_day(at.to_pydatetime())
            made = Lies(area if isinstance(area, str) and area else None, how == "geometry", day)
        if len(self._found) > REMEMBERED:
            self._found.clear()
        self._found[key] = (edition, made)
        return made
