"""Edits, undoing, extensions and merging in a workspace; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import box

from geo.access import Actor
from geo.errors import Conflict, Forbidden, Refused
from pipelines.__main__ import main
from pipelines.act import act, add_point, workspace_ledger
from pipelines.amend import edit, extend, merge, undo
from pipelines.exchange import history, show
from pipelines.store.ledger import Act
from pipelines.summarise import progress, things_at
from pipelines.workspace import Workspace

NOW = datetime(2027, 5, 1, 2, tzinfo=UTC)
TODAY, BEFORE = date(2027, 5, 1), date(2027, 4, 30)
WEST, EAST = "510921101", "510921102"
ADMIN = Actor("管理员", "administrator", has_account=False)
TOWN = Actor("李四", "township", "青石镇", WEST, has_account=False)
BUREAU = Actor("王五", "bureau", "农业农村局", layers=("abandoned_parcel",), has_account=False)
INSPECTOR = Actor("赵六", "inspector", "督查组", has_account=False)
PARCELS = """图斑编号,上报面积,整治阶段,发现日期,种植主体,乡镇,村
P1,3.5,发现,2024-01-05,王某某,青石镇,东村
P2,2.5,发现,2024-01-05,,青石镇,东村
"""
POINTS = """点位编号,问题类别,经度,纬度,发现日期
E1,垃圾,105.05,30.05,2027-04-01
E2,垃圾,105.0501,30.05,2027-04-02
"""


@pytest.fixture
def root(target: Path | str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A county of two townships with a village each, two parcels placed by name and two points by coordinates."""
    folder = tmp_path / "w"
    assert main(["new", str(folder), "--county", "510921", "--name", "测试县"]) == 0
    if isinstance(target, str):
        settings = folder / "county.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace('url = ""', f'url = "{target}"'), "utf-8")
    shapes = [box(105.0, 30.0, 105.1, 30.1), box(105.1, 30.0, 105.2, 30.1)]
    levels: tuple[tuple[str, list[str], list[str], dict[str, list[str]]], ...] = (
        ("township", [WEST, EAST], ["青石镇", "白水镇"], {}),
        ("village", [f"{WEST}201", f"{EAST}201"], ["东村", "西村"], {"township_name": ["青石镇", "白水镇"]}),
    )
    for level, codes, names, more in levels:
        path = tmp_path / f"{level}.geojson"
        gpd.GeoDataFrame({"code": codes, "name": names} | more, geometry=shapes, crs=4490).to_file(path)
        assert main(["add", str(folder), str(path), "--layer", level, "--at", "2027-04-01"]) == 0
    for layer, text in (("abandoned_parcel", PARCELS), ("inspection_point", POINTS)):
        table = tmp_path / f"{layer}.csv"
        table.write_text(text, encoding="utf-8")
        assert main(["add", str(folder), str(table), "--layer", layer, "--at", "2027-04-10"]) in (0, 1)
    capsys.readouterr()
    return folder


def row(root: Path, layer: str, name: str, day: date = TODAY) -> dict[str, Any]:
    (found,) = show(Workspace(root), layer, feature_id=name, as_of=day).to_dict("records")
    return {str(key): value for key, value in found.items()}


def mu(root: Path, area: str, day: date = TODAY) -> float:
    """Reported 亩 of a township."""
    rows = progress(Workspace(root), "abandoned_parcel", "township", day)
    return float(rows.loc[rows["area_code"] == area, "reported_mu"].iloc[0])


def test_an_edited_value_shows_and_counts_from_the_day_of_the_edit_and_not_before(root: Path) -> None:
    event = edit(root, "abandoned_parcel", "P1", {"reported_mu": "5亩", "crop": "玉米"}, TOWN, now=NOW)
    assert event.data["fields"] == {"reported_mu": 5.0, "crop": "玉米"}
    assert event.data["was"] == {"reported_mu": 3.5, "crop": None}
    assert row(root, "abandoned_parcel", "P1")["reported_mu"] == 5.0
    assert row(root, "abandoned_parcel", "P1", BEFORE)["reported_mu"] == 3.5
    assert (mu(root, WEST), mu(root, WEST, BEFORE)) == (7.5, 6.0)


def test_an_undone_edit_is_taken_back_everywhere(root: Path) -> None:
    edit(root, "abandoned_parcel", "P1", {"reported_mu": 5}, TOWN, now=NOW)
    undo(root, "abandoned_parcel", "P1", TOWN, now=NOW + timedelta(minutes=5))
    assert row(root, "abandoned_parcel", "P1")["reported_mu"] == 3.5 and mu(root, WEST) == 6.0
    with pytest.raises(Forbidden, match="undone"):
        undo(root, "abandoned_parcel", "P1", TOWN, now=NOW + timedelta(minutes=6))


def test_a_thing_that_only_names_place_goes_where_its_edited_names_say_and_back(root: Path) -> None:
    with pytest.raises(Forbidden):
        edit(root, "abandoned_parcel", "P1", {"township_name": "白水镇", "village_name": "西村"}, TOWN, now=NOW)
    moved = {"township_name": "白水镇", "village_name": "西村"}
    assert edit(root, "abandoned_parcel", "P1", moved, BUREAU, now=NOW).data["moved_to"] == f"{EAST}201"
    assert row(root, "abandoned_parcel", "P1")["area_code"] == f"{EAST}201"
    assert row(root, "abandoned_parcel", "P1", BEFORE)["area_code"] == f"{WEST}201"
    assert (mu(root, WEST), mu(root, EAST)) == (2.5, 3.5)
    with pytest.raises(Forbidden):
        act(root, "abandoned_parcel", "P1", "verified", TOWN, now=NOW + timedelta(minutes=1))
    undo(root, "abandoned_parcel", "P1", BUREAU, now=NOW + timedelta(minutes=2))
    assert (mu(root, WEST), mu(root, EAST)) == (6.0, 0.0)
    assert act(root, "abandoned_parcel", "P1", "verified", TOWN, now=NOW + timedelta(minutes=3)).area_code == (
        f"{WEST}201"
    )
    assert workspace_ledger(Workspace(root)).audit(root=root) == []


def test_a_later_table_wins_over_an_edit_in_what_it_carries_and_leaves_the_rest(
    root: Path, tmp_path: Path
) -> None:
    edit(root, "abandoned_parcel", "P1", {"reported_mu": 5, "crop": "玉米"}, TOWN, now=NOW)
    table = tmp_path / "later.csv"
    table.write_text("图斑编号,上报面积,乡镇,村\nP1,9,青石镇,东村\n", encoding="utf-8")
    assert main(["add", str(root), str(table), "--layer", "abandoned_parcel", "--at", "2027-06-01"]) in (0, 1)
    after = row(root, "abandoned_parcel", "P1", date(2027, 6, 2))
    assert (after["reported_mu"], after["crop"]) == (9.0, "玉米")
    assert row(root, "abandoned_parcel", "P1", TODAY)["reported_mu"] == 5.0


def test_edits_of_different_fields_both_stand_and_of_the_same_field_show_both_values(root: Path) -> None:
    edit(root, "abandoned_parcel", "P1", {"crop": "玉米"}, TOWN, now=NOW, base_version=0)
    later = NOW + timedelta(minutes=1)
    soft = edit(root, "abandoned_parcel", "P1", {"remark": "近路"}, BUREAU, now=later, base_version=0)
    assert soft.data["merged_with_version"] == 1
    with pytest.raises(Conflict) as clash:
        edit(root, "abandoned_parcel", "P1", {"crop": "水稻"}, BUREAU, now=later, base_version=0)
    assert "玉米" in clash.value.words("zh") and "水稻" in clash.value.words("zh")
    now = row(root, "abandoned_parcel", "P1")
    assert (now["crop"], now["remark"]) == ("玉米", "近路")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stage": "已验收"}, "edit_not_this"),
        ({"accepted_on": "2027-05-01"}, "edit_not_this"),
        ({"parcel_id": "P9"}, "edit_not_id"),
        ({"reported_mu": "很多"}, "number_unreadable"),
        *(({"reported_mu": text}, "number_unreadable") for text in ("nan", "NaN", "inf", "1e400", "null", "无")),
        ({"found_on": "nan"}, "date_unreadable"),
        ({"found_on": "昨天"}, "date_unreadable"),
        ({"nothing": "1"}, "field_unknown"),
        ({}, "edit_without_field"),
    ],
)
def test_an_edit_that_goes_round_the_lifecycle_or_cannot_be_read_is_refused(
    root: Path, fields: dict[str, object], code: str
) -> None:
    before = workspace_ledger(Workspace(root)).head()
    with pytest.raises((Refused, Forbidden)) as refusal:
        edit(root, "abandoned_parcel", "P1", fields, ADMIN, now=NOW)
    assert refusal.value.code == code and "…" not in refusal.value.words("zh") + refusal.value.words("en")
    assert workspace_ledger(Workspace(root)).head() == before


@pytest.mark.parametrize(("layer", "name"), [("abandoned_parcel", "P1"), ("inspection_point", "E1")])
def test_a_code_that_is_no_village_of_the_county_or_of_ones_own_township_is_refused(
    root: Path, layer: str, name: str
) -> None:
    before = workspace_ledger(Workspace(root)).head()
    for code, by, refused in (
        ("999999999999", ADMIN, "area_code_not_here"),
        ("510922101201", ADMIN, "area_code_not_here"),
        (WEST, ADMIN, "area_code_not_here"),
        ("999999999999", TOWN, "area_code_not_here"),
        (f"{EAST}201", TOWN, "area_code_out_of_reach"),
    ):
        with pytest.raises(Refused) as refusal:
            edit(root, layer, name, {"village_code": code}, by, now=NOW)
        offered = {ADMIN: {f"{WEST}201 东村", f"{EAST}201 西村"}, TOWN: {f"{WEST}201 东村"}}[by]
        assert refusal.value.code == refused and set(refusal.value.params["near"].split("、")) == offered
    assert workspace_ledger(Workspace(root)).head() == before
    assert edit(root, layer, name, {"village_code": f"{WEST}201"}, TOWN, now=NOW).data["fields"] == {
        "village_code": f"{WEST}201"
    }


def test_a_new_point_does_not_bring_the_code_of_another_county(root: Path) -> None:
    fields = {"category": "垃圾", "village_code": "510922101201"}
    with pytest.raises(Refused) as refusal:
        add_point(root, "inspection_point", TOWN, fields=fields, lon=105.02, lat=30.02, now=NOW)
    assert refusal.value.code == "area_code_not_here" and counted(root) == (2, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "accepted"},
        {"reported_mu": "5"},
        {"reported_mu": float("inf")},
        {"found_on": "2024-13-01"},
        {"x": 1},
    ],
)
def test_the_ledger_itself_refuses_values_that_no_reader_has_seen(root: Path, fields: dict[str, object]) -> None:
    forged = Act("abandoned_parcel", "P1", ADMIN, "edit", data={"fields": fields})
    with pytest.raises((Refused, Forbidden)):
        workspace_ledger(Workspace(root)).append(forged, now=NOW)


def test_only_who_may_extend_gives_a_new_thing_its_own_last_day(root: Path) -> None:
    fields = {"category": "垃圾", "due_on": "2030-01-01"}
    with pytest.raises(Forbidden):
        add_point(root, "inspection_point", TOWN, fields=fields, lon=105.05, lat=30.05, now=NOW)
    assert extend(root, "inspection_point", "E1", date(2027, 6, 1), "雨季", ADMIN, now=NOW).due_on == "2027-06-01"
    assert str(row(root, "inspection_point", "E1")["due_on"])[:10] == "2027-06-01"
    with pytest.raises(Forbidden):
        extend(root, "inspection_point", "E1", date(2027, 6, 2), " ", ADMIN, now=NOW + timedelta(minutes=1))


def test_a_thing_of_a_layer_without_stages_has_nothing_to_extend(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "承包.csv"
    table.write_text("地块编码,实测面积亩\n5109211012010100001,3.5\n", encoding="utf-8")
    assert main(["add", str(root), str(table), "--layer", "contract_parcel"]) in (0, 1)
    with pytest.raises(Forbidden) as refusal:
        extend(root, "contract_parcel", "5109211012010100001", date(2027, 9, 1), "雨季", ADMIN, now=NOW)
    assert refusal.value.code == "extension_without_deadline" and "承包地块" in refusal.value.words("zh")


def test_what_is_closed_or_void_cannot_be_extended(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "closed.csv"
    table.write_text(
        "点位编号,问题类别,经度,纬度,整改状态,发现日期,销号日期\nC1,垃圾,105.06,30.05,销号,2027-03-01,2027-04-01\n",
        encoding="utf-8",
    )
    assert main(["add", str(root), str(table), "--layer", "inspection_point", "--at", "2027-04-11"]) in (0, 1)
    before = workspace_ledger(Workspace(root)).head()
    with pytest.raises(Forbidden) as refusal:
        extend(root, "inspection_point", "C1", date(2027, 9, 1), "雨季", ADMIN, now=NOW)
    assert refusal.value.code == "extension_of_closed" and "销号" in refusal.value.words("zh")
    assert workspace_ledger(Workspace(root)).head() == before


def test_an_extension_lies_after_the_present_last_day_and_after_today(root: Path) -> None:
    extend(root, "inspection_point", "E1", date(2027, 9, 1), "雨季", ADMIN, now=NOW)
    for day in (date(2027, 9, 1), date(2027, 8, 1)):
        with pytest.raises(Forbidden) as refusal:
            extend(root, "inspection_point", "E1", day, "雨季", ADMIN, now=NOW + timedelta(minutes=1))
        assert refusal.value.code == "extension_not_later" and "2027-09-01" in refusal.value.words("en")
    with pytest.raises(Forbidden) as refusal:
        extend(root, "abandoned_parcel", "P1", TODAY, "雨季", ADMIN, now=NOW)
    assert refusal.value.code in ("extension_past", "extension_not_later")


def test_an_edit_that_changes_nothing_makes_no_event_and_one_that_does_names_what_changed(root: Path) -> None:
    before = workspace_ledger(Workspace(root)).head()
    with pytest.raises(Refused) as refusal:
        edit(root, "abandoned_parcel", "P1", {"reported_mu": "3.5亩"}, TOWN, now=NOW)
    assert refusal.value.code == "edit_changes_nothing"
    assert workspace_ledger(Workspace(root)).head() == before
    event = edit(root, "abandoned_parcel", "P1", {"reported_mu": 3.5, "crop": "玉米"}, TOWN, now=NOW)
    assert (event.data["fields"], event.data["was"]) == ({"crop": "玉米"}, {"crop": None})


def test_a_conflict_names_the_field_and_both_values_as_a_reader_knows_them(root: Path) -> None:
    edit(root, "inspection_point", "E1", {"category": "畜禽粪污"}, TOWN, now=NOW, base_version=0)
    with pytest.raises(Conflict) as clash:
        edit(root, "inspection_point", "E1", {"category": "污水"}, TOWN, now=NOW, base_version=0)
    said = clash.value.words("zh")
    assert "{" not in said and "category" not in said and "问题类别" in said and "2027-05-01 10:00" in said
    edit(root, "abandoned_parcel", "P1", {"grower": "欧阳某"}, TOWN, now=NOW, base_version=0)
    with pytest.raises(Conflict) as clash:
        edit(root, "abandoned_parcel", "P1", {"grower": "上官某"}, TOWN, now=NOW, base_version=0)
    assert "欧阳某" not in clash.value.words("zh") + clash.value.words("en")


def counted(root: Path, day: date = TODAY) -> tuple[int, int]:
    rows = progress(Workspace(root), "inspection_point", "county", day)
    rows = rows[rows["level"] == "county"]
    return int(rows["reported"].iloc[0]), int(rows["open"].iloc[0])


def test_a_merged_thing_counts_once_from_that_day_on_and_both_histories_are_kept(root: Path) -> None:
    act(root, "inspection_point", "E2", "claimed", TOWN, now=NOW - timedelta(hours=1))
    away, kept = merge(root, "inspection_point", "E2", "E1", INSPECTOR, note="同一处", now=NOW)
    assert (away.to_stage, away.from_stage, kept.data["from"]) == ("duplicate", "claimed", "E2")
    assert counted(root) == (1, 1) and counted(root, BEFORE) == (2, 2)
    told = [e["kind"] for e in history(Workspace(root), "inspection_point", "E1") if e["kind"] != "import"]
    assert told == ["step", "merged", "merge"]
    with pytest.raises(Forbidden) as refusal:
        act(root, "inspection_point", "E2", "claimed", TOWN, now=NOW + timedelta(minutes=1))
    assert refusal.value.code == "merged_away"
    with pytest.raises(Forbidden):
        merge(root, "inspection_point", "E1", "E2", INSPECTOR, note="同一处", now=NOW + timedelta(minutes=1))


def test_two_things_are_merged_only_for_a_reason_when_alike_near_and_not_into_a_closed_one(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "more.csv"
    table.write_text(
        "点位编号,问题类别,经度,纬度,整改状态,发现日期,销号日期\n"
        "F1,垃圾,105.0502,30.05,销号,2027-03-01,2027-03-09\n"
        "F2,粪污,105.0503,30.05,发现,2027-03-01,\n"
        "F3,垃圾,105.15,30.05,发现,2027-03-01,\n",
        encoding="utf-8",
    )
    assert main(["add", str(root), str(table), "--layer", "inspection_point", "--at", "2027-04-11"]) in (0, 1)
    before = workspace_ledger(Workspace(root)).head()
    for into, note, code in (
        ("E2", None, "merge_needs_reason"),
        ("E2", "  ", "merge_needs_reason"),
        ("F1", "同一处", "merge_into_closed"),
        ("F2", "同一处", "merge_other_kind"),
        ("F3", "同一处", "merge_too_far"),
    ):
        with pytest.raises(Forbidden) as refusal:
            merge(root, "inspection_point", "E1", into, INSPECTOR, note=note, now=NOW)
        assert refusal.value.code == code and "…" not in refusal.value.words("zh") + refusal.value.words("en")
    assert refusal.value.params["metres"] == pytest.approx(9630, abs=30) and refusal.value.params["most"] == 300
    assert workspace_ledger(Workspace(root)).head() == before
    act(root, "inspection_point", "F1", "recurred", INSPECTOR, note="又堆了", now=NOW)
    words = ["merge", str(root), "--layer", "inspection_point", "--id", "E1", "--by", "张三", "--into", "F1"]
    capsys.readouterr()
    assert main([*words, "--note", "同一处"]) == 0
    assert "相距 19.2 米" in capsys.readouterr().err


def test_an_undone_merge_leaves_two_things_as_they_were(root: Path) -> None:
    act(root, "inspection_point", "E2", "claimed", TOWN, now=NOW - timedelta(hours=1))
    merge(root, "inspection_point", "E2", "E1", INSPECTOR, note="同一处", now=NOW)
    with pytest.raises(Forbidden) as refusal:
        undo(root, "inspection_point", "E1", INSPECTOR, now=NOW + timedelta(minutes=1))
    assert refusal.value.code == "undo_at_the_double"
    undo(root, "inspection_point", "E2", INSPECTOR, now=NOW + timedelta(minutes=1))
    ledger = workspace_ledger(Workspace(root))
    state = ledger.projected("inspection_point", "E2")
    assert state is not None and (state.stage, state.merged_into) == ("claimed", None)
    assert counted(root) == (2, 2)
    assert [e.kind for e in ledger.history("inspection_point", "E1")] == ["merged", "undo"]
    assert ledger.audit(root=root) == [] and ledger.rebuild() == 2 and ledger.audit(root=root) == []


def test_a_point_added_by_mistake_is_taken_back_and_gone(root: Path) -> None:
    made = add_point(root, "inspection_point", TOWN, fields={"category": "垃圾"}, lon=105.02, lat=30.02, now=NOW)
    name = str(made.event.feature_id)
    assert counted(root) == (3, 3)
    undo(root, "inspection_point", name, TOWN, now=NOW + timedelta(minutes=1))
    assert counted(root) == (2, 2)
    with pytest.raises(Refused):
        act(root, "inspection_point", name, "claimed", TOWN, now=NOW + timedelta(minutes=2))


def test_a_point_added_in_the_ledger_shows_its_edited_fields(root: Path) -> None:
    made = add_point(root, "inspection_point", TOWN, fields={"category": "垃圾"}, lon=105.02, lat=30.02, now=NOW)
    name = str(made.event.feature_id)
    edit(root, "inspection_point", name, {"category": "畜禽粪污"}, TOWN, now=NOW + timedelta(minutes=1))
    assert row(root, "inspection_point", name)["category"] == "manure"
    things = things_at(Workspace(root), Workspace(root).layer("inspection_point"), TODAY, ["category"])
    assert dict(zip(things["id"], things["category"], strict=True))[name] == "manure"


def test_personal_values_of_an_edit_are_masked_wherever_its_history_is_shown(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "edit",
        str(root),
        "--layer",
        "abandoned_parcel",
        "--id",
        "P1",
        "--set",
        "grower=欧阳某某",
        "--by",
        "张三",
    ]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert main(["show", str(root), "--layer", "abandoned_parcel", "--id", "P1", "--format", "json"]) == 0
    assert "欧阳某某" not in shown.err + shown.out + capsys.readouterr().out


def test_an_accounts_area_must_be_one_of_the_county_and_the_wrong_code_is_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ["account", "add", str(root)]
    assert main([*add, "管理", "--role", "administrator"]) == 0
    capsys.readouterr()
    for code in ("110101", "510921999"):
        assert main([*add, "坏", "--role", "township", "--area", code, "--by", "管理"]) == 2
        said = capsys.readouterr().err
        assert code in said and "不是本县" in said


def test_a_history_on_a_terminal_is_told_in_words_and_chinas_time_and_whole_in_json(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    act(root, "abandoned_parcel", "P1", "verified", TOWN, note="看过", now=NOW)
    edit(root, "abandoned_parcel", "P1", {"crop": "玉米"}, TOWN, now=NOW + timedelta(minutes=1))
    extend(root, "abandoned_parcel", "P1", date(2027, 9, 1), "雨季", ADMIN, now=NOW + timedelta(minutes=2))
    show_it = ["show", str(root), "--layer", "abandoned_parcel", "--id", "P1"]
    assert main(show_it) == 0
    said = capsys.readouterr().out
    assert "2027-05-01 10:00  青石镇 李四（乡镇）  登记进展  发现 → 核实  说明：看过" in said
    assert "— → 玉米" in said and "→ 2027-09-01" in said
    assert not [word for word in ("verified", "township", "{", "prev_hash", "+00:00", "Z  ") if word in said], said
    assert main([*show_it, "--format", "json"]) == 0
    (whole,) = json.loads(capsys.readouterr().out)
    assert {"hash", "recorded_at", "role", "from_stage"} <= set(whole["history"][-3])


def test_a_workspace_without_accounts_says_so_and_a_list_has_headings(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["account", "list", str(root)]) == 0
    assert "还没有账号" in capsys.readouterr().err
    assert main(["account", "add", str(root), "管理", "--role", "administrator"]) == 0
    capsys.readouterr()
    assert main(["account", "list", str(root)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "账号\t角色\t单位\t区划"


def test_the_commands_say_what_they_did_and_refuse_in_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = [str(root), "--layer", "abandoned_parcel", "--by", "张三"]

    def run(*words: str) -> tuple[int, str]:
        code = main([words[0], *base, *words[1:]])
        return code, capsys.readouterr().err

    code, said = run("edit", "--id", "P1", "--set", "reported_mu=5", "--set", "crop=玉米", "--base-version", "0")
    assert code == 0 and "3.5 → 5.0" in said and "— → 玉米" in said
    code, said = run("edit", "--id", "P1", "--set", "crop=水稻", "--base-version", "0")
    assert code == 2 and "玉米" in said and "水稻" in said and said.count("\n") == 1
    assert run("edit", "--id", "P1", "--set", "crop")[0] == 2
    assert run("undo", "--id", "P1")[0] == 0
    assert run("undo", "--id", "P2")[0] == 2
    assert run("extend", "--id", "P1", "--due", "2027-07-01", "--note", "雨季")[0] == 0
    assert run("merge", "--id", "P1", "--into", "P1")[0] == 2
    assert run("merge", "--id", "P2", "--into", "P1", "--note", "同一块")[0] == 0
    assert main(["show", *base[:3], "--format", "json"]) == 0
    assert [r["id"] for r in json.loads(capsys.readouterr().out) if r["stage"] != "duplicate"] == ["P1"]


def test_overdue_things_are_escalated_and_closed_ones_revisited_by_command(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "old.csv"
    table.write_text(
        "点位编号,问题类别,经度,纬度,整改状态,发现日期,销号日期,反弹日期,整改期限\n"
        "O1,垃圾,105.01,30.01,发现,2024-01-02,,,2024-02-01\n"
        "O2,垃圾,105.02,30.01,销号,2024-01-02,2024-03-01,2024-02-05,2024-02-01\n",
        encoding="utf-8",
    )
    assert main(["add", str(root), str(table), "--layer", "inspection_point", "--at", "2024-03-05"]) in (0, 1)
    capsys.readouterr()
    assert main(["escalate", str(root), "--layer", "inspection_point", "--format", "json"]) == 0
    assert {(r["id"], r["rung"]) for r in json.loads(capsys.readouterr().out)} >= {("O1", "remind")}
    assert main(["escalate", str(root)]) == 0 and "2" in capsys.readouterr().err
    assert main(["escalate", str(root), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    plan = ["lookback", str(root), "--layer", "inspection_point", "--count", "3", "--format", "json"]
    assert main(plan) == 0
    (visit,) = json.loads(capsys.readouterr().out)
    assert (visit["id"], visit["why"], visit["times_here"]) == ("O2", "risk", 2)
    again = act(root, "inspection_point", "O2", "recurred", INSPECTOR, note="又堆了", now=NOW)
    assert (again.data["times_own"], again.data["times_here"]) == (3, 3)
    told = [e["kind"] for e in history(Workspace(root), "inspection_point", "O1")]
    assert "escalate" in told


def test_the_ends_of_a_workspaces_ledger_are_noted_in_its_folder_and_its_backup_passes_the_audit(
    root: Path, tmp_path: Path
) -> None:
    event = act(root, "abandoned_parcel", "P1", "verified", TOWN, now=NOW)
    assert f"{event.seq} {event.hash}" in (root / "ledger.anchors").read_text(encoding="ascii")
    assert main(["backup", str(root), str(tmp_path / "b.tar")]) == 0
    act(root, "abandoned_parcel", "P2", "verified", TOWN, now=NOW)
    assert main(["restore", str(tmp_path / "b.tar"), str(tmp_path / "again")]) == 0
    assert workspace_ledger(Workspace(root)).audit(root=root) == []
