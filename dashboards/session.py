"""One reader's session: the page's address is its only memory of what is looked at."""

from __future__ import annotations

import os
from datetime import date
from urllib.parse import urlencode

import streamlit as st

from dashboards.data import County
from dashboards.looks import Look, read_look
from dashboards.looks import language as chosen_language
from dashboards.words import Lang

LANG_VARIABLE = "XIANGTU_LANG"


def language() -> Lang:
    """The reader's language: that of the address, else that the server was started with."""
    return chosen_language(st.query_params.get("lang"), os.environ.get(LANG_VARIABLE))


def look(county: County, today: date) -> Look:
    """The view that the address asks for."""
    return read_look(st.query_params.to_dict(), county, today=today, lang=language())


def go(**changes: str | None) -> None:
    """Change the address: a value replaces, None removes."""
    for key, value in changes.items():
        if value is not None:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]


def address(**changes: str | None) -> str:
    """The query string of this view with some values changed, for a link."""
    values = {**st.query_params.to_dict(), **changes}
    return urlencode({key: value for key, value in values.items() if value})
