"""What the satellite check says of one parcel, as part of its sheet: verdicts in words, chart, pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from html import escape
from urllib.parse import urlencode

from dashboards.season_chart import season_picture
from dashboards.words import Lang, day, say
from pipelines.verify_parcel import ParcelCheck, chip_file, parcel_check
from pipelines.verify_words import season_name
from pipelines.workspace import Workspace

STYLE = """
.xt-sat p{margin:.35em 0}.xt-sat .xt-sat-small{font-size:12px;opacity:.8}
.xt-sat figure{display:inline-block;margin:6px 8px 0 0;width:150px;vertical-align:top}
.xt-sat figure img{width:100%;display:block;border-radius:4px}
.xt-sat figcaption{font-size:11px;opacity:.85}
"""


def satellite(workspace: Workspace, layer_id: str, thing_id: str, lang: Lang) -> str:
    """The part of a sheet that speaks of the satellite check; nothing where the thing was not part of one.

    Only for those who may see the thing itself.
    """
    check = parcel_check(workspace, layer_id, thing_id)
    if check is None:
        return ""
    link = "/print/parcel?" + urlencode({"layer": layer_id, "thing": thing_id, "lang": lang})
    parts = [
        f"<h3>{escape(say('season_chart.heading', lang))}</h3>",
        *(f"<p>{text}</p>" for text in notes(check, lang)),
        *(
            f"<p><b>{escape(name)}　{escape(verdict)}</b>　{escape(text)}</p>"
            for name, verdict, text in said(check, lang)
        ),
        season_picture(check, lang),
        *pictures(workspace, layer_id, check, lang),
        f'<p class="xt-sat-small">{escape(rule_line(check, lang))}</p>',
        f'<p><a href="{escape(link)}" target="_blank">{escape(say("season_chart.print", lang))}</a></p>',
    ]
    return f'<style>{STYLE}</style><div class="xt-sat">{"".join(parts)}</div>'


def said(check: ParcelCheck, lang: Lang) -> Iterator[tuple[str, str, str]]:
    """Name of the season, verdict, and the sentence with its evidence; the latest season first."""
    for one in reversed(check.judged):
        name = season_name(one.season, lang)
        yield name, one.label(lang), check.said(one, lang, season=name)


def notes(check: ParcelCheck, lang: Lang) -> Iterator[str]:
    """What must be known before a verdict is read, escaped."""
    for key, holds in (("warned", check.warned), ("block", check.block)):
        if holds:
            yield escape(say(f"season_chart.{key}", lang))


def rule_line(check: ParcelCheck, lang: Lang) -> str:
    """The version of the rule and how finely the parcel was seen."""
    return say(
        "season_chart.rule",
        lang,
        version=check.rule.version,
        pixel=f"{check.pixel_m:.0f}",
        pixels=f"{check.pixels:.0f}",
    )


def pictures(workspace: Workspace, layer_id: str, check: ParcelCheck, lang: Lang) -> Iterator[str]:
    """The pictures before and after as figures that carry their own bytes."""
    for chip in check.chips:
        file = chip_file(workspace, layer_id, chip.name)
        if file is None:
            continue
        told = say(
            "season_chart.chip",
            lang,
            when=say(f"season_chart.{chip.when}", lang),
            day=day(date.fromisoformat(chip.day), lang),
            colours=say(f"season_chart.{chip.colours}", lang),
        )
        source = b64encode(file.read_bytes()).decode()
        yield (
            f'<figure><img src="data:image/png;base64,{source}" alt="{escape(told)}">'
            f'<figcaption title="{escape(chip.scene)}">{escape(told)}</figcaption></figure>'
        )
