"""Beyond one day's figures: months, campaigns, standings, rows behind a figure, search, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from dashboards.data import Area, County
from geo.layers import Indicator, Layer
from geo.membership import among
from geo.progress import UNPLACED
from geo.standing import STANDINGS, by_area, standing
from pipelines.figure_rows import counted_parts, rows_counted
from pipelines.find import Hit, best, find_areas, find_things, index_of
from pipelines.pace import Glance, campaigns, glance
from pipelines.summarise import events_of
from pipelines.tiles import Only
from pipelines.trends import month_ends, trend
from pipelines.waiting import KINDS, KINDS_READ, Waiting, waiting

STANDS = "is."
WAITS = "wait."
"""`rows=is.late`: things that stand so; `rows=wait.mine`: those that wait for the reader; else an indicator."""
TO_FIND = 2


def months(county: County, layer: Layer, by: str, today: date, shown: date | None = None) -> pd.DataFrame:
    """The layer's figures at the ends of the months of two years, as `pipelines.trends.trend`, within reach.

    shown: the last day asked for, `today` when None; the months before it are those before today.
    """
    last = shown or today
    every = {today, *month_ends(today)}
    days = tuple(sorted({last, *(one for one in month_ends(today) if one < last)}))
    reach = county.reach(layer.id)
    if last < today and every.issuperset(days):
        whole = months(county, layer, by, today)
        return whole[whole["day"].isin(pd.to_datetime(list(days)))].reset_index(drop=True)
    made = county.kept(layer.id, ("months", by, days), lambda: trend(county.workspace, layer.id, days, by))
    if reach == "":
        return made
    return made[made["area_code"].str.startswith(reach or "-", na=False)]


def has_months(county: County, layer: Layer) -> bool:
    """Whether a layer has a past to look at: stages, and things that are dated."""
    return layer.lifecycle is not None and bool(layer.indicators) and county.first_day(layer.id) is not None


def glances(county: County, area: Area, as_of: date, today: date) -> list[Glance]:
    """The campaigns of an area at a glance on a day; one of which nothing was taken in is empty."""
    settings = county.workspace.settings
    found = []
    for layer in campaigns(settings, county.workspace.layers()):
        if county.reach(layer.id) is None:
            continue
        if not county.has_rows(layer.id) or county.areas.empty or area.level == UNPLACED:
            found.append(Glance(layer, None))
            continue
        rows = months(county, layer, area.level, today, as_of)
        mine = rows[(rows["area_code"] == area.code) & (rows["level"] == area.level)]
        found.append(glance(settings, layer, mine, as_of, whole=area.level == "county"))
    return found


def standings(county: County, layer: Layer, codes: Sequence[str], as_of: date) -> pd.DataFrame | None:
    """How many things of a layer stand where, by area: `geo.standing.by_area`; None for a layer without stages."""
    if layer.lifecycle is None or not codes:
        return None

    def _made() -> pd.DataFrame:
        things = county.light(layer.id, as_of=as_of)
        return by_area(standing(things, layer), things["area_code"], list(codes))

    return county.kept(layer.id, ("standings", tuple(codes), as_of, county.root.code), _made)


@dataclass(frozen=True)
class Counted:
    """The rows behind a figure, in order of id.

    rows: as `County.light` gives them. parts: the figures whose amounts the rows bring, in the columns `=<id>`.
    beyond: how many more things the figure counts that lie mainly outside the reader's reach and are not listed,
    with what they bring to each of the parts: rows and these together are the figure.
    """

    rows: pd.DataFrame
    parts: tuple[Indicator, ...] = ()
    beyond: int = 0
    beyond_sums: tuple[float, ...] = ()

    @property
    def totals(self) -> list[float]:
        """What all rows bring to each of the parts, and what lies beyond."""
        beyond = self.beyond_sums or (0.0,) * len(self.parts)
        return [float(self.rows[f"={one.id}"].sum()) + more for one, more in zip(self.parts, beyond, strict=True)]


def rows_of(
    county: County, layer: Layer, rows: str | None, area: Area, as_of: date, today: date
) -> Counted | None:
    """The things of an area that `rows` asks for, in order of id, and what each brings; None when it says nothing.

    rows: an indicator's id for exactly the things it counts; `is.` and a standing; `wait.` and a kind of waiting.
    """
    if rows is None:
        return Counted(county.light(layer.id, area=area, as_of=as_of))
    if rows.startswith(STANDS) and rows.removeprefix(STANDS) in STANDINGS:
        mine = county.light(layer.id, area=area, as_of=as_of)
        return Counted(mine[(standing(mine, layer) == rows.removeprefix(STANDS)).fillna(False).to_numpy(bool)])
    if rows.startswith(WAITS) and rows.removeprefix(WAITS) in KINDS:
        mine = county.light(layer.id, area=area, as_of=today)
        ids = [one for w in _waiting(county, layer, today) if w.kind == rows.removeprefix(WAITS) for one in w.ids]
        return Counted(mine[among(mine["id"], ids)])
    asked = next((one for one in layer.indicators if one.id == rows), None)
    return None if asked is None else _counted(county, layer, asked, area, as_of)


def _counted(county: County, layer: Layer, asked: Indicator, area: Area, as_of: date) -> Counted:
    """The things that a figure of an area counts."""

    def _found() -> pd.DataFrame:
        return rows_counted(county.workspace, layer.id, asked.id, area.code, as_of)

    key = ("counted", asked.id, area.code, as_of)
    found = county.kept(layer.id, key, _found)
    things = county.light_of(layer.id, key, found["id"], as_of)
    parts = counted_parts(layer, asked)
    by_id = found.set_index("id")
    values = by_id.reindex(things["id"])
    more = by_id[~among(by_id.index.to_series(), things["id"])]
    listed = things.assign(**{f"={one.id}": values[one.id].to_numpy() for one in parts})
    return Counted(listed, parts, len(more), tuple(float(more[one.id].sum()) for one in parts))


def selected(county: County, layer: Layer, rows: str, area: Area, as_of: date, today: date) -> Only | None:
    """The things that `rows_of` gives, for the tiles of a map; None when `rows` says nothing."""
    who = (county.actor.role, county.actor.area_code, county.actor.layers)
    key = ("selected", rows, area.code, as_of, today, who)

    def _made() -> Only | None:
        found = rows_of(county, layer, rows, area, as_of, today)
        return None if found is None else Only(repr(key), pd.Index(found.rows["id"].astype(object)))

    return county.kept(layer.id, key, _made)


def waits(county: County, today: date) -> list[Waiting]:
    """What waits for the reader, over all layers, the most pressing kind first."""
    found = [
        one for layer in county.topics() if county.has_rows(layer.id) for one in _waiting(county, layer, today)
    ]
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def _waiting(county: County, layer: Layer, today: date) -> list[Waiting]:
    if layer.lifecycle is None:
        return []
    events = county.kept(layer.id, "events", lambda: events_of(county.workspace, layer, kinds=KINDS_READ))
    actor = county.actor
    who = (actor.role, actor.area_code, actor.layers)

    def made() -> list[Waiting]:
        return waiting(county.light(layer.id, as_of=today), events, layer, actor)

    return county.kept(layer.id, ("waiting", today, who), made)


def search(county: County, text: str, today: date, lang: str) -> list[Hit]:
    """Areas and things that match a text, areas first; a layer of very many rows is asked for an id alone."""
    if len(text.strip()) < TO_FIND:
        return []
    found = find_areas(county.areas, text)
    actor = county.actor
    who = (actor.role, actor.area_code, actor.layers)
    for layer in county.topics():
        if not county.has_rows(layer.id):
            continue
        if county.is_large(layer.id):
            thing = county.thing(layer.id, text.strip(), today)
            rows = thing.to_frame().T if thing is not None else None
            index = index_of(rows, layer) if rows is not None else None
        else:
            index = county.kept(
                layer.id,
                ("index", today, who),
                lambda one=layer: index_of(county.things(one.id, as_of=today), one),  # type: ignore[misc]
            )
        found += find_things(index, layer, text, lang) if index is not None else []
    return best(found)
