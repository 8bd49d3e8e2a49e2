"""The visits that a satellite check asks for, as a list to carry, and the county's figure from what they found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.accuracy import Estimate
from geo.errors import Refused
from geo.measure import MICRO
from geo.verdicts import VERDICTS, label
from geo.verify_reported import reported_rows
from geo.verify_sample import estimate, field_sample
from pipelines.console import write_text
from pipelines.exchange import as_csv
from pipelines.verify_answers import CHECK, FOUND, NUMBER, Answers, read_answers
from pipelines.verify_parcels import read_parcels
from pipelines.verify_store import folder, write_json, write_table
from pipelines.verify_words import season_words
from pipelines.workspace import Workspace

# What a list was drawn on, so that what comes back is held against that and no later check.
DRAWN_ON = "sample_judged.parquet"


@dataclass(frozen=True)
class Judged:
    """What was reported in use in a season, as a check judged it: id, verdict, mu (with township, lon, lat).

    check: the season and the last day of its pictures in words; check_en: in English.
    """

    frame: pd.DataFrame
    check: str
    check_en: str

    def same_as(self, other: Judged) -> bool:
        """Whether two checks judged the same things alike."""
        one, two = (
            made.frame[["id", "verdict", "mu"]].sort_values("id", ignore_index=True) for made in (self, other)
        )
        return self.check == other.check and one.to_dict("list") == two.to_dict("list")


def _judged(workspace: Workspace, layer_id: str) -> Judged:
    """The latest season's verdicts of what was reported in use in it, with 亩, township and place.

    Refused when no check was run (`verify_not_run`) or nothing was reported then (`verify_nothing_reported`).
    """
    kept = folder(workspace, layer_id) / "verdicts.parquet"
    if not kept.is_file():
        raise Refused("verify_not_run", layer=layer_id)
    try:
        verdicts = pd.read_parquet(kept, columns=["id", "season", "verdict", "standing"])
    except ValueError:  # kept before verdicts were held against what was reported
        raise Refused("verify_not_run", layer=layer_id) from None
    last = verdicts["season"].iloc[-1]
    latest = verdicts[(verdicts["season"] == last) & reported_rows(verdicts)].astype({"verdict": object})
    if latest.empty:
        names = {"season": season_words(str(last), "zh"), "season_en": season_words(str(last), "en")}
        raise Refused("verify_nothing_reported", layer=layer_id, **names)
    frame = read_parcels(workspace, layer_id, None).frame
    places = frame[["id", "lon", "lat"]].assign(
        mu=frame["micro_mu"] / MICRO, township=frame["area_code"].astype("str").fillna("").str[:9]
    )
    words = [_check_words(workspace, layer_id, str(last), lang) for lang in ("zh", "en")]
    return Judged(latest.merge(places, on="id", how="inner"), *words)


def _check_words(workspace: Workspace, layer_id: str, season: str, lang: str) -> str:
    """A season of the latest check and the last day of its pictures, in words."""
    name = season_words(season, lang)
    try:
        run = json.loads((folder(workspace, layer_id) / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return name
    return f"{name} (pictures to {run['last_day']})" if lang == "en" else f"{name}（影像至{run['last_day']}）"


def draw_sample(workspace_dir: Path | str, layer_id: str, visits: int, *, seed: int = 1) -> Path:
    """Write `sample.csv` and `sample.geojson` beside the layer's verdicts, in the order of the route.

    Returns where the list lies. The inspector fills its last column (是/否). The verdict is not on the list, so
    that nobody goes to confirm it; what was drawn of which, and the verdicts it was drawn on, are kept apart, for
    the estimate. Things without a place on the map cannot be visited and are not drawn.
    """
    workspace = Workspace(workspace_dir)
    judged = _judged(workspace, layer_id)
    placed = judged.frame[judged.frame["lon"].notna() & judged.frame["lat"].notna()]
    sample = field_sample(placed, visits, np.random.default_rng(seed))
    names = dict(zip(workspace.areas()["code"], workspace.areas()["name"], strict=True))
    carried = pd.DataFrame(
        {
            "序号": sample["visit"],
            NUMBER: sample["id"],
            CHECK: judged.check,
            "乡镇": [names.get(code, code) for code in sample["township"]],
            "亩": sample["mu"].round(2),
            "经度": sample["lon"].round(6),
            "纬度": sample["lat"].round(6),
            FOUND: "",
        }
    )
    target = folder(workspace, layer_id)
    drawn_on = judged.frame[["id", "verdict", "mu"]]
    write_table(target / DRAWN_ON, drawn_on.assign(check=judged.check, check_en=judged.check_en))
    write_table(target / "sample.parquet", sample)
    write_text(target / "sample.geojson", json.dumps(_geojson(carried), ensure_ascii=False))
    write_text(target / "sample.csv", "\ufeff" + as_csv(carried))
    return target / "sample.csv"


def _geojson(carried: pd.DataFrame) -> dict[str, Any]:
    """The stops as points and the way between them as a line, township after township."""
    xy = carried[["经度", "纬度"]].to_numpy(float).tolist()
    stops = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": row}
        for at, row in zip(xy, carried.drop(columns=["经度", "纬度"]).to_dict("records"), strict=True)
    ]
    if len(xy) > 1:
        way = {"type": "LineString", "coordinates": xy}
        stops.append({"type": "Feature", "geometry": way, "properties": {"序号": 0, "编号": "路线 / route"}})
    return {"type": "FeatureCollection", "features": stops}


@dataclass(frozen=True)
class Corrected:
    """What the visits say of the county. in_use_mu: estimated, with its interval; confirmed_mu: by the pictures.

    found: verdict × what was found, counts. visited, control: how many visits came back, and of the control share.
    strangers: ids not among the judged. answers: what the list said. judged: the check it was drawn on; changed:
    whether the latest check judges otherwise.
    """

    in_use_mu: Estimate
    whole_mu: float
    confirmed_mu: float
    found: pd.DataFrame
    visited: int
    control: int
    strangers: int
    answers: Answers
    judged: Judged
    changed: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values; the interval is of 95 %."""
        low, high = max(self.in_use_mu.low, 0.0), min(self.in_use_mu.high, self.whole_mu)
        return {
            "in_use_mu": self.in_use_mu.value,
            "low": low,
            "high": high,
            "whole_mu": self.whole_mu,
            "confirmed_mu": self.confirmed_mu,
            "visited": self.visited,
            "control": self.control,
            "blank": self.answers.blank,
            "unread": list(self.answers.unread),
            "strangers": self.strangers,
            "repeated": self.answers.repeated,
            "contradictory": list(self.answers.contradictory),
            "check": self.judged.check,
            "check_changed": self.changed,
            "found": {
                verdict: {"in_use": int(row.get(True, 0)), "idle": int(row.get(False, 0))}
                for verdict, row in self.found.iterrows()
            },
        }


def estimate_from(workspace_dir: Path | str, layer_id: str, results: Path) -> Corrected:
    """亩 in use in the county from a filled-in list, and the visits found against the verdicts it was drawn on.

    Refused: no check was run (`verify_not_run`), the file cannot be used (`sample_unreadable`), it is not of the
    list drawn last (`sample_of_other_check`), or a verdict was not visited at all (`sample_one_sided`).
    """
    workspace = Workspace(workspace_dir)
    target = folder(workspace, layer_id)
    answers = read_answers(results)
    judged, changed = _drawn_on(workspace, layer_id)
    other = [one for one in answers.checks if one != judged.check]
    if other:
        drawn_on = {"kept": judged.check, "kept_en": judged.check_en}
        raise Refused("sample_of_other_check", path=results.name, check="、".join(other), **drawn_on)
    frame = judged.frame
    seen = answers.visited.merge(frame, on="id", how="inner")
    missing = [one for one in VERDICTS if one in set(frame["verdict"]) - set(seen["verdict"])]
    if missing:
        zh, en = "、".join(label(one) for one in missing), "”, “".join(label(one, "en") for one in missing)
        raise Refused("sample_one_sided", verdicts=zh, verdicts_en=en)
    drawn = target / "sample.parquet"
    control: list[str] = []
    if drawn.is_file():
        control = pd.read_parquet(drawn).query("drawn_as == 'control'")["id"].tolist()
    result = Corrected(
        estimate(frame, seen),
        whole_mu=float(frame["mu"].sum()),
        confirmed_mu=float(frame.loc[frame["verdict"] == "confirmed", "mu"].sum()),
        found=pd.crosstab(seen["verdict"], seen["in_use"]),
        visited=len(seen),
        control=int(seen["id"].isin(control).sum()),
        strangers=int((~answers.visited["id"].isin(frame["id"])).sum()),
        answers=answers,
        judged=judged,
        changed=changed,
    )
    write_json(target / "estimate.json", result.as_dict())
    return result


def _drawn_on(workspace: Workspace, layer_id: str) -> tuple[Judged, bool]:
    """What the list was drawn on (the latest check, where none was), and whether the latest judges otherwise."""
    path = folder(workspace, layer_id) / DRAWN_ON
    if not path.is_file():
        return _judged(workspace, layer_id), False
    kept = pd.read_parquet(path).astype({"verdict": object})
    drawn = Judged(kept, str(kept["check"].iloc[0]), str(kept["check_en"].iloc[0]))
    try:
        return drawn, not drawn.same_as(_judged(workspace, layer_id))
    except Refused:
        return drawn, True
