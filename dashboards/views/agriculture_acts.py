"""What is done with the things chosen: seen before it happens, confirmed, carried out, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards.views.agriculture_parts import Seen, now
from dashboards.words import day, number
from geo.access import decide
from geo.errors import XiangtuError
from pipelines.worklist_acts import Done, carry_out, take_back, undoable
from pipelines.worklist_errands import MOST, Errand, Line, Offer, offers, prepared, refusals

CHOSEN, LINES, DONE, UNDONE = "agri_chosen", "agri_lines", "agri_done", "agri_undone"
NAMED = 5
"""So many things are named for each reason of a refusal."""
WRITES = ("step", "evidence", "extend", "escalate")


def acts(seen: Seen) -> bool:
    """Whether the reader's role does anything with this layer at all."""
    actor = seen.county.actor
    area = actor.area_code or None
    return any(decide(actor, one, layer=seen.ask.layer.id, area_code=area).allowed for one in WRITES)


def show(seen: Seen, chosen: Sequence[str]) -> None:
    """The bar of what is chosen, and where an errand stands: asked for, to be confirmed, or done."""
    if not acts(seen):
        st.caption(seen.word("read_only"))
        return
    done = st.session_state.get(DONE)
    if done is not None:
        _done(seen, done)
    held = st.session_state.get(LINES)
    if held is not None and held["layer"] == seen.ask.layer.id:
        _summary(seen, held)
        return
    _bar(seen, chosen)
    if chosen:
        _ask(seen, chosen)
    elif done is None:
        _mine(seen)


def _bar(seen: Seen, chosen: Sequence[str]) -> None:
    """How many are chosen, and choosing all or none."""
    every = list(seen.desk.rows["id"])
    with st.container(key="agri_chosen_bar", horizontal=True, vertical_alignment="center"):
        if chosen:
            rows = seen.every.rows
            mu = float(rows.loc[rows["id"].isin(list(chosen)), "mu"].sum())
            st.html(
                f"<b>{escape(seen.word('chosen', count=number(len(chosen), 'count'), mu=number(mu, 'mu')))}</b>",
                width="content",
            )
        else:
            st.caption(seen.word("chosen_none"))
        if len(every) <= MOST and not set(every) <= set(chosen):
            st.button(
                seen.word("choose_filtered", count=number(len(every), "count")),
                key="agri_choose_all",
                type="tertiary",
                on_click=_choose,
                args=([*dict.fromkeys([*chosen, *every])],),
                width="content",
            )
        if chosen:
            st.button(
                seen.word("choose_none"), key="agri_choose_none", type="tertiary", on_click=_choose, args=([],),
                width="content",
            )  # fmt: skip


def _choose(ids: list[str]) -> None:
    st.session_state[CHOSEN] = ids
    _forget(LINES, DONE, UNDONE)


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
    with st.container(key="agri_acts"):
        names = {
            key: seen.word("act_count", act=act_word(seen, one), count=number(one.things, "count"))
            for key, one in found.items()
        }
        key = st.selectbox(
            seen.word("act"), list(names), key="agri_act", format_func=names.__getitem__, filter_mode=None
        )
        offer = found[key]
        errand = _errand(seen, offer)
        if st.button(seen.word("preview"), key="agri_preview", type="primary"):
            _prepare(seen, chosen, offer, errand)


def _errand(seen: Seen, offer: Offer) -> Errand:
    """The inputs of one errand."""
    given: dict[str, Any] = {}
    if offer.to_stage == "assigned":
        given["unit"] = st.text_input(seen.word("unit"), key="agri_unit", max_chars=60)
    if offer.kind == "extend" or offer.to_stage == "assigned":
        label, least = ("days_extend", 1) if offer.kind == "extend" else ("days_due", 0)
        asked = st.number_input(seen.word(label), least, 250, 10 if least else 0, key=f"agri_days_{offer.kind}")
        given["working_days"] = int(asked) or None
    needed = "note" in offer.needs
    given["note"] = st.text_area(
        seen.word("note_needed" if needed else "note"), key="agri_note", height=68, max_chars=1000
    )
    if offer.kind == "step":
        given["photos"] = _photos(seen, needed="photo" in offer.needs)
    if "other_unit" in offer.needs:
        st.caption(seen.word("other_unit"))
    return Errand(offer.kind, offer.to_stage, **given)


def _photos(seen: Seen, *, needed: bool) -> tuple[tuple[str, bytes], ...]:
    words = seen.word("photos_button").replace('"', "")
    style = f'.st-key-agri_photos button::after{{content:"{words}";font-size:14px}}'
    hide = ".st-key-agri_photos [data-testid=stFileUploaderDropzone] button{font-size:0}"
    with st.container(key="agri_photos"):
        st.html(f"<style>{style}{hide}</style>")
        files = st.file_uploader(
            seen.word("photos_needed" if needed else "photos"),
            type=["jpg", "jpeg", "png", "webp", "heic"],
            accept_multiple_files=True,
            key=f"agri_files_{st.session_state.get('agri_round', 0)}",
        )
        st.caption(seen.word("photos_note"))
    return tuple((one.name, one.getvalue()) for one in files or ())


def _prepare(seen: Seen, chosen: Sequence[str], offer: Offer, errand: Errand) -> None:
    """Work out what would happen, and show it on the next run."""
    try:
        lines = prepared(seen.county.workspace, seen.every, chosen, errand, seen.county.actor, now=now())
    except XiangtuError as error:
        st.error(error.words(seen.ask.lang))
        return
    st.session_state[LINES] = {
        "lines": lines,
        "layer": seen.ask.layer.id,
        "act": act_word(seen, offer),
        "photos": len(errand.photos),
    }
    _forget(DONE, UNDONE)
    st.rerun()


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
        names = "、".join(line.id for line in group[:NAMED])
        more = seen.word("cannot_more", count=number(len(group), "count")) if len(group) > NAMED else ""
        reason = group[0].refusal.words(seen.ask.lang) if group[0].refusal else ""
        items.append(f"<li>{escape(reason)}<br><small>{escape(f'{names} {more}')}</small></li>")
    count = sum(len(group) for group in found.values())
    st.html(
        f"<div>{escape(seen.word(heading, count=number(count, 'count')))}</div>"
        f'<ul class="xt-refused">{"".join(items)}</ul>'
    )


def _carry_out(seen: Seen, held: dict[str, Any]) -> None:
    """Take the acts part by part behind a bar; what came of it is shown on the next run."""
    bar = st.progress(0.0, text=seen.word("working", done=0, total=len(held["lines"])))

    def told(done: int, total: int) -> None:
        bar.progress(done / total, text=seen.word("working", done=done, total=total))

    try:
        done = carry_out(seen.county.workspace, seen.ask.layer, held["lines"], now=now(), told=told)
    except XiangtuError as error:
        st.error(error.words(seen.ask.lang))
        return
    _after(done)
    st.rerun()


def _after(done: Done) -> None:
    st.session_state[DONE] = done
    st.session_state["agri_round"] = st.session_state.get("agri_round", 0) + 1
    st.session_state[CHOSEN] = []
    _forget(LINES, UNDONE, "agri_note", "agri_unit")


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
            st.button(seen.word("close"), key="agri_close", on_click=_forget, args=(DONE, UNDONE), width="content")
        if undone is None and done.events:
            st.caption(seen.word("undo_note"))


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
    st.session_state[DONE] = done
    st.session_state[UNDONE] = take_back(
        seen.county.workspace, seen.ask.layer, done.events, seen.county.actor, now=now()
    )


def _mine(seen: Seen) -> None:
    """The way back for what one did a while ago, also after the page was opened anew."""
    events = undoable(seen.county.workspace, seen.ask.layer, seen.county.actor, now=now())
    if events:
        st.button(
            seen.word("undo_mine", count=number(len(events), "count")),
            key="agri_undo_mine",
            type="tertiary",
            help=seen.word("undo_note"),
            on_click=_take_back,
            args=(seen, Done(tuple(events))),
        )
