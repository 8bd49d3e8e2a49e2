"""Who may do what, where: one table of rights, and every decision with its reason."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from geo.errors import Forbidden
from geo.layers import Layer, Words

if TYPE_CHECKING:
    import pandas as pd

Reach = Literal["county", "own", "none"]

ACTION_OF_KIND: Mapping[str, str] = {
    "step": "step",
    "add": "add",
    "edit": "edit",
    "note": "evidence",
    "evidence": "evidence",
    "extend": "extend",
    "escalate": "escalate",
    "merge": "merge",
    "merged": "merge",
    "undo": "undo",
    "revisit": "revisit",
    "plan_revisit": "revisit",
    "import": "import",
    "account": "account",
}
"""The right each kind of event asks for."""


@dataclass(frozen=True)
class Actor:
    """Who acts. `area_code` is the root of the actor's area ("" is the county); `layers` are a bureau's own.

    has_account: False for a name given on the command line of a workspace that has no accounts yet.
    """

    name: str
    role: str
    unit: str = ""
    area_code: str = ""
    layers: tuple[str, ...] = ()
    has_account: bool = True

    @property
    def party(self) -> str:
        """Who answers for the act where units are compared: the unit, or the name of one who has none."""
        return self.unit or self.name


@dataclass(frozen=True)
class Right:
    """One entry of the table. layers: `*`, `own`, or ids; area: how far it reaches."""

    allows: bool
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    layers: str | tuple[str, ...]
    area: Reach
    reason: Words


@dataclass(frozen=True)
class Decision:
    """Whether an act is allowed, and why."""

    allowed: bool
    reason: Words


NOTHING_ALLOWS = Words("权限表中没有允许这样做的条目", "no entry of the table of rights allows it")
OTHER_AREA = Words("不在自己的辖区内", "it lies outside the actor's own area")
OTHER_LAYER = Words("不是自己负责的图层", "the layer is not one the actor keeps")


@cache
def rights() -> tuple[Right, ...]:
    """The table of `geo/catalog/rights.toml`: what is denied first, then what is allowed."""
    raw = _table()
    entries = [(False, entry) for entry in raw["deny"]] + [(True, entry) for entry in raw["allow"]]
    return tuple(_right(allows, entry) for allows, entry in entries)


@cache
def roles() -> dict[str, Words]:
    """Every role by id, with its label."""
    return {name: Words(label["zh"], label["en"]) for name, label in _table()["roles"].items()}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("geo").joinpath("catalog", "rights.toml").read_text(encoding="utf-8"))


def _right(allows: bool, entry: Mapping[str, Any]) -> Right:
    layers = entry.get("layers", "*")
    return Right(
        allows,
        tuple(entry["roles"]),
        tuple(entry["actions"]),
        tuple(layers) if isinstance(layers, list) else layers,
        entry.get("area", "county"),
        Words(entry["zh"], entry["en"]),
    )


def within(area_code: str | None, root: str) -> bool:
    """Whether an area code lies in the subtree of `root`; "" is the whole county, a thing on no area is not in."""
    return root == "" or (area_code is not None and area_code.startswith(root))


def _covers_layer(right: Right, actor: Actor, layer: str | None) -> bool:
    if right.layers == "*" or layer is None:
        return True
    if right.layers == "own":
        return layer in actor.layers or "*" in actor.layers
    return layer in right.layers


def decide(actor: Actor, action: str, *, layer: str | None = None, area_code: str | None = None) -> Decision:
    """Whether `actor` may do `action` on a thing of `layer` that lies on `area_code`.

    Entries are read in order, what is denied before what is allowed; the refusal names the nearest reason:
    another's area, another's layer, or that nothing allows it. A layer of None asks about no layer in particular.
    """
    nearest = NOTHING_ALLOWS
    for right in rights():
        if actor.role not in right.roles or not ({action, "*"} & set(right.actions)):
            continue
        if not right.allows:
            return Decision(False, right.reason)
        if not _covers_layer(right, actor, layer):
            nearest = OTHER_LAYER
        elif right.area == "own" and not within(area_code, actor.area_code):
            nearest = OTHER_AREA
        else:
            return Decision(True, right.reason)
    return Decision(False, nearest)


def require(actor: Actor, action: str, *, layer: str | None = None, area_code: str | None = None) -> None:
    """Forbidden, with the reason, unless the table allows it."""
    decision = decide(actor, action, layer=layer, area_code=area_code)
    if not decision.allowed:
        raise _not_allowed(actor, action, layer, decision.reason)


def _not_allowed(actor: Actor, action: str, layer: str | None, reason: Words) -> Forbidden:
    """The refusal with role, action and layer both as ids and as they are called."""
    from geo.layers import builtin_layers
    from geo.spoken import NOTHING, act_words

    role, asked = roles().get(actor.role, Words(actor.role, actor.role)), act_words(action)
    known = builtin_layers().get(layer or "")
    place = known.label if known is not None else Words(layer, layer) if layer else NOTHING
    return Forbidden(
        "not_allowed",
        actor=actor.name,
        role=actor.role,
        role_zh=role.zh,
        role_en=role.en,
        action=action,
        action_zh=asked.zh,
        action_en=asked.en,
        layer=layer or "—",
        layer_zh=place.zh,
        layer_en=place.en,
        reason=reason.zh,
        reason_en=reason.en,
    )


def readable_root(actor: Actor, layer: str | None = None) -> str | None:
    """The root of the areas whose things the actor may read: "" for all, a code, or None for nothing."""
    if decide(actor, "read", layer=layer, area_code=actor.area_code + "0" * 12).allowed:
        everywhere = decide(actor, "read", layer=layer, area_code=None).allowed
        return "" if everywhere else actor.area_code
    return None


def mask(value: object) -> object:
    """A personal value with all but its first character hidden; numbers keep their last two digits.

    What is masked already stays as it is.
    """
    if value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and value != value):
        return value
    text = str(value).strip()
    if not text:
        return value
    if len(text) > 1 and (set(text[1:]) == {"*"} or set(text[:-2]) == {"*"}):
        return value
    digits = sum(c.isdigit() for c in text)
    if digits >= 6:
        return "*" * (len(text) - 2) + text[-2:]
    return text[0] + "*" * max(1, min(len(text) - 1, 4))


def masked(rows: pd.DataFrame, layer: Layer, actor: Actor | None) -> pd.DataFrame:
    """The rows with every personal field masked, unless the actor may see it there; a copy, same columns.

    rows: features of `layer`, with `area_code` where known. Without an actor everything is masked. Applied to
    every read, export and log.
    """
    personal = [f.name for f in layer.fields if f.personal and f.name in rows]
    if not personal:
        return rows
    import pandas as pd

    if actor is None:
        clear = pd.Series(False, index=rows.index)
    else:
        areas = rows["area_code"].astype("object") if "area_code" in rows else pd.Series(None, index=rows.index)
        codes = areas.where(areas.notna(), "")
        allowed = {
            code: decide(actor, "personal", layer=layer.id, area_code=code or None).allowed
            for code in codes.unique()
        }
        clear = codes.map(allowed).astype(bool)
    shown = rows.copy()
    for name in personal:
        hidden = shown[name].astype("object").where(clear, shown[name].map(mask).astype("object"))
        shown[name] = hidden.astype(shown[name].dtype) if shown[name].dtype == "str" else hidden
    return shown


def masked_values(data: Mapping[str, Any], layer: Layer) -> dict[str, Any]:
    """What an event keeps (`Event.data`) with the personal fields it set, and those it found, masked."""
    personal = {f.name for f in layer.fields if f.personal}
    shown = dict(data)
    for part in ("fields", "was"):
        if isinstance(shown.get(part), Mapping):
            shown[part] = {name: mask(v) if name in personal else v for name, v in shown[part].items()}
    return shown


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutralised(text: str) -> str:
    """Text that a spreadsheet will not run: a cell that begins like a formula gets an apostrophe before it."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def pseudonym(name: str, salt: str) -> str:
    """A short, stable stand-in for a person's name, for readers who may see acts but no people."""
    return "p" + hashlib.sha256(f"{salt}\0{name}".encode()).hexdigest()[:8]


def hide_people(
    events: pd.DataFrame, actor: Actor, salt: str, columns: Sequence[str] = ("actor",)
) -> pd.DataFrame:
    """Events with people replaced by stand-ins for a role that may see no personal data; units stay."""
    if decide(actor, "personal", area_code=actor.area_code).allowed:
        return events
    shown = events.copy()
    for column in columns:
        if column in shown:
            shown[column] = shown[column].map(lambda name: pseudonym(str(name), salt), na_action="ignore")
    return shown
