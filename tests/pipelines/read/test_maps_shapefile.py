"""Shapefiles, whole and maimed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import shapely

from geo.errors import Refused
from pipelines.read import Table, open_tables
from tests.pipelines.read.map_files import (
    codes_of,
    frame,
    gbk_shapefile,
    rows_of,
    write,
    write_dbf,
    write_points,
)


def only(path: Path, **options: str) -> Table:
    (table,) = open_tables(path, **options)
    return table


def refusal(path: Path, **options: str) -> Refused:
    with pytest.raises(Refused) as caught:
        for table in open_tables(path, **options):
            list(table.batches())
    assert caught.value.words("zh") and "…" not in caught.value.words("zh")
    assert "…" not in caught.value.words("en")
    return caught.value


def test_gbk_without_any_mark_is_read_as_chinese(tmp_path: Path) -> None:
    table = only(gbk_shapefile(tmp_path))
    rows = rows_of(table)
    assert table.columns == ("名称", "BH", "MJ")
    assert rows["名称"].tolist() == ["张家村", "李家村"]
    assert rows["BH"].tolist() == ["001", "002"]
    assert rows["MJ"].iloc[0] == 1.25 and pd.isna(rows["MJ"].iloc[1])
    assert rows.index.tolist() == [1, 2] and rows.index.name == "row"
    assert (table.encoding, table.encoding_reason) == ("gb18030", "content")
    assert codes_of(table) == ["encoding_from_content"]
    assert (table.rows, table.geometry_type, table.crs) == (2, "point", None)
    assert rows["geometry"].iloc[0] == shapely.Point(117.0, 28.5)


def test_the_dbf_mark_of_gbk_is_believed(tmp_path: Path) -> None:
    table = only(gbk_shapefile(tmp_path, mark=0x4D))
    assert (table.encoding, table.encoding_reason) == ("gb18030", "dbf_mark")
    assert table.issues == []


def test_a_western_mark_over_gbk_is_overruled(tmp_path: Path) -> None:
    table = only(gbk_shapefile(tmp_path, mark=0x57))
    assert rows_of(table)["名称"].tolist() == ["张家村", "李家村"]
    assert codes_of(table) == ["encoding_mark_overruled"]


@pytest.mark.parametrize(("said", "written"), [("UTF-8", "gb18030"), ("GBK", "utf-8"), ("ISO-8859-1", "gb18030")])
def test_a_cpg_that_lies_is_overruled_and_said(tmp_path: Path, said: str, written: str) -> None:
    path = gbk_shapefile(tmp_path, encoding=written)
    path.with_suffix(".cpg").write_text(said)
    table = only(path)
    assert rows_of(table)["名称"].tolist() == ["张家村", "李家村"]
    assert (table.encoding, table.encoding_reason) == (written, "content")
    assert table.issues[0].params == {"file": "图斑.dbf", "mark": said, "encoding": written}


def test_a_cpg_goes_before_the_dbf_mark(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path, mark=0x57)
    path.with_suffix(".cpg").write_text("ANSI 936")
    table = only(path)
    assert (table.encoding, table.encoding_reason) == ("gb18030", "cpg")


def test_a_given_encoding_wins_and_is_refused_when_it_cannot_be(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path, encoding="utf-8")
    assert only(path, encoding="utf8").encoding_reason == "given"
    assert rows_of(only(gbk_shapefile(tmp_path / "b"), encoding="GBK"))["名称"].tolist() == ["张家村", "李家村"]
    assert refusal(gbk_shapefile(tmp_path / "c"), encoding="UTF-8").code == "encoding_given_wrong"
    assert refusal(path, encoding="klingon").code == "encoding_unknown"


def test_western_text_is_not_taken_for_chinese(tmp_path: Path) -> None:
    names = ["Müller", "Straße", "Grünland", "Übersee", "Ödland"]
    write_dbf(tmp_path / "a.dbf", [(b"NAME", "C", 12, 0)], [[n.encode("cp1252")] for n in names])
    table = only(write_points(tmp_path / "a.shp", [(8.0, 50.0)] * 5))
    assert rows_of(table)["NAME"].tolist() == names
    assert "encoding_uncertain" in codes_of(table)


def test_one_broken_cell_does_not_overturn_the_encoding(tmp_path: Path) -> None:
    names = [f"第{at}村民小组".encode() for at in range(300)]
    names[6] = b"\xe5\xbc\xff\xa0" + names[6]
    write_dbf(tmp_path / "a.dbf", [(b"NAME", "C", 40, 0)], [[name] for name in names])
    table = only(write_points(tmp_path / "a.shp", [(117.0, 28.0)] * 300))
    rows = rows_of(table)
    assert rows.loc[1, "NAME"] == "第0村民小组"
    assert rows.loc[7, "NAME"].endswith("第6村民小组") and "�" in rows.loc[7, "NAME"]
    assert [(i.code, i.row, i.field) for i in table.issues if i.row] == [("text_unreadable", 7, "NAME")]


def test_half_characters_at_the_end_of_names_and_values_are_dropped_and_said(tmp_path: Path) -> None:
    name = "a承包地块编码".encode("gbk")[:10]
    cell = "村东大路边上a小河南岸".encode("gbk")[:16]
    write_dbf(tmp_path / "a.dbf", [(name, "C", 16, 0)], [[cell], ["村西".encode("gbk")]])
    table = only(write_points(tmp_path / "a.shp", [(117.0, 28.0)] * 2))
    assert table.columns == ("a承包地块",)
    assert rows_of(table)["a承包地块"].tolist() == ["村东大路边上a小", "村西"]
    assert {"field_name_cut", "text_cut"} <= set(codes_of(table))


def test_garbled_field_names_are_restored(tmp_path: Path) -> None:
    garbled = "名称".encode("gbk").decode("latin-1").encode()
    write_dbf(tmp_path / "a.dbf", [(garbled, "C", 12, 0)], [["张家村".encode()]])
    table = only(write_points(tmp_path / "a.shp", [(117.0, 28.0)]))
    assert table.columns == ("名称",)
    assert "field_name_repaired" in codes_of(table)


def test_double_field_names_are_numbered_and_geometry_stays_free(tmp_path: Path) -> None:
    fields = [(b"NAME", "C", 2, 0), (b"NAME", "C", 2, 0), (b"geometry", "C", 2, 0)]
    write_dbf(tmp_path / "a.dbf", fields, [[b"a", b"b", b"c"]])
    table = only(write_points(tmp_path / "a.shp", [(1.0, 2.0)]))
    assert table.columns == ("NAME", "NAME_1", "geometry_1")
    assert rows_of(table).iloc[0, :3].tolist() == ["a", "b", "c"]


def test_every_type_of_field_keeps_its_value(tmp_path: Path) -> None:
    fields = [(b"N", "N", 19, 0), (b"F", "N", 8, 3), (b"I", "N", 10, 0), (b"D", "D", 8, 0), (b"L", "L", 1, 0)]
    write_dbf(tmp_path / "a.dbf", fields, [[b"1234567890123456789", b"1.125", b"7", b"20230915", b"T"], [b""] * 5])
    rows = rows_of(only(write_points(tmp_path / "a.shp", [(1.0, 2.0)] * 2)))
    assert rows["I"].tolist() == [7, pd.NA]
    assert rows["F"].iloc[0] == 1.125
    assert rows["D"].iloc[0] == pd.Timestamp("2023-09-15") and pd.isna(rows["D"].iloc[1])
    assert rows["L"].tolist() == [True, pd.NA]


def test_cells_that_are_not_of_their_type_come_as_they_were_written(tmp_path: Path) -> None:
    fields = [(b"N", "N", 5, 0), (b"D", "D", 8, 0)]
    write_dbf(tmp_path / "a.dbf", fields, [[b"*****", b"20230231"], [b"12", b"20230915"]])
    rows = rows_of(only(write_points(tmp_path / "a.shp", [(1.0, 2.0)] * 2)))
    assert rows["N"].tolist() == ["*****", "12"]
    assert rows["D"].tolist() == ["20230231", "20230915"]


def test_deleted_rows_are_skipped_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    write_dbf(tmp_path / "a.dbf", [(b"A", "C", 1, 0)], [[b"a"], [b"b"], [b"c"]], deleted=frozenset({1}))
    table = only(write_points(tmp_path / "a.shp", [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]))
    rows = rows_of(table)
    assert rows.index.tolist() == [1, 3] and rows["A"].tolist() == ["a", "c"]
    assert rows.loc[3, "geometry"] == shapely.Point(3, 3)
    assert table.rows == 2 and codes_of(table) == ["deleted_rows_skipped"]


def test_rows_beyond_the_last_shape_come_without_a_place(tmp_path: Path) -> None:
    write_dbf(tmp_path / "a.dbf", [(b"A", "C", 1, 0)], [[b"a"], [b"b"], [b"c"]])
    table = only(write_points(tmp_path / "a.shp", [(1.0, 1.0)]))
    assert [g is None for g in rows_of(table)["geometry"]] == [False, True, True]
    assert table.issues[0].params == {"name": "a", "shapes": 1, "rows": 3}


def test_shapes_beyond_the_last_row_come_without_attributes(tmp_path: Path) -> None:
    write_dbf(tmp_path / "a.dbf", [(b"A", "C", 1, 0)], [[b"a"]])
    rows = rows_of(only(write_points(tmp_path / "a.shp", [(1.0, 1.0), (2.0, 2.0)])))
    assert rows["geometry"].notna().all() and rows["A"].iloc[0] == "a" and pd.isna(rows["A"].iloc[1])


def test_without_shp_it_says_what_is_missing(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path, "乡镇")
    path.unlink()
    for given in (tmp_path, tmp_path / "乡镇.dbf", tmp_path / "乡镇.shx"):
        refused = refusal(given)
        assert refused.code == "shapefile_without_shp"
        assert refused.params == {"name": "乡镇", "have": ".dbf .shx"}


def test_without_shx_the_index_is_made_anew(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    path.with_suffix(".shx").unlink()
    table = only(path)
    assert rows_of(table)["geometry"].tolist() == [shapely.Point(117.0, 28.5), shapely.Point(117.1, 28.6)]
    assert "shx_restored" in codes_of(table)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".dbf", ".shp"]


def test_an_index_of_another_shapefile_is_not_believed(tmp_path: Path) -> None:
    squares = frame([shapely.box(i, 0, i + 1, 1) for i in range(3)])
    path = write(squares, tmp_path / "a.shp", "ESRI Shapefile", ENCODING="UTF-8")
    write_points(tmp_path / "b.shp", [(1.0, 1.0)] * 3)
    path.with_suffix(".shx").write_bytes((tmp_path / "b.shx").read_bytes())
    table = only(path)
    assert [round(g.area) for g in rows_of(table)["geometry"]] == [1, 1, 1]
    assert "shx_restored" in codes_of(table)


def test_an_index_cut_off_is_made_anew(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    shx = path.with_suffix(".shx")
    shx.write_bytes(shx.read_bytes()[:-8])
    table = only(path)
    assert len(rows_of(table)) == 2 and "shx_restored" in codes_of(table)


def test_without_dbf_the_shapes_come_alone(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    path.with_suffix(".dbf").unlink()
    table = only(path)
    assert table.columns == () and len(rows_of(table)) == 2
    assert codes_of(table) == ["shapefile_without_dbf"]


def test_a_dbf_alone_is_a_table_without_shapes(tmp_path: Path) -> None:
    table = only(write_dbf(tmp_path / "户.dbf", [(b"A", "C", 1, 0)], [[b"a"]]))
    assert (table.kind, table.geometry_type, table.rows) == ("sheet", "none", 1)
    assert rows_of(table)["A"].tolist() == ["a"]


@pytest.mark.parametrize("kept", [0, 60, 150])
def test_a_shp_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = gbk_shapefile(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    expected = {0: "file_empty", 60: "file_truncated", 150: "shapefile_truncated"}
    assert refusal(path).code == expected[kept]


def test_a_dbf_cut_off_is_refused_with_its_counts(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes()[:-20])
    refused = refusal(path)
    assert refused.code == "dbf_truncated" and refused.params["held"] == 1 and refused.params["announced"] == 2


def test_a_shp_of_rubbish_is_refused(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    path.write_bytes(b"rubbish" * 40)
    assert refusal(path).code == "shapefile_damaged"


def test_a_dbf_of_rubbish_is_refused(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    path.with_suffix(".dbf").write_bytes(b"\x03" + b"\xff" * 100)
    assert refusal(path).code == "dbf_damaged"


def test_suffixes_in_capitals_and_stems_in_mixed_case_belong_together(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path, "dk")
    path.rename(tmp_path / "DK.SHP")
    path.with_suffix(".dbf").rename(tmp_path / "Dk.DBF")
    assert rows_of(only(tmp_path / "DK.SHP"))["名称"].tolist() == ["张家村", "李家村"]


def test_the_prj_is_read_and_a_garbled_one_is_said(tmp_path: Path) -> None:
    path = write(frame([shapely.Point(39500000, 3200000)], crs=4527), tmp_path / "a.shp", "ESRI Shapefile")
    crs = only(path).crs
    assert crs is not None and crs.to_epsg() == 4527
    path.with_suffix(".prj").write_text("PROJCS[nonsense")
    table = only(path)
    assert table.crs is None and "crs_unreadable" in codes_of(table)


def test_heights_and_measures_are_dropped_and_null_shapes_are_none(tmp_path: Path) -> None:
    shapes = [shapely.LineString([(0, 0, 5), (1, 1, 6)]), None]
    path = write(frame(shapes), tmp_path / "a.shp", "ESRI Shapefile", ENCODING="UTF-8")
    rows = rows_of(only(path))
    assert not rows["geometry"].iloc[0].has_z and rows["geometry"].iloc[1] is None


def test_rows_stream_in_batches_and_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.read.vector.BATCH_ROWS", 3)
    write_dbf(tmp_path / "a.dbf", [(b"A", "N", 3, 0)], [[str(at).encode()] for at in range(8)])
    table = only(write_points(tmp_path / "a.shp", [(float(at), 0.0) for at in range(8)]))
    for _ in range(2):
        batches = list(table.batches())
        assert [len(batch) for batch in batches] == [3, 3, 2]
        rows = pd.concat(batches)
        assert rows["A"].tolist() == [int(g.x) for g in rows["geometry"]] == list(range(8))


def test_an_empty_shapefile_is_a_table_of_no_rows(tmp_path: Path) -> None:
    write_dbf(tmp_path / "a.dbf", [(b"DKBM", "C", 19, 0)], [])
    table = only(write_points(tmp_path / "a.shp", []))
    assert (table.rows, table.columns, list(table.batches())) == (0, ("DKBM",), [])
