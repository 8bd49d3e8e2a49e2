"""A layer is one TOML file: its fields, rules, stages, indicators and style, read and verified here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from geo.layer_parts import (
    Choice,
    Field,
    FieldType,
    GeometryType,
    Indicator,
    Layer,
    LayerError,
    Lifecycle,
    PlaceRule,
    Relation,
    Rule,
    Stage,
    StageKind,
    Transition,
    Words,
)

__all__ = [
    "Choice",
    "Field",
    "FieldType",
    "GeometryType",
    "Indicator",
    "Layer",
    "LayerError",
    "Lifecycle",
    "PlaceRule",
    "Relation",
    "Rule",
    "Stage",
    "StageKind",
    "Transition",
    "Words",
    "builtin_layers",
    "load_layers",
    "parse_layer",
]


def _words(entry: Mapping[str, Any], where: str) -> Words:
    try:
        return Words(zh=entry["zh"], en=entry["en"])
    except KeyError as missing:
        raise LayerError(f"{where}: label needs both zh and en ({missing} is missing)") from None


def _build(cls: type, entry: Mapping[str, Any], where: str, **extra: Any) -> Any:
    """Make a dataclass of a TOML table; unknown keys are refused by name, lists become tuples."""
    known = {f.name for f in fields(cls)}
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry.items()
        if key not in ("zh", "en")
    } | extra
    unknown = sorted(set(values) - known)
    if unknown:
        raise LayerError(f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    try:
        return cls(**values)
    except TypeError as error:
        raise LayerError(f"{where}: {error}") from None


def _field(entry: dict[str, Any], where: str) -> Field:
    choices = tuple(
        Choice(c["value"], _words(c, f"{where}.choices"), tuple(c.get("aliases", ())))
        for c in entry.pop("choices", ())
    )
    made: Field = _build(Field, entry, where, label=_words(entry, where), choices=choices)
    if made.type not in get_args(FieldType):
        raise LayerError(f"{where}: type {made.type!r} is not one of {', '.join(get_args(FieldType))}")
    if made.type == "choice" and not made.choices:
        raise LayerError(f"{where}: a choice field needs choices")
    return made


def _indicator(entry: dict[str, Any], where: str) -> Indicator:
    summed = entry.get("sum", ())
    sums = (summed,) if isinstance(summed, str) else tuple(summed)
    made: Indicator = _build(Indicator, {**entry, "sum": sums}, where, label=_words(entry, where))
    return made


def _lifecycle(entry: Mapping[str, Any], where: str) -> Lifecycle:
    stages = tuple(
        _build(Stage, s, f"{where}.stages[{s.get('id')}]", label=_words(s, f"{where}.stages[{s.get('id')}]"))
        for s in entry["stages"]
    )
    ids = {s.id for s in stages}
    transitions = tuple(
        Transition(t["from"], t["to"], tuple(t["roles"]), tuple(t.get("needs", ())))
        for t in entry.get("transitions", ())
    )
    for step in transitions:
        for end in (step.source, step.target):
            if end not in ids:
                raise LayerError(f"{where}: transition names {end!r}, which is not a stage")
    initial = entry.get("initial", stages[0].id)
    return Lifecycle(stages, transitions, initial, entry.get("stage_field"), entry.get("limit_days"))


def parse_layer(text: str, where: str = "layer") -> Layer:
    """A layer from the text of its TOML file; LayerError names the entry at fault. `where` names the file."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayerError(f"{where}: not valid TOML: {error}") from None
    fields_ = tuple(_field(dict(f), f"{where}.fields[{f.get('name')}]") for f in raw.pop("fields", ()))
    rules = tuple(
        Rule(r["kind"], r["code"], {k: v for k, v in r.items() if k not in ("kind", "code")})
        for r in raw.pop("rules", ())
    )
    relations = tuple(
        _build(Relation, r, f"{where}.relations", label=_words(r, f"{where}.relations"))
        for r in raw.pop("relations", ())
    )
    indicators = tuple(_indicator(i, f"{where}.indicators[{i.get('id')}]") for i in raw.pop("indicators", ()))
    life = raw.pop("lifecycle", None)
    made: Layer = _build(
        Layer,
        raw,
        where,
        label=_words(raw, where),
        fields=fields_,
        rules=rules,
        relations=relations,
        indicators=indicators,
        lifecycle=_lifecycle(life, where) if life else None,
    )
    _verify(made, where)
    return made


def _verify(layer: Layer, where: str) -> None:
    """Refuse references to fields, stages and indicators that the layer does not have."""
    names = {f.name for f in layer.fields}
    referred = [
        layer.id_field,
        layer.id_detail_field,
        layer.parent_field,
        layer.name_field,
        layer.deadline_field,
        layer.end_field,
    ]
    if layer.lifecycle:
        referred += [s.date_field for s in layer.lifecycle.stages] + [layer.lifecycle.stage_field]
    for name in referred:
        if name is not None and name not in names:
            raise LayerError(f"{where}: {name!r} is not a field of this layer")
    if layer.geometry not in get_args(GeometryType):
        raise LayerError(f"{where}: geometry {layer.geometry!r} is not one of {get_args(GeometryType)}")
    if layer.place not in get_args(PlaceRule):
        raise LayerError(f"{where}: place {layer.place!r} is not one of {get_args(PlaceRule)}")
    measured = {"measured_mu", "measured_m2", "measured_m", "measured_km"}
    summable = names | measured | {"features"} | {f"{r.gives}_m2" for r in layer.relations}
    stages = {s.id for s in layer.lifecycle.stages} if layer.lifecycle else set()
    ids = {i.id for i in layer.indicators}
    for one in layer.indicators:
        if not one.sum and one.numerator is None:
            raise LayerError(f"{where}: indicator {one.id} needs either sum or numerator and denominator")
        for name in one.sum:
            if name not in summable:
                raise LayerError(f"{where}: indicator {one.id} sums {name!r}, which the layer does not have")
        for stage in (*one.stages, *((one.reached,) if one.reached else ())):
            if stage not in stages:
                raise LayerError(f"{where}: indicator {one.id} names {stage!r}, which is not a stage")
        for part in (one.numerator, one.denominator):
            if part is not None and "." not in part and part not in ids:
                raise LayerError(f"{where}: indicator {one.id} divides {part!r}, which is not an indicator")


@cache
def builtin_layers() -> Mapping[str, Layer]:
    """The layers that ship with the program, by id."""
    folder = files("geo").joinpath("catalog", "layers")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    layers = (parse_layer(entry.read_text(encoding="utf-8"), entry.name) for entry in found)
    return {layer.id: layer for layer in sorted(layers, key=lambda one: one.id)}


def load_layers(texts: Mapping[str, str]) -> dict[str, Layer]:
    """The built-in layers plus a workspace's own; a workspace's layer replaces a built-in one of its id.

    texts: file name → TOML text, so that this module reads no file but its own catalog.
    """
    own = [parse_layer(text, name) for name, text in sorted(texts.items())]
    return {**builtin_layers(), **{layer.id: layer for layer in own}}
