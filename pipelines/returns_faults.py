"""The findings of one table, put to the cells and rows they concern, and listed on a sheet of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from geo.issues import Issue
from pipelines.read.ledgers_sheet import RETURNED_SHEET
from pipelines.read.source import Table

_MOST_LISTED = 20_000
_SEVERITY = {
    "zh": {"error": "错误（需改正）", "warning": "提醒（请核对）", "info": "说明", "refusal": "退回"},
    "en": {"error": "Error (correct it)", "warning": "Warning (check it)", "info": "Note", "refusal": "Refused"},
}
_HEADS = {
    "zh": ("行号", "栏目", "程度", "问题", "代码"),
    "en": ("Row", "Column", "Severity", "Finding", "Code"),
}
_COUNTED = {
    "zh": "共 {errors} 处错误、{warnings} 处提醒，涉及 {rows} 行。红色必须改正，黄色请核对，改好后交回本表。",
    "en": "{errors} errors and {warnings} warnings in {rows} rows. Correct what is red, check what is yellow, "
    "and send this table back.",
}
_TRIMMED = {
    "zh": "原表超过 20000 行，这里只列出有问题的行；请在原表中改正后重新报送。",
    "en": "The table has over 20,000 rows; only those with findings are here. Correct them in your own table.",
}
_ALIKE = {"zh": "（同类共 {count} 处）", "en": " ({count} alike)"}
_MORE = {"zh": "还有 {count} 条没有列出。", "en": "{count} more are not listed."}


@dataclass(frozen=True)
class Faults:
    """Errors and warnings by row and heading, and every finding in order, with its sentence.

    marks: row → heading (None for the row as a whole) → (worst severity, sentences). listed: (row, heading,
    severity, sentence, code) of everything.
    """

    marks: Mapping[int, Mapping[str | None, tuple[str, list[str]]]]
    listed: Sequence[tuple[int | None, str, str, str, str]]

    @classmethod
    def of(cls, table: Table, issues: Sequence[Issue], columns: Mapping[str, str], lang: str) -> Faults:
        """The findings of a table; columns: layer field → heading."""
        known = set(table.columns)
        marks: dict[int, dict[str | None, tuple[str, list[str]]]] = {}
        listed: list[tuple[int | None, str, str, str, str]] = []
        noted: dict[tuple[str, str], int] = {}
        for issue in issues:
            heading = columns.get(issue.field or "", issue.field)
            severity = issue.severity
            sentence = issue.words(lang)
            if issue.row is not None and severity in ("info", "refusal"):
                key = (issue.code, heading or "")
                noted[key] = noted.get(key, 0) + 1
                if noted[key] == 1:
                    listed.append((issue.row, heading or "", severity, sentence, issue.code))
                continue
            listed.append((issue.row, heading or "", severity, sentence, issue.code))
            if issue.row is None or severity not in ("error", "warning"):
                continue
            row = marks.setdefault(issue.row, {})
            at = heading if heading in known else None
            worst, sentences = row.get(at, ("warning", []))
            row[at] = ("error" if severity == "error" else worst, [*sentences, sentence])
        for place, (at_row, head, grave, text, code) in enumerate(listed):
            times = noted.get((code, head), 0) if at_row is not None else 0
            if times > 1:
                listed[place] = (at_row, head, grave, text + _ALIKE[lang].format(count=times), code)
        return cls(marks, listed)

    def cells(self) -> Iterator[tuple[int, str | None, str, list[str]]]:
        """(row, heading or None, severity, sentences) of each cell to mark."""
        for row, headings in self.marks.items():
            for heading, (severity, sentences) in headings.items():
                yield row, heading, severity, sentences

    def by_cell(self) -> Mapping[int, Mapping[str | None, tuple[str, list[str]]]]:
        return self.marks

    def rows(self) -> dict[int, list[str]]:
        """Row → all its sentences, each once."""
        return {
            row: list(dict.fromkeys(s for _, sentences in headings.values() for s in sentences))
            for row, headings in self.marks.items()
        }

    def count(self, severity: str) -> int:
        return sum(one[2] == severity for one in self.listed)


def summary_sheet(book: Any, table: Table, faults: Faults, lang: str, *, trimmed: bool) -> None:
    """The last sheet of a copy: how many findings there are, and each of them, errors first."""
    lang = lang if lang in _HEADS else "zh"
    sheet = book.create_sheet(RETURNED_SHEET[lang])
    for letter, width in zip("ABCDE", (8, 22, 16, 100, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_plain(table.path.name)])
    counted = _COUNTED[lang].format(
        errors=faults.count("error"), warnings=faults.count("warning"), rows=len(faults.marks)
    )
    sheet.append([counted])
    if trimmed:
        sheet.append([_TRIMMED[lang]])
    sheet.append([])
    sheet.append(_HEADS[lang])
    order = {"refusal": 0, "error": 1, "warning": 2, "info": 3}
    listed = sorted(faults.listed, key=lambda one: (order[one[2]], one[0] or 0))
    for row, heading, severity, sentence, code in listed[:_MOST_LISTED]:
        sheet.append([row, _plain(heading), _SEVERITY[lang][severity], _plain(sentence), code])
    if len(listed) > _MOST_LISTED:
        sheet.append([None, None, None, _MORE[lang].format(count=len(listed) - _MOST_LISTED)])


def _plain(text: str) -> str:
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000]
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@", "\t", "\r") else clean
