"""`xiangtu verify`: what the satellite check says on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.console import Console

if TYPE_CHECKING:
    from geo.calibration import Calibration
    from pipelines.verify import Outcome


def verify(arguments: argparse.Namespace, console: Console) -> int:
    """Check parcels against pictures or a ready-made table, and print the figures."""
    from pipelines.verify import calibration_record
    from pipelines.verify import verify as check

    with console.progress() as tick:
        made = check(
            arguments.dir,
            arguments.scenes,
            layer=getattr(arguments, "layer", None) or "abandoned_parcel",
            calibrate=arguments.calibrate,
            label=getattr(arguments, "label", None),
            idle=getattr(arguments, "idle", None) or (),
            progress=tick,
        )
    if getattr(arguments, "format", "table") == "json":
        record: dict[str, Any] = {"rule": made.rule.as_dict(), "verdicts": _counts(made)}
        if made.areas is not None:
            record["areas"] = made.areas.to_dict("records")
        if made.calibration is not None:
            record["calibration"] = calibration_record(made.calibration, str(arguments.scenes), made.said)
        record["issues"] = [issue.as_dict() for issue in made.issues]
        console.json([record])
        return made.exit_code
    for name, value in made.said.items():
        if value:
            console.say(f"  {name} ← {value}", f"  {name} ← {value}")
    console.issues(made.issues)
    _print_verdicts(made, console)
    if made.calibration is not None:
        _print_calibration(made.calibration, made.said, console)
    _print_visits(arguments, console)
    return made.exit_code


def _print_visits(arguments: argparse.Namespace, console: Console) -> None:
    """Draw the visits asked for, or say what the visits made found."""
    from pipelines.verify_sample import draw_sample, estimate_from

    layer = getattr(arguments, "layer", None) or "abandoned_parcel"
    if getattr(arguments, "sample", None):
        path = draw_sample(arguments.dir, layer, arguments.sample)
        console.result(console.pick(f"实地核查表 {path}", f"Field list {path}"))
    if getattr(arguments, "results", None):
        found, _ = estimate_from(arguments.dir, layer, arguments.results)
        span = f"{found.value:,.0f} [{max(found.low, 0):,.0f}, {found.high:,.0f}]"
        console.result(console.pick(f"据实地核查推算在种 {span} 亩", f"In use by the visits: {span} mu"))


def _counts(made: Outcome) -> list[dict[str, Any]]:
    counted = made.verdicts.groupby(["season", "verdict"], sort=False).size().reset_index(name="parcels")
    return [{str(name): value for name, value in row.items()} for row in counted.to_dict("records")]


def _print_verdicts(made: Outcome, console: Console) -> None:
    import pandas as pd

    from geo.verdicts import VERDICTS, label
    from pipelines.console import table_text

    table = pd.crosstab(made.verdicts["season"], made.verdicts["verdict"])
    table = table.reindex(columns=list(VERDICTS), fill_value=0).reset_index()
    heads = [console.pick("季节", "Season"), *(label(v, console.lang) for v in VERDICTS)]
    console.result(table_text(table, heads))
    if made.areas is not None:
        from pipelines.verify_words import area_headings

        console.result("")
        console.result(table_text(made.areas, area_headings(list(made.areas.columns), console.lang)))
    _print_after(made, console)
    console.result(console.pick(f"判定规则 {made.rule.version}", f"Rule {made.rule.version}"))


def _print_after(made: Outcome, console: Console) -> None:
    """Consolidation with its unseen share, then the number of tasks."""
    if made.consolidation is not None and len(made.consolidation):
        from pipelines.console import table_text
        from pipelines.verify_words import area_headings

        console.result("")
        console.result(
            table_text(made.consolidation, area_headings(list(made.consolidation.columns), console.lang))
        )
    if made.tasks is not None and len(made.tasks):
        visits, reviews = (
            int((made.tasks["task"] == "look_back").sum()),
            int((made.tasks["task"] == "review").sum()),
        )
        console.result(
            console.pick(
                f"已列入回头看 {visits} 块，点名复核 {reviews} 块（只作核实，不作处罚）",
                f"To be visited again: {visits}; to be reviewed by name: {reviews} (to be seen, never a penalty)",
            )
        )
    if made.contracts is not None and len(made.contracts):
        console.result(
            console.pick(
                f"连续两季不符的流转合同 {len(made.contracts)} 份", f"Contracts in doubt: {len(made.contracts)}"
            )
        )


def _print_calibration(made: Calibration, said: Mapping[str, str], console: Console) -> None:
    from pipelines.verify_words import calibration_lines

    for line in calibration_lines(made, console.lang, folds=said.get("folds", "")):
        console.result(line)
