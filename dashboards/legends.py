"""The legend of a map: which colour stands for which values or stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.words import Lang, number, say
from geo.classes import legend_bounds
from geo.layers import Indicator, Layer

# Light to dark, told apart by readers with any kind of colour blindness (lightness alone orders them); the darkest
# still lets the line between two units be seen.
RAMPS = {
    "higher": ("#dcefe9", "#a6d6ce", "#66b6b6", "#3a92a8", "#256f91"),
    "lower": ("#fdeed4", "#fac98b", "#f09a5e", "#dc6a48", "#bf4033"),
    "none": ("#e3eaf5", "#b8cae6", "#88a6d3", "#5d85bb", "#40659c"),
}
STEPS = {1: (2,), 2: (1, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}
ZERO = "#f4f4f0"
NO_DATA = "#d5d8da"
PLAIN = "#4873ab"


@dataclass(frozen=True)
class Entry:
    """One line of a legend. lower/upper: the values [lower, upper) it stands for, when it stands for values.

    dot: what it stands for is a mark, not a shape; line: an outline.
    """

    colour: str
    label: str
    lower: float = -math.inf
    upper: float = math.inf
    dot: bool = False
    line: bool = False


@dataclass(frozen=True)
class Legend:
    """The lines of a legend, its heading and the unit of its numbers. of_areas: its colours are those of areas."""

    heading: str
    entries: tuple[Entry, ...]
    unit: str = ""
    of_areas: bool = False

    def colour(self, value: float | None) -> str:
        """The colour of a value; that of missing data for nothing."""
        if value is None or math.isnan(value):
            return NO_DATA
        return next((e.colour for e in self.entries if e.lower <= value < e.upper), NO_DATA)


def value_legend(values: Sequence[float], indicator: Indicator, lang: Lang) -> Legend:
    """The legend of an indicator over areas: as many classes as the values ask for, zero apart, at round bounds.

    A line for missing data stands last when some value is missing.
    """
    known = [value for value in values if not math.isnan(value)]
    zero = any(value == 0 for value in known) and all(value >= 0 for value in known)
    classed = [value for value in known if not (zero and value == 0)]
    entries = list(_bands(classed, indicator, lang))
    if zero:
        least = min(classed, default=math.inf)
        entries.insert(0, Entry(ZERO, say("legend.zero", lang), 0.0, least))
    if len(known) < len(values):
        entries.append(Entry(NO_DATA, say("map.no_data", lang), math.inf, math.inf))
    return Legend(indicator.label(lang), tuple(entries), indicator.unit, of_areas=True)


def _bands(values: list[float], indicator: Indicator, lang: Lang) -> list[Entry]:
    """The classes of `values` in the indicator's ramp, lowest first."""
    if not values:
        return []
    bounds = [-math.inf, *legend_bounds(values), math.inf]
    ramp = RAMPS[indicator.better]
    shades = [ramp[step] for step in STEPS[len(bounds) - 1]]
    return [
        Entry(shade, _label(low, high, values, indicator.unit, lang), low, high)
        for shade, low, high in zip(shades, bounds, bounds[1:], strict=False)
    ]


def _label(low: float, high: float, values: list[float], unit: str, lang: Lang) -> str:
    lower, upper = _bound(low, unit), _bound(high, unit)
    if math.isinf(low) and math.isinf(high):
        return " – ".join(dict.fromkeys((number(min(values), unit), number(max(values), unit))))
    if math.isinf(low):
        return say("legend.below", lang, upper=upper)
    if math.isinf(high):
        return say("legend.above", lang, lower=lower)
    return say("legend.between", lang, lower=lower, upper=upper)


def _bound(value: float, unit: str) -> str:
    """A class bound as written: bounds are round, so decimals that say nothing are left out."""
    if math.isinf(value):
        return ""
    return f"{value:,.10g}" if value != int(value) else f"{value:,.0f}"


def thing_legend(layer: Layer, present: Sequence[str | None], lang: Lang) -> Legend:
    """The legend of single things: the values of the layer's `colour_by` field that are present, in its order."""
    style = layer.style
    name = style.get("colour_by")
    if name is None:
        colour = style.get("fill", style.get("stroke", PLAIN))
        return Legend(layer.label(lang), (Entry(colour, layer.label(lang)),))
    colours: dict[str, str] = dict(style.get("colours", {}))
    labels = choice_labels(layer, name, lang)
    there = {value for value in present if isinstance(value, str)}
    entries = [Entry(c, labels.get(v, v)) for v, c in colours.items() if v in there]
    if any(not isinstance(value, str) or value not in colours for value in present):
        entries.append(Entry(NO_DATA, say("thing.no_stage", lang)))
    return Legend(layer.field(name).label(lang), tuple(entries))


def thing_colour(layer: Layer, value: object) -> str:
    """The colour of one thing by the value of its layer's `colour_by` field."""
    style = layer.style
    if style.get("colour_by") is None:
        return str(style.get("fill", style.get("stroke", PLAIN)))
    return str(dict(style.get("colours", {})).get(value, NO_DATA))


def is_dark(colour: str) -> bool:
    """Whether white text reads better than black on a colour written #rrggbb."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128


def choice_labels(layer: Layer, field: str, lang: Lang) -> dict[str, str]:
    """Stored value → label, for a choice field or for the field that holds the stage."""
    labels = {choice.value: choice.label(lang) for choice in layer.field(field).choices}
    life = layer.lifecycle
    if life is not None and field in (life.stage_field, "stage"):
        labels |= {stage.id: stage.label(lang) for stage in life.stages}
    return labels
