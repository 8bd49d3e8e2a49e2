"""The ground a reader stands on: the areas within reach, and what may be done where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.editions import Edition
from geo.access import Actor, decide, readable_root, within
from geo.progress import UNPLACED
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    import geopandas as gpd

LEVELS = ("county", "township", "village")
LEVEL_OF_LENGTH: Mapping[int, str] = {6: "county", 9: "township", 12: "village"}


@dataclass(frozen=True)
class Area:
    """One administrative unit, without its shape."""

    code: str
    name: str
    level: str
    parent: str


class Ground:
    """Areas and rights of one reader; `dashboards.data.County` gives the things on them."""

    def __init__(self, shared: Edition, actor: Actor) -> None:
        self.actor = actor
        self._shared = shared
        self.root = self._top()

    @property
    def workspace(self) -> Workspace:
        """The workspace itself: it asks nobody who reads, so what a page takes from it must be nobody's secret."""
        return self._shared.workspace

    @property
    def edition(self) -> str:
        """A short mark that changes with every import and every event of the ledger."""
        return self._shared.name

    def layer_edition(self, layer_id: str) -> str:
        """A short mark that changes when a layer or what its figures hang on changes."""
        mark = self._shared.layer_mark(layer_id)
        return f"{mark.still[:12]}-{mark.head}"

    @property
    def name(self) -> str:
        """The county's name."""
        return self.workspace.settings.name

    # --- what the reader may see ----------------------------------------------------------------------------

    def reach(self, layer_id: str) -> str | None:
        """The root of the areas whose things of a layer the reader may read: "" for all, None for none."""
        return readable_root(self.actor, layer_id)

    def may(self, action: str, layer_id: str | None = None, area_code: str | None = None) -> bool:
        """Whether the reader may do `action` on a thing of a layer that lies on an area."""
        return decide(self.actor, action, layer=layer_id, area_code=area_code).allowed

    def _top(self) -> Area:
        settings = self.workspace.settings
        county = Area(settings.code, settings.name, "county", "")
        own = readable_root(self.actor) or ""
        if len(own) <= len(county.code):
            return county
        return self._index().get(own) or Area(own, own, LEVEL_OF_LENGTH.get(len(own), "village"), county.code)

    # --- areas ---------------------------------------------------------------------------------------------

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """The areas within `root`, it among them (code, name, level, parent, geometry in EPSG:4490)."""
        frame = self.workspace.areas()
        if self.root.level == "county":
            return frame
        return self._shared.of_areas(
            ("within", self.root.code), lambda: frame[frame["code"].str.startswith(self.root.code)]
        )

    def area(self, code: str | None) -> Area | None:
        """The unit of that code within `root`; `root` itself for None or its own code; None when there is none.

        `unplaced` stands for what lies in no unit at all, for a reader of the whole county.
        """
        if code is None or code == self.root.code:
            return self.root
        if code == UNPLACED:
            return Area(UNPLACED, "", UNPLACED, self.root.code) if self.root.level == "county" else None
        found = self._index().get(code)
        outside = found is not None and self.root.level != "county" and not within(code, self.root.code)
        return None if outside else found

    def _index(self) -> dict[str, Area]:
        def made() -> dict[str, Area]:
            frame = self.workspace.areas()
            rows = zip(frame["code"], frame["name"], frame["level"], frame["parent"], strict=True)
            return {str(code): Area(str(code), str(name), str(level), str(up)) for code, name, level, up in rows}

        return self._shared.of_areas("index", made)

    def path(self, area: Area) -> list[Area]:
        """The unit and those above it as far as `root`, which comes first."""
        found = [area]
        while found[0].code != self.root.code:
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
        """All units of a level, thinned together for drawing; also those outside `root`, for orientation."""
        return self._shared.outlines(level)

    def bounds(self, area: Area) -> tuple[float, float, float, float] | None:
        """West, south, east, north of a unit in degrees; None when it has no outline."""
        frame = self.areas
        rows = frame if area.level == "county" else frame[frame["code"] == area.code]
        if rows.empty:
            return None
        west, south, east, north = (float(value) for value in rows.total_bounds)
        return west, south, east, north
