"""How far the work is: remediation as a flow, transfers by their rate, and what needs somebody."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st

from dashboards import agriculture, agriculture_transfers, widgets
from dashboards import agriculture_boards as boards
from dashboards.agriculture import BLANK, PARCELS
from dashboards.session import go
from dashboards.views import agriculture_files as files
from dashboards.views.agriculture_parts import Seen, pairs, part, set_filters, title, to_rows
from dashboards.words import number
from geo.progress import UNPLACED
from pipelines import transfers
from pipelines.remediation import flow, flow_by, stuck
from pipelines.remediation_checks import measured, problem_figures
from pipelines.worklist import chosen
from pipelines.worklist_filters import set_apart


def show(seen: Seen) -> None:
    """Draw the overview of the topic."""
    if seen.ask.layer.id == PARCELS:
        _remediation(seen)
    else:
        _transfers(seen)


def _remediation(seen: Seen) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        title(seen.word("flow_title"), seen.word("flow_note"))
        steps = boards.steps(flow(seen.desk), stuck(seen.desk), seen.ask)
        data = {
            "part": "flow",
            "steps": steps,
            "label": seen.word("flow_title"),
            "unit": _mu(seen),
            "selected": "",
        }
        part(data, key="agri_flow", told={"picked": lambda stage: to_rows(seen.ask, "stage", stage)})
    with right:
        _problems(seen)
        title(seen.word("measured_title"))
        apart = measured(set_apart(seen.desk, seen.ask.filters))
        pairs(boards.measured_pairs(measured(seen.counted), apart, seen.ask))
    _split(seen)


def _mu(seen: Seen) -> str:
    return seen.word("head_mu")


def _problems(seen: Seen) -> None:
    title(seen.word("problems_title"))
    late = chosen(seen.counted, seen.counted.rows["overdue"].to_numpy(bool))
    cards = boards.problem_cards(problem_figures(seen.counted), seen.ask, late=late)
    data = {"part": "cards", "cards": cards, "label": seen.word("problems_title"), "selected": ""}

    def picked(name: str) -> None:
        to_rows(seen.ask, "overdue" if name == "overdue" else "problem", name)

    part(data, key="agri_cards", told={"picked": picked})


def _split(seen: Seen) -> None:
    """The figures by one split; picking a group narrows to it."""
    ask = seen.ask
    title(seen.word("split_title"))
    options = agriculture.splits(ask.layer)
    st.session_state["agri_by"] = ask.by
    st.segmented_control(
        seen.word("by"),
        options,
        key="agri_by",
        format_func=lambda one: seen.word(f"by_{one}"),
        on_change=lambda: go(by=st.session_state["agri_by"] or ask.by),
        label_visibility="collapsed",
        wrap=True,
    )
    desk = seen.desk
    if ask.layer.id != PARCELS:
        desk = chosen(desk, desk.rows["kind"].isin(transfers.LIVE).to_numpy(bool))
    frame = flow_by(desk, ask.by)
    table = boards.split_board(frame, ask)
    widgets.board(table, label=seen.word(f"by_{ask.by}"), lang=ask.lang, picked=lambda key: _narrow(seen, key))
    files.figures(seen, lambda: {seen.word(f"by_{ask.by}"): boards.split_table(frame, ask), **_rate_table(seen)})


def _rate_table(seen: Seen) -> dict[str, pd.DataFrame]:
    """The transfer rates that are shown, as a table to take away."""
    rows = None if seen.ask.layer.id == PARCELS else _rates_below(seen)
    if rows is None:
        return {}
    return {seen.word("transfer_rate"): agriculture_transfers.rate_table(*rows, seen.ask)}


def _narrow(seen: Seen, key: str) -> None:
    name = "area" if seen.ask.by in ("township", "village") else seen.ask.by
    value = "" if key == BLANK else key
    deeper = {"by": "village"} if seen.ask.by == "township" and key != UNPLACED else {}
    set_filters(agriculture.with_value(seen.ask.filters, name, value), **deeper)


# ---- transfers


def _transfers(seen: Seen) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _rate(seen)
    with right:
        _problems(seen)
        _contracts(seen)
    _split(seen)


def _rate(seen: Seen) -> None:
    """The rate of the area with what it divides, and by the areas below."""
    county, ask = seen.county, seen.ask
    area = county.area(ask.filters.area) or county.root
    title(seen.word("transfer_title"))
    if area.level == UNPLACED:
        return
    whole = _rates(seen, area.level)
    mine = whole[whole["area_code"] == area.code]
    for _, one in mine.iterrows():
        known = one["contract_mu"] > 0
        said = seen.word(
            "rate_line" if known else "rate_none",
            rate=boards.percent(float(one["transfer_rate"])),
            above=boards.mu(one["transferred_mu"]),
            below=boards.mu(one["contract_mu"]),
        )
        service = seen.word("service_line", mu=boards.mu(one["service_mu"]))
        st.html(f'<div class="xt-headline">{escape(said)}<small>{escape(service)}</small></div>')
    found = _rates_below(seen)
    if found is None:
        return
    inside, below = found
    table = agriculture_transfers.rate_board(inside, ask, level=below)

    def picked(code: str) -> None:
        set_filters(replace(ask.filters, area=code))

    widgets.board(table, label=seen.word("transfer_rate"), lang=ask.lang, picked=picked, key="agri_rates")


def _rates_below(seen: Seen) -> tuple[pd.DataFrame, str] | None:
    """The rates of the areas that the one looked at is divided into, and their level."""
    area = seen.county.area(seen.ask.filters.area) or seen.county.root
    below = seen.county.below(area) if area.level != UNPLACED else None
    if below is None:
        return None
    rows = _rates(seen, below)
    return rows[rows["area_code"].isin(seen.county.children(area)["code"])], below


def _rates(seen: Seen, level: str) -> pd.DataFrame:
    county, ask = seen.county, seen.ask
    rows = county.kept(
        ask.layer.id, ("rates", level, ask.day), lambda: transfers.rates(county.workspace, level, ask.day)
    )
    return rows[[county.area(str(code)) is not None for code in rows["area_code"]]]


def _contracts(seen: Seen) -> None:
    """Contracts on one parcel, changes of use, and the stages of certification where that layer is there."""
    county, ask = seen.county, seen.ask
    title(seen.word("per_parcel"))
    ids = seen.desk.rows["id"]
    per = transfers.contracts_per_parcel(county.workspace, ask.day, ids)
    pairs(
        [
            (
                seen.word("per_parcel_line", contracts=int(one["contracts"])),
                seen.word("things", count=number(one["parcels"], "count")),
            )
            for _, one in per.iterrows()
        ]
    )
    uses = transfers.uses(county.workspace, ask.day, ids)
    known = seen.word("use_known", known=uses.known, same=uses.same, unknown=uses.unknown)
    title(seen.word("use_change"), known)
    if len(uses.changes):
        pairs(agriculture_transfers.use_pairs(uses, ask))
    elif uses.known:
        widgets.said([seen.word("use_none")])
    stages = transfers.certification(county.workspace, ask.day)
    layer = transfers.certification_layer(county.workspace)
    if layer is not None and len(stages) and county.reach(layer.id) == "":
        title(seen.word("certification"))
        pairs(agriculture_transfers.stage_pairs(stages, layer, ask))
