"""Look-back tasks that a verdict gives, entered in the ledger once each; and the contracts in doubt."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from geo.errors import XiangtuError
from geo.issues import Issue
from geo.seasons import Season
from geo.verdicts import Rule
from geo.verify_tasks import contracts_in_doubt, tasks_of
from pipelines.verify_parcels import Parcels
from pipelines.verify_words import season_words

if TYPE_CHECKING:
    from pipelines.workspace import Workspace

# An event's own words; what the verdict rests on stands in its data.
NOTES = {
    "look_back": "卫星核查：{season}未见种植，请现场回头看。不作处罚依据。",
    "review": "卫星核查：连续 {times} 季未见种植（至{season}），请专人点名复核。不作处罚依据。",
}


def plan_tasks(
    workspace: Workspace,
    layer_id: str,
    parcels: Parcels,
    verdicts: pd.DataFrame,
    seasons: list[Season],
    rule: Rule,
    issues: list[Issue],
    now: datetime | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tasks and contracts in doubt; tasks of a layer with a life enter the ledger as planned visits.

    verdicts: as `geo.verify_reported.against_report` gives them. Only parcels that are closed are watched.
    The same task of the same season is entered once, however often the check is run. What the ledger would
    not take is said in `issues` and the rest goes on.
    """
    frame = parcels.frame
    gated = frame["accepted_on"].notna().to_numpy()
    tasks = tasks_of(verdicts, seasons, frame["closed"].to_numpy(bool) & gated)
    held = frame[frame["contract_id"].notna()]
    contracts = contracts_in_doubt(
        tasks_of(verdicts, seasons) if len(held) else tasks.head(0),
        dict(zip(held["id"], held["contract_id"], strict=True)),
        dict(zip(held["id"], (int(v) for v in held["micro_mu"]), strict=True)),
    )
    if len(tasks) and workspace.layer(layer_id).lifecycle is not None:
        _enter(workspace, layer_id, parcels, tasks, rule, issues, now or datetime.now(UTC))
    return tasks, contracts


def _enter(
    workspace: Workspace,
    layer_id: str,
    parcels: Parcels,
    tasks: pd.DataFrame,
    rule: Rule,
    issues: list[Issue],
    now: datetime,
) -> None:
    from pipelines.act import workspace_ledger
    from pipelines.store.ledger import SYSTEM
    from pipelines.store.ledger_acts import Act

    wanted = parcels.frame[parcels.frame["id"].isin(tasks["id"])]
    codes = dict(zip(wanted["id"], wanted["area_code"].astype(object), strict=True))
    acts = []
    for values in tasks.to_dict("records"):
        row = {str(name): value for name, value in values.items()}
        code = codes.get(row["id"])
        mark = f"satellite\0{layer_id}\0{row['id']}\0{row['season']}\0{row['task']}"
        acts.append(
            Act(
                layer_id,
                str(row["id"]),
                SYSTEM,
                kind="plan_revisit",
                area_code=code if isinstance(code, str) else None,
                note=NOTES[str(row["task"])].format(times=row["times"], season=season_words(row["season"], "zh")),
                id=hashlib.sha256(mark.encode()).hexdigest()[:32],
                data={
                    "why": "satellite",
                    **{k: row[k] for k in ("task", "season", "times", "reason")},
                    "rule": rule.version,
                },
            )
        )
    ledger = workspace_ledger(workspace)
    try:
        entered = set(ledger.events(layer=layer_id, columns=["id"])["id"])
        for answer in ledger.append_many([act for act in acts if act.id not in entered], now=now):
            if isinstance(answer, XiangtuError):
                issues.append(Issue("task_not_entered", params={"reason": answer.words()}))
    finally:
        ledger.close()
