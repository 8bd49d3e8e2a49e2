"""The satellite check of a workspace: pictures or ready-made series in, verdicts with their evidence out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
# Labels that do not say which value means idle are taken the other way round where they rank worse than this.
TURNED_AUC = 0.25


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
    workspace_dir: Path | str | None,
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
    calibrate: hold the rule against the labels of that table; needs no workspace (None, or a folder that is none:
    the program's own rule and seasons, nothing stored). label, idle: its label column and the words that mean
    idle, when they are not found by themselves. by: level of the figures by area. chips: cut small
    pictures of at most so many parcels that need a look, and of chip_ids in any case. Everything is stored
    below `summary/verify/`. Refused when there is nothing to look at or nothing to judge.
    """
    workspace = _workspace(workspace_dir, optional=calibrate)
    source = Path(scenes)
    tables = _series_files(source)
    if tables:
        return _verify_table(workspace, tables, calibrate=calibrate, label=label, idle=idle)
    if calibrate or workspace is None:
        raise Refused("calibrate_needs_table", path=str(source))
    from pipelines.verify_images import verify_images

    return verify_images(
        workspace, source, layer_id=layer, by=by, as_of=as_of, chips=chips, chip_ids=chip_ids, progress=progress
    )


def _workspace(root: Path | str | None, *, optional: bool) -> Workspace | None:
    if optional and (root is None or not (Path(root) / "county.toml").is_file()):
        return None
    if root is None:
        raise Refused("verify_needs_workspace")
    return Workspace(root)


def _series_files(source: Path) -> list[Path]:
    """The ready-made tables meant by `--scenes`; none when it is a picture or a folder with pictures."""
    from pipelines.verify_tables import is_series_file

    if not source.exists():
        raise Refused("scenes_missing", path=str(source))
    if source.is_file():
        return [source] if is_series_file(source) else []
    pictures = {".tif", ".tiff", ".jp2", ".zip", ".safe", ".npy", ".vrt"}
    if any(path.suffix.lower() in pictures for path in source.rglob("*")):
        return []
    inside = [path for path in sorted(source.iterdir()) if is_series_file(path) and path.suffix != ".json"]
    return [path for path in inside if not path.stem.lower().startswith(("readme", "license"))]


def _open(tables: list[Path], *, calibrate: bool, label: str | None, idle: Sequence[str]) -> Series:
    """The series of the tables; a lone one without the labels wanted gets those of a table beside it."""
    from pipelines.verify_tables import open_series

    lone = calibrate and len(tables) == 1
    beside = [path for path in _series_files(tables[0].parent) if path != tables[0]] if lone else []
    try:
        found = open_series(*tables, label=label, idle=idle)
    except Refused as refusal:
        if refusal.code != "label_column_missing" or not beside:
            raise
        return open_series(*tables, *beside, label=label, idle=idle, series_in=tables[0])
    if found.idle is None and beside:
        return open_series(*tables, *beside, label=label, idle=idle, series_in=tables[0])
    return found


def _verify_table(
    workspace: Workspace | None, tables: list[Path], *, calibrate: bool, label: str | None, idle: Sequence[str]
) -> Outcome:
    from geo.verify_table import in_one_year
    from pipelines.verify_store import county_rule

    rule = Rule() if workspace is None else county_rule(workspace)
    windows = {} if workspace is None else workspace.settings.seasons
    series = _open(tables, calibrate=calibrate, label=label, idle=idle)
    if calibrate:
        series = in_one_year(series)
    seasons = table_seasons(series, windows)
    parts = [judge_series(series, season, rule, keep_evidence=True) for season in seasons]
    made = Outcome(pd.concat(parts, ignore_index=True), rule, said=series.said)
    made.issues += unended_issues(seasons, series.days[-1])
    if calibrate:
        made.calibration, made.said = _calibrated(series, windows, rule, made.issues)
    if workspace is not None:
        _keep_table(workspace, tables[0], made)
    return made


def _calibrated(
    series: Series, windows: Any, rule: Rule, issues: list[Issue]
) -> tuple[Calibration, dict[str, str]]:
    """The rule held against the labels, and what was taken for what.

    Labels that do not say which value means idle are turned round where they rank the other way.
    """
    from geo.verify_table import turned

    made = calibrate_series(series, windows, rule)
    auc = round(made.auc, 3)
    if series.assumed and made.auc < TURNED_AUC:
        params = {"label": series.said["label"], "auc": auc, "idle": series.assumed}
        issues.append(Issue("labels_turned", params=params))
        series = turned(series)
        return calibrate_series(series, windows, rule), series.said
    share = made.figures()["idle"] / max(made.figures()["parcels"], 1)
    if share > 0.5 and made.auc < 0.5:
        issues.append(Issue("labels_look_inverted", params={"share": round(100 * share, 1), "auc": auc}))
    return made, series.said


def _keep_table(workspace: Workspace, source: Path, made: Outcome) -> None:
    from pipelines.verify_store import folder, write_json, write_table

    target = folder(workspace, "tables", source.stem)
    if made.calibration is not None:
        write_json(target / "calibration.json", calibration_record(made.calibration, source.name, made.said))
    write_table(target / "verdicts.parquet", made.verdicts)
    write_json(target / "rule.json", made.rule.as_dict())


def table_seasons(series: Series, windows: Any) -> list[Season]:
    """The periods a table is judged by: the whole of it when it spans a year at most, else each season."""
    from geo.seasons import read_windows, seasons_between, whole_year

    first, last = series.days[0], series.days[-1]
    read = read_windows(windows)
    if (last - first).days <= 400:
        return [whole_year(read, first, last)]
    return seasons_between(read, first, last)


def unended_issues(seasons: Sequence[Season], last: date) -> list[Issue]:
    """A warning for each season that the pictures, the last of the day `last`, do not show out."""
    from geo.seasons import seen_out
    from pipelines.verify_words import season_name

    found = []
    for one in seasons:
        if not seen_out(one, last):
            names = {"season": season_name(one, "zh"), "season_en": season_name(one, "en")}
            days = {"last": last.isoformat(), "end": one.end.isoformat()}
            found.append(Issue("verify_season_not_ended", params={**names, **days}))
    return found


def _described(series: Series, season: Season) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """What the indices did in a season, and the peer group of each row."""
    from geo.seasons import describe, peer_groups

    described = describe(series.values, series.days, season)
    return described, peer_groups(*series.places) if series.places else np.zeros(len(described), np.int64)


def judge_series(series: Series, season: Season, rule: Rule, *, keep_evidence: bool) -> pd.DataFrame:
    """Verdicts of a table's parcels in one season, with id and season; evidence columns when asked for."""
    from geo.seasons import relative, seen_out
    from geo.verdicts import judge

    described, groups = _described(series, season)
    made = judge(described, relative(described, groups), Facts(), rule, ended=seen_out(season, series.days[-1]))
    made.insert(0, "id", series.ids.to_numpy())
    made.insert(1, "season", season.id)
    return made if keep_evidence else made[["id", "season", "verdict", "reason"]]


def calibrate_series(series: Series, windows: Any, rule: Rule) -> Calibration:
    """Hold the rule against a table's labels; Refused when it has none, or only one kind."""
    from geo.calibration import by_blocks, calibrate
    from geo.seasons import read_windows, relative, whole_year

    if series.idle is None:
        raise Refused("label_column_missing", label="label/crop/地类")
    season = whole_year(read_windows(windows), series.days[0], series.days[-1])
    described, groups = _described(series, season)
    score = relative(described, groups)
    known = series.idle.notna().to_numpy(bool)
    truth = series.idle[known].to_numpy(bool)
    rows = described[known].reset_index(drop=True)
    made = calibrate(rows, score[known], truth, series.fold[known], series.area[known], rule)
    if series.blocks is None:
        return made
    return replace(made, blocked=by_blocks(described, groups, series.idle.reset_index(drop=True), series.blocks))


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
    record["blocks"] = None if made.blocked is None else asdict(made.blocked)
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
