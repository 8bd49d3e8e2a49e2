"""The script that Streamlit runs for each reader: opens the workspace and draws the page asked for."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import streamlit as st

from dashboards import widgets
from dashboards.data import county
from dashboards.pages import page_of, view
from dashboards.session import language, reader
from dashboards.words import say
from geo.errors import XiangtuError
from pipelines.summarise import today

ICON = Path(__file__).parent / "static" / "icon.svg"


def main() -> None:
    """Draw one page; what cannot be drawn is said in one sentence with a number that stands in the log."""
    lang = language()
    st.set_page_config(page_title=say("app.name", lang), page_icon=str(ICON), layout="wide")
    widgets.dress()
    try:
        here = county(actor=reader())
        page = page_of(st.query_params.get("page"))
        widgets.head(here, page, lang)
        view(page).show(here, today())
    except XiangtuError as error:
        st.error(error.words(lang))
    except Exception:
        number = secrets.token_hex(3)
        logging.getLogger("xiangtu").exception("page failed, error number %s", number)
        st.error(f"{say('app.failed', lang)}\n\n{say('app.failed_code', lang, number=number)}")


main()
