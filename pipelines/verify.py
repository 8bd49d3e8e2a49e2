"""The satellite check of a workspace: pictures or ready-made series in, verdicts with their evidence out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.errors import Refused
from geo.issues import Issue
from geo.verdicts import Facts, Rule
from pipelines.workspace import Workspace

if TYPE_CHECKING:
    from geo.calibration import Calibration
    from geo.seasons import Season
    from geo.verify_table import Series

Progress = Callable[[str, int, int | None], None]


@dataclass
class Outcome:
    """What a check gave.

    verdicts: one row per parcel and season: id, season, verdict, reason and evidence. areas: indicators by
    area. consolidation: 亩 still in use k seasons after acceptance. tasks: look-back tasks. contracts:
    transfers whose parcels are contradicted two seasons running. issues: what was refused or noticed. rule:
    the thresholds used. said: how a table's columns were taken. calibration: the figures, when asked for.
    """

    verdicts: pd.DataFrame
    rule: Rule
    issues: list[Issue] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    areas: pd.DataFrame | None = None
    consolidation: pd.DataFrame | None = None
    tasks: pd.DataFrame | None = None
    contracts: pd.DataFrame | None = None
    calibration: Calibration | None = None
    scenes: int = 0
    chips: int = 0

    @property
    def exit_code(self) -> int:
        """0 when every scene was taken, 1 when some were refused and the rest went on."""
        return 1 if any(issue.severity in ("error", "refusal") for issue in self.issues) else 0


def verify(
    workspace_dir: Path | str,
    scenes: Path | str,
    *,
    layer: str = "abandoned_parcel",
    calibrate: bool = False,
    label: str | None = None,
    idle: Sequence[str] = (),
    by: str = "township",
    as_of: date | None = None,
    chips: int = 0,
    chip_ids: Sequence[str] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Check the parcels of `layer` against pictures, or judge the parcels of a ready-made table of index values.

    scenes: a folder of pictures, a table or map file of parcel × date values, or a folder holding one.
    calibrate: hold the rule against the labels of that table. label, idle: its label column and the words
    that mean idle, when they are not found by themselves. by: level of the figures by area. chips: cut small
    pictures of at most so many parcels that need a look, and of chip_ids in any case. Everything is stored
    below `summary/verify/`. Refused when there is nothing to look at or nothing to judge.
    """
    workspace = Workspace(workspace_dir)
    source = Path(scenes)
    table = _series_file(source)
    if table is not None:
        return _verify_table(workspace, table, calibrate=calibrate, label=label, idle=idle)
    if calibrate:
        raise Refused("calibrate_needs_table", path=str(source))
    from pipelines.verify_images import verify_images

    return verify_images(
        workspace, source, layer_id=layer, by=by, as_of=as_of, chips=chips, chip_ids=chip_ids, progress=progress
    )


def _series_file(source: Path) -> Path | None:
    """The ready-made table meant by `--scenes`, or None when it is a folder of pictures."""
    from pipelines.verify_tables import is_series_file

    if not source.exists():
        raise Refused("scenes_missing", path=str(source))
    if source.is_file():
        return source if is_series_file(source) else None
    inside = [path for path in sorted(source.iterdir()) if is_series_file(path) and path.suffix != ".json"]
    pictures = {".tif", ".tiff", ".jp2", ".zip", ".safe", ".npy", ".vrt"}
    others = [p for p in source.rglob("*") if p.suffix.lower() in pictures]
    return inside[0] if len(inside) == 1 and not others else None


def _verify_table(
    workspace: Workspace, path: Path, *, calibrate: bool, label: str | None, idle: Sequence[str]
) -> Outcome:
    from geo.verify_table import in_one_year
    from pipelines.verify_store import county_rule, folder, write_json, write_table
    from pipelines.verify_tables import open_series

    rule = county_rule(workspace)
    series = open_series(path, label=label, idle=idle)
    if calibrate:
        series = in_one_year(series)
    parts = [
        judge_series(series, season, rule, keep_evidence=True)
        for season in table_seasons(series, workspace.settings.seasons)
    ]
    verdicts = pd.concat(parts, ignore_index=True)
    made = Outcome(verdicts, rule, said=series.said)
    target = folder(workspace, "tables", path.stem)
    if calibrate:
        made.calibration = calibrate_series(series, workspace.settings.seasons, rule)
        figures = made.calibration.figures()
        share = figures["idle"] / max(figures["parcels"], 1)
        if share > 0.5 and figures["auc"] < 0.5:
            params = {"share": round(100 * share, 1), "auc": round(figures["auc"], 3)}
            made.issues.append(Issue("labels_look_inverted", params=params))
        write_json(target / "calibration.json", calibration_record(made.calibration, path.name, made.said))
    write_table(target / "verdicts.parquet", verdicts)
    write_json(target / "rule.json", rule.as_dict())
    return made


def table_seasons(series: Series, windows: Any) -> list[Season]:
    """The periods a table is judged by: the whole of it when it spans a year at most, else each season."""
    from geo.seasons import read_windows, seasons_between, whole_year

    first, last = series.days[0], series.days[-1]
    read = read_windows(windows)
    if (last - first).days <= 400:
        return [whole_year(read, first, last)]
    return seasons_between(read, first, last)


def _scored(series: Series, season: Season) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    from geo.seasons import describe, peer_groups, relative

    described = describe(series.values, series.days, season)
    groups = peer_groups(*series.places) if series.places else np.zeros(len(described), np.int64)
    return described, relative(described, groups)


def judge_series(series: Series, season: Season, rule: Rule, *, keep_evidence: bool) -> pd.DataFrame:
    """Verdicts of a table's parcels in one season, with id and season; evidence columns when asked for."""
    from geo.verdicts import judge

    described, score = _scored(series, season)
    made = judge(described, score, Facts(), rule)
    made.insert(0, "id", series.ids.to_numpy())
    made.insert(1, "season", season.id)
    return made if keep_evidence else made[["id", "season", "verdict", "reason"]]


def calibrate_series(series: Series, windows: Any, rule: Rule) -> Calibration:
    """Hold the rule against a table's labels; Refused when it has none, or only one kind."""
    from geo.calibration import calibrate
    from geo.seasons import read_windows, whole_year

    if series.idle is None:
        raise Refused("label_column_missing", label="label/crop/地类")
    season = whole_year(read_windows(windows), series.days[0], series.days[-1])
    described, score = _scored(series, season)
    known = series.idle.notna().to_numpy(bool)
    truth = series.idle[known].to_numpy(bool)
    rows = described[known].reset_index(drop=True)
    return calibrate(rows, score[known], truth, series.fold[known], series.area[known], rule)


def calibration_record(made: Calibration, source: str, said: Mapping[str, str]) -> dict[str, Any]:
    """A calibration as plain values for storing. said: how the table's columns were taken."""
    record: dict[str, Any] = {
        "source": source,
        "said": dict(said),
        "folds": said.get("folds"),
        "figures": made.figures(),
        "rule": made.rule.as_dict(),
    }
    record["places"] = made.places.to_dict("records")
    record["matrix"] = made.matrix.to_dict("index")
    record["shipped_matrix"] = made.shipped.to_dict("index")
    if made.assessment is not None:
        found = made.assessment
        record["area_adjusted"] = {
            "overall": [found.overall.value, found.overall.low, found.overall.high],
            **{
                name: {k: [e.value, e.low, e.high] for k, e in getattr(found, name).items()}
                for name in ("users", "producers", "areas")
            },
        }
    return record
