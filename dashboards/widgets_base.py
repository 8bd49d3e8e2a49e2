"""What the widgets stand on: our own files for the browser, and components made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

STATIC = Path(__file__).resolve().parent / "static"


@cache
def static(name: str) -> str:
    """The text of one of our own files."""
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def component(name: str, head: str = "", *, upon: str = "") -> Callable[..., Any]:
    """One of our own browser components, registered once: `static/<name>.js` and `.css`.

    head: markup before. upon: another of our scripts that it stands on.
    """
    mount: Callable[..., Any] = st.components.v2.component(
        f"xiangtu_{name}",
        html=f'{head}<div class="{name}"></div>',
        css=static(f"{name}.css"),
        js=static("make.js") + (static(upon) if upon else "") + static(f"{name}.js"),
    )
    return mount


def dress() -> None:
    """The look that all pages share."""
    st.html(f"<style>{static('page.css')}</style>")
