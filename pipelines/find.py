"""Search by place, code, number of a thing, or person, in what the reader may see."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.layers import Layer
from geo.progress import UNPLACED

MOST = 12
HIDDEN = "*"
"""What stands in a personal field that was masked for the reader: such a field is not searched."""


@dataclass(frozen=True)
class Hit:
    """One thing found. layer_id: None for an area. key: the area's code or the thing's id. said: where it is."""

    layer_id: str | None
    key: str
    title: str
    said: str = ""
    area_code: str | None = None


def folded(text: str) -> str:
    """Text as it is compared: full-width letters narrowed, case and outer blanks ignored."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def find_areas(areas: pd.DataFrame, text: str, *, most: int = MOST) -> list[Hit]:
    """Areas by name or code: exact ones first, then those that begin so, then those that hold it; large first.

    areas: columns code, name, level, parent. Areas of one name are told apart by that of the unit above (`said`).
    """
    wanted = folded(text)
    if not wanted or areas.empty:
        return []
    names = areas["name"].astype(str).map(folded).to_numpy(object)
    codes = areas["code"].astype(str).to_numpy(object)
    place = [_fit(wanted, name, code) for name, code in zip(names, codes, strict=True)]
    hits = sorted((rank, len(codes[at]), codes[at], at) for at, rank in enumerate(place) if rank < NO_FIT)
    above = dict(zip(areas["code"], areas["name"], strict=True))
    rows = areas.iloc[[at for *_, at in hits[:most]]]
    return [
        Hit(None, str(one.code), str(one.name_), str(above.get(one.parent, "")), str(one.code))
        for one in rows.rename(columns={"name": "name_"}).itertuples(index=False)
    ]


NO_FIT = 3


def _fit(wanted: str, *texts: str) -> int:
    """0 one of the texts is it, 1 one begins with it, 2 one holds it, 3 none does."""
    if wanted in texts:
        return 0
    if any(text.startswith(wanted) for text in texts):
        return 1
    return 2 if any(wanted in text for text in texts) else NO_FIT


def index_of(things: pd.DataFrame, layer: Layer) -> pd.DataFrame:
    """What can be searched of a layer's things, for `find_things`: id, title, area_code, area_name, and texts.

    things: rows as `pipelines.exchange.show` gives them to the reader. texts: the folded id and text fields, one
    column each, "" where a field is blank or masked.
    """
    fields = [one for one in layer.fields if one.type in ("text", "code") and one.name in things]
    made = pd.DataFrame({"id": things["id"].astype(str)}, index=things.index)
    name = things[layer.name_field] if layer.name_field else pd.Series("", index=things.index)
    made["title"] = name.astype("str").fillna("")
    made["area_code"] = things["area_code"].astype("str")
    made["area_name"] = things["area_name"].astype("str").fillna("")
    made["=id"] = made["id"].map(folded)
    for one in fields:
        if one.name == layer.id_field:
            continue
        values = things[one.name].astype("str").fillna("")
        if one.personal:
            values = values.where(~values.str.contains(HIDDEN, regex=False), "")
        made[f"={one.name}"] = values.map(folded)
    return made.reset_index(drop=True)


def find_things(index: pd.DataFrame, layer: Layer, text: str, lang: str, *, most: int = MOST) -> list[Hit]:
    """Things by id or any text field: first those whose id is it, then begins so, then others, in order of id."""
    wanted = folded(text)
    if not wanted or index.empty:
        return []
    columns = [name for name in index.columns if name.startswith("=")]
    holds = np.column_stack([index[name].str.contains(wanted, regex=False).to_numpy(bool) for name in columns])
    rows = index[holds.any(axis=1)]
    where = holds[holds.any(axis=1)].argmax(axis=1)
    order = sorted(
        range(len(rows)),
        key=lambda k: (_fit(wanted, rows["=id"].iloc[k]), where[k], rows["id"].iloc[k]),
    )
    found = []
    for k in order[:most]:
        one, field = rows.iloc[k], columns[where[k]][1:]
        label = "" if field == "id" else layer.field(field).label(lang)
        area = one["area_code"] if isinstance(one["area_code"], str) else UNPLACED
        said = _said(one["area_name"], label)
        found.append(Hit(layer.id, str(one["id"]), _said(one["id"], one["title"]), said, area))
    return found


def _said(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def best(hits: Sequence[Hit], most: int = MOST) -> list[Hit]:
    """The first hits of several searches, each of them heard before one is heard out."""
    groups: dict[str | None, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.layer_id, []).append(hit)
    taken: list[Hit] = []
    share = max(1, most // max(1, len(groups)))
    for group in groups.values():
        taken += group[:share]
    spare = [hit for hit in hits if hit not in taken]
    return sorted([*taken, *spare[: max(0, most - len(taken))]], key=list(hits).index)
