"""The form on which a site is marked, as one page of HTML that also opens without a network; and its worker."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from dashboards.assets import HERE
from dashboards.words import LANGS, Lang, catalogue, say

STATIC = HERE / "static"
OWN = ("mark.css", "mark.js", "mark_send.js", "mark_photo.js", "mark_map.js", "icon.svg")
WORKER = ("mark_send.js", "mark_sw.js")
LEAFLET = ("/assets/vendor/leaflet/leaflet.js", "/assets/vendor/leaflet/leaflet.css")
MOST_MB = 30


@cache
def version() -> str:
    """A short mark that changes with the form's page, script, style or words."""
    parts = [(STATIC / name).read_bytes() for name in sorted({*OWN, *WORKER})]
    parts += [page(lang, "").encode() for lang in LANGS]
    parts += [Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def worker(lang: Lang) -> str:
    """The service worker: what it keeps, the language of the form where the address names none, and its work."""
    shell = [*(f"/mark?lang={one}" for one in LANGS), *(f"/assets/own/{name}" for name in OWN), *LEAFLET]
    named = f"const VERSION = {json.dumps(version())}; const LANG = {json.dumps(lang)};\n"
    return f"{named}const SHELL = {json.dumps(shell)};\n" + "\n".join(
        (STATIC / name).read_text(encoding="utf-8") for name in WORKER
    )


def words(lang: Lang) -> dict[str, str]:
    """What the form says, by the last part of its key."""
    return {key.removeprefix("mark."): text for key, text in catalogue(lang).items() if key.startswith("mark.")}


def page(lang: Lang, county: str) -> str:
    """The form. It holds nothing of its reader: who reads is asked for when there is a network."""

    t = _Words(lang)
    return f"""<!doctype html>
<html lang="{"zh-CN" if lang == "zh" else "en"}">
<head>
{_head(t, county)}
</head>
<body>
<header>
{_top(t, county)}
</header>
<noscript><p class="warn">{t("no_script")}</p></noscript>
<main>
<div id="notice" role="status" aria-live="polite"></div>
{_where(t)}
{_what(t)}
<section id="drafts" hidden><h2>{t("drafts")}</h2><ol id="draft_list"></ol></section>
</main>
{_below(t)}
</body>
</html>
"""


@dataclass(frozen=True)
class _Words:
    """The form's words in one language, escaped."""

    lang: Lang

    def __call__(self, key: str) -> str:
        return escape(say(f"mark.{key}", self.lang))


def _head(t: _Words, county: str) -> str:
    told = json.dumps({"lang": t.lang, "most_mb": MOST_MB, "words": words(t.lang)}, ensure_ascii=False)
    return f"""<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>{t("title")} · {escape(county)}</title>
<link rel="icon" href="/assets/own/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/leaflet/leaflet.css">
<link rel="stylesheet" href="/assets/own/mark.css">
<script type="application/json" id="told">{_in_script(told)}</script>
<script src="/assets/own/mark_send.js" defer></script>
<script src="/assets/own/mark.js" type="module"></script>"""


def _top(t: _Words, county: str) -> str:
    other = "en" if t.lang == "zh" else "zh"
    return f"""<img src="/assets/own/icon.svg" alt="" width="32" height="32">
<h1>{t("title")}<small>{escape(county)}</small></h1>
<button type="button" id="net" class="pill" aria-live="polite"></button>
<a href="/mark?lang={other}" hreflang="{other}">{"English" if other == "en" else "中文"}</a>
<a href="/?page=inspector&amp;lang={t.lang}" id="back">{t("back")}</a>"""


def _where(t: _Words) -> str:
    """Position, map, and kind of place."""
    return f"""<section id="place" aria-label="{t("where")}">
<div class="row">
<div class="grow"><b id="area">{t("locating")}</b><span id="fix"></span></div>
<button type="button" id="map_toggle" aria-expanded="false" aria-controls="map_box">{t("open_map")}</button>
</div>
<div id="map_box" hidden>
<div id="map" role="application" aria-label="{t("tap_map")}"></div>
<p class="hint">{t("tap_map")}</p>
<div class="row wrap">
<button type="button" id="use_device">{t("use_device")}</button>
<button type="button" id="use_photo" hidden></button>
</div>
</div>
<div class="row kind"><span class="grow" id="kind"></span>
<button type="button" id="kind_toggle" aria-expanded="false" aria-controls="kinds">{t("change")}</button></div>
<div id="kinds" class="row wrap" role="radiogroup" aria-label="{t("place_kind")}" hidden></div>
</section>"""


def _what(t: _Words) -> str:
    """Category, what is near already, photo and words."""
    return f"""<section aria-label="{t("category")}">
<h2>{t("category")}<small id="groups_note">{t("more_used")}</small></h2>
<div id="categories" role="radiogroup" aria-label="{t("category")}"></div>
</section>
<section id="near" hidden></section>
<section id="evidence" aria-label="{t("photo")}">
<div id="picture" hidden><img id="preview" alt="{t("photo")}"><div><span id="picture_said"></span>
<button type="button" id="photo_remove">{t("remove_photo")}</button></div></div>
<input type="file" id="camera" accept="image/*" capture="environment" tabindex="-1" aria-hidden="true">
<details><summary>{t("describe")}</summary><textarea id="describe" rows="2" maxlength="500"
 aria-label="{t("describe")}"></textarea></details>
</section>"""


def _below(t: _Words) -> str:
    """The two buttons at the thumb, and the question before a draft is thrown away."""
    return f"""<footer>
<button type="button" id="photo"><img id="thumb" alt="" hidden><span id="photo_label">{t("photo")}</span></button>
<button type="button" id="save" class="main">{t("save")}</button>
</footer>
<dialog id="ask" aria-labelledby="ask_title"><h2 id="ask_title">{t("discard_title")}</h2><p>{t("discard_text")}</p>
<form method="dialog" class="row"><button value="keep" class="grow">{t("keep")}</button>
<button value="discard" class="grow danger">{t("discard")}</button></form></dialog>"""


def _in_script(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
