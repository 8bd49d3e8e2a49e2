"""What a layer's declaration is made of: fields, rules, stages, relations, indicators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

GeometryType = Literal["polygon", "line", "point", "any", "none"]
FieldType = Literal["text", "integer", "number", "date", "boolean", "choice", "code", "area_name"]
PlaceRule = Literal["point", "largest_share", "split", "length", "self"]
StageKind = Literal["open", "in_progress", "done", "void"]

FIRST_SEEN_FIELDS = ("found_on", "reported_on", "valid_from", "start_on", "signed_on", "edition_date")
"""Date fields that say since when a thing without a lifecycle exists, in order of preference."""


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

    def ahead(self, stage_id: str) -> tuple[str, ...]:
        """The stages of the ordinary way that are still to come from a stage, in order; none after a void one.

        From a stage outside the ordinary way it goes on where the first legal step leads back onto it.
        """
        path = self.path
        if stage_id in path:
            return path[path.index(stage_id) + 1 :]
        back = [path.index(t.target) for t in self.transitions if t.source == stage_id and t.target in path]
        return path[min(back) :] if back else ()

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
    (a contract over several parcels), the later ones are kept under `id/detail`. ground: drawn quietly below
    everything else on every map, for orientation; no topic of its own.
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
    ground: bool = False
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
