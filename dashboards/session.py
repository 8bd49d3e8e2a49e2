"""One reader's session: who reads, and the page's address, its only memory of what is looked at."""

from __future__ import annotations

import os
from datetime import date
from urllib.parse import urlencode

import streamlit as st

from dashboards.data import WORKSPACE_VARIABLE, County
from dashboards.looks import Look, read_look
from dashboards.looks import language as chosen_language
from dashboards.readers import COOKIE, end_session, reader_of
from dashboards.words import Lang
from geo.access import Actor

LANG_VARIABLE = "XIANGTU_LANG"
stand_in: Actor | None = None
"""Who reads when a test runs a page as Streamlit would, without a browser to show a session."""


def reader() -> Actor:
    """Who reads this page, looked up in the ledger at every run.

    Forbidden (`session_expired`, `password_must_change`) when the browser shows no live session.
    """
    if stand_in is not None:
        return stand_in
    return reader_of(os.environ[WORKSPACE_VARIABLE], st.context.cookies.get(COOKIE))


def sign_out() -> None:
    """End the reader's session in the ledger; the page then has no reader any more."""
    end_session(os.environ[WORKSPACE_VARIABLE], st.context.cookies.get(COOKIE))


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


def draw(markup: str) -> None:
    """Put markup of our own on the page; whatever comes from data in it is escaped already."""
    st.html(markup)
