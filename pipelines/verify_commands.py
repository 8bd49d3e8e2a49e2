"""`xiangtu verify`: what the satellite check says on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from geo.errors import Refused
from pipelines.console import Console

if TYPE_CHECKING:
    import pandas as pd

    from geo.calibration import Calibration
    from geo.issues import Issue
    from pipelines.verify import Outcome

AREA_TABLES = ("areas", "consolidation")
NOT_JUDGED = "not_judged"


def verify(arguments: argparse.Namespace, console: Console) -> int:
    """Check parcels against pictures or a ready-made table; draw visits, take in what they found."""
    wants = ("sample", "results", "show")
    if arguments.scenes is None and not any(getattr(arguments, name, None) for name in wants):
        raise Refused("verify_needs_scenes")
    made = None if arguments.scenes is None else _check(arguments, console)
    record: dict[str, Any] = {} if made is None else _record(made, arguments)
    if made is not None and arguments.format == "table":
        _print(made, console)
    record |= _visits(arguments, console)
    if arguments.format == "json":
        from pipelines.verify_store import plain

        console.json([plain(record)])
    return 0 if made is None else made.exit_code


def _check(arguments: argparse.Namespace, console: Console) -> Outcome:
    try:
        return _run(arguments, console)
    except Refused as refusal:
        _say_refused(refusal.params.get("refused", ()), console)
        raise


def _say_refused(issues: Sequence[Issue], console: Console) -> None:
    """A sentence for each scene that could not be used, then the rest counted by kind."""
    left_out = [one for one in issues if one.severity in ("error", "refusal") or one.code == "scene_repeated"]
    for one in left_out:
        console.issues([one])
    console.issues([one for one in issues if one not in left_out])


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    from pipelines.verify import verify as check

    with console.progress() as tick:
        return check(
            arguments.dir,
            arguments.scenes,
            layer=arguments.layer,
            calibrate=arguments.calibrate,
            label=arguments.label,
            idle=arguments.idle or (),
            by=arguments.by,
            chips=arguments.chips or 0,
            chip_ids=arguments.chip or (),
            progress=tick,
        )


def _record(made: Outcome, arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures as plain values."""
    from pipelines.verify import calibration_record

    record: dict[str, Any] = {"rule": made.rule.as_dict(), "scenes": made.scenes, "verdicts": _counts(made)}
    for name in (*AREA_TABLES, "tasks", "contracts"):
        table: pd.DataFrame | None = getattr(made, name)
        if table is not None:
            record[name] = [_plain(row) for row in table.to_dict("records")]
    if made.calibration is not None:
        record["calibration"] = calibration_record(made.calibration, str(arguments.scenes), made.said)
    if made.said:
        record["said"] = made.said
    record["issues"] = [issue.as_dict() for issue in made.issues]
    return record


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row for JSON: NaN becomes null, arrays become lists."""
    made = {}
    for name, value in row.items():
        if hasattr(value, "tolist"):
            value = value.tolist()
        made[str(name)] = None if isinstance(value, float) and value != value else value
    return made


def _print(made: Outcome, console: Console) -> None:
    for name, value in made.said.items():
        if value:
            console.say(f"  {name} ← {value}", f"  {name} ← {value}")
    _say_refused(made.issues, console)
    _print_verdicts(made, console)
    if made.calibration is not None:
        _print_calibration(made.calibration, made.said, console)


def _visits(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Draw the visits asked for, take in what visits found, say what is known of one parcel; what JSON adds."""
    from pipelines.verify_sample import draw_sample, estimate_from

    made: dict[str, Any] = {}
    said = arguments.format == "table"
    if arguments.sample:
        path = draw_sample(arguments.dir, arguments.layer, arguments.sample)
        made["sample"] = {"csv": str(path), "geojson": str(path.with_suffix(".geojson"))}
        if said:
            console.result(
                console.pick(f"实地核查表 {path}（路线见同名 .geojson）", f"Field list {path}, route beside it")
            )
    if arguments.results:
        found = estimate_from(arguments.dir, arguments.layer, arguments.results)
        made["estimate"] = found.as_dict()
        if said:
            from pipelines.verify_words import estimate_lines

            for line in estimate_lines(found, console.lang):
                console.result(line)
    if arguments.show:
        made["parcel"] = _show(arguments, console, said=said)
    return made


def _show(arguments: argparse.Namespace, console: Console, *, said: bool) -> list[dict[str, Any]]:
    """What the latest check says of one parcel, season by season."""
    from pipelines.verify_parcel import parcel_check
    from pipelines.verify_words import season_name
    from pipelines.workspace import Workspace

    found = parcel_check(Workspace(arguments.dir), arguments.layer, arguments.show)
    if found is None:
        from pipelines.verify_store import folder

        workspace = Workspace(arguments.dir)
        run = (folder(workspace, arguments.layer) / "verdicts.parquet").is_file()
        code = "verify_thing_unknown" if run else "verify_not_run"
        raise Refused(code, layer=arguments.layer, id=arguments.show)
    rows = []
    for one in found.judged:
        name = season_name(one.season, console.lang)
        text = found.said(one, console.lang, season=name)
        verdict = one.verdict if one.reported else NOT_JUDGED
        rows.append({"season": one.season.id, "verdict": verdict, "said": text, "rule": found.rule.version})
        if said:
            console.result(f"{name}  {one.label(console.lang)}  {text}")
    return rows


def _judged(made: Outcome) -> pd.DataFrame:
    """Season and verdict of every row, `not_judged` where the parcel was not reported in use; objects."""
    from geo.verify_reported import reported_rows

    rows = made.verdicts[["season", "verdict"]].astype(object)
    if "standing" in made.verdicts:
        rows["verdict"] = rows["verdict"].where(reported_rows(made.verdicts), NOT_JUDGED)
    return rows


def _counts(made: Outcome) -> list[dict[str, Any]]:
    counted = _judged(made).groupby(["season", "verdict"], sort=False).size()
    return [
        {str(name): value for name, value in row.items()}
        for row in counted.reset_index(name="parcels").to_dict("records")
    ]


def _print_verdicts(made: Outcome, console: Console) -> None:
    import pandas as pd

    from geo.verdicts import VERDICTS, label, not_judged
    from pipelines.console import table_text
    from pipelines.verify_words import season_words

    judged = _judged(made)
    table = pd.crosstab(judged["season"], judged["verdict"])
    heads = [console.pick("季节", "Season"), *(label(v, console.lang) for v in VERDICTS)]
    columns = list(VERDICTS)
    if NOT_JUDGED in table:
        columns.append(NOT_JUDGED)
        heads.append(not_judged(console.lang))
    table = table.reindex(index=judged["season"].unique(), columns=columns, fill_value=0).reset_index()
    table["season"] = [season_words(str(one), console.lang) for one in table["season"]]
    console.result(table_text(table, heads))
    _print_areas(made, console)
    _print_after(made, console)
    console.result(console.pick(f"判定规则 {made.rule.version}", f"Rule {made.rule.version}"))


def _print_areas(made: Outcome, console: Console) -> None:
    """The county season by season and the areas of the latest; then the county's consolidation.

    JSON has the areas of every season, and consolidation by area.
    """
    from pipelines.console import table_text
    from pipelines.verify_words import area_headings, season_words

    for name in AREA_TABLES:
        table: pd.DataFrame | None = getattr(made, name)
        if table is not None and len(table):
            county = table["area_code"] == table["area_code"].iloc[0]
            latest = table["season"] == table["season"].iloc[-1] if "season" in table else county
            table = table[county | latest]
            if "season" in table:
                table = table.assign(season=[season_words(str(one), console.lang) for one in table["season"]])
            console.result("")
            console.result(table_text(table, area_headings(list(table.columns), console.lang)))


def _print_after(made: Outcome, console: Console) -> None:
    """The number of tasks, the contracts in doubt, and pictures cut."""
    if made.tasks is not None and len(made.tasks):
        visits = int((made.tasks["task"] == "look_back").sum())
        reviews = int((made.tasks["task"] == "review").sum())
        console.result(
            console.pick(
                f"已列入回头看 {visits} 块，点名复核 {reviews} 块（只作核实，不作处罚）",
                f"To be visited again: {visits}; to be reviewed by name: {reviews} (to be seen, never a penalty)",
            )
        )
    if made.contracts is not None and len(made.contracts):
        from pipelines.verify_words import contract_lines

        for line in contract_lines(made.contracts, console.lang):
            console.result(line)
    if made.chips:
        console.result(console.pick(f"已存地块截图 {made.chips} 张", f"{made.chips} pictures of parcels kept"))


def _print_calibration(made: Calibration, said: Mapping[str, str], console: Console) -> None:
    from pipelines.verify_words import calibration_lines

    for line in calibration_lines(made, console.lang, folds=said.get("folds", "")):
        console.result(line)
