"""The figures of the satellite check put into lines, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.measure import MICRO
from geo.verdicts import VERDICTS, label
from pipelines.console import table_text

if TYPE_CHECKING:
    from geo.accuracy import Estimate
    from geo.calibration import Calibration
    from geo.seasons import Season
    from pipelines.verify_sample import Corrected

_HEADS = {
    "season": ("季节", "Season"),
    "area_code": ("代码", "Code"),
    "area_name": ("区域", "Area"),
    "reported_mu": ("上报亩", "Reported mu"),
    "confirmed_mu": ("在种亩", "In use mu"),
    "contradicted_mu": ("不符亩", "Contradicted mu"),
    "inconclusive_mu": ("难定亩", "Inconclusive mu"),
    "not_observable_mu": ("看不清亩", "Not observable mu"),
    "seasons_after": ("验收后第几季", "Seasons after acceptance"),
    "accepted_mu": ("已验收亩", "Accepted mu"),
    "in_use_mu": ("仍在种亩", "Still in use mu"),
    "consolidation_rate": ("巩固率", "Consolidation rate"),
    "unseen_share": ("看不清占比", "Unseen share"),
}


def area_headings(names: Sequence[str], lang: str) -> list[str]:
    """Headings of the indicators by area."""
    return [_HEADS.get(name, (name, name))[lang == "en"] for name in names]


SEASONS = {"spring": ("小春", "spring harvest"), "autumn": ("大春", "autumn harvest")}


def season_name(season: Season, lang: str) -> str:
    """A season as people call it: `2024年小春`, `2024 autumn harvest`; else by the county's own word."""
    return season_words(season.id, lang)


def season_words(season_id: str, lang: str) -> str:
    """As `season_name`, by a season's id; of a table judged as one the whole of it."""
    year, _, window = season_id.partition("-")
    if not window:
        return season_id if year != "year" else ("whole table" if lang == "en" else "全部日期")
    word = SEASONS.get(window, (window, window))[lang == "en"]
    return f"{year} {word}" if lang == "en" else f"{year}年{word}"


def contract_lines(contracts: pd.DataFrame, lang: str, *, most: int = 20) -> list[str]:
    """Contracts whose parcels were contradicted two seasons running, the largest first."""
    shown = contracts.head(most)
    table = pd.DataFrame({"contract": shown["contract_id"]})
    table["season"] = [season_words(str(one), lang) for one in shown["season"]]
    table["parcels"] = [f"{a}/{b}" for a, b in zip(shown["parcels"], shown["of_parcels"], strict=True)]
    for name in ("micro_mu", "of_micro_mu"):
        table[name] = shown[name] / MICRO
    zh = ["合同", "至", "不符块/全部", "不符亩", "合同亩"]
    en = ["Contract", "Until", "Parcels/all", "Contradicted mu", "Contract mu"]
    head = (
        f"Contracts contradicted two seasons running: {len(contracts)} (to be seen, never a penalty)"
        if lang == "en"
        else f"连续两季不符的流转合同 {len(contracts)} 份（只作核实，不作处罚）"
    )
    return ["", head, table_text(table, en if lang == "en" else zh)]


def estimate_lines(found: Corrected, lang: str) -> list[str]:
    """The county's figure corrected by visits, as lines."""
    told = found.as_dict()
    span = f"{told['in_use_mu']:,.1f} [{told['low']:,.1f}, {told['high']:,.1f}]"
    whole, seen = f"{told['whole_mu']:,.1f}", f"{told['confirmed_mu']:,.1f}"
    visited, control = told["visited"], told["control"]
    rows = [[label(v, lang), n["in_use"], n["idle"]] for v, n in told["found"].items()]
    table = pd.DataFrame(rows, columns=["verdict", "in_use", "idle"])
    if lang == "en":
        visits = f"{found.judged.check_en}: in use by {visited} visits ({control} of them drawn from all)"
        return [
            f"{visits}: {span} of {whole} mu; the pictures alone confirm {seen} mu",
            table_text(table, ["Verdict", "Found in use", "Idle"]),
            *_left_out(found, lang),
        ]
    visits = f"{found.judged.check}：据 {visited} 处实地核查（其中随机对照 {control} 处）"
    shown = table_text(table, ["影像判定", "实地在种", "实地撂荒"])
    head = f"{visits}推算在种 {span} 亩，上报 {whole} 亩；影像单独确认 {seen} 亩"
    return [head, shown, *_left_out(found, lang)]


def _left_out(found: Corrected, lang: str) -> list[str]:
    """What of the list was not counted as it stands, a line each; none when all of it was."""
    en, told, lines = lang == "en", found.answers, []
    odd = "、".join(dict.fromkeys(told.unread))[:60]
    if told.blank or told.unread or found.strangers:
        answers = others = ""
        if told.unread:
            zh = f"；既非“是”也非“否”的 {len(told.unread)} 处（{odd}）"
            answers = f"; {len(told.unread)} answers that are neither yes nor no ({odd})" if en else zh
        if found.strangers:
            zh = f"；不在核查结果里的编号 {found.strangers} 个"
            others = f"; {found.strangers} numbers that were not judged" if en else zh
        head = f"Not counted: {told.blank} lines without an answer" if en else f"未计入：未填 {told.blank} 处"
        lines.append(f"{head}{answers}{others}")
    if told.contradictory:
        named = "、".join(told.contradictory[:20]) + (" …" if len(told.contradictory) > 20 else "")
        zh = f"同一地块既填“是”又填“否”的 {len(told.contradictory)} 块未计入：{named}；请核实后改成一个答案再报。"
        words = f"Said to be both in use and idle, so left out ({len(told.contradictory)}): {named}. Settle each."
        lines.append(words if en else zh)
    if told.repeated:
        zh = f"重复填报、答案相同的 {told.repeated} 行只计一次"
        lines.append(f"{told.repeated} lines that say the same again were counted once" if en else zh)
    if found.changed:
        zh = "这份名单抽样之后核查结果已变：以上按抽样时的判定推算；要按新的核查推算，请用 --sample 重新抽样。"
        words = (
            "The check has changed since this list was drawn: the figure is of the check it was drawn on; "
            "for the latest draw a new list with --sample."
        )
        lines.append(words if en else zh)
    return lines


def calibration_lines(made: Calibration, lang: str, *, folds: str) -> list[str]:
    """The calibration as lines: ranking, by place, confusion matrix, area-adjusted accuracy.

    folds: what was left out in turn, as `Series.said` names it.
    """
    zh = lang != "en"
    figures = made.figures()
    rank = f"{figures['auc']:.3f} ± {figures['auc_error']:.3f}"
    lines = [
        "",
        f"标注地块 {figures['parcels']} 块，其中撂荒 {figures['idle']} 块；按地点交叉验证（{folds}）"
        if zh
        else f"{figures['parcels']} labelled parcels, {figures['idle']} idle; cross-validated by place ({folds})",
        f"排序 AUC {rank}；只看指数峰值 {figures['peak_auc']:.3f}"
        if zh
        else f"ranking AUC {rank}; plain peak of the index {figures['peak_auc']:.3f}",
        "",
        table_text(made.places, _place_heads(zh)),
        *_place_notes(made, zh),
        "",
        "混淆矩阵（块）" if zh else "Confusion matrix (parcels)",
        table_text(_matrix(made, lang), ["", "撂荒", "在种"] if zh else ["", "idle", "in use"]),
        "",
    ]
    for name, words in _SHARES.items():
        lines.append(f"{words[0] if zh else words[1]} {_share(figures[name])}")
    given = figures["shipped"]
    lines += ["", "随程序发布的规则，不作校准：" if zh else "The rule as shipped, nothing learnt:"]
    for name in _SHIPPED:
        words = _SHARES[name]
        lines.append(f"  {words[0] if zh else words[1]} {_share(given[name])}")
    lines.append("")
    lines += _assessment(made, zh)
    lines.append(f"{'建议规则' if zh else 'Suggested rule'} {made.rule.version}")
    return lines


_SHARES = {
    "confirmed_precision": ("“在种”查准率", "precision of “in use”"),
    "contradicted_precision": ("“不符”查准率", "precision of “contradicted”"),
    "contradicted_recall": ("“不符”查全率", "recall of “contradicted”"),
    "idle_confirmed": ("撂荒误判在种", "idle wrongly confirmed"),
    "unseen_share": ("看不清占比", "unseen share"),
    "idle_unseen_share": ("撂荒中看不清占比", "unseen share of the idle"),
    "inconclusive_share": ("难定占比", "inconclusive share"),
}


_SHIPPED = ("confirmed_precision", "contradicted_precision", "contradicted_recall", "unseen_share")


def _place_heads(zh: bool) -> list[str]:
    if zh:
        return ["地点", "块", "撂荒", "在种", "AUC", "峰值 AUC", "所用规则（学自他处）"]
    return ["Place", "Parcels", "Idle", "In use", "AUC", "Peak AUC", "Rule (learnt elsewhere)"]


def _place_notes(made: Calibration, zh: bool) -> list[str]:
    """What the places cannot tell, in one sentence, and the ranking by blocks of neighbours within them."""
    from geo.calibration import LEAST_OF_KIND, gathered, thin_places

    lines = []
    thin, most = thin_places(made.places), gathered(made.places)
    why = []
    if thin:
        named = ("、" if zh else ", ").join(thin)
        en = f"{named} with fewer than {LEAST_OF_KIND} parcels idle or in use"
        why.append(f"{named} 的撂荒或在种不足 {LEAST_OF_KIND} 块" if zh else en)
    if most is not None:
        kind, place, share = most
        word = {"idle": ("撂荒", "idle"), "in_use": ("在种", "in use")}[kind][not zh]
        why.append(f"{word}地块 {share:.0%} 在 {place}" if zh else f"{share:.0%} of the parcels {word} in {place}")
    if why and zh:
        lines.append(f"{'，'.join(why)}：按地点交叉验证说明不了换一个地方会怎样。")
    elif why:
        lines.append(f"With {' and '.join(why)}, the cross-validation by place says little about another place.")
    found = made.blocked
    if found is not None:
        figure = f"AUC {found.auc:.3f} ± {found.error:.3f}"
        span = f"{found.low:.3f}–{found.high:.3f}"
        en = (
            f"By {found.blocks} blocks of neighbours within the places ({found.idle_blocks} with idle ones), "
            f"each held against peers outside it: {figure}, leaving out one at a time {span}"
        )
        head = f"地点内按位置分 {found.blocks} 片（{found.idle_blocks} 片有撂荒），每片只与片外同类比"
        lines.append(f"{head}：{figure}，逐片去掉为 {span}" if zh else en)
    return lines


def _matrix(made: Calibration, lang: str) -> pd.DataFrame:
    table = made.matrix.reindex(index=list(VERDICTS), fill_value=0).reset_index()
    return table.assign(verdict=[label(v, lang) for v in table["verdict"]])


def _share(entry: Sequence[Any]) -> str:
    value, low, high = entry
    return "—" if value is None else f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _between(one: Estimate) -> str:
    return f"{one.value:.1%} [{max(one.low, 0):.1%}, {min(one.high, 1):.1%}]"


def _assessment(made: Calibration, zh: bool) -> list[str]:
    found = made.assessment
    if found is None:
        return []
    names = {"in_use": "在种", "idle": "撂荒"} if zh else {"in_use": "in use", "idle": "idle"}
    head = (
        "面积加权精度（Olofsson 等 2014，95% 区间）：总体"
        if zh
        else "Area-adjusted (Olofsson et al. 2014): overall"
    )
    lines = [f"{head} {_between(found.overall)}"]
    for name, words in names.items():
        if name in found.users:
            user, producer = _between(found.users[name]), _between(found.producers[name])
            lines.append(
                f"  {words}：用户精度 {user}，生产者精度 {producer}"
                if zh
                else f"  {words}: user's {user}, producer's {producer}"
            )
    return lines
