"""Where a thing of the workspace really lies, for whoever must not take a caller's word for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.errors import Refused

if TYPE_CHECKING:
    from pipelines.workspace import Workspace


class Whereabouts:
    """The areas of a workspace and of the things its imports hold; what was looked up is remembered."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._known: dict[tuple[str, str], str | None] = {}

    def has_areas(self) -> bool:
        """Whether the county's areas are known at all."""
        return not self.workspace.areas().empty

    def area_at(self, lon: float, lat: float) -> str | None:
        """Code of the lowest area a point (EPSG:4490 degrees) lies in; None outside the county.

        Refused when the workspace has no areas, or for numbers that are no place on earth.
        """
        from geo.joins import assign_points

        if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lon) > 180 or abs(lat) > 90:
            raise Refused("point_impossible", lon=lon, lat=lat)
        areas = self.workspace.areas()
        if areas.empty:
            raise Refused("areas_missing", level="village")
        found = int(assign_points(np.array([shapely.Point(lon, lat)], dtype=object), self.workspace.leaves())[0])
        return None if found < 0 else str(areas["code"].iloc[found])

    def holds(self, layer_id: str, feature_id: str) -> bool:
        """Whether an import holds a thing of that id."""
        return self._row(layer_id, feature_id)

    def area_of(self, layer_id: str, feature_id: str) -> str | None:
        """Code of the area that an imported thing lies on; None on no area. KeyError for one no import holds."""
        if not self._row(layer_id, feature_id):
            raise KeyError(feature_id)
        return self._known[layer_id, feature_id]

    def _row(self, layer_id: str, feature_id: str) -> bool:
        if (layer_id, feature_id) in self._known:
            return True
        from pipelines.store.layers import current_rows

        for again in (False, True):
            if again:
                self.workspace.forget_cache()
            layer = self.workspace.layer(layer_id)
            rows = current_rows(self.workspace, layer, columns=["id", "area_code"], ids=[feature_id])
            found = rows[rows["id"] == feature_id]
            if len(found):
                area = found["area_code"].iloc[-1]
                self._known[layer_id, feature_id] = area if isinstance(area, str) and area else None
                return True
        return False
