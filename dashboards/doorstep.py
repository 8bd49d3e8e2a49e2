"""What a page says at its edge of its reader: who it is, that the sign-in is over, that a page is not for them."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from dashboards.data import County
from dashboards.pages import pages_for
from dashboards.session import address, draw
from dashboards.words import Lang, say
from geo.access import roles

STYLE = Path(__file__).resolve().parent / "static" / "doorstep.css"


@cache
def _style() -> str:
    return f"<style>{STYLE.read_text(encoding='utf-8')}</style>"


def who(county: County, lang: Lang) -> None:
    """A line that says who reads, with the ways to another password and out; without accounts, how to add one."""
    actor = county.actor
    if not actor.has_account:
        command = f"xiangtu account add {county.workspace.root} NAME --role administrator"
        said = f"{escape(say('door.open_banner', lang))} <code>{escape(command)}</code>"
        draw(f'{_style()}<div class="xt-doorstep xt-open" role="note">{said}</div>')
        return
    named = " · ".join(escape(part) for part in (actor.name, actor.unit, roles()[actor.role](lang)) if part)
    after = urlencode({"to": f"/?{address()}", "lang": lang})
    ways = "".join(
        f'<a href="{path}?{escape(after)}">{escape(say(key, lang))}</a>'
        for path, key in (("/sign-in/password", "door.change_link"), ("/sign-out", "door.sign_out_link"))
    )
    draw(f'{_style()}<div class="xt-doorstep"><span>{named}</span>{ways}</div>')


def over(code: str, lang: Lang) -> None:
    """In place of a page: the sign-in is over; the way back to this very view."""
    door = "/sign-in/password" if code == "password_must_change" else "/sign-in"
    link = f"{door}?{urlencode({'to': f'/?{address()}', 'lang': lang})}"
    title, said = escape(say("door.over_title", lang)), escape(say("door.over", lang))
    again = escape(say("door.again_link", lang))
    way = f'<p><a class="xt-way" href="{escape(link)}">{again}</a></p>'
    draw(f'{_style()}<div class="xt-empty"><h2>{title}</h2><p>{said}</p>{way}</div>')


def no_rights(county: County, page: str | None, lang: Lang) -> None:
    """In place of a page: it is not for this reader; which ones are."""
    title = escape(say("door.no_rights_title", lang))
    mine = pages_for(county.actor)
    if page is None or not mine:
        draw(f'{_style()}<div class="xt-empty"><h2>{title}</h2><p>{escape(say("door.no_pages", lang))}</p></div>')
        return
    role = roles()[county.actor.role](lang)
    said = escape(say("door.no_rights", lang, role=role, page=say(f"page.{page}", lang)))
    ways = "".join(
        f'<li><a class="xt-way" href="/?{urlencode({"page": one, "lang": lang})}">'
        f"{escape(say(f'page.{one}', lang))}</a></li>"
        for one in mine
    )
    draw(f'{_style()}<div class="xt-empty"><h2>{title}</h2><p>{said}</p><ul>{ways}</ul></div>')
