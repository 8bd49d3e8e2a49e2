"""The satellite check from a workspace to its figures, on pictures and on ready-made tables."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from geo.errors import Refused
from geo.layers import builtin_layers
from geo.verdicts import VERDICTS, Rule
from pipelines.__main__ import main
from pipelines.store.geoparquet import layer_writer, schema_of
from pipelines.verify import verify
from pipelines.verify_picture import picture_of
from pipelines.verify_sample import draw_sample, estimate_from
from pipelines.workspace import Import, Workspace
from tests.pipelines import satellite

DAYS = [date(2023, 10, 25) + timedelta(days=12 * i) for i in range(31)]
PARCEL_M = 60.0
ROWS, COLUMNS = 6, 8
IDLE = (5, 17, 30)


def corners() -> np.ndarray:
    """Parcels of 60 m laid wall to wall from the pictures' corner, in plane metres."""
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    west = satellite.WEST + 60 + column * PARCEL_M
    north = satellite.NORTH - 60 - row * PARCEL_M
    return np.array(shapely.box(west, north - PARCEL_M, west + PARCEL_M, north), dtype=object)


def stored(root: Path, shapes: np.ndarray, **fields: object) -> Workspace:
    """A workspace whose abandoned parcels are these shapes, all accepted in 2023 and tilled by their owners."""
    workspace = Workspace.create(root, code="519721", name="试验县")
    layer = builtin_layers()["abandoned_parcel"]
    to_degrees = Transformer.from_crs(32648, 4490, always_xy=True)
    lonlat = shapely.transform(shapes, to_degrees.transform, interleaved=False)
    ids = [f"P{i:02d}" for i in range(len(shapes))]
    columns = {
        "id": ids,
        "parcel_id": ids,
        "area_m2": shapely.area(shapes),
        "lon": shapely.get_x(shapely.centroid(lonlat)),
        "lat": shapely.get_y(shapely.centroid(lonlat)),
        "placed_by": "geometry",
        "area_code": [f"519721{100 + i % 2}001" for i in range(len(shapes))],
        "source_row": range(1, len(shapes) + 1),
        "reported_mu": 5.0,
        "mode": "owner",
        "stage": "accepted",
        "accepted_on": pd.Timestamp("2023-09-01").as_unit("s"),
        **fields,
    }
    frame = pd.DataFrame(columns).assign(geometry=lonlat)
    at = datetime(2023, 10, 1, tzinfo=UTC)
    made = Import("first", layer.id, at, "x.gpkg", "x", "0", len(ids), len(ids), 0)
    folder = workspace.import_folder(made)
    folder.mkdir(parents=True)
    with layer_writer(folder / "data.parquet", schema_of(layer)) as writer:
        writer.write(frame)
    (folder / "source.json").write_text(made.as_json(), encoding="utf-8")
    workspace.forget_cache()
    return workspace


def growth(day: date) -> float:
    """A double crop: rape to May, rice from June."""
    at = [1, 70, 95, 130, 155, 205, 238, 268, 300, 366]
    return float(np.interp(day.timetuple().tm_yday, at, [0.4, 0.75, 0.7, 0.2, 0.18, 0.8, 0.8, 0.25, 0.22, 0.4]))


def pictures(folder: Path, *, idle: tuple[int, ...] = IDLE, days: list[date] = DAYS) -> Path:
    """Index rasters of those days: every parcel cropped but the idle ones."""
    draw = np.random.default_rng(2)
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    for day in days:
        values = np.full((60, 70), 0.45)
        for p in range(ROWS * COLUMNS):
            top, left = 6 + 6 * row[p], 6 + 6 * column[p]
            values[top : top + 6, left : left + 6] = 0.16 if p in idle else growth(day)
        noisy = values + draw.normal(0, 0.01, values.shape)
        satellite.write(folder / f"ndvi_{day:%Y%m%d}.tif", noisy.astype(np.float32))
    return folder


def test_idle_parcels_are_contradicted_and_the_rest_confirmed(tmp_path: Path) -> None:
    workspace = stored(tmp_path / "w", corners())
    made = verify(workspace.root, pictures(tmp_path / "s"))
    assert list(made.verdicts["season"].unique()) == ["2024-spring", "2024-autumn"]
    for _, season in made.verdicts.groupby("season"):
        against = season.loc[season["verdict"] == "contradicted", "id"].tolist()
        assert against == [f"P{i:02d}" for i in IDLE]
        assert (season["verdict"] == "confirmed").sum() == ROWS * COLUMNS - len(IDLE)
    assert made.exit_code == 0


def test_idle_land_is_told_by_those_reported_in_use_even_where_most_lies_idle(tmp_path: Path) -> None:
    number = np.arange(ROWS * COLUMNS)
    unfinished = (number % 3 == 2) | (number >= 44)
    stage = np.where(unfinished, "remediating", "accepted")
    days = pd.Series(pd.to_datetime(np.where(unfinished, "NaT", "2023-09-01"))).dt.as_unit("s")
    bare = tuple(int(n) for n in np.flatnonzero(unfinished | (number % 8 == 0)))
    root = stored(tmp_path / "w", corners(), stage=stage, accepted_on=days).root
    made = verify(root, pictures(tmp_path / "s", idle=bare)).verdicts
    judged = made[made["standing"] == "reported"]
    against = judged.loc[judged["verdict"] == "contradicted", "id"].unique().tolist()
    assert against == [f"P{n:02d}" for n in bare if not unfinished[n]]


def test_reported_mu_splits_into_the_four_answers_by_township_and_county(tmp_path: Path) -> None:
    workspace = stored(tmp_path / "w", corners(), reported_mu=1.005)
    made = verify(workspace.root, pictures(tmp_path / "s"))
    assert made.areas is not None
    parts = made.areas[[f"{v}_mu" for v in VERDICTS]].sum(axis=1)
    assert parts.round(2).tolist() == made.areas["reported_mu"].tolist()
    for _, season in made.areas.groupby("season"):
        county, townships = season.iloc[0], season.iloc[1:]
        assert county["area_code"] == "519721"
        assert county["reported_mu"] == pytest.approx(48 * 1.005)
        assert townships["reported_mu"].sum() == pytest.approx(county["reported_mu"])


def test_contradicted_twice_becomes_a_review_by_name_entered_once(tmp_path: Path) -> None:
    from pipelines.act import workspace_ledger

    workspace = stored(tmp_path / "w", corners())
    folder = pictures(tmp_path / "s")
    made = verify(workspace.root, folder)
    assert made.tasks is not None
    assert made.tasks["task"].tolist() == ["review"] * len(IDLE)
    verify(workspace.root, folder)
    ledger = workspace_ledger(workspace)
    planned = ledger.events(layer="abandoned_parcel", columns=["kind", "feature_id", "to_stage"])
    assert planned["feature_id"].tolist() == [f"P{i:02d}" for i in IDLE]
    assert set(planned["kind"]) == {"plan_revisit"}
    assert planned["to_stage"].isna().all()
    assert ledger.audit() == []
    ledger.close()


def test_land_still_in_use_after_acceptance_stands_beside_what_was_not_seen(tmp_path: Path) -> None:
    made = verify(stored(tmp_path / "w", corners()).root, pictures(tmp_path / "s"))
    assert made.consolidation is not None
    county = made.consolidation[made.consolidation["area_code"] == "519721"]
    assert county["seasons_after"].tolist() == [1, 2]
    assert county["consolidation_rate"].tolist() == pytest.approx([45 / 48] * 2)
    assert county["unseen_share"].tolist() == [0.0, 0.0]
    townships = made.consolidation[made.consolidation["area_code"] != "519721"]
    assert townships.groupby("seasons_after")["in_use_mu"].sum().tolist() == county["in_use_mu"].tolist()


def test_orchards_are_never_contradicted(tmp_path: Path) -> None:
    modes = ["orchard" if i in IDLE else "owner" for i in range(ROWS * COLUMNS)]
    made = verify(stored(tmp_path / "w", corners(), mode=modes).root, pictures(tmp_path / "s"))
    assert set(made.verdicts["verdict"]) == {"confirmed", "inconclusive"}
    assert made.verdicts.loc[made.verdicts["verdict"] == "inconclusive", "reason"].unique().tolist() == ["managed"]


def test_a_run_broken_off_reads_only_the_scenes_it_had_not_read(tmp_path: Path) -> None:
    root = stored(tmp_path / "w", corners()).root
    folder = pictures(tmp_path / "s")
    whole = verify(root, folder).verdicts
    kept = sorted((root / "summary" / "verify" / "abandoned_parcel" / "scenes").glob("*/*.npz"))
    assert len(kept) == len(DAYS)
    before = {path: path.stat().st_mtime_ns for path in kept[3:]}
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:500])
    again = verify(root, folder).verdicts
    pd.testing.assert_frame_equal(whole, again)
    assert {path: path.stat().st_mtime_ns for path in kept[3:]} == before
    assert kept[0].is_file()


def test_the_same_pixels_under_two_dates_are_used_once_and_said(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "s")
    copied = folder / "ndvi_20240704.tif"
    copied.write_bytes((folder / f"ndvi_{DAYS[20]:%Y%m%d}.tif").read_bytes())
    made = verify(stored(tmp_path / "w", corners()).root, folder)
    assert [issue.code for issue in made.issues] == ["scene_repeated"]
    assert made.scenes == len(DAYS)


def test_scenes_cut_off_elsewhere_or_without_crs_are_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "s")
    good = (folder / f"ndvi_{DAYS[3]:%Y%m%d}.tif").read_bytes()
    (folder / "ndvi_20240905.tif").write_bytes(good[: len(good) // 2])
    satellite.write(folder / "ndvi_20240906.tif", np.full((9, 9), 0.5, np.float32), crs=None)
    far = satellite.write(folder / "ndvi_20240907.tif", np.full((9, 9), 0.5, np.float32), crs="EPSG:32633")
    made = verify(stored(tmp_path / "w", corners()).root, folder)
    assert {issue.params["scene"]: issue.code for issue in made.issues} == {
        "ndvi_20240905.tif": "scene_unreadable",
        "ndvi_20240906.tif": "scene_without_crs",
        far.name: "scene_outside",
    }
    assert made.scenes == len(DAYS)
    assert made.exit_code == 1


def test_neighbouring_pictures_of_a_day_are_joined_under_a_parcel_between_them(tmp_path: Path) -> None:
    whole, halves = pictures(tmp_path / "whole"), tmp_path / "halves"
    import rasterio
    from affine import Affine

    for path in sorted(whole.iterdir()):
        with rasterio.open(path) as data:
            values = data.read(1)
        satellite.write(halves / f"a_{path.name}", values[:, :33])
        moved = Affine(10.0, 0.0, satellite.WEST + 330, 0.0, -10.0, satellite.NORTH)
        satellite.write(halves / f"b_{path.name}", values[:, 33:], transform=moved)
    root = stored(tmp_path / "w", corners()).root
    one, two = verify(root, whole).verdicts, verify(root, halves).verdicts
    assert np.allclose(one["peak"], two["peak"], atol=0.02)
    assert one["verdict"].tolist() == two["verdict"].tolist()


def test_small_neighbours_are_verified_as_a_block_and_say_so(tmp_path: Path) -> None:
    shapes = corners()
    first = shapes[0].bounds
    small = [
        shapely.box(first[0] + 12 * i, first[1] + 5, first[0] + 12 * (i + 1), first[1] + 30) for i in range(4)
    ]
    both = np.array([*small, *shapes[1:]], dtype=object)
    codes = ["519721100001"] * 4 + [f"519721{100 + i % 2}001" for i in range(1, len(shapes))]
    made = verify(stored(tmp_path / "w", both, area_code=codes).root, pictures(tmp_path / "s"))
    members = made.verdicts[made.verdicts["id"].isin(["P00", "P01", "P02", "P03"])]
    assert set(members["block"]) == {4}
    assert set(members["verdict"]) == {"confirmed"}
    assert (members["pixels"] < 4).all()


def test_a_parcel_narrower_than_a_pixel_is_not_observable(tmp_path: Path) -> None:
    shapes = corners()
    west, south, _, north = shapes[0].bounds
    shapes[0] = shapely.box(west, south - 300, west + 7, north)
    made = verify(stored(tmp_path / "w", shapes).root, pictures(tmp_path / "s"))
    narrow = made.verdicts[made.verdicts["id"] == "P00"]
    assert narrow["reason"].unique().tolist() == ["too_narrow"]
    assert narrow["least_width_m"].tolist() == pytest.approx([8.0, 8.0])


def test_one_small_parcel_alone_is_not_observable(tmp_path: Path) -> None:
    shapes = corners()
    west, south = shapes[0].bounds[:2]
    shapes[0] = shapely.box(west + 5, south + 5, west + 20, south + 20)
    made = verify(stored(tmp_path / "w", shapes).root, pictures(tmp_path / "s"))
    assert made.verdicts.loc[made.verdicts["id"] == "P00", "reason"].unique().tolist() == ["too_small"]


def test_a_layer_one_pixel_off_is_said_before_anything_is_judged(tmp_path: Path) -> None:
    shapes = shapely.transform(corners(), lambda xy: xy + np.array([-10.0, 0.0]))
    made = verify(stored(tmp_path / "w", shapes).root, pictures(tmp_path / "s", idle=tuple(range(0, 48, 2))))
    (issue,) = [issue for issue in made.issues if issue.code == "layer_off_picture"]
    assert (issue.params["east"], issue.params["south"]) == (10.0, 0.0)


def test_nothing_to_look_at_or_to_judge_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "empty", code="519721", name="空县")
    folder = pictures(tmp_path / "s", days=DAYS[:1])
    with pytest.raises(Refused) as refusal:
        verify(workspace.root, folder)
    assert refusal.value.code == "verify_nothing_to_check"
    with pytest.raises(Refused) as refusal:
        verify(workspace.root, tmp_path / "no such folder")
    assert refusal.value.code == "scenes_missing"
    with pytest.raises(Refused) as refusal:
        verify(stored(tmp_path / "w", corners()).root, folder)
    assert refusal.value.code == "seasons_none"


def series_table(parcels: int = 120) -> pd.DataFrame:
    """A wide table of two places, every tenth parcel fallow."""
    draw = np.random.default_rng(4)
    days = [date(2023, 1, 5) + timedelta(days=16 * i) for i in range(23)]
    fallow = np.arange(parcels) % 10 == 0
    values = np.where(fallow[:, None], 0.18, np.array([growth(day) for day in days]))
    noisy = np.round((values + draw.normal(0, 0.01, values.shape)) * 10_000).astype(int)
    table = pd.DataFrame(noisy, columns=[f"NDVI_{day:%Y-%m-%d}" for day in days])
    table.insert(0, "地块编号", [f"D{i}" for i in range(parcels)])
    table.insert(1, "乡镇", np.repeat(["甲镇", "乙镇"], parcels // 2))
    table.insert(2, "标注", np.where(fallow, "撂荒", "水稻"))
    table.iloc[3, 5] = 65535
    return table


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".long.csv"])
def test_a_labelled_table_in_any_shape_calibrates_by_place(tmp_path: Path, suffix: str) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    table, path = series_table(), tmp_path / f"series{suffix}"
    if suffix == ".long.csv":
        kept = ["地块编号", "乡镇", "标注"]
        long = table.melt(kept, var_name="日期", value_name="ndvi")
        long["日期"] = long["日期"].str.removeprefix("NDVI_")
        long.to_csv(path, index=False, encoding="gb18030")
    elif suffix == ".csv":
        table.to_csv(path, index=False)
    elif suffix == ".xlsx":
        table.to_excel(path, index=False)
    else:
        table.to_parquet(path)
    made = verify(root, path, calibrate=True)
    assert made.calibration is not None
    assert made.calibration.auc == 1.0
    assert sorted(made.calibration.places["place"]) == ["乙镇", "甲镇"]
    assert made.calibration.matrix.loc["contradicted", "idle"] == 12
    assert (root / "summary" / "verify" / "tables" / path.stem / "calibration.json").is_file()


def test_labels_beside_series_are_joined_by_number_and_no_workspace_is_needed(tmp_path: Path) -> None:
    table, folder = series_table(), tmp_path / "both"
    folder.mkdir()
    table.drop(columns=["标注", "乡镇"]).to_csv(folder / "series.csv", index=False)
    table[["地块编号", "标注", "乡镇"]].iloc[::-1].to_excel(folder / "labels.xlsx", index=False)
    (folder / "README.txt").write_text("labels and series", encoding="utf-8")
    for source in (folder, folder / "series.csv"):
        made = verify(None, source, calibrate=True)
        assert made.calibration is not None
        assert (made.calibration.auc, made.said["labels_from"]) == (1.0, "labels.xlsx")
        assert sorted(made.calibration.places["place"]) == ["乙镇", "甲镇"]
    table.assign(地块编号=range(500, 620))[["地块编号", "标注"]].to_excel(folder / "labels.xlsx", index=False)
    with pytest.raises(Refused, match=r"labels\.xlsx") as refusal:
        verify(None, folder, calibrate=True)
    assert refusal.value.code == "series_labels_apart"
    with pytest.raises(Refused) as refusal:
        verify(None, folder)
    assert refusal.value.code == "verify_needs_workspace"


def test_labels_on_a_sheet_beside_the_series_are_joined_too(tmp_path: Path) -> None:
    table = series_table()
    with pd.ExcelWriter(tmp_path / "both.xlsx") as book:
        table[["地块编号", "标注", "乡镇"]].to_excel(book, sheet_name="标注", index=False)
        table.drop(columns=["标注", "乡镇"]).to_excel(book, sheet_name="时序", index=False)
    made = verify(None, tmp_path / "both.xlsx", calibrate=True)
    assert made.calibration is not None
    assert (made.calibration.auc, made.said["labels_from"]) == (1.0, "标注")


def test_a_file_for_each_place_is_cross_validated_by_file(tmp_path: Path) -> None:
    table = series_table()
    for place, part in table.groupby("乡镇"):
        part.drop(columns="乡镇").to_csv(tmp_path / f"{place}.csv", index=False)
    made = verify(None, tmp_path, calibrate=True).calibration
    assert made is not None
    assert sorted(made.places["place"]) == ["乙镇", "甲镇"]


@pytest.mark.parametrize(("idle", "used"), [(0, 1), (1, 0), (1, 2), ("F", "C")])
def test_labels_that_do_not_say_which_value_is_idle_are_told_by_the_ranking_and_said(
    tmp_path: Path, idle: object, used: object
) -> None:
    table = series_table()
    table["label"] = np.where(table.pop("标注") == "撂荒", idle, used)
    table.to_csv(tmp_path / "t.csv", index=False)
    made = verify(None, tmp_path / "t.csv", calibrate=True)
    assert made.calibration is not None
    assert (made.calibration.auc, made.said["idle"]) == (1.0, f"{idle} (12)")
    assert [issue.code for issue in made.issues] in ([], ["labels_turned"])


def test_a_table_of_two_dates_is_told_how_many_there_are_and_how_many_are_needed(tmp_path: Path) -> None:
    table = series_table()
    wide = table.drop(columns=list(table.columns[5:]))
    long = wide.melt(list(table.columns[:3]), var_name="日期", value_name="ndvi")
    long["日期"] = long["日期"].str.removeprefix("NDVI_")
    for name, two in (("wide", wide), ("long", long)):
        two.to_csv(tmp_path / f"{name}.csv", index=False)
        with pytest.raises(Refused) as refusal:
            verify(None, tmp_path / f"{name}.csv", calibrate=True)
        assert (refusal.value.code, refusal.value.params) == ("series_dates_few", {"found": 2, "least": 4})


def test_labels_the_wrong_way_round_are_suspected_and_a_place_without_idle_is_valid_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    table = series_table()
    turned = table.assign(标注=np.where(table["标注"] == "撂荒", "水稻", "撂荒"))
    turned.to_csv(tmp_path / "turned.csv", index=False)
    [issue] = verify(root, tmp_path / "turned.csv", calibrate=True).issues
    assert (issue.code, issue.params["share"]) == ("labels_look_inverted", 90.0)
    table.loc[table["乡镇"] == "乙镇", "标注"] = "水稻"
    table.to_csv(tmp_path / "one.csv", index=False)
    capsys.readouterr()
    assert (
        main(["verify", str(root), "--scenes", str(tmp_path / "one.csv"), "--calibrate", "--format", "json"]) == 0
    )
    [record] = json.loads(capsys.readouterr().out)
    places = {row["place"]: row["auc"] for row in record["calibration"]["places"]}
    assert places["乙镇"] is None


def test_a_table_without_labels_or_dates_is_refused_with_the_reason(tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    for columns, code in ((["标注"], "label_column_missing"), (None, "series_columns_missing")):
        table = series_table()
        table = table.iloc[:, :3] if columns is None else table.drop(columns=columns)
        table.to_csv(tmp_path / "t.csv", index=False)
        with pytest.raises(Refused) as refusal:
            verify(root, tmp_path / "t.csv", calibrate=True)
        assert refusal.value.code == code


def test_the_county_may_set_its_own_thresholds_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    series_table().to_csv(tmp_path / "t.csv", index=False)
    settings = (root / "county.toml").read_text(encoding="utf-8")
    (root / "county.toml").write_text(settings + "\n[verify_rule]\nconfirm_peak = 0.5\n", encoding="utf-8")
    made = verify(root, tmp_path / "t.csv")
    assert (made.rule.confirm_peak, made.rule.version) == (0.5, f"{Rule().version}+519721")
    (root / "county.toml").write_text(settings + "\n[verify_rule]\nheight = 3\n", encoding="utf-8")
    with pytest.raises(Refused, match="height"):
        verify(root, tmp_path / "t.csv")


@pytest.mark.real_data
def test_real_fallow_ranks_better_than_by_the_plain_peak(real_data: Path, tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    made = verify(root, real_data / "cawa_ndvi" / "cawa_dev.gpkg", calibrate=True).calibration
    assert made is not None
    figures = made.figures()
    assert (figures["parcels"], figures["idle"]) == (6063, 27)
    assert figures["auc"] >= 0.97 > figures["peak_auc"]
    assert figures["confirmed_precision"][0] >= 0.99
    assert figures["contradicted_recall"][0] >= 0.7
    assert figures["contradicted_precision"][0] >= 0.7
    assert set(made.places["place"]) == {"Fergana", "Khorezm", "Samarkand"}


@pytest.mark.real_data
def test_masking_the_clouds_of_the_slovenian_patch_halves_the_jumps(real_data: Path, tmp_path: Path) -> None:
    patch = real_data / "eolearn_patch" / "example_data" / "TestEOPatch"
    out = tmp_path / "clouds.svg"
    figures = picture_of(patch, patch / "vector_timeless" / "LULC.gpkg", out)
    assert figures["dates"] == 68
    assert figures["taken_mean"] < 0.2 < 0.5 < figures["kept_mean"]
    assert figures["jump_masked"] < 0.6 * figures["jump_unmasked"]
    assert out.read_text(encoding="utf-8").count("<circle") > 400


@pytest.mark.real_data
def test_a_long_table_of_reflectances_is_read_without_naming_anything(real_data: Path, tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "w", code="519721", name="试验县").root
    made = verify(root, real_data / "worldcereal_refs")
    assert made.verdicts.groupby("season").size().tolist() == [500, 500]
    assert made.said["id"] == "sample_id"


def test_visits_are_drawn_without_the_verdict_and_what_they_find_corrects_the_county(
    tmp_path: Path,
) -> None:
    root = stored(tmp_path / "w", corners()).root
    verify(root, pictures(tmp_path / "s"))
    path = draw_sample(root, "abandoned_parcel", 20)
    carried = pd.read_csv(path, encoding="utf-8-sig", dtype=str)
    assert len(carried) == 20
    assert "verdict" not in carried.columns
    idle = {f"P{i:02d}" for i in IDLE}
    carried["实地在种"] = ["否" if one in idle else "是" for one in carried["编号"]]
    carried.to_csv(tmp_path / "filled.csv", index=False, encoding="utf-8-sig")
    made = estimate_from(root, "abandoned_parcel", tmp_path / "filled.csv")
    assert made.in_use_mu.value == pytest.approx(45 * 5.0)
    assert made.found.loc["contradicted", False] == len(IDLE)
    carried.drop(columns="实地在种").to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(Refused, match=r"bad\.csv"):
        estimate_from(root, "abandoned_parcel", tmp_path / "bad.csv")
