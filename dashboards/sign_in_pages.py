"""The pages at the door, made on the server: they need no script, fit a phone, and reach for nothing elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from dashboards.words import Lang, say


@dataclass(frozen=True)
class Door:
    """What every page at the door shows and hands on.

    to: the address to go to afterwards, one of this server. form: the token that the page's form sends back.
    refusal: why it did not work, in the reader's words.
    """

    county: str
    lang: Lang
    to: str
    form: str
    refusal: str = ""


def sign_in(door: Door, *, name: str = "", service: str | None = None) -> str:
    """The sign-in page. name: as typed before. service: what the county's own sign-in service is called."""
    lang = door.lang
    fields = (
        _field("name", say("door.name", lang), value=name, complete="username", focus=not name)
        + _field(
            "password", say("door.password", lang), kind="password", complete="current-password", focus=bool(name)
        )
        + _button(say("door.sign_in", lang))
    )
    other = ""
    if service is not None:
        link = f"/sign-in/service?{urlencode({'to': door.to, 'lang': lang})}"
        label = escape(say("door.by_service", lang, service=service))
        other = f'<p class="or"><a class="button" href="{escape(link)}">{label}</a></p>'
    hint = f'<p class="hint">{escape(say("door.forgotten", lang))}</p>'
    return _page(door, say("door.sign_in", lang), _form(door, "/sign-in", fields) + other + hint, path="/sign-in")


def change_password(door: Door, *, name: str, first: bool, least: int) -> str:
    """The page on which a password is changed. first: the first one, which must be. least: characters at least."""
    lang = door.lang
    said = say("door.first_password" if first else "door.change_password", lang)
    hidden = (
        f'<input class="away" name="name" autocomplete="username" value="{escape(name)}" readonly tabindex="-1">'
    )
    fields = (
        hidden
        + _field("old", say("door.old", lang), kind="password", complete="current-password", focus=True)
        + _field("new", say("door.new", lang), kind="password", complete="new-password")
        + _field("again", say("door.again", lang), kind="password", complete="new-password")
        + f'<p class="hint">{escape(say("door.password_rule", lang, characters=least))}</p>'
        + _button(say("door.change", lang))
    )
    intro = f'<p class="intro">{escape(say("door.who", lang, name=name))}</p>'
    if first:
        intro += f'<p class="intro">{escape(say("door.first_reason", lang))}</p>'
    back = "" if first else f'<p class="hint"><a href="{escape(door.to)}">{escape(say("door.back", lang))}</a></p>'
    body = intro + _form(door, "/sign-in/password", fields) + back
    return _page(door, said, body, path="/sign-in/password")


def sign_out(door: Door, *, name: str) -> str:
    """The page that asks once more before signing out."""
    lang = door.lang
    intro = f'<p class="intro">{escape(say("door.who", lang, name=name))}</p>'
    body = intro + _form(door, "/sign-out", _button(say("door.sign_out", lang), focus=True))
    back = f'<p class="hint"><a href="{escape(door.to)}">{escape(say("door.back", lang))}</a></p>'
    return _page(door, say("door.sign_out", lang), body + back, path="/sign-out")


def _form(door: Door, action: str, fields: str) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("form", door.form), ("to", door.to), ("lang", door.lang))
    )
    refusal = f'<p class="refusal" role="alert">{escape(door.refusal)}</p>' if door.refusal else ""
    return f'<form method="post" action="{action}">{refusal}{kept}{fields}</form>'


def _field(
    name: str, label: str, *, kind: str = "text", value: str = "", complete: str = "off", focus: bool = False
) -> str:
    given = f' value="{escape(value)}"' if value else ""
    limits = ' maxlength="200" autocapitalize="none" spellcheck="false" required'
    auto = " autofocus" if focus else ""
    field = f'<input type="{kind}" id="{name}" name="{name}"{given} autocomplete="{complete}"{limits}{auto}>'
    return f'<label for="{name}">{escape(label)}</label>{field}'


def _button(label: str, *, focus: bool = False) -> str:
    return f'<button type="submit"{" autofocus" if focus else ""}>{escape(label)}</button>'


def _page(door: Door, title: str, body: str, *, path: str) -> str:
    lang = door.lang
    other: Lang = "en" if lang == "zh" else "zh"
    link = f"{path}?{urlencode({'to': door.to, 'lang': other})}"
    turn = f'<a class="turn" href="{escape(link)}" lang="{other}">{"English" if other == "en" else "中文"}</a>'
    head = f'<header><img src="/assets/own/icon.svg" alt=""><div><h1>{escape(door.county)}</h1>'
    head += f"<p>{escape(say('app.name', lang))} · {escape(say('app.subtitle', lang))}</p></div></header>"
    return (
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)} · {escape(door.county)}</title>'
        f'<link rel="icon" href="/assets/own/icon.svg"><link rel="stylesheet" href="/assets/own/door.css"></head>'
        f"<body><main>{head}<h2>{escape(title)}</h2>{body}{turn}</main></body></html>"
    )
