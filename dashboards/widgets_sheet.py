"""The sheet of one thing, drawn: what is registered, what happened with its photos, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from dashboards.sheets import Sheet
from dashboards.words import NOTHING, Lang, say


def swatch(colour: str, *, dot: bool = False, line: bool = False) -> str:
    """A patch of a colour, as markup. dot: a round one, for what is drawn as a mark; line: for an outline."""
    if line:
        return f'<i class="xt-line" style="border-color:{escape(colour)}"></i>'
    kind = ' class="xt-dot"' if dot else ""
    return f'<i{kind} style="background:{escape(colour)}"></i>'


def sheet(shown: Sheet, lang: Lang, *, close: Callable[[], None], more: str = "") -> None:
    """The sheet of one thing, with a way back to the list. more: markup put after what happened."""
    st.button(f"‹ {say('thing.close', lang)}", key="close", type="tertiary", on_click=close)
    chip = f'<span class="xt-chip">{swatch(shown.colour)}{escape(shown.stage)}</span>' if shown.stage else ""
    said = [one for one in (shown.number, shown.place, shown.size) if one not in ("", NOTHING)]
    where = "".join(f"<span>{escape(one)}</span>" for one in said)
    facts = f'<div class="xt-facts">{chip}{where}</div>'
    parts = [
        f"<h2>{escape(shown.heading)}</h2>{facts}",
        pair(shown, lang),
        f"<h3>{escape(say('footprint.title', lang))}</h3>{_pairs(shown.taken_in)}" if shown.taken_in else "",
        _timeline(shown, lang),
        _records(shown, lang),
        more,
        f"<h3>{escape(say('thing.fields', lang))}</h3>{_pairs(shown.fields)}",
        _source(shown, lang),
        f'<div class="xt-note">{escape(say("thing.masked_note", lang))}</div>' if shown.masked else "",
    ]
    st.html(f'<div class="xt-sheet">{"".join(parts)}</div>')


def pair(shown: Sheet, lang: Lang) -> str:
    """The first photo beside the latest, above all else; nothing while there are fewer than two."""
    taken = [(one.when, digest) for one in reversed(shown.records) for digest in one.photos]
    if len({digest for _, digest in taken}) < 2:
        return ""
    sides = "".join(
        f'<a href="/photos/{escape(digest)}/view.jpg" target="_blank">'
        f'<img src="/photos/{escape(digest)}/thumb.jpg" alt="">{escape(say(key, lang, day=when))}</a>'
        for key, (when, digest) in (("photo.before", taken[0]), ("photo.after", taken[-1]))
    )
    return f'<div class="xt-pair">{sides}</div>'


def _timeline(shown: Sheet, lang: Lang) -> str:
    if not shown.steps:
        return ""
    lines = "".join(
        f'<li class="{"reached " if step.reached else ""}{"now" if step.now else ""}">'
        f"<b>{escape(step.label)}</b><span>{escape(step.when)}</span></li>"
        for step in shown.steps
    )
    return f"<h3>{escape(say('thing.history', lang))}</h3><ol>{lines}</ol>"


def _records(shown: Sheet, lang: Lang) -> str:
    """What happened, newest first, with photos that open large."""
    if not shown.records:
        return ""
    lines = []
    for one in shown.records:
        photos = "".join(
            f'<a href="/photos/{escape(digest)}/view.jpg" target="_blank">'
            f'<img src="/photos/{escape(digest)}/thumb.jpg" alt="{escape(say("record.photo", lang))}"></a>'
            for digest in one.photos
        )
        said = f"<p>{escape(one.said)}</p>" if one.said else ""
        lines.append(f"<li><b>{escape(one.what)}</b><time>{escape(one.when)}</time>{said}{photos}</li>")
    return f"<h3>{escape(say('thing.records', lang))}</h3><ul>{''.join(lines)}</ul>"


def _source(shown: Sheet, lang: Lang) -> str:
    """Where it was read from; the number of the import stands small below, for who looks for its folder."""
    if not shown.source:
        return ""
    batch = say("thing.source_import", lang, import_id=shown.batch)
    small = f'<div class="xt-note">{escape(batch)}</div>' if shown.batch else ""
    return f"<h3>{escape(say('thing.source', lang))}</h3>{_pairs(shown.source)}{small}"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"
