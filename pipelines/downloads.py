"""Rows of a layer as a table to take away (Excel, CSV) that says what it holds and where it came from.

A frame is what `dashboards.data.County.things` gives, masked already; `source_file` beside `source_row` names the
file that a row was read from.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from geo.access import neutralised
from geo.errors import Refused
from geo.layers import Layer
from geo.layers import Words as Both
from geo.measure import mu_from_m2
from pipelines.exchange import plain_value

Extra = Mapping[str, str] | None
"""Further columns of a frame → their headings."""
MOST_ROWS = 100_000
"""More rows than this are a delivery, not a download of what is on the screen."""
ABOUT = Both("说明", "About")
HEADINGS: Mapping[str, Both] = {
    "id": Both("编号", "ID"),
    "area_name": Both("所在区域", "Area"),
    "area_code": Both("区域代码", "Area code"),
    "stage": Both("阶段", "Stage"),
    "stage_since": Both("阶段起始", "Stage since"),
    "area_mu": Both("图上面积（亩）", "Measured area (mu)"),
    "lon": Both("经度", "Longitude"),
    "lat": Both("纬度", "Latitude"),
    "due_on": Both("期限", "Due"),
    "overdue": Both("逾期", "Overdue"),
    "source_file": Both("来源文件", "Source file"),
    "source_table": Both("来源表", "Source sheet"),
    "source_row": Both("来源行", "Source row"),
    "source_day": Both("接收日期", "Taken in on"),
    "import_id": Both("导入批次", "Import"),
}
FIRST = ("id", "area_name", "area_code", "stage", "stage_since", "due_on", "overdue", "area_mu", "lon", "lat")
LAST = ("source_file", "source_table", "source_row", "source_day", "import_id")
UNITS: Mapping[str, Both] = {
    "mu": Both("亩", "mu"),
    "m2": Both("平方米", "m²"),
    "m": Both("米", "m"),
    "yuan": Both("元", "yuan"),
    "yuan_per_mu": Both("元/亩", "yuan/mu"),
    "percent": Both("%", "%"),
    "day": Both("天", "days"),
}


def as_xlsx(
    frame: pd.DataFrame,
    layer: Layer,
    *,
    lang: str,
    facts: Mapping[str, str],
    extra: Extra = None,
) -> bytes:
    """The rows as an Excel file: a first sheet of facts, a second of rows under the layer's headings.

    facts: what → what it says, in the reader's words. extra: further columns of the frame → their headings.
    Numbers stay numbers and dates dates; text that a spreadsheet would run is made harmless. Refused
    (`download_too_large`) for more than `MOST_ROWS` rows.
    """
    return workbook(
        {layer.label(lang): printed_table(frame, layer, lang=lang, extra=extra)}, lang=lang, facts=facts
    )


def workbook(tables: Mapping[str, pd.DataFrame], *, lang: str, facts: Mapping[str, str]) -> bytes:
    """Tables under their headings, each on a sheet of its title, after a first sheet of facts.

    Text that a spreadsheet would run is made harmless.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    about = book.create_sheet(ABOUT(lang))
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 80
    for name, said in facts.items():
        about.append([neutralised(name), neutralised(said)])
    for title, table in tables.items():
        sheet = book.create_sheet(_sheet_title(title))
        sheet.freeze_panes = "B2"
        for at, name in enumerate(table.columns):
            sheet.column_dimensions[_letters(at)].width = min(40, max(10, 2 * len(str(name))))
        sheet.append(_heads(sheet, [neutralised(str(name)) for name in table.columns]))
        for row in _rows(table):
            sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _heads(sheet: Any, names: Sequence[str]) -> list[Any]:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cells = []
    for name in names:
        cell = WriteOnlyCell(sheet, value=name)
        cell.font = Font(bold=True)
        cells.append(cell)
    return cells


def _letters(at: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(at + 1))


def _sheet_title(text: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", text)[:31].strip() or "rows"


def as_csv(
    frame: pd.DataFrame,
    layer: Layer,
    *,
    lang: str,
    facts: Mapping[str, str],
    extra: Extra = None,
) -> bytes:
    """The rows as CSV in UTF-8 with the mark that Excel knows it by; facts stand in lines before the headings."""
    table = printed_table(frame, layer, lang=lang, extra=extra)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for name, said in facts.items():
        writer.writerow([neutralised(f"# {name}"), neutralised(said)])
    writer.writerow([neutralised(str(name)) for name in table.columns])
    writer.writerows(_rows(table))
    return out.getvalue().encode("utf-8-sig")


def _rows(table: pd.DataFrame) -> list[list[Any]]:
    """Plain values row by row, text made harmless."""
    columns = [[_cell(value) for value in table[name]] for name in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _cell(value: Any) -> Any:
    if isinstance(value, pd.Timestamp) and value.tz is None and value == value.normalize():
        return value.date()
    found = value if isinstance(value, str) else plain_value(value)
    if not isinstance(found, str):
        return found
    # What Excel's files cannot hold would make the whole file unreadable.
    return neutralised(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", found)[:32_000])


def printed_table(frame: pd.DataFrame, layer: Layer, *, lang: str, extra: Extra = None) -> pd.DataFrame:
    """The rows under headings in the reader's words: place and state, then the layer's fields, then the source.

    Stages and choices by their labels; measured area in 亩 to two decimals, NaN for what has none; degrees to a
    centimetre; empty columns of the layer's fields are left out.
    """
    _not_too_large(frame)
    found: dict[str, pd.Series] = {}
    for heading, name in columns_of(frame, layer, lang=lang, extra=extra).items():
        if name == "area_mu":
            size = mu_from_m2(frame["area_m2"].to_numpy(float, na_value=np.nan))
            found[heading] = pd.Series(np.round(size, 2), index=frame.index)
        elif name in ("lon", "lat"):
            found[heading] = frame[name].round(7)
        else:
            found[heading] = _labelled(frame[name], name, layer, lang)
    return pd.DataFrame(found, index=frame.index).reset_index(drop=True)


def columns_of(frame: pd.DataFrame, layer: Layer, *, lang: str, extra: Extra) -> dict[str, str]:
    """Heading → column of the frame (area_mu: of area_m2), in the order in which they are printed."""
    found: dict[str, str] = {}
    for name in FIRST:
        if ("area_m2" if name == "area_mu" else name) in frame:
            found[HEADINGS[name](lang)] = name
    found |= {heading: name for name, heading in (extra or {}).items()}
    for name in _fields(frame, layer):
        if name not in HEADINGS and frame[name].notna().any():
            found.setdefault(_heading(layer, name, lang), name)
    return found | {HEADINGS[name](lang): name for name in LAST if name in frame}


def _not_too_large(frame: pd.DataFrame) -> None:
    if len(frame) > MOST_ROWS:
        raise Refused("download_too_large", rows=len(frame), most=MOST_ROWS)


def _fields(frame: pd.DataFrame, layer: Layer) -> list[str]:
    life = layer.lifecycle
    state = {"id", layer.id_field, "stage", life.stage_field if life else None}
    return [field.name for field in layer.fields if field.name in frame and field.name not in state]


def _heading(layer: Layer, name: str, lang: str) -> str:
    field = layer.field(name)
    unit = UNITS[field.unit](lang) if field.unit is not None and field.unit in UNITS else ""
    if not unit:
        return field.label(lang)
    return f"{field.label(lang)} ({unit})" if lang == "en" else f"{field.label(lang)}（{unit}）"


def labels_of(layer: Layer, name: str, lang: str) -> dict[str, str]:
    """What the codes of a stage or choice are called; nothing for other columns."""
    if name == "stage" and layer.lifecycle is not None:
        return {stage.id: stage.label(lang) for stage in layer.lifecycle.stages}
    if any(field.name == name for field in layer.fields):
        return {choice.value: choice.label(lang) for choice in layer.field(name).choices}
    return {}


def _labelled(column: pd.Series, name: str, layer: Layer, lang: str) -> pd.Series:
    """Stages and choices by their labels; everything else as it is."""
    labels = labels_of(layer, name, lang)
    if column.dtype == bool:
        yes = Both("是", "yes")(lang)
        return column.map({True: yes, False: ""})
    return column.map(lambda value: labels.get(value, value), na_action="ignore") if labels else column
