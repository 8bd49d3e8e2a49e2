"""Values as people write them in ledgers, read as what they mean, or said to be unreadable."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.columns import match_columns
from geo.dates import DateReading, column_order, read_date
from geo.issues import Issue, kind
from geo.layers import builtin_layers, parse_layer
from geo.numbers import read_chinese, read_number
from geo.personal import is_identity_number, mask
from geo.units import heading_unit, ratio, unit_line, unit_of, units_of_headings
from geo.values import gather, type_frame

STATES = """{ value = "good", zh = "完好", en = "Good", aliases = ["好", "已修"] }, """
STATES += """{ value = "bad", zh = "损坏（待修）", en = "Bad" }"""
LAYER = parse_layer(
    """
id = "canal"
version = 1
zh = "渠"
en = "Canal"
geometry = "line"
place = "length"
id_field = "canal_id"
fields = [
  { name = "canal_id", type = "text", zh = "编号", en = "No.", required = true },
  { name = "village_code", type = "code", zh = "村代码", en = "Village code", pattern = '^[0-9]{12}$' },
  { name = "parcel_code", type = "code", zh = "地块代码", en = "Parcel code" },
  { name = "village_name", type = "area_name", zh = "村", en = "Village" },
  { name = "served_mu", type = "number", zh = "灌溉面积", en = "Served", unit = "mu", LIMITS },
  { name = "served_m2", type = "number", zh = "灌溉面积平方米", en = "Served m2", unit = "m2" },
  { name = "length_m", type = "number", zh = "长度", en = "Length", unit = "m" },
  { name = "households", type = "integer", zh = "户数", en = "Households", unit = "count" },
  { name = "rate", type = "number", zh = "完成率", en = "Rate", unit = "percent" },
  { name = "rent", type = "number", zh = "租金", en = "Rent", unit = "yuan_per_mu" },
  { name = "built_on", type = "date", zh = "建成日期", en = "Built on" },
  { name = "lined", type = "boolean", zh = "是否衬砌", en = "Lined" },
  { name = "state", type = "choice", zh = "状态", en = "State", choices = [ STATES ] },
  { name = "kind", type = "choice", zh = "类型", en = "Kind", open_choices = true, choices = [ KINDS ] },
  { name = "keeper", type = "text", zh = "管护人", en = "Keeper", personal = true },
  { name = "remark", type = "text", zh = "备注", en = "Remark" },
]
""".replace("LIMITS", 'minimum = 0, maximum = 1000, derived_from = "served_m2"')
    .replace("STATES", STATES)
    .replace("KINDS", '{ value = "main", zh = "干渠", en = "Main" }')
)


def typed(
    column: str, values: list[Any], *, units: dict[str, str] | None = None, today: dt.date | None = None
) -> tuple[pd.DataFrame, list[Issue]]:
    """A table of one column beside its ids, typed; rows are numbered from 5."""
    index = pd.Index(range(5, 5 + len(values)), name="row")
    frame = pd.DataFrame({"编号": [f"Q{i}" for i in index], column: values}, index=index, dtype=object)
    return type_frame(frame, match_columns(list(frame.columns), LAYER), LAYER, units or {}, today=today)


def codes(issues: list[Issue]) -> list[tuple[str, int | None]]:
    return [(issue.code, issue.row) for issue in issues]


@pytest.mark.parametrize(
    "text, value, unit",
    [
        ("3.5", 3.5, None),
        ("3.5亩", 3.5, "mu"),
        ("约3.5", 3.5, None),
        ("3.5亩左右", 3.5, "mu"),
        ("3亩5分", 3.5, "mu"),
        ("3亩5分2厘", 3.52, "mu"),
        ("5分", 0.5, "mu"),
        ("两亩半", 2.5, "mu"),
        ("三亩五分", 3.5, "mu"),
        ("１２．３", 12.3, None),
        ("1,234.5", 1234.5, None),
        ("１，２３４", 1234, None),
        (" 2 公顷 ", 2, "ha"),
        ("0.5万亩", 0.5, "wan_mu"),
        ("1.2万", 12000, None),
        ("1500㎡", 1500, "m2"),
        ("35%", 35, "percent"),
        ("35％", 35, "percent"),
        ("500元/亩", 500, "yuan_per_mu"),
        ("￥1,500元", 1500, "yuan"),
        ("三百二十", 320, None),
        ("-2.5", -2.5, None),
        ("共12户", 12, "count"),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, value: float, unit: str | None) -> None:
    reading = read_number(text)
    assert reading is not None
    assert reading.value == pytest.approx(value, rel=1e-12)
    assert reading.unit == unit


@pytest.mark.parametrize(
    "text", ["", "/", "abc", "3-5", "3+2", "3,5", "1,23,4", "3.5.1", "inf", "NaN", "亩", "12头牛", "2023年"]
)
def test_what_is_no_number_is_not_guessed_at(text: str) -> None:
    assert read_number(text) is None


@given(st.text(max_size=30))
def test_no_text_makes_the_readers_stumble(text: str) -> None:
    reading = read_number(text)
    assert reading is None or math.isfinite(reading.value)
    assert read_date(text) is None or isinstance(read_date(text), DateReading | str)
    assert isinstance(mask(text)[0], str)


@given(st.floats(0, 1e9).map(lambda v: round(v, 4)))
def test_a_number_reads_back_as_it_was_written(value: float) -> None:
    reading = read_number(f"{value:,.4f}亩")
    assert reading is not None and reading.value == value


@pytest.mark.parametrize(
    "text, value",
    [
        ("十", 10),
        ("二十三", 23),
        ("一百零五", 105),
        ("三万二千", 32000),
        ("十二点五", 12.5),
        ("二〇二三", 2023),
        ("三五", None),
        ("十面埋伏", None),
    ],
)
def test_chinese_numerals(text: str, value: float | None) -> None:
    assert read_chinese(text) == value


SEPTEMBER_5 = dt.date(2023, 9, 5)
SEPTEMBER_1 = dt.date(2023, 9, 1)


@pytest.mark.parametrize(
    "value, day, precision",
    [
        ("2023-9-5", SEPTEMBER_5, "day"),
        ("2023/9/5 14:30", SEPTEMBER_5, "day"),
        ("2023-09-05T14:30:00Z", SEPTEMBER_5, "day"),
        ("2023年9月5日", SEPTEMBER_5, "day"),
        ("2023 年 9 月 5 号", SEPTEMBER_5, "day"),
        ("2023.9.5日", SEPTEMBER_5, "day"),
        ("２０２３．９．５", SEPTEMBER_5, "day"),
        ("20230905", SEPTEMBER_5, "day"),
        (20230905, SEPTEMBER_5, "day"),
        ("'23.9.5", SEPTEMBER_5, "day"),
        ("23.9.5", SEPTEMBER_5, "day"),
        ("23/9/5", SEPTEMBER_5, "day"),
        ("二〇二三年九月五日", SEPTEMBER_5, "day"),
        ("Sep 5, 2023", SEPTEMBER_5, "day"),
        ("5-Sep-2023", SEPTEMBER_5, "day"),
        (45174, SEPTEMBER_5, "day"),
        (45174.6, SEPTEMBER_5, "day"),
        ("45174", SEPTEMBER_5, "day"),
        (dt.datetime(2023, 9, 5, 23, 59), SEPTEMBER_5, "day"),
        (dt.date(2023, 9, 5), SEPTEMBER_5, "day"),
        ("2023.9", SEPTEMBER_1, "month"),
        (2023.9, SEPTEMBER_1, "month"),
        ("2023年9月", SEPTEMBER_1, "month"),
        ("2023-09", SEPTEMBER_1, "month"),
        ("202309", SEPTEMBER_1, "month"),
        ("2023年9月上旬", SEPTEMBER_1, "month"),
        ("2023年9月底", dt.date(2023, 9, 30), "month"),
        ("2023年12月底", dt.date(2023, 12, 31), "month"),
        ("二〇二三年九月", SEPTEMBER_1, "month"),
        ("2023年元月", dt.date(2023, 1, 1), "month"),
        ("23年9月", SEPTEMBER_1, "month"),
        (2023.12, dt.date(2023, 12, 1), "month"),
        ("2023.10", dt.date(2023, 10, 1), "month"),
        ("2023年", dt.date(2023, 1, 1), "year"),
        (2023, dt.date(2023, 1, 1), "year"),
        ("2024.2.29", dt.date(2024, 2, 29), "day"),
    ],
)
def test_a_day_is_read_however_it_is_written(value: Any, day: dt.date, precision: str) -> None:
    reading = read_date(value)
    assert isinstance(reading, DateReading), reading
    assert (reading.date, reading.precision) == (day, precision)


@pytest.mark.parametrize(
    "value, fault",
    [
        ("2023年2月30日", "impossible"),
        ("2023-02-29", "impossible"),
        ("2023-13-01", "impossible"),
        ("20230931", "impossible"),
        ("1900-01-01", "impossible"),
        ("3023-9-5", "impossible"),
        (dt.datetime(1899, 12, 31), "impossible"),
        ("2023.9-2024.8", "unreadable"),
        ("9月5日", "unreadable"),
        ("长期", "unreadable"),
        (123, "unreadable"),
        (True, "unreadable"),
    ],
)
def test_what_cannot_be_a_day_is_said_to_be_so(value: Any, fault: str) -> None:
    assert read_date(value) == fault


def test_the_order_of_month_and_day_is_decided_by_the_whole_column() -> None:
    assert column_order(["9/5/2023", "9/25/2023"]) == "mdy"
    assert column_order(["9/5/2023", "25/9/2023"]) == "dmy"
    assert column_order(["9/5/2023", "2023-09-25"]) is None
    frame, issues = typed("建成日期", ["09/05/2023 03:13:00 PM", "09/25/2023 01:00:00 AM"])
    assert frame["built_on"].tolist() == [pd.Timestamp("2023-09-05"), pd.Timestamp("2023-09-25")]
    assert issues == []
    frame, issues = typed("建成日期", ["5/9/2023", "25/9/2023"])
    assert frame["built_on"].iloc[0] == pd.Timestamp("2023-09-05")
    frame, issues = typed("建成日期", ["5/9/2023"])
    assert frame["built_on"].iloc[0] == pd.Timestamp("2023-05-09")
    assert codes(issues) == [("date_order_assumed", None)]


def test_a_number_2023_1_may_be_october_and_is_marked() -> None:
    frame, issues = typed("建成日期", [2023.1, 2023.2])
    assert frame["built_on"].iloc[0] == pd.Timestamp("2023-01-01")
    assert codes(issues) == [("date_month_ambiguous", 5), ("date_month_only", None)]


def test_dates_that_cannot_be_are_errors_and_months_are_noted_once() -> None:
    frame, issues = typed("建成日期", ["2023年2月30日", "2023.9", "2023.10", "soon", None, "/"])
    assert frame["built_on"].dtype == "datetime64[s]"
    assert frame["built_on"].notna().tolist() == [False, True, True, False, False, False]
    assert codes(issues) == [("date_unreadable", 8), ("date_impossible", 5), ("date_month_only", None)]
    assert issues[2].params["count"] == 2 and issues[2].params["rows"] == "6、7"


def test_a_day_far_after_today_is_impossible() -> None:
    _, issues = typed("建成日期", ["2090-01-01", "2050-01-01"], today=dt.date(2000, 1, 1))
    assert codes(issues) == [("date_impossible", 5)]


def test_every_column_has_its_type_also_when_nothing_fills_it() -> None:
    frame, issues = typed("备注", ["a"])
    assert list(frame.columns) == [field.name for field in LAYER.fields]
    assert frame.index.name == "row"
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        **dict.fromkeys(
            ("canal_id", "village_code", "parcel_code", "village_name", "state", "kind", "keeper", "remark"),
            "string",
        ),
        **dict.fromkeys(("served_mu", "served_m2", "length_m", "rate", "rent"), "float64"),
        "households": "Int64",
        "built_on": "datetime64[s]",
        "lined": "boolean",
    }
    assert issues == []


def test_numbers_are_converted_from_the_unit_of_their_heading_or_of_their_cell() -> None:
    frame, issues = typed(
        "灌溉面积（公顷）", [1.5, "2", "30亩", "约2", "0.5万亩", "１"], units={"灌溉面积（公顷）": "ha"}
    )
    assert frame["served_mu"].iloc[:4].tolist() == [22.5, 30.0, 30.0, 30.0]
    assert frame["served_mu"].iloc[5] == 15.0
    assert codes(issues) == [("number_approximate", None), ("unit_converted", None), ("number_out_of_range", 9)]


def test_square_metres_become_mu_exactly() -> None:
    frame, _ = typed("灌溉面积（㎡）", [2000, 1, 666.6666666666666], units={"灌溉面积（㎡）": "m2"})
    assert frame["served_mu"].iloc[0] == 3.0
    assert frame["served_mu"].iloc[1] == 0.0015


def test_a_field_is_filled_from_the_one_in_another_unit() -> None:
    frame, _ = typed("灌溉面积平方米", [2000, None])
    assert frame["served_mu"].iloc[0] == 3.0
    assert math.isnan(frame["served_mu"].iloc[1])


def test_unreadable_and_impossible_numbers_are_errors_of_their_cells() -> None:
    frame, issues = typed(
        "灌溉面积", ["abc", "-1", 2000, "3-5", "5米", "/", "无", "—", None, True, dt.date(2023, 1, 1), "#DIV/0!"]
    )
    assert codes(issues) == [
        *(("number_unreadable", row) for row in (5, 8, 9, 14, 15, 16)),
        ("number_out_of_range", 6),
        ("number_out_of_range", 7),
    ]
    assert frame["served_mu"].notna().tolist() == [False, True, True, *[False] * 9]
    assert all(issue.severity == "error" for issue in issues)


def test_integers_must_be_whole() -> None:
    frame, issues = typed("户数", [3.0, "12户", 2.5])
    assert frame["households"].tolist()[:2] == [3, 12]
    assert frame["households"].isna().tolist() == [False, False, True]
    assert codes(issues) == [("number_not_whole", 7)]


def test_percentages_kept_as_fractions_by_excel_are_multiplied_for_the_whole_column() -> None:
    frame, issues = typed("完成率", [0.35, 1, 0])
    assert frame["rate"].tolist() == [35.0, 100.0, 0.0]
    assert codes(issues) == [("percent_scaled", None)]
    frame, issues = typed("完成率", [0.35, 80, "90%"])
    assert frame["rate"].tolist() == [0.35, 80.0, 90.0]


def test_a_price_may_be_written_in_yuan_alone() -> None:
    frame, issues = typed("租金", ["500元", "600元/亩", 700])
    assert frame["rent"].tolist() == [500.0, 600.0, 700.0] and issues == []


@pytest.mark.parametrize("yes", ["是", "Y", "yes", 1, 1.0, "1", "√", "有", True, "TRUE"])
@pytest.mark.parametrize("no", ["否", "N", "no", 2, "2", 0, "×", "无", False])
def test_yes_and_no_in_every_spelling(yes: Any, no: Any) -> None:
    frame, issues = typed("是否衬砌", [yes, no, None])
    assert frame["lined"].tolist()[:2] == [True, False]
    assert frame["lined"].isna().tolist() == [False, False, True]
    assert issues == []


def test_another_answer_than_yes_or_no_is_returned() -> None:
    _, issues = typed("是否衬砌", ["也许"])
    assert codes(issues) == [("choice_unknown", 5)]


def test_choices_are_read_by_value_label_alias_numbering_and_common_slips() -> None:
    written = [
        "good",
        "完好",
        " 好 ",
        "1.完好",
        "（1）完好",
        "己修",
        "GOOD",
        "损坏",
        "损坏(待修)",
        "损坏（待修）",
        None,
        "/",
    ]
    frame, issues = typed("状态", written)
    assert frame["state"].tolist()[:10] == ["good"] * 7 + ["bad"] * 3
    assert frame["state"].isna().sum() == 2
    assert issues == []


def test_outside_a_closed_list_is_returned_and_outside_an_open_one_kept() -> None:
    frame, issues = typed("状态", ["完好无损", "好"])
    assert codes(issues) == [("choice_unknown", 5)]
    assert issues[0].params["suggestion"] == "完好"
    assert frame["state"].isna().iloc[0]
    frame, issues = typed("类型", ["毛渠", "干渠"])
    assert codes(issues) == [("choice_not_listed", 5)]
    assert frame["kind"].tolist() == ["毛渠", "main"]


def test_codes_lose_what_excel_added_and_are_returned_where_excel_took_digits() -> None:
    written = [
        990101202001.0,
        "990101202001.0",
        " 990101202001",
        "'990101202001",
        "９９０１０１２０２００１",
        "9.90101202001E+11",
    ]
    frame, issues = typed("村代码", written)
    assert frame["village_code"].tolist() == ["990101202001"] * 6
    assert issues == []
    frame, issues = typed(
        "地块代码", [9901012020010000000.0, "9.90101E+18", "9901012020010000000", "9901012020010100001"]
    )
    assert codes(issues) == [("code_damaged_by_excel", row) for row in (5, 6, 7)]
    assert frame["parcel_code"].tolist()[3] == "9901012020010100001"
    assert frame["parcel_code"].isna().tolist() == [True, True, True, False]


def test_a_code_kept_as_a_whole_number_lost_nothing() -> None:
    frame, issues = typed("地块代码", [9901012020010100001])
    assert frame["parcel_code"].iloc[0] == "9901012020010100001" and issues == []


def test_a_frame_of_a_map_file_is_typed_like_one_of_a_ledger() -> None:
    rows = pd.Index([1, 2], name="row")
    frame = pd.DataFrame(
        {
            "编号": ["a", None],
            "地块代码": np.array([5197212020010100001, 5197212020010100002]),
            "灌溉面积": np.array([1.5, np.nan]),
            "户数": pd.array([3, None], dtype="Int64"),
            "建成日期": pd.to_datetime(["2023-09-05 22:00", None], utc=True).tz_convert("Asia/Shanghai"),
            "是否衬砌": [True, False],
            "geometry": [None, None],
        },
        index=rows,
    )
    made, issues = type_frame(frame, match_columns(list(frame), LAYER), LAYER, {})
    assert codes(issues) == [("value_required_missing", 2)]
    assert made["parcel_code"].tolist() == ["5197212020010100001", "5197212020010100002"]
    assert made["served_mu"].iloc[0] == 1.5 and made["households"].iloc[0] == 3
    assert made["built_on"].iloc[0] == pd.Timestamp("2023-09-06")
    assert made["lined"].tolist() == [True, False]
    assert list(made.columns)[-1] == "geometry"


def test_a_code_of_another_shape_is_kept_with_a_warning() -> None:
    frame, issues = typed("村代码", ["99010120200", "无"])
    assert codes(issues) == [("code_malformed", 5)]
    assert frame["village_code"].iloc[0] == "99010120200"
    assert issues[0].severity == "warning"


def test_names_lose_gaps_and_texts_keep_their_words() -> None:
    frame, _ = typed("村", ["石 桥 村", "石桥村\u200b", "Stone Bridge", "无"])
    assert frame["village_name"].tolist()[:3] == ["石桥村", "石桥村", "Stone Bridge"]
    assert frame["village_name"].isna().iloc[3]
    frame, _ = typed("备注", ["未知", "/", 12.0, dt.datetime(2023, 9, 5), "  a  b "])
    assert frame["remark"].tolist()[0] == "未知"
    assert frame["remark"].tolist()[2:] == ["12", "2023-09-05", "a  b"]


IDENTITY = "11010519491231002X"


def test_identity_and_phone_numbers_are_masked_where_they_do_not_belong() -> None:
    frame, issues = typed("备注", [f"张某 {IDENTITY}", "电话13800001234。", "批号 12345678901", "ok"])
    assert codes(issues) == [("personal_data_found", 5), ("personal_data_found", 6)]
    assert IDENTITY not in frame["remark"].iloc[0] and "13800001234" not in frame["remark"].iloc[1]
    assert frame["remark"].iloc[1] == "电话138****1234。"
    assert not any(secret in str(issue.params) for issue in issues for secret in (IDENTITY, "13800001234"))
    frame, issues = typed("管护人", [f"张某 {IDENTITY}"])
    assert issues == [] and IDENTITY in frame["keeper"].iloc[0]


def test_findings_never_quote_a_personal_number() -> None:
    _, issues = typed("状态", ["张某13800001234"])
    assert codes(issues) == [("choice_unknown", 5)] and "13800001234" not in str(issues[0].params)


def test_an_identity_number_needs_its_check_digit_and_a_real_birthday() -> None:
    assert is_identity_number(IDENTITY)
    assert not is_identity_number("110105194912310021")
    assert not is_identity_number("110105194913310029")
    assert mask("9901012020120301000")[1] == ()


def test_a_required_value_that_is_missing_is_an_error_and_a_missing_column_is_one_finding() -> None:
    frame = pd.DataFrame(
        {"编号": ["Q1", None, "/"], "备注": ["a", "b", "c"]}, index=pd.Index([2, 3, 4], name="row")
    )
    _, issues = type_frame(frame, match_columns(list(frame), LAYER), LAYER, {})
    assert codes(issues) == [("value_required_missing", 3), ("value_required_missing", 4)]
    _, issues = type_frame(frame[["备注"]], match_columns(["备注"], LAYER), LAYER, {})
    assert codes(issues) == [("column_missing", None)]


def test_every_finding_has_words_in_both_languages_without_holes() -> None:
    _, numbers = typed("灌溉面积", ["abc", "-1", "约3"])
    _, dates = typed("建成日期", ["soon", "2023-2-30", 2023.1, "2023.9", "2023年", "'23.9.5", "1/2/2023"])
    _, choices = typed("状态", ["?!"])
    _, others = typed("类型", ["毛渠"])
    _, damaged = typed("地块代码", [1e18])
    for issue in [*numbers, *dates, *choices, *others, *damaged]:
        assert kind(issue.code).mender in ("sender", "bureau", "program")
        for lang in ("zh", "en"):
            assert "…" not in issue.words(lang), issue.words(lang)


def test_findings_of_several_batches_are_added_up() -> None:
    _, first = typed("建成日期", ["2023.9", "2023.8"])
    _, second = typed("建成日期", ["2023.7", "soon"])
    joined = gather([*first, *second])
    assert [(i.code, i.params.get("count")) for i in joined] == [("date_month_only", 3), ("date_unreadable", None)]


@pytest.mark.parametrize(
    "heading, unit",
    [
        ("面积（亩）", "mu"),
        ("流转面积/亩", "mu"),
        ("流转面积(㎡)", "m2"),
        ("SCMJ", "m2"),
        ("LZMJM", "mu"),
        ("租金（元/亩·年）", "yuan_per_mu"),
        ("完成率(%)", "percent"),
        ("面积（单位：公顷）", "ha"),
        ("承包地块/总面积", None),
        ("村（社区）", None),
    ],
)
def test_the_unit_of_a_heading(heading: str, unit: str | None) -> None:
    assert heading_unit(heading) == unit


def test_a_unit_line_gives_its_units_to_the_headings_it_can_concern() -> None:
    assert unit_line("填报单位：青山镇人民政府   单位：亩、万元") == ("mu", "wan_yuan")
    assert unit_line("填报单位（盖章）：青山镇") == ()
    headings = ("村", "整治面积", "投资金额", "面积（公顷）", "户数")
    assert units_of_headings(headings, ("mu", "wan_yuan")) == {
        "整治面积": "mu",
        "投资金额": "wan_yuan",
        "面积（公顷）": "ha",
    }


def test_units_convert_exactly_and_never_between_kinds() -> None:
    assert ratio("mu", "m2") == Fraction(2000, 3)
    assert ratio("ha", "mu") == 15
    assert unit_of("平方公里") == "km2"
    assert ratio("mu", "m") is None


@pytest.mark.real_data
def test_buffalo_reports_open_and_close_on_their_true_days(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "buffalo311" / "buffalo311_scrubbed.csv", dtype=str, keep_default_na=False)
    frame = raw.where(raw != "").astype(object).where(lambda f: f.notna(), None)
    frame.index = pd.Index(np.arange(2, len(frame) + 2), name="row")
    layer = builtin_layers()["inspection_point"]
    made, issues = type_frame(frame, match_columns(list(frame), layer), layer, {})
    closed = pd.to_datetime(raw["Closed Date"], format="%m/%d/%Y %I:%M:%S %p", errors="coerce").dt.normalize()
    opened = pd.to_datetime(raw["Open Date"], format="mixed").dt.normalize()
    assert (made["closed_on"].to_numpy() == closed.to_numpy().astype("datetime64[s]"))[closed.notna()].all()
    assert (made["reported_on"].to_numpy() == opened.to_numpy().astype("datetime64[s]")).all()
    assert made["closed_on"].isna().sum() == closed.isna().sum()
    assert not [i for i in issues if i.code.startswith("date_")]
    assert made["point_id"].notna().all()
