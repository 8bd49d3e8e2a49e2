"""The script that Streamlit runs for each reader: finds out who reads, and draws the page asked for."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import streamlit as st

from dashboards import doorstep, widgets
from dashboards.data import county
from dashboards.pages import page_of, pages_for, view
from dashboards.session import language, reader
from dashboards.warm import READERS
from dashboards.words import Lang, literal, say
from geo.errors import Forbidden, XiangtuError
from pipelines.days import today

ICON = Path(__file__).parent / "static" / "icon.svg"
OVER = ("session_expired", "password_must_change")


def main() -> None:
    """Draw one page; what cannot be drawn is said in one sentence with a number that stands in the log."""
    lang = language()
    st.set_page_config(page_title=say("app.name", lang), page_icon=str(ICON), layout="wide")
    widgets.dress()
    with READERS.reading():
        _draw(lang)


def _draw(lang: Lang) -> None:
    try:
        here = county(actor=reader())
        widgets.skip(lang)
        doorstep.who(here, lang)
        page = page_of(st.query_params.get("page"), here.actor)
        if page is None or page not in pages_for(here.actor):
            doorstep.no_rights(here, page, lang)
            return
        waiting = widgets.head(here, page, lang)
        widgets.no_page(st.query_params.get("page"), page, lang)
        view(page).show(here, today())
        widgets.bell(waiting, here, lang)
    except Forbidden as refusal:
        if refusal.code in OVER:
            doorstep.over(refusal.code, lang)
        else:
            st.error(literal(refusal.words(lang)))
    except XiangtuError as error:
        st.error(literal(error.words(lang)))
    except Exception:
        number = secrets.token_hex(3)
        logging.getLogger("xiangtu").exception("page failed, error number %s", number)
        st.error(f"{say('app.failed', lang)}\n\n{say('app.failed_code', lang, number=number)}")


main()
