"""Colours that anyone can tell apart: lines on the map, classes under colour blindness, dimmed words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dashboards.legends import NO_DATA, RAMPS, ZERO
from dashboards.maps_layers import AREA_OPACITY
from dashboards.server import OPTIONS
from geo.layers import Layer, builtin_layers

STATIC = Path(__file__).resolve().parents[2] / "dashboards" / "static"
# Severity 1.0 of Machado, Oliveira and Fernandes 2009, for linear RGB.
BLINDNESS = {
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
TEXT, OUTLINE, APART = 4.5, 3.0, 8.0
"""WCAG 2.1 for text (1.4.3) and for graphics (1.4.11); CIE76 distance that is seen without looking for it."""


DAY_GROUND, NIGHT_GROUND = "#ffffff", "#171e22"


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def mixed(over: str, under: str, share: float) -> str:
    """A colour laid over another with that opacity, as a browser does it."""
    pairs = ((int(over[at : at + 2], 16), int(under[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.1."""
    low, high = sorted(float(linear(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.array(TO_XYZ) @ np.clip(rgb, 0, 1) / WHITE
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, other: str, blindness: str) -> float:
    """How far apart two colours are to an eye of that kind, in CIE L*a*b*."""
    seen = [np.array(BLINDNESS[blindness]) @ linear(colour) for colour in (one, other)]
    return float(np.linalg.norm(lab(seen[0]) - lab(seen[1])))


def theme(dark: bool) -> dict[str, str]:
    name = "theme.dark." if dark else "theme.light."
    return {key.removeprefix(name): value for key, value in OPTIONS.items() if key.startswith(name)}


def variables(dark: bool) -> dict[str, str]:
    """The colours of the map's own style."""
    text = (STATIC / "map.css").read_text("utf-8")
    light, rest = text.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"(--xt-[a-z]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"(--xt-[a-z]+): (#[0-9a-f]{6});", rest.split("}", 1)[0])) if dark else found


def coloured() -> list[tuple[str, list[str]]]:
    """Each layer's colours of its things in the order of its legend; what ends a thing shares one grey."""

    def _colours(layer: Layer) -> list[str]:
        return list(dict.fromkeys(dict(layer.style.get("colours", {})).values()))

    return [(name, _colours(layer)) for name, layer in builtin_layers().items() if _colours(layer)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("ramp", [*RAMPS.values(), (ZERO, NO_DATA)], ids=[*RAMPS, "none at all"])
def test_the_line_between_two_units_is_seen_on_every_class(ramp: Sequence[str], dark: bool) -> None:
    colours = variables(dark)
    shown = ramp if dark else [mixed(one, colours["--xt-ground"], AREA_OPACITY) for one in ramp]
    assert min(contrast(one, colours["--xt-line"]) for one in shown) >= OUTLINE


def test_in_the_dark_nothing_shines_through_the_classes() -> None:
    rest = (STATIC / "map.css").read_text("utf-8").split("@media (prefers-color-scheme: dark)", 1)[1]
    whole = f'.xt-area[fill-opacity="{AREA_OPACITY}"] {{ fill-opacity: 1; }}'
    assert whole in rest.split("html, body", 1)[0]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_single_thing_stands_out_from_the_ground_by_its_line(dark: bool) -> None:
    colours = variables(dark)
    for line in ("--xt-thing", "--xt-chosen", "--xt-outline", "--xt-ink"):
        assert contrast(colours[line], colours["--xt-ground"]) >= OUTLINE, line


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("ramp", RAMPS.values(), ids=list(RAMPS))
def test_neighbouring_classes_stay_apart_to_a_colour_blind_reader(ramp: Sequence[str], blindness: str) -> None:
    assert min(apart(a, b, blindness) for a, b in itertools.pairwise(ramp)) >= APART


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize(("layer", "colours"), coloured(), ids=[name for name, _ in coloured()])
def test_any_two_stages_stay_apart_to_a_colour_blind_reader(
    layer: str, colours: list[str], blindness: str
) -> None:
    near = [(a, b) for a, b in itertools.combinations(colours, 2) if apart(a, b, blindness) < APART]
    assert near == []


def strengths(text: str) -> list[float]:
    """How much of the text's colour is left where a style dims it."""
    mixes = re.findall(r"(?<!-)color: color-mix\(in srgb, var\(--st-text-color\) (\d+)%, transparent\)", text)
    dims = re.findall(r"--dim: color-mix\(in srgb, var\(--st-text-color\) (\d+)%", text)
    return [int(one) / 100 for one in (*mixes, *dims)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_dimmed_words_can_still_be_read_on_either_ground(dark: bool) -> None:
    colours = theme(dark)
    weak = [
        (path.name, share)
        for path in sorted(STATIC.glob("*.css"))
        for share in strengths(path.read_text("utf-8"))
        for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"])
        if contrast(mixed(colours["textColor"], ground, share), ground) < TEXT
    ]
    assert weak == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_links_and_buttons_can_be_read_on_either_ground(dark: bool) -> None:
    colours = theme(dark)
    for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert contrast(colours["primaryColor"], ground) >= TEXT
        assert contrast(colours["textColor"], ground) >= 7


STAGED = [one for one in builtin_layers().values() if one.style.get("colour_by") == "stage" and one.lifecycle]


@pytest.mark.parametrize("layer", STAGED, ids=lambda one: one.id)
def test_what_is_done_is_seen_by_day_and_by_night(layer: Layer) -> None:
    stages = layer.lifecycle.stages if layer.lifecycle else ()
    colours = [layer.style["colours"][one.id] for one in stages if one.kind == "done"]
    faint = [one for one in colours if min(contrast(one, ground) for ground in (DAY_GROUND, NIGHT_GROUND)) < 1.7]
    assert colours and faint == []
