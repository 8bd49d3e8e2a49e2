"""Files of what is on the screen, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import agriculture, agriculture_rows, downloads
from dashboards.views.agriculture_parts import Seen, summary
from dashboards.words import literal, number
from geo.errors import XiangtuError

if TYPE_CHECKING:
    import pandas as pd


def files(seen: Seen) -> None:
    """The rows that pass the filters, as a table or a map."""
    with st.container(key="agri_files"), st.popover(f"↓ {seen.word('download')}", width="content"):
        st.caption(seen.word("download_rows", count=number(len(seen.desk.rows), "count")))
        for kind in ("xlsx", "gpkg"):
            _file(seen, kind, partial(_rows, seen, kind))


def figures(seen: Seen, tables: Callable[[], Mapping[str, pd.DataFrame]]) -> None:
    """The tables of figures on the screen, whole. tables: title → table, made when they are asked for."""
    with st.container(key="agri_files"), st.popover(f"↓ {seen.word('download')}", width="content"):
        st.caption(seen.word("download_figures"))
        _file(seen, "xlsx", lambda: _figures(seen, tables()))


def _file(seen: Seen, kind: str, make: Callable[[], downloads.Download]) -> None:
    ask = seen.ask
    mark = (seen.county.edition, ask.layer.id, ask.view == "flow", ask.by, ask.filters, kind, ask.lang)
    held, made = st.session_state.get("agri_file", (None, None))
    if held != mark or isinstance(made, XiangtuError):
        if held == mark and isinstance(made, XiangtuError):
            st.error(literal(made.words(ask.lang)))
        label = f"{seen.word('download_' + kind)} · {seen.word('download_make')}"
        st.button(label, key=f"agri_make_{kind}", on_click=_keep, args=(mark, make))
        return
    label = f"↓ {seen.word('download_' + kind)}"
    st.download_button(label, made.body, made.name, made.media_type, key=f"agri_take_{kind}", type="primary")


def _keep(mark: tuple[object, ...], make: Callable[[], downloads.Download]) -> None:
    """Make a file for the run that follows, or keep why it cannot be made."""
    try:
        made: downloads.Download | XiangtuError = make()
    except XiangtuError as error:
        made = error
    st.session_state["agri_file"] = (mark, made)


def _narrowed(seen: Seen) -> dict[str, str]:
    """What was chosen, and what counts of it."""
    between = "、" if seen.ask.lang == "zh" else ", "
    said = [chip.label for chip in agriculture.chips(seen.ask.filters, seen.every, seen.county, seen.ask.lang)]
    return {
        seen.word("filters"): between.join(said) or seen.word("whole"),
        seen.word("counted"): " · ".join(summary(seen)),
    }


def _figures(seen: Seen, tables: Mapping[str, pd.DataFrame]) -> downloads.Download:
    ask, county = seen.ask, seen.county
    return downloads.figures(
        county,
        ask.layer.id,
        tables,
        things=len(seen.desk.rows),
        as_of=ask.day,
        lang=ask.lang,
        area=county.area(ask.filters.area) or county.root,
        filters=_narrowed(seen),
    )


def _rows(seen: Seen, kind: str) -> downloads.Download:
    ask = seen.ask
    rows = seen.county.things(ask.layer.id, as_of=ask.day)
    rows, extra = agriculture_rows.with_desk(rows[rows["id"].isin(seen.desk.rows["id"])], seen.desk, ask)
    return downloads.table(
        seen.county,
        ask.layer.id,
        rows,
        "gpkg" if kind == "gpkg" else "xlsx",
        as_of=ask.day,
        lang=ask.lang,
        area=seen.county.area(ask.filters.area),
        filters=_narrowed(seen),
        extra=extra,
    )
