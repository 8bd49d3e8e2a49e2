"""A layer is one TOML file: its fields, rules, stages, indicators and style, read and verified here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

GeometryType = Literal["polygon", "line", "point", "any", "none"]
FieldType = Literal["text", "integer", "number", "date", "boolean", "choice", "code", "area_name"]
PlaceRule = Literal["point", "largest_share", "split", "length", "self"]
StageKind = Literal["open", "in_progress", "done", "void"]


class LayerError(ValueError):
    """A layer's TOML declares something that cannot be; the message names the file, the entry and the mend."""


@dataclass(frozen=True)
class Words:
    """A label in both languages."""

    zh: str
    en: str

    def __call__(self, lang: str = "zh") -> str:
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class Choice:
    """One permitted value of a choice field: stored as `value`, read from any of its labels and aliases."""

    value: str
    label: Words
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One column of a layer.

    unit: the canonical unit of a number as stored (`mu`, `m2`, `m`, `count`, `yuan`, `yuan_per_mu`, `day`,
    `percent`). A column headed in another unit is converted on reading. standard: names of the field in
    national standards, e.g. `DKBM` of NY/T 2539, matched before aliases. open_choices: a value outside the list
    is kept as it was written, with a warning. derived_from: a number field of another unit that fills this one
    where it is blank. personal: masked by role.
    """

    name: str
    type: FieldType
    label: Words
    aliases: tuple[str, ...] = ()
    standard: tuple[str, ...] = ()
    required: bool = False
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    choices: tuple[Choice, ...] = ()
    open_choices: bool = False
    derived_from: str | None = None
    personal: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """Every heading under which a sender may write this field."""
        return (self.name, *self.standard, self.label.zh, self.label.en, *self.aliases)


@dataclass(frozen=True)
class Rule:
    """One check of a row or of the layer: a `kind` known to `geo.check`, its finding code, and its settings."""

    kind: str
    code: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One stage of a thing's life. date_field: the layer's field that says when it was reached, if any."""

    id: str
    label: Words
    kind: StageKind
    date_field: str | None = None
    days: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transition:
    """A legal step: who may take it (roles) and what it demands (`note`, `photo`, `other_unit`)."""

    source: str
    target: str
    roles: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lifecycle:
    """The stages in their order, the field that holds the stage in an import, and the legal steps.

    limit_days: working days from the first stage to a done one where a row names no deadline of its own.
    """

    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]
    initial: str
    stage_field: str | None = None
    limit_days: int | None = None

    def stage(self, stage_id: str) -> Stage:
        """The stage of that id; KeyError when the layer has none."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise KeyError(stage_id)

    @property
    def path(self) -> tuple[str, ...]:
        """The ids of the stages of the ordinary way, in order: what a later stage counts as passed."""
        return tuple(s.id for s in self.stages if s.kind != "void" and s.id not in self.branches)

    @property
    def branches(self) -> frozenset[str]:
        """Stages outside the ordinary way: void ones, and those reached only by falling back from a done one."""
        done = {s.id for s in self.stages if s.kind == "done"}
        order = [s.id for s in self.stages]
        back = {
            t.target
            for t in self.transitions
            if t.source in done
            and self.stage(t.target).kind in ("open", "in_progress")
            and order.index(t.target) > order.index(t.source)
        }
        return frozenset({s.id for s in self.stages if s.kind == "void"} | back)


@dataclass(frozen=True)
class Relation:
    """A comparison of features with each other or with another layer, giving flag and quantity columns.

    kind: `overlaps_self` (pairs within the layer, also those that name the same thing in a `match` field),
    `overlaps_layer` (with `layer`), or `exceeds_layer` (the number field `amount` exceeds that of the feature of
    `layer` whose id stands in the `match` field). gives: the name of the column it adds: `<gives>` (boolean) and
    `<gives>_m2` (area of overlap or excess). tolerance_m2 / tolerance_percent: what is at or under either is a
    drawing inaccuracy. where: only features that match take part (`kinds` filters by roll-up kind).
    """

    gives: str
    kind: Literal["overlaps_self", "overlaps_layer", "exceeds_layer"]
    label: Words
    layer: str | None = None
    match: tuple[str, ...] = ()
    amount: str | None = None
    tolerance_m2: float = 1.0
    tolerance_percent: float = 0.1
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Indicator:
    """A figure by area. Either an additive tally (`sum`) or a rate of two of them.

    sum: a number field of the layer, `features` (1 each), `measured_mu` / `measured_m2` (polygons),
    `measured_m` / `measured_km` (lines), or `<relation>_m2`;
    several are tried in turn, row by row, until one is not blank. Filters, all of which must hold: `reached`
    (this stage or a later one of the ordinary way), `stages` (now in one of these), `kinds` (roll-up kinds),
    `flag` (a column a relation gives), `overdue`, `on_time` (closed within its deadline), `due_counts`
    (closed, or open and overdue: what an on-time rate divides by), `ends_within_days` and `expired` (by the
    layer's `end_field`), `where` and `where_not` (field → value or list). A rate names `numerator` and
    `denominator`; the denominator may be `layer.indicator` of another layer.
    """

    id: str
    label: Words
    unit: str
    sum: tuple[str, ...] = ()
    numerator: str | None = None
    denominator: str | None = None
    reached: str | None = None
    stages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    flag: str | None = None
    overdue: bool | None = None
    on_time: bool | None = None
    expired: bool | None = None
    due_counts: bool | None = None
    ends_within_days: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    where_not: Mapping[str, Any] = field(default_factory=dict)
    better: Literal["higher", "lower", "none"] = "none"

    @property
    def is_rate(self) -> bool:
        return self.numerator is not None


@dataclass(frozen=True)
class Layer:
    """Everything the program knows of one kind of thing on the map.

    id_field identifies a feature. id_detail_field: where one id covers several rows that differ in this field
    (a contract over several parcels), the later ones are kept under `id/detail`.
    """

    id: str
    version: int
    label: Words
    geometry: GeometryType
    place: PlaceRule
    id_field: str
    fields: tuple[Field, ...]
    area_level: str | None = None
    geometry_required: bool = True
    id_detail_field: str | None = None
    parent_field: str | None = None
    name_field: str | None = None
    deadline_field: str | None = None
    end_field: str | None = None
    rules: tuple[Rule, ...] = ()
    relations: tuple[Relation, ...] = ()
    lifecycle: Lifecycle | None = None
    indicators: tuple[Indicator, ...] = ()
    style: Mapping[str, Any] = field(default_factory=dict)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when the layer has none."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def indicator(self, indicator_id: str) -> Indicator:
        """The indicator of that id; KeyError when the layer has none."""
        for one in self.indicators:
            if one.id == indicator_id:
                return one
        raise KeyError(indicator_id)

    @property
    def is_area(self) -> bool:
        return self.area_level is not None


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
