"""One parcel's satellite check as one printed A4 page, with room for what the visit finds."""

from __future__ import annotations

from datetime import date
from html import escape

from dashboards.season_chart import season_chart
from dashboards.season_sheet import notes, pictures, rule_line, said
from dashboards.sheets import Sheet
from dashboards.words import Lang, day, say
from pipelines.verify_parcel import ParcelCheck
from pipelines.workspace import Workspace

# A page holds so many of the registered fields beside the verdicts and the visit.
MOST_FIELDS = 12
VISIT = ("crop", "reason", "photo", "remark")
SIGNED = ("by", "countersign", "on")


def parcel_page(
    workspace: Workspace, layer_id: str, sheet: Sheet, check: ParcelCheck, *, lang: Lang, made_on: date
) -> str:
    """A whole HTML document that prints on one A4 page, upright.

    sheet: as the reader may see the parcel, personal fields masked already.
    """
    title = say("print_parcel.title", lang)
    facts = [
        (say("print_parcel.identity", lang), sheet.heading),
        ("", f"{sheet.place}　{sheet.size}　{sheet.stage}"),
    ]
    pairs = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in (*facts, *sheet.fields[:MOST_FIELDS])
    )
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(verdict)}</td><td>{escape(text)}</td></tr>"
        for name, verdict, text in said(check, lang)
    )
    heads = "".join(
        f"<th>{escape(say(f'print_parcel.{key}', lang))}</th>" for key in ("season", "verdict", "said")
    )
    warned = "".join(f"<p><b>{text}</b></p>" for text in notes(check, lang))
    cut = "".join(pictures(workspace, layer_id, check, lang))
    button = f'<nav><button onclick="print()">{escape(say("print.button", lang))}</button></nav>'
    body = (
        f"<header><h1>{escape(title)}</h1><p>{escape(workspace.settings.name)}　"
        f"{escape(say('print_parcel.made', lang, day=day(made_on, lang)))}</p></header>"
        f"<dl>{pairs}</dl>"
        f"<h2>{escape(say('print_parcel.verdicts', lang))}</h2>{warned}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f'<section class="two"><div><h2>{escape(say("print_parcel.chart", lang))}</h2>'
        f"{season_chart(check, lang)}</div>{_chips(cut, lang)}</section>"
        f"{_visit(lang)}<footer>{escape(rule_line(check, lang))}</footer>"
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} {escape(sheet.heading)}</title>"
        f'<link rel="icon" href="/assets/own/icon.svg">'
        f'<link rel="stylesheet" href="/assets/own/print_parcel.css"></head>'
        f"<body>{button}<article>{body}</article></body></html>"
    )


def _chips(cut: str, lang: Lang) -> str:
    return f'<div class="chips"><h2>{escape(say("print_parcel.chips", lang))}</h2>{cut}</div>' if cut else ""


def _visit(lang: Lang) -> str:
    """Empty lines for the visit: what was found, and who was there when."""
    lines = "".join(
        f'<tr><th>{escape(say(f"print_parcel.{key}", lang))}</th><td class="{key}"></td></tr>' for key in VISIT
    )
    signed = "".join(f"<span>{escape(say(f'print_parcel.{key}', lang))}<i></i></span>" for key in SIGNED)
    return (
        f"<h2>{escape(say('print_parcel.visit', lang))}</h2>"
        f'<table class="visit"><tbody><tr><th>{escape(say("print_parcel.seen", lang))}</th>'
        f"<td>{escape(say('print_parcel.seen_choices', lang))}</td></tr>{lines}</tbody></table>"
        f'<p class="signed">{signed}</p>'
    )
