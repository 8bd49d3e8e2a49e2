"""What is done with the things chosen: seen before it happens, confirmed, carried out, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards.views.agriculture_parts import Seen, now
from dashboards.words import day, literal, number
from geo.access import decide
from geo.errors import XiangtuError
from pipelines.worklist_acts import Done, carry_out, take_back, undoable
from pipelines.worklist_errands import MOST, Errand, Line, Offer, offers, prepared, refusals

CHOSEN, OPEN, LINES = "agri_chosen", "agri_open", "agri_lines"
DONE, UNDONE, REFUSED = "agri_done", "agri_undone", "agri_refused"
NAMED = 5
"""So many things are named for each reason of a refusal."""
WRITES = ("step", "evidence", "extend", "escalate")


def acts(seen: Seen) -> bool:
    """Whether the reader's role does anything with this layer at all."""
    actor = seen.county.actor
    area = actor.area_code or None
    return any(decide(actor, one, layer=seen.ask.layer.id, area_code=area).allowed for one in WRITES)


def over(seen: Seen, chosen: Sequence[str]) -> None:
    """An errand over the page, where one is open: asked for, to be confirmed, or done.

    Also over an empty list: what was just done may be what no longer passes the filters.
    """
    if st.session_state.get(OPEN) != seen.ask.layer.id or not acts(seen):
        return

    @st.dialog(seen.word("act"), width="large", on_dismiss=_dismissed)
    def _opened() -> None:
        done, held = st.session_state.get(DONE), st.session_state.get(LINES)
        if done is not None:
            _done(seen, done)
        elif held is not None:
            _summary(seen, held)
        else:
            _ask(seen, chosen)

    _opened()


def _open(seen: Seen) -> None:
    _forget(LINES, DONE, UNDONE, REFUSED)
    st.session_state[OPEN] = seen.ask.layer.id


def _dismissed() -> None:
    _forget(OPEN, LINES, DONE, UNDONE, REFUSED)


def bar(seen: Seen, chosen: Sequence[str]) -> None:
    """How many are chosen, choosing all or none, and the way to what is done with them."""
    if not acts(seen):
        st.caption(seen.word("read_only"))
        return
    rows = seen.counted.rows
    every = list(rows.loc[rows["here"], "id"])
    with st.container(key="agri_chosen_bar", horizontal=True, vertical_alignment="center"):
        if chosen:
            rows = seen.every.rows
            mu = float(rows.loc[rows["id"].isin(list(chosen)), "mu"].sum())
            said = seen.word("chosen", count=number(len(chosen), "count"), mu=number(mu, "mu"))
            st.html(f"<b>{escape(said)}</b>", width="content")
            st.button(
                f"{seen.word('act')} …", key="agri_act_open", type="primary", on_click=_open, args=(seen,),
                width="content",
            )  # fmt: skip
            _quiet(seen.word("choose_none"), "agri_choose_none", _choose, [])
        else:
            keys = f"<span class='xt-keys'> {escape(seen.word('chosen_keys'))}</span>"
            st.html(f"<small>{escape(seen.word('chosen_none'))}{keys}</small>", width="content")
        if len(every) <= MOST and not set(every) <= set(chosen):
            text = seen.word("choose_filtered", count=number(len(every), "count"))
            _quiet(text, "agri_choose_all", _choose, [*dict.fromkeys([*chosen, *every])])
        mine = undoable(seen.county.workspace, seen.ask.layer, seen.county.actor, now=now())
        if mine:
            text = seen.word("undo_mine", count=number(len(mine), "count"))
            _quiet(text, "agri_undo_mine", _take_back, seen, Done(tuple(mine)))


def _quiet(text: str, key: str, act: Callable[..., None], *given: Any) -> None:
    st.button(text, key=key, type="tertiary", on_click=act, args=given, width="content")


def _choose(ids: list[str]) -> None:
    st.session_state[CHOSEN] = ids
    _dismissed()


def _forget(*names: str) -> None:
    for name in names:
        st.session_state.pop(name, None)


def act_word(seen: Seen, offer: Offer) -> str:
    """What an offer is called: the stage it leads to, or what is done."""
    if offer.kind != "step":
        return seen.word(f"act_{offer.kind}")
    life = seen.ask.layer.lifecycle
    stage = life.stage(str(offer.to_stage)).label(seen.ask.lang) if life else str(offer.to_stage)
    return seen.word("act_step", stage=stage)


def _ask(seen: Seen, chosen: Sequence[str]) -> None:
    """What is to be done, and what it needs."""
    found = {one.key: one for one in offers(seen.every, chosen, seen.county.actor)}
    if not found:
        st.info(seen.word("no_offer"))
        return
    names = {
        key: seen.word("act_count", act=act_word(seen, one), count=number(one.things, "count"))
        for key, one in found.items()
    }
    key = st.selectbox(
        seen.word("act_which"), list(names), key="agri_act", format_func=names.__getitem__, filter_mode=None
    )
    offer = found[key]
    _inputs(seen, offer)
    refused = st.session_state.get(REFUSED)
    if refused is not None:
        st.error(literal(refused.words(seen.ask.lang)))
    st.button(
        seen.word("preview"), key="agri_preview", type="primary", on_click=_prepare, args=(seen, chosen, offer)
    )


def _inputs(seen: Seen, offer: Offer) -> None:
    """The inputs of one errand; `_errand` reads them when it is asked for."""
    if offer.to_stage == "assigned":
        st.text_input(seen.word("unit"), key="agri_unit", max_chars=60)
        st.number_input(seen.word("days_due"), 0, 250, 0, key="agri_days_step")
    elif offer.kind == "extend":
        st.number_input(seen.word("days_extend"), 1, 250, 10, key="agri_days_extend")
    needed = "note" in offer.needs
    label = seen.word("note_needed" if needed else "note")
    st.text_area(label, key="agri_note", height=68, max_chars=1000)
    if offer.kind == "step":
        _photos(seen, needed="photo" in offer.needs)
    if "other_unit" in offer.needs:
        st.caption(seen.word("other_unit"))


def _errand(offer: Offer) -> Errand:
    """What the inputs say at this moment."""
    held = st.session_state
    days = held.get(f"agri_days_{offer.kind}") if offer.kind == "extend" or offer.to_stage == "assigned" else None
    files = held.get(_files_key()) if offer.kind == "step" else None
    return Errand(
        offer.kind,
        offer.to_stage,
        note=held.get("agri_note") or "",
        working_days=int(days) if days else None,
        unit=(held.get("agri_unit") or "") if offer.to_stage == "assigned" else "",
        photos=tuple((one.name, one.getvalue()) for one in files or ()),
    )


def _files_key() -> str:
    return f"agri_files_{st.session_state.get('agri_round', 0)}"


def _photos(seen: Seen, *, needed: bool) -> None:
    words = seen.word("photos_button").replace('"', "")
    button = ".st-key-agri_photos [data-testid=stFileUploaderDropzone] button"
    style = f'{button} > *{{display:none}}{button}::after{{content:"{words}"}}'
    with st.container(key="agri_photos"):
        st.html(f"<style>{style}</style>")
        st.file_uploader(
            seen.word("photos_needed" if needed else "photos"),
            type=["jpg", "jpeg", "png", "webp", "heic"],
            accept_multiple_files=True,
            key=_files_key(),
        )
        st.caption(seen.word("photos_note"))


def _prepare(seen: Seen, chosen: Sequence[str], offer: Offer) -> None:
    """Work out what would happen; it is shown on the run that follows."""
    errand = _errand(offer)
    _forget(REFUSED)
    try:
        lines = prepared(seen.county.workspace, seen.every, chosen, errand, seen.county.actor, now=now())
    except XiangtuError as error:
        st.session_state[REFUSED] = error
        return
    st.session_state[LINES] = {"lines": lines, "act": act_word(seen, offer), "photos": len(errand.photos)}


def _summary(seen: Seen, held: dict[str, Any]) -> None:
    """One summary of what will happen, to be confirmed."""
    lines: list[Line] = held["lines"]
    allowed = [line for line in lines if line.act is not None]
    with st.container(key="agri_summary"):
        st.html(f"<b>{escape(seen.word('summary_title', act=held['act']))}</b>")
        mu = sum(line.mu for line in allowed)
        said = [seen.word("will_do", count=number(len(allowed), "count"), mu=number(mu, "mu"))]
        due = sorted({line.due_on for line in allowed if line.due_on is not None})
        if len(due) == 1:
            said.append(seen.word("will_due_one", day=day(due[0], seen.ask.lang)))
        elif due:
            first, last = day(due[0], seen.ask.lang), day(due[-1], seen.ask.lang)
            said.append(seen.word("will_due", first=first, last=last))
        if held["photos"]:
            said.append(seen.word("will_photos", photos=held["photos"]))
        st.html("<br>".join(escape(one) for one in said))
        _refused(seen, lines, "cannot")
        with st.container(key="agri_confirming", horizontal=True):
            sure = st.button(
                seen.word("confirm", count=number(len(allowed), "count")),
                key="agri_confirm",
                type="primary",
                disabled=not allowed,
                width="content",
            )
            st.button(seen.word("back"), key="agri_back", on_click=_forget, args=(LINES,), width="content")
        if sure:
            _carry_out(seen, held)


def _refused(seen: Seen, lines: Sequence[Line], heading: str) -> None:
    found = refusals(lines)
    if not found:
        return
    items = []
    for group in found.values():
        reason = group[0].refusal.words(seen.ask.lang) if group[0].refusal else ""
        items.append(f"<li>{escape(reason)}<br><small>{_named(seen, [line.id for line in group])}</small></li>")
    count = sum(len(group) for group in found.values())
    st.html(
        f"<div>{escape(seen.word(heading, count=number(count, 'count')))}</div>"
        f'<ul class="xt-refused">{"".join(items)}</ul>'
    )


def _named(seen: Seen, ids: Sequence[str]) -> str:
    """Things by their numbers; of many the first, and the others behind one touch."""
    between = "、" if seen.ask.lang == "zh" else ", "
    first, rest = escape(between.join(ids[:NAMED])), escape(between.join(ids[NAMED:]))
    if not rest:
        return first
    more = escape(seen.word("cannot_more", count=number(len(ids), "count")))
    return f"{first}<details><summary>{more}</summary>{rest}</details>"


def _carry_out(seen: Seen, held: dict[str, Any]) -> None:
    """Take the acts part by part behind a bar; what came of it is shown on the next run."""
    bar = st.progress(0.0, text=seen.word("working", done=0, total=len(held["lines"])))

    def told(done: int, total: int) -> None:
        bar.progress(done / total, text=seen.word("working", done=done, total=total))

    try:
        done = carry_out(seen.county.workspace, seen.ask.layer, held["lines"], now=now(), told=told)
    except XiangtuError as error:
        st.error(literal(error.words(seen.ask.lang)))
        return
    _after(done)
    st.rerun()


def _after(done: Done) -> None:
    st.session_state[DONE] = done
    st.session_state["agri_round"] = st.session_state.get("agri_round", 0) + 1
    st.session_state[CHOSEN] = []
    _forget(LINES, UNDONE, REFUSED)


def _done(seen: Seen, done: Done) -> None:
    """What an errand did, and the way back."""
    undone: Done | None = st.session_state.get(UNDONE)
    with st.container(key="agri_result"):
        if undone is not None:
            st.success(seen.word("undone", count=number(len(undone.events), "count")))
            _told(seen, undone)
        else:
            st.success(seen.word("done", count=number(len(done.events), "count")))
            _told(seen, done)
        with st.container(key="agri_after", horizontal=True):
            if undone is None and done.events:
                st.button(
                    seen.word("undo", count=number(len(done.events), "count")),
                    key="agri_undo",
                    on_click=_take_back,
                    args=(seen, done),
                    width="content",
                )
            closed = st.button(seen.word("close"), key="agri_close", width="content")
        if undone is None and done.events:
            st.caption(seen.word("undo_note"))
    if closed:
        _dismissed()
        st.rerun()


def _told(seen: Seen, done: Done) -> None:
    """What could not be done, one by one with its reason."""
    if not done.refused:
        return
    items = "".join(
        f"<li>{escape(name)}<br><small>{escape(error.words(seen.ask.lang))}</small></li>"
        for name, error in done.refused[:50]
    )
    heading = seen.word("refused_after", count=number(len(done.refused), "count"))
    st.html(f'<div>{escape(heading)}</div><ul class="xt-refused">{items}</ul>')


def _take_back(seen: Seen, done: Done) -> None:
    st.session_state[OPEN] = seen.ask.layer.id
    st.session_state[DONE] = done
    st.session_state[UNDONE] = take_back(
        seen.county.workspace, seen.ask.layer, done.events, seen.county.actor, now=now()
    )
