"""The definition switchboard: another rule of abandonment, and what the county's total would be; a simulation."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboards import agriculture_boards as boards
from dashboards import widgets
from dashboards.agriculture import with_value
from dashboards.legends import choice_labels
from dashboards.session import go
from dashboards.views.agriculture_parts import Seen, pairs, part, set_filters, title
from dashboards.words import figure, number
from geo.abandonment import PLACES, AbandonmentRule
from geo.progress import UNPLACED
from pipelines.switchboard import official_rule, simulate

SEASONS = (1, 2, 3, 4, 5, 6, 8)
LEAST = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
KEYS = ("idle", "least", "basis", "modes", "places", "undated")


def show(seen: Seen) -> None:
    """Draw the settings of the rule beside what it would count."""
    own = official_rule(seen.county.workspace)
    rule = asked_rule(dict(st.query_params), own)
    st.html(
        f'<div class="xt-simulation" role="note"><b>{escape(seen.word("simulated"))}</b>'
        f"{escape(seen.word('rule_banner'))}</div>"
    )
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _settings(seen, rule, own)
    with right:
        _outcome(seen, rule)


def asked_rule(asked: dict[str, str], own: AbandonmentRule) -> AbandonmentRule:
    """The rule of the address; the county's own for what it leaves out or gets wrong."""
    idle, least = asked.get("idle", ""), asked.get("least", "")
    known = {str(one): one for one in LEAST}
    places = tuple(one for one in asked.get("places", "").split("|") if one in PLACES)
    modes = tuple(one for one in asked.get("modes", "").split("|") if one)
    return replace(
        own,
        idle_seasons=int(idle) if idle in {str(one) for one in SEASONS} else own.idle_seasons,
        minimum_mu=known.get(least, own.minimum_mu),
        basis="measured" if asked.get("basis") == "measured" else own.basis,
        exclude_modes=modes if "modes" in asked else own.exclude_modes,
        exclude_places=places if "places" in asked else own.exclude_places,
        undated=own.undated if "undated" not in asked else asked["undated"] == "1",
    )


def same_rule(one: AbandonmentRule, other: AbandonmentRule) -> bool:
    """Whether two rules say the same, in whatever order they list what they leave out."""
    first, second = (
        replace(
            rule,
            exclude_modes=tuple(sorted(rule.exclude_modes)),
            exclude_places=tuple(sorted(rule.exclude_places)),
        )
        for rule in (one, other)
    )
    return first == second


def _settings(seen: Seen, rule: AbandonmentRule, own: AbandonmentRule) -> None:
    title(seen.word("rule_title"))
    unsure = "" if own.confirmed else seen.word("rule_unconfirmed")
    said = seen.word("rule_official", version=own.version, seasons=own.idle_seasons, confirmed=unsure)
    st.caption(said)
    seasons = sorted({*SEASONS, own.idle_seasons})
    _bound("idle", rule.idle_seasons)
    st.select_slider(
        seen.word("rule_idle"), seasons, key="agri_rule_idle", on_change=lambda: _write("idle"),
        format_func=lambda one: seen.word("rule_idle_value", count=one),
    )  # fmt: skip
    _bound("least", rule.minimum_mu)
    st.select_slider(
        seen.word("rule_least"), sorted({*LEAST, own.minimum_mu}), key="agri_rule_least",
        on_change=lambda: _write("least"),
    )  # fmt: skip
    _bound("basis", rule.basis)
    st.radio(
        seen.word("rule_basis"), ["reported", "measured"], key="agri_rule_basis", horizontal=True,
        format_func=lambda one: seen.word(f"rule_{one}"), on_change=lambda: _write("basis"),
    )  # fmt: skip
    _lists(seen, rule)
    _bound("undated", rule.undated)
    st.checkbox(
        seen.word("rule_undated"), key="agri_rule_undated", on_change=lambda: _write("undated"),
    )  # fmt: skip
    st.button(
        seen.word("rule_reset"), key="agri_rule_reset", on_click=lambda: go(**dict.fromkeys(KEYS)),
        disabled=same_rule(rule, own),
    )  # fmt: skip


def _lists(seen: Seen, rule: AbandonmentRule) -> None:
    modes = choice_labels(seen.ask.layer, "mode", seen.ask.lang)
    _bound("modes", [one for one in rule.exclude_modes if one in modes])
    st.multiselect(
        seen.word("rule_modes"), list(modes), key="agri_rule_modes", format_func=modes.__getitem__,
        placeholder=seen.word("rule_none"), on_change=lambda: _write("modes"), filter_mode=None,
    )  # fmt: skip
    _bound("places", list(rule.exclude_places))
    st.multiselect(
        seen.word("rule_places"), list(PLACES), key="agri_rule_places", placeholder=seen.word("rule_none"),
        format_func=lambda one: seen.word(f"rule_{one}"), on_change=lambda: _write("places"), filter_mode=None,
    )  # fmt: skip


def _bound(name: str, value: object) -> None:
    st.session_state[f"agri_rule_{name}"] = value


def _write(name: str) -> None:
    """Put one setting into the address."""
    value = st.session_state[f"agri_rule_{name}"]
    if isinstance(value, list):
        text = "|".join(value) or "-"
    elif isinstance(value, bool):
        text = "1" if value else "0"
    else:
        text = str(value)
    go(**{name: text})


def _outcome(seen: Seen, rule: AbandonmentRule) -> None:
    """The county's total by township beside the official one, and what was left out."""
    county, ask = seen.county, seen.ask
    root = county.reach(ask.layer.id) or ""
    key = ("simulation", rule, ask.day, root)
    found = county.kept(ask.layer.id, key, lambda: simulate(county.workspace, rule, ask.day, root=root))
    cards = [
        ("simulated", figure(found.simulated_mu, "mu", ask.lang), number(found.features, "count")),
        ("official", figure(found.official_mu, "mu", ask.lang), rule.version),
        ("difference", boards.signed(found.difference_mu), ""),
    ]
    data = {
        "part": "cards",
        "label": seen.word("rule_title"),
        "selected": "simulated",
        "cards": [
            {"key": key, "label": seen.word(key), "value": value, "below": below} for key, value, below in cards
        ],
    }
    part(data, key="agri_rule_cards", told={"picked": lambda _: None})
    if found.beyond:
        st.warning(seen.word("rule_beyond"))
    if len(found.left_out):
        title(seen.word("left_out"))
        pairs(boards.reason_pairs(found, ask))
    table = boards.simulation_board(found, ask)

    def picked(code: str) -> None:
        if code != UNPLACED:
            set_filters(with_value(ask.filters, "area", code), view="flow")

    widgets.board(table, label=seen.word("rule_title"), lang=ask.lang, picked=picked)
