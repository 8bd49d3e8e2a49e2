"""A filled-in list of visits as it comes back: what was found of each thing, and what cannot be counted."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pandas as pd

from geo.errors import Refused

FOUND = "实地在种"
NUMBER = "编号"
CHECK = "季节"
YES = {"1", "是", "在种", "yes", "true", "y"}
NO = {"0", "否", "撂荒", "no", "false", "n"}


@dataclass(frozen=True)
class Answers:
    """What a list says. visited: id, in_use (bool), each id once.

    checks: the checks named on it as drawn from. blank: lines without an answer; unread: answers neither yes nor
    no; repeated: lines that say the same of a thing again; contradictory: ids said to be both, left out.
    """

    visited: pd.DataFrame
    checks: tuple[str, ...]
    blank: int
    unread: tuple[str, ...]
    repeated: int
    contradictory: tuple[str, ...]


def read_answers(path: Path) -> Answers:
    """The answers of a filled-in list, CSV or a workbook; Refused when it cannot be used (`sample_unreadable`)."""
    if not path.is_file():
        raise Refused("file_missing", path=str(path))
    try:
        filled = _table(path)
        said = filled[FOUND].fillna("").str.strip().str.lower()
        told = pd.DataFrame({"id": filled[NUMBER].str.strip(), "said": said})
    except KeyError as error:
        raise Refused("sample_unreadable", path=path.name, reason=f"“{error.args[0]}”?") from None
    except (OSError, ValueError) as error:
        raise Refused("sample_unreadable", path=path.name, reason=str(error)[:120]) from None
    read = told["said"].isin(YES | NO)
    clear = told[read].assign(in_use=told["said"].isin(YES))
    kinds = clear.groupby("id")["in_use"].transform("nunique")
    both = clear.loc[kinds > 1, "id"].drop_duplicates()
    agreed = clear[kinds == 1]
    visited = agreed[["id", "in_use"]].drop_duplicates("id", ignore_index=True)
    checks = filled[CHECK].dropna().str.strip() if CHECK in filled else pd.Series([], dtype="str")
    return Answers(
        visited,
        checks=tuple(one for one in checks.unique() if one),
        blank=int((told["said"] == "").sum()),
        unread=tuple(told.loc[~read & (told["said"] != ""), "said"]),
        repeated=len(agreed) - len(visited),
        contradictory=tuple(both),
    )


def _table(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in (".xlsx", ".xls"):
        return pd.read_excel(path, dtype=str, engine="calamine")
    raw = path.read_bytes()
    return pd.read_csv(BytesIO(raw), dtype=str, encoding="utf-8-sig" if _is_utf8(raw) else "gb18030")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
