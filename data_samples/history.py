"""What is done on the ground after the last reports: acts to be entered in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from data_samples import life
from data_samples.county import County
from data_samples.delivery import LAST_DAY, Act
from data_samples.sent_reports import MAP_DAYS, POINT_DAYS, TOWNSHIP_DAYS

_BY = {
    "verified": ("bureau", "现场核实属实"),
    "assigned": ("bureau", "交办整治"),
    "remediating": ("township", "已组织机械进场"),
    "remediated": ("township", "整治完成，已拍照"),
    "accepted": ("bureau", "现场验收合格"),
    "in_use": ("township", "已播种"),
    "re_abandoned": ("bureau", "回访发现再次撂荒"),
    "rejected": ("bureau", "现场为林地，不予认定"),
    "claimed": ("township", "已认领"),
    "rectifying": ("township", "已安排清理"),
    "rectified": ("township", "清理完成，已拍照"),
    "closed": ("inspector", "现场核验通过"),
    "recurred": ("inspector", "回头看发现反弹"),
    "duplicate": ("inspector", "与已有点位重复"),
    "invalid": ("inspector", "现场未发现问题"),
}
_UNIT = {"bureau": "县农业农村局", "inspector": "县督查组"}


def history(county: County) -> list[Act]:
    """Acts between each thing's last report and the last day, in order of day, layer and id: a few hundred."""
    abandoned = county.abandoned
    mapped = county.township_codes(abandoned).map(county.roles) == "map"
    acts = [
        *_acts("abandoned_parcel", "parcel_id", abandoned[mapped], MAP_DAYS[-1], life.ABANDONED),
        *_acts("abandoned_parcel", "parcel_id", abandoned[~mapped], TOWNSHIP_DAYS[-1], life.ABANDONED),
        *_acts("inspection_point", "point_id", county.points, POINT_DAYS[-1], life.POINTS),
    ]
    return sorted(acts, key=lambda act: (act.at, act.layer, act.id))


def _acts(layer: str, key: str, frame: pd.DataFrame, since: date, stages: Mapping[str, str]) -> list[Act]:
    """The steps that fall after `since`, for things already reported by then."""
    first = next(iter(stages.values()))
    known = frame[frame[first] <= pd.Timestamp(since)]
    acts = []
    for row in known.drop(columns="geometry").to_dict("records"):
        void = row["ending"] if isinstance(row["ending"], str) else None
        steps = [(stage, row[column]) for stage, column in list(stages.items())[1:]]
        if void:
            steps = [(stage, day) for stage, day in steps if pd.notna(day) and day < row["ended_on"]]
            steps.append((void, row["ended_on"]))
        for stage, day in steps:
            if pd.notna(day) and pd.Timestamp(since) < day <= pd.Timestamp(LAST_DAY):
                role, note = _BY[stage]
                actor = _UNIT.get(role, row["responsible_unit"])
                acts.append(Act(layer, str(row[key]), stage, day.date(), role, actor, note))
    return acts
