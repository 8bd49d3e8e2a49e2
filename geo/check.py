"""Checks of a layer's rows against the rules its TOML declares; what is found is returned, never raised."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, MutableMapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.issues import Issue
from geo.layers import Layer, Rule

MU_PER_M2 = 0.0015
Find = Callable[[pd.DataFrame, Layer, Rule], list[Issue]]


def check_rows(frame: pd.DataFrame, layer: Layer, *, today: date | None = None) -> list[Issue]:
    """Findings of the rules that look at one row at a time; `not_future` rules only where `today` is given.

    frame: typed and placed rows (index `row` = the sender's row numbers, columns = the layer's fields and
    `area_m2`, m² on the ellipsoid, NaN where there is no polygon). Order: by rule, then by row.
    """
    found: list[Issue] = []
    for rule in layer.rules:
        if rule.kind in ROW_RULES:
            found += ROW_RULES[rule.kind](frame, layer, rule)
        elif rule.kind == "not_future" and today is not None:
            found += _not_future(frame, layer, rule, today)
    return found


def check_ids(
    frame: pd.DataFrame, layer: Layer, seen: MutableMapping[str, tuple[int, int]], digests: npt.ArrayLike
) -> tuple[list[str], list[Issue]]:
    """The id of each row, and findings where an id stands twice in one file.

    frame: column `id` (text, no blanks), index `row`. digests: one number per row that differs when any cell
    differs. seen: id → (first row, its digest), filled here and kept by the caller from batch to batch. The first
    row of an id stands; one that is the same to the letter is `row_repeated`; one that differs is
    `id_duplicate`, unless the layer's id_detail_field tells them apart.
    """
    fresh = _all_fresh(frame, seen, digests)
    if fresh is not None:
        return fresh, []
    detail = frame[layer.id_detail_field] if layer.id_detail_field in frame.columns else None
    ids: list[str] = []
    issues: list[Issue] = []
    for i, (row, mark, one) in enumerate(zip(frame.index, np.asarray(digests), frame["id"], strict=True)):
        first_row, first_mark = seen.setdefault(one, (int(row), int(mark)))
        if first_row != row:
            repeated = first_mark == mark
            if not repeated and detail is not None and not pd.isna(detail.iloc[i]):
                ids.append(f"{one}/{detail.iloc[i]}")
                if seen.setdefault(ids[-1], (int(row), int(mark)))[0] == row:
                    continue
                ids.pop()
            code = "row_repeated" if repeated else "id_duplicate"
            issues.append(Issue(code, int(row), layer.id_field, {"value": one, "first_row": first_row}))
        ids.append(one)
    return ids, issues


def _all_fresh(
    frame: pd.DataFrame, seen: MutableMapping[str, tuple[int, int]], digests: npt.ArrayLike
) -> list[str] | None:
    """The ids when none of them stood before, all at once; None when each must be looked at."""
    ids = frame["id"].to_numpy(object).tolist()
    new = dict(zip(ids, zip(frame.index.tolist(), np.asarray(digests).tolist(), strict=True), strict=True))
    if len(new) < len(ids) or not seen.keys().isdisjoint(new):
        return None
    seen.update(new)
    return ids


def _area_agrees(frame: pd.DataFrame, layer: Layer, rule: Rule) -> list[Issue]:
    """Reported 亩 against measured 亩: beyond both tolerances (percent of the measured, and 亩) is a finding."""
    reported = rule.settings["reported"]
    if reported not in frame.columns or "area_m2" not in frame.columns:
        return []
    stated = frame[reported].to_numpy(float, na_value=np.nan)
    measured = frame["area_m2"].to_numpy(float, na_value=np.nan) * MU_PER_M2
    gap = np.abs(stated - measured)
    rows = frame.index.to_numpy()
    allowed = np.maximum(measured * rule.settings["tolerance_percent"] / 100, rule.settings["tolerance_mu"])
    with np.errstate(invalid="ignore"):
        at_fault = np.flatnonzero(gap > allowed)
    return [
        Issue(
            rule.code,
            int(rows[i]),
            reported,
            {
                "reported_mu": round(float(stated[i]), 4),
                "measured_mu": round(float(measured[i]), 4),
                "percent": round(float(gap[i] / measured[i] * 100), 1) if measured[i] else None,
            },
        )
        for i in at_fault
    ]


def _date_order(frame: pd.DataFrame, layer: Layer, rule: Rule) -> list[Issue]:
    """Dates that must not run backward: each is compared with the last one before it that is filled in."""
    fields = [f for f in rule.settings["fields"] if f in frame.columns]
    issues = []
    rows = frame.index.to_numpy()
    last = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    name = pd.Series("", index=frame.index, dtype=object)
    for one in fields:
        dates = frame[one]
        wrong = np.flatnonzero((dates < last).to_numpy(bool, na_value=False))
        for i in wrong:
            row, earlier, later, before = rows[i], last.iloc[i], dates.iloc[i], name.iloc[i]
            params = {
                "first": layer.field(before).label.zh,
                "first_en": layer.field(before).label.en,
                "first_date": f"{earlier:%Y-%m-%d}",
                "then": layer.field(one).label.zh,
                "then_en": layer.field(one).label.en,
                "then_date": f"{later:%Y-%m-%d}",
            }
            issues.append(Issue(rule.code, int(row), one, params))
        filled = dates.notna()
        last = last.where(~filled, dates)
        name = name.where(~filled, one)
    return issues


def _not_future(frame: pd.DataFrame, layer: Layer, rule: Rule, today: date) -> list[Issue]:
    """Dates of what has happened that lie after today."""
    issues = []
    rows = frame.index.to_numpy()
    for name in (f for f in rule.settings["fields"] if f in frame.columns):
        for i in np.flatnonzero((frame[name] > pd.Timestamp(today)).to_numpy(bool, na_value=False)):
            params = {"date": f"{frame[name].iloc[i]:%Y-%m-%d}", "label": layer.field(name).label.zh}
            params["label_en"] = layer.field(name).label.en
            issues.append(Issue(rule.code, int(rows[i]), name, params))
    return issues


ROW_RULES: dict[str, Find] = {"area_agrees": _area_agrees, "date_order": _date_order}
LAYER_RULES = frozenset({"no_overlap", "not_future"})
KNOWN_RULES = frozenset(ROW_RULES) | LAYER_RULES


def overlap_rule(layer: Layer) -> Rule | None:
    """The layer's `no_overlap` rule, if it has one."""
    return next((rule for rule in layer.rules if rule.kind == "no_overlap"), None)


def overlap_issues(
    pairs: pd.DataFrame, rows: np.ndarray, ids: np.ndarray, area_m2: np.ndarray, rule: Rule
) -> list[Issue]:
    """Overlapping features of one file as findings, one for the later row of each pair.

    pairs: columns left, right (positions into rows/ids/area_m2) and m2. A pair at or under `tolerance_m2` or
    at or under `tolerance_percent` of the smaller feature is a drawing inaccuracy.
    """
    if pairs.empty:
        return []
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    overlap = pairs["m2"].to_numpy()
    smaller = np.minimum(area_m2[left], area_m2[right])
    kept = (overlap > rule.settings["tolerance_m2"]) & (
        overlap > smaller * rule.settings["tolerance_percent"] / 100
    )
    first, later = np.minimum(left, right), np.maximum(left, right)
    return [
        Issue(
            rule.code,
            int(rows[b]),
            None,
            {"other_row": int(rows[a]), "other_id": str(ids[a]), "m2": round(float(m2), 2)},
        )
        for a, b, m2 in zip(first[kept], later[kept], overlap[kept], strict=True)
    ]


def digest_rows(frame: pd.DataFrame) -> np.ndarray:
    """One uint64 per row that differs when any cell (geometry as WKB bytes not included) differs."""
    plain = frame.drop(columns="geometry", errors="ignore")
    digest: np.ndarray = pd.util.hash_pandas_object(plain, index=False).to_numpy()
    return digest


def tally_codes(issues: Iterable[Issue]) -> dict[str, int]:
    """Findings counted by code, most frequent first."""
    ordered = sorted(issue.code for issue in issues)
    counts = {code: sum(1 for _ in group) for code, group in itertools.groupby(ordered)}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def unknown_rules(layer: Layer) -> list[Rule]:
    """The rules of a layer whose kind this module does not know; a layer with any must not be used."""
    return [rule for rule in layer.rules if rule.kind not in KNOWN_RULES]
