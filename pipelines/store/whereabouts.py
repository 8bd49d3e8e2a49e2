"""Where a thing of the workspace really lies, for whoever must not take a caller's word for it."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.errors import Refused
from pipelines.store.ledger_acts import Lies

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.workspace import Workspace


class Whereabouts:
    """The areas of the workspace in the folder `root`, and of the things its imports hold, as they are now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None

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
        """Where an imported thing lies; None for one that no import holds."""
        from pipelines.store.layers import current_rows

        here = self._now()
        columns = ["id", "area_code", "placed_by"]
        rows = current_rows(here, here.layer(layer_id), columns=columns, ids=[feature_id])
        found = rows[rows["id"] == feature_id]
        if found.empty:
            return None
        area, how = found["area_code"].iloc[-1], found["placed_by"].iloc[-1]
        return Lies(area if isinstance(area, str) and area else None, how == "geometry")
