"""Which parcels a label calls idle, told from the words people write, in several languages, or from yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from geo.verify_headings import find_column

_IDLE = re.compile(
    r"fallow|abandon|\bidle\b|unused|un-?(?:cultivat|plant|crop|sown|tilled|used|managed)|inactive|derelict"
    r"|\b(?:not|non|no)[ _-]?(?:cultivat|cropp?|plant|sown|tilled|used|in[ _-]use|agric|activ|farmed)"
    r"|set[ _-]?aside|\bbare\b|\bvacant\b|\bwaste ?land\b|barbecho|jach[eè]re|\bbrache|pousio"
    r"|撂荒|弃耕|抛荒|荒芜|荒地|闲置|休耕|轮休|未种|未耕|未利用|залеж|\bпар\b|заброш"
    r"|не ?(?:использ|обраб|обработ|возделыв|засе|посев)|пустующ|целин",
    re.IGNORECASE,
)
# A word for idle that is denied says the contrary.
_DENIED = re.compile(
    r"\b(?:not|non|no|never)[ _-]?(?:fallow|abandon|idle|unused|bare)|не ?заброш"
    r"|[未非无不]撂荒|[未非无不]抛荒|没有撂荒|没撂荒",
    re.IGNORECASE,
)
# "wheat-fallow" is a crop followed by nothing: it says neither.
_CROPS = re.compile(
    r"wheat|barley|maize|corn|rice|cotton|soy|potato|vegetable|alfalfa|lucerne|sunflower|rape|oat|rye|melon|onion"
    r"|beet|小麦|水稻|玉米|油菜|蔬菜|棉花|大豆|пшениц|хлоп|кукуруз|рис|ячмен",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^(|nan|none|na|n/?a|null|unknown|unclear|unsure|uncertain|other\?|\?|不明|不详|未知|不清|-+)$", re.IGNORECASE
)
_IN_USE = re.compile(
    r"cropped|cultivat|\bactive|in[ _-]?use|planted|tilled|sown|farmed|在种|耕种|种植", re.IGNORECASE
)
_ASKED = ("label", "class", "target", "truth", "y", "status", "gt", "ground_truth", "标注", "标签", "类别", "真值")
_TRUE = {"1", "true", "yes", "y", "t", "是", "1.0"}
_FALSE = {"0", "false", "no", "n", "f", "否", "0.0"}
MOST_WORDS = 200


def _text(values: pd.Series) -> pd.Series:
    return values.astype("string").str.strip()


def _yes_no(values: pd.Series) -> bool:
    """Whether a column says only yes and no."""
    told = set(_text(values).dropna().str.lower().unique()) - {""}
    return bool(told) and told <= _TRUE | _FALSE


def idle_labels(values: pd.Series, *, heading: str = "", idle: Sequence[str] = ()) -> pd.Series | None:
    """Which rows are labelled idle: boolean with NA where the label says nothing; None when it is no label at all.

    idle: the words that mean idle; when none are given, words for fallow and abandoned in several languages. Of a
    yes/no column yes means idle, unless its own heading is a word for in use; of two values under a plain heading
    (label, class …) that say nothing, the last in order.
    """
    text = _text(values)
    unknown = text.isna() | text.str.match(_UNKNOWN).fillna(True)
    if idle:
        wanted = {word.strip().lower() for word in idle}
        hit = text.str.lower().isin(wanted | {f"{word}.0" for word in wanted if word.isdigit()}).fillna(False)
    elif _yes_no(values):
        means = _FALSE if _says_in_use(heading) else _TRUE
        hit = text.str.lower().isin(means).fillna(False)
    else:
        hit = text.str.contains(_IDLE).fillna(False) & ~text.str.contains(_DENIED).fillna(False)
        unknown |= hit & text.str.contains(_CROPS).fillna(False)
        hit &= ~unknown
    if not hit.any() and not idle and _two_values(values, heading):
        hit = text == sorted(text[~unknown].unique())[-1]
        hit = hit.fillna(False).astype(bool)
    if not hit.any() or (hit | unknown).all():
        return None
    return hit.astype("boolean").mask(unknown & ~hit)


def says_nothing(values: pd.Series, heading: str) -> bool:
    """Whether a label's two values mean idle and in use without saying which is which."""
    if _yes_no(values):
        return not (_says_idle(heading) or _says_in_use(heading))
    return _two_values(values, heading) and not _text(values).str.contains(_IDLE).fillna(False).any()


def _two_values(values: pd.Series, heading: str) -> bool:
    text = _text(values)
    known = text[~(text.isna() | text.str.match(_UNKNOWN).fillna(True))]
    return heading.strip().lower() in _ASKED and known.nunique() == 2


def _says_in_use(heading: str) -> bool:
    return bool(_IN_USE.search(heading)) and not _says_idle(heading)


def _says_idle(heading: str) -> bool:
    return bool(_IDLE.search(heading)) and not _DENIED.search(heading)


def label_words(values: pd.Series, known: pd.Series) -> str:
    """The words that were taken to mean idle, the most frequent first, to be shown."""
    said = _text(values[known.fillna(False).to_numpy(bool)]).value_counts()
    return ", ".join(f"{word} ({count})" for word, count in said.head(6).items())


def label_column(frame: pd.DataFrame, *, label: str | None = None, idle: Sequence[str] = ()) -> str | None:
    """The heading whose values tell idle from used: the named one, else the one with most rows told idle.

    A column of words counts by its words; one of yes and no only by its heading: a word for idle or for in use
    before plain `label`, `class` or `target`, in which yes is taken for idle.
    """
    if label is not None:
        return find_column(list(frame.columns), (label,))
    best, most = None, (0, 0, 0)
    for heading in map(str, frame.columns):
        rank = _rank(frame[heading], heading, bool(idle))
        found = idle_labels(frame[heading], heading=heading, idle=idle) if rank else None
        if found is not None:
            size = (rank, int(found.sum()), int(found.notna().sum()))
            if size > most:
                best, most = heading, size
    return best


def _rank(values: pd.Series, heading: str, named: bool) -> int:
    """How much a column looks like a label; 0 not at all."""
    if _yes_no(values):
        plain = heading.strip().lower() in _ASKED
        return 2 if _says_idle(heading) or _says_in_use(heading) or (named and plain) else int(plain)
    if _two_values(values, heading) and says_nothing(values, heading):
        return 1
    if pd.api.types.is_numeric_dtype(values) or values.nunique(dropna=True) > MOST_WORDS:
        return int(named and heading.strip().lower() in _ASKED)
    return 2
