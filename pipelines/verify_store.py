"""Keeps what the satellite check found in the workspace, each file whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.errors import Refused
from geo.verdicts import Rule

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.workspace import Workspace

RULE_TABLE = "verify_rule"


def folder(workspace: Workspace, *parts: str) -> Path:
    """`summary/verify/…` of a workspace, made when missing."""
    path = workspace.root.joinpath("summary", "verify", *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_json(path: Path, value: Any) -> None:
    """Write plain values, whole or not at all; NaN becomes null."""
    _replace(path, json.dumps(plain(value), ensure_ascii=False, indent=1).encode())


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as parquet, whole or not at all, in groups small enough to find one row quickly."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    frame.to_parquet(partial, row_group_size=50_000)
    partial.replace(path)


def write_arrays(path: Path, **arrays: np.ndarray[Any, Any]) -> None:
    """Write named arrays as .npz, whole or not at all; their folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)
    partial.replace(path)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def plain(value: Any) -> Any:
    """Plain values for JSON: NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if np.isnan(value) or np.isinf(value) else value
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def county_rule(workspace: Workspace) -> Rule:
    """The county's rule: the program's, with what `[verify_rule]` of county.toml sets otherwise.

    Refused (`verify_rule_unknown`) for a name or value the rule does not have.
    """
    entries = dict(workspace.settings.raw.get(RULE_TABLE, {}))
    known = Rule().as_dict()
    for name, value in entries.items():
        if name not in known or isinstance(value, str) != isinstance(known[name], str):
            raise Refused("verify_rule_unknown", name=name, value=str(value), known=", ".join(known))
    if entries and "version" not in entries:
        entries["version"] = f"{known['version']}+{workspace.settings.code}"
    return Rule(**{**known, **entries})
