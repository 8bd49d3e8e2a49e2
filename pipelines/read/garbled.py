"""Text that reached us garbled because somebody before us read it in the wrong encoding: found and restored."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from geo.issues import Issue

from .columns import objects
from .encoding import repair


def restored_names(names: Iterable[str], issues: list[Issue]) -> list[str]:
    """The names with garbled ones put right, each with finding `field_name_repaired`."""
    out = []
    for name in names:
        right = repair(name)
        if right:
            issues.append(Issue("field_name_repaired", field=right, params={"was": name}))
        out.append(right or name)
    return out


def garbled_columns(sample: pd.DataFrame, issues: list[Issue]) -> frozenset[str]:
    """Text columns of a sample in which every value outside ASCII is garbled Chinese, each with finding
    `text_repaired`. One such value in the whole sample is taken for chance."""
    found: dict[str, dict[str, str]] = {}
    for name in sample.columns.drop("geometry", errors="ignore"):
        values = sample[name]
        if values.dtype != object:
            continue
        foreign = {v for v in values if isinstance(v, str) and not v.isascii()}
        right = {v: mended for v in sorted(foreign) if (mended := repair(v))}
        if foreign and len(right) == len(foreign):
            found[str(name)] = right
    if sum(len(right) for right in found.values()) < 2:
        return frozenset()
    for name, right in found.items():
        was, now = next(iter(right.items()))
        issues.append(Issue("text_repaired", field=name, params={"was": was, "now": now}))
    return frozenset(found)


def restore(frame: pd.DataFrame, columns: frozenset[str]) -> pd.DataFrame:
    """The frame with the text of these columns restored where it is garbled."""
    for name in columns:
        values = (repair(v) or v if isinstance(v, str) else v for v in frame[name])
        frame[name] = pd.Series(objects(values), index=frame.index, dtype=object)
    return frame
