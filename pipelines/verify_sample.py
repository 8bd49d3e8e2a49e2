"""The visits that a satellite check asks for, as a list to carry, and the county's figure from what they found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geo.accuracy import Estimate
from geo.errors import Refused
from geo.measure import MICRO
from geo.verdicts import label
from geo.verify_sample import estimate, field_sample
from pipelines.console import write_text
from pipelines.verify_parcels import read_parcels
from pipelines.verify_store import folder
from pipelines.workspace import Workspace

FOUND = "实地在种"
YES = {"1", "是", "在种", "yes", "true", "y"}
NO = {"0", "否", "撂荒", "no", "false", "n"}


def _judged(workspace: Workspace, layer_id: str) -> pd.DataFrame:
    """The latest season's verdicts with 亩, township and place; Refused when no check was run."""
    kept = folder(workspace, layer_id) / "verdicts.parquet"
    if not kept.is_file():
        raise Refused("verify_not_run", layer=layer_id)
    verdicts = pd.read_parquet(kept, columns=["id", "season", "verdict"])
    latest = verdicts[verdicts["season"] == verdicts["season"].iloc[-1]]
    frame = read_parcels(workspace, layer_id, None).frame
    places = frame[["id", "lon", "lat"]].assign(
        mu=frame["micro_mu"] / MICRO, township=frame["area_code"].fillna("").astype(str).str[:9]
    )
    return latest.merge(places, on="id", how="inner")


def draw_sample(workspace_dir: Path | str, layer_id: str, visits: int, *, seed: int = 1) -> Path:
    """Write `sample.csv` beside the layer's verdicts, in the order of the route, and return where it lies.

    The inspector fills its last column (是/否). The verdict is not on the list, so that nobody goes to confirm it.
    """
    from pipelines.exchange import as_csv

    workspace = Workspace(workspace_dir)
    sample = field_sample(_judged(workspace, layer_id), visits, np.random.default_rng(seed))
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
    path = folder(workspace, layer_id) / "sample.csv"
    write_text(path, "\ufeff" + as_csv(carried))
    return path


def estimate_from(workspace_dir: Path | str, layer_id: str, results: Path) -> tuple[Estimate, pd.DataFrame]:
    """亩 in use in the county from a filled-in `sample.csv`, and the visits found against the verdicts (counts).

    Refused: no check was run (`verify_not_run`), the file cannot be used (`sample_unreadable`), or a verdict was
    not visited at all (`sample_one_sided`).
    """
    workspace = Workspace(workspace_dir)
    judged = _judged(workspace, layer_id)
    try:
        filled = pd.read_csv(results, dtype=str, encoding="utf-8-sig")
        said = filled[FOUND].fillna("").str.strip().str.lower()
        filled = filled.assign(id=filled["编号"])
    except (OSError, ValueError, KeyError) as error:
        raise Refused("sample_unreadable", path=results.name, reason=str(error)[:120]) from None
    visited = filled[said.isin(YES | NO)].assign(in_use=said.isin(YES))[["id", "in_use"]]
    seen = visited.drop_duplicates("id", keep="last").merge(judged, on="id", how="inner")
    missing = sorted(set(judged["verdict"]) - set(seen["verdict"]))
    if missing:
        raise Refused("sample_one_sided", verdicts="、".join(label(one) for one in missing))
    return estimate(judged, seen), pd.crosstab(seen["verdict"], seen["in_use"])
