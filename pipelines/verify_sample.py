"""The visits that a satellite check asks for, as a list to carry, and the county's figure from what they found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.accuracy import Estimate
from geo.errors import Refused
from geo.measure import MICRO
from geo.verdicts import label
from geo.verify_reported import reported_rows
from geo.verify_sample import estimate, field_sample
from pipelines.console import write_text
from pipelines.exchange import as_csv
from pipelines.verify_parcels import read_parcels
from pipelines.verify_store import folder, write_json, write_table
from pipelines.workspace import Workspace

FOUND = "实地在种"
YES = {"1", "是", "在种", "yes", "true", "y"}
NO = {"0", "否", "撂荒", "no", "false", "n"}


def _judged(workspace: Workspace, layer_id: str) -> pd.DataFrame:
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
        raise Refused("verify_nothing_reported", layer=layer_id, season=str(last))
    frame = read_parcels(workspace, layer_id, None).frame
    places = frame[["id", "lon", "lat"]].assign(
        mu=frame["micro_mu"] / MICRO, township=frame["area_code"].astype("str").fillna("").str[:9]
    )
    return latest.merge(places, on="id", how="inner")


def draw_sample(workspace_dir: Path | str, layer_id: str, visits: int, *, seed: int = 1) -> Path:
    """Write `sample.csv` and `sample.geojson` beside the layer's verdicts, in the order of the route.

    Returns where the list lies. The inspector fills its last column (是/否). The verdict is not on the list, so
    that nobody goes to confirm it; what was drawn of which is kept apart, for the estimate. Things without a
    place on the map cannot be visited and are not drawn.
    """
    workspace = Workspace(workspace_dir)
    judged = _judged(workspace, layer_id)
    placed = judged[judged["lon"].notna() & judged["lat"].notna()]
    sample = field_sample(placed, visits, np.random.default_rng(seed))
    names = dict(zip(workspace.areas()["code"], workspace.areas()["name"], strict=True))
    carried = pd.DataFrame(
        {
            "序号": sample["visit"],
            "编号": sample["id"],
            "乡镇": [names.get(code, code) for code in sample["township"]],
            "亩": sample["mu"].round(2),
            "经度": sample["lon"].round(6),
            "纬度": sample["lat"].round(6),
            FOUND: "",
        }
    )
    target = folder(workspace, layer_id)
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
    blank: lines without an answer; unread: answers neither yes nor no; strangers: ids not among the judged.
    """

    in_use_mu: Estimate
    whole_mu: float
    confirmed_mu: float
    found: pd.DataFrame
    visited: int
    control: int
    blank: int = 0
    unread: tuple[str, ...] = ()
    strangers: int = 0

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
            "blank": self.blank,
            "unread": list(self.unread),
            "strangers": self.strangers,
            "found": {
                verdict: {"in_use": int(row.get(True, 0)), "idle": int(row.get(False, 0))}
                for verdict, row in self.found.iterrows()
            },
        }


def estimate_from(workspace_dir: Path | str, layer_id: str, results: Path) -> Corrected:
    """亩 in use in the county from a filled-in list, and the visits found against the verdicts.

    Refused: no check was run (`verify_not_run`), the file cannot be used (`sample_unreadable`), or a verdict was
    not visited at all (`sample_one_sided`).
    """
    workspace = Workspace(workspace_dir)
    judged = _judged(workspace, layer_id)
    filled = _results(results)
    visited = filled[filled["said"].isin(YES | NO)].assign(in_use=filled["said"].isin(YES))
    seen = visited.drop_duplicates("id", keep="last").merge(judged, on="id", how="inner")
    missing = sorted(set(judged["verdict"]) - set(seen["verdict"]))
    if missing:
        raise Refused("sample_one_sided", verdicts="、".join(label(one) for one in missing))
    drawn = folder(workspace, layer_id) / "sample.parquet"
    control: list[str] = []
    if drawn.is_file():
        control = pd.read_parquet(drawn).query("drawn_as == 'control'")["id"].tolist()
    found = estimate(judged, seen)
    result = Corrected(
        found,
        whole_mu=float(judged["mu"].sum()),
        confirmed_mu=float(judged.loc[judged["verdict"] == "confirmed", "mu"].sum()),
        found=pd.crosstab(seen["verdict"], seen["in_use"]),
        visited=len(seen),
        control=int(seen["id"].isin(control).sum()),
        blank=int((filled["said"] == "").sum()),
        unread=tuple(filled.loc[~filled["said"].isin(YES | NO | {""}), "said"]),
        strangers=int((~visited["id"].isin(judged["id"])).sum()),
    )
    write_json(folder(workspace, layer_id) / "estimate.json", result.as_dict())
    return result


def _results(path: Path) -> pd.DataFrame:
    """Ids and what was said (lower case, "" for nothing) of a filled-in list, CSV or a workbook."""
    if not path.is_file():
        raise Refused("file_missing", path=str(path))
    try:
        if path.suffix.lower() in (".xlsx", ".xls"):
            filled = pd.read_excel(path, dtype=str, engine="calamine")
        else:
            raw = path.read_bytes()
            encoding = "utf-8-sig" if _is_utf8(raw) else "gb18030"
            filled = pd.read_csv(BytesIO(raw), dtype=str, encoding=encoding)
        said = filled[FOUND].fillna("").str.strip().str.lower()
        filled = filled.assign(id=filled["编号"].str.strip())
    except KeyError as error:
        raise Refused("sample_unreadable", path=path.name, reason=f"“{error.args[0]}”?") from None
    except (OSError, ValueError) as error:
        raise Refused("sample_unreadable", path=path.name, reason=str(error)[:120]) from None
    return filled.assign(said=said)[["id", "said"]]


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
