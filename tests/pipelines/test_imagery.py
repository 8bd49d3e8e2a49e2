"""Pictures of every usual product: the right date, scale, offset and mask, or one sentence why not."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from pipelines.imagery import Scene, fingerprint, window_of
from pipelines.imagery_find import find_scenes
from pipelines.imagery_names import day_in, role_in
from tests.pipelines import satellite

NDVI = 0.40 / 0.50


def the_scene(folder: Path) -> Scene:
    scenes, issues = find_scenes(folder)
    assert [issue.code for issue in issues] == []
    (scene,) = scenes
    return scene


def whole(scene: Scene, *, masked: bool = True) -> np.ndarray:
    return scene.read((0, 0, scene.grid.columns, scene.grid.rows), masked=masked)["ndvi"]


def refused(folder: Path) -> list[str]:
    scenes, issues = find_scenes(folder)
    assert scenes == []
    return [issue.code for issue in issues]


@pytest.mark.parametrize(
    ("baseline", "offset"),
    [("05.10", -1000.0), ("04.00", None), ("03.01", None)],
    ids=["stated", "implied", "before"],
)
def test_the_offset_of_sentinel_2_is_taken_off_as_the_product_states_it(
    tmp_path: Path, baseline: str, offset: float | None
) -> None:
    satellite.safe(tmp_path, baseline=baseline, offset=offset)
    scene = the_scene(tmp_path)
    assert scene.day == date(2024, 6, 1)
    values = whole(scene)
    assert values[20, 20] == pytest.approx(NDVI, abs=1e-3)
    assert np.isnan(values[-1, -1])


def test_clouds_of_the_scene_classification_are_left_out_at_twice_the_pixel(tmp_path: Path) -> None:
    satellite.safe(tmp_path)
    scene = the_scene(tmp_path)
    assert np.isnan(whole(scene)[:4, :4]).all()
    assert np.isfinite(whole(scene)[4:30, 4:30]).all()
    assert np.isfinite(whole(scene, masked=False)[:4, :4]).all()


def test_wetness_and_bareness_come_with_the_short_wave_band(tmp_path: Path) -> None:
    satellite.safe(tmp_path)
    found = the_scene(tmp_path).read((10, 10, 4, 4))
    assert found["lswi"] == pytest.approx((0.45 - 0.2) / 0.65, abs=1e-3)
    assert found["bsi"] == pytest.approx((0.2 + 0.05 - 0.45 - 0.04) / 0.74, abs=1e-3)


def sent_zipped(product: Path, folder: Path) -> Path:
    """A product's folder as one zip in a folder of its own."""
    zipped = folder / f"{product.stem}.zip"
    folder.mkdir()
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(product.rglob("*")):
            archive.write(path, path.relative_to(product.parent))
    return zipped


def test_a_zipped_product_reads_like_its_folder(tmp_path: Path) -> None:
    product = satellite.safe(tmp_path / "made")
    zipped = sent_zipped(product, tmp_path / "sent")
    assert np.array_equal(whole(the_scene(zipped.parent)), whole(the_scene(product.parent)), equal_nan=True)


def test_a_zip_cut_off_half_way_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    product = satellite.safe(tmp_path / "made")
    zipped = sent_zipped(product, tmp_path / "sent")
    zipped.write_bytes(zipped.read_bytes()[: zipped.stat().st_size // 2])
    satellite.write(zipped.parent / "ndvi_20240601.tif", np.full((9, 9), 0.5, np.float32))
    scenes, issues = find_scenes(zipped.parent)
    assert [scene.name for scene in scenes] == ["ndvi_20240601.tif"]
    assert [issue.code for issue in issues] == ["scene_unreadable"]


def test_a_product_without_its_red_band_is_refused_by_name(tmp_path: Path) -> None:
    product = satellite.safe(tmp_path)
    next(product.rglob("*B04_10m.jp2")).unlink()
    _, issues = find_scenes(tmp_path)
    assert [(issue.code, issue.params["missing"]) for issue in issues] == [("scene_incomplete", "B04")]


def test_landsat_is_scaled_and_its_quality_bits_hide_clouds(tmp_path: Path) -> None:
    quality = np.full((satellite.SIDE, satellite.SIDE), 21824, np.uint16)
    quality[0, 0], quality[0, 1] = 22280, 23888
    satellite.landsat(tmp_path, quality=quality)
    scene = the_scene(tmp_path)
    values = whole(scene)
    assert scene.day == date(2024, 6, 3)
    assert values[5, 5] == pytest.approx(NDVI, abs=1e-3)
    assert np.isnan(values[0, :2]).all()
    assert np.isnan(values[-1, -1])


def test_landsat_without_its_quality_band_is_refused(tmp_path: Path) -> None:
    satellite.landsat(tmp_path)
    next(tmp_path.glob("*QA_PIXEL.TIF")).unlink()
    assert refused(tmp_path) == ["scene_incomplete"]


@pytest.mark.parametrize(("kind", "scale", "empty"), [("int16", 10_000, -32768), ("float32", 1, -9999)])
def test_an_index_raster_is_brought_to_its_own_scale(tmp_path: Path, kind: str, scale: int, empty: int) -> None:
    values = np.full((12, 12), 0.6 * scale).astype(kind)
    values[0, 0] = empty
    satellite.write(tmp_path / "county_NDVI_2024-06-01.tif", values)
    found = whole(the_scene(tmp_path))
    assert np.isnan(found[0, 0])
    assert found[1, 1] == pytest.approx(0.6, abs=1e-4)


def test_an_index_kept_as_bytes_comes_back_to_its_own_scale(tmp_path: Path) -> None:
    values = np.round(np.linspace(0.05, 0.9, 144) * 250).reshape(12, 12).astype(np.uint8)
    satellite.write(tmp_path / "county_NDVI_2024-06-01.tif", values)
    assert whole(the_scene(tmp_path)) == pytest.approx(values / 250, abs=1e-5)


def test_bands_with_dates_are_scenes_of_their_own(tmp_path: Path) -> None:
    path = satellite.write(tmp_path / "stack.tif", np.stack([np.full((9, 9), v, np.float32) for v in (0.2, 0.6)]))
    with rasterio.open(path, "r+") as data:
        data.set_band_description(1, "2024-05-01")
        data.set_band_description(2, "NDVI_20240611")
    scenes, issues = find_scenes(tmp_path)
    assert issues == []
    assert [scene.day for scene in scenes] == [date(2024, 5, 1), date(2024, 6, 11)]
    assert whole(scenes[1])[0, 0] == pytest.approx(0.6)


def test_a_stac_item_says_date_scale_and_offset(tmp_path: Path) -> None:
    satellite.write(tmp_path / "red.tif", np.full((9, 9), 1500, np.uint16))
    satellite.write(tmp_path / "nir.tif", np.full((9, 9), 5500, np.uint16))
    satellite.write(tmp_path / "mask.tif", np.eye(9, dtype=np.uint8) * 9 + (1 - np.eye(9, dtype=np.uint8)) * 4)
    band = {"scale": 0.0001, "offset": -0.1, "nodata": 0}
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "S2_20240601",
        "properties": {"datetime": "2024-06-01T03:35:41Z"},
        "assets": {
            "red": {"href": "./red.tif", "raster:bands": [band]},
            "nir": {"href": "nir.tif", "raster:bands": [band]},
            "scl": {"href": "mask.tif"},
        },
    }
    (tmp_path / "item.json").write_text(json.dumps(item))
    values = whole(the_scene(tmp_path))
    assert values[0, 1] == pytest.approx(NDVI, abs=1e-4)
    assert np.isnan(np.diag(values)).all()


@pytest.mark.parametrize(
    ("properties", "raw"),
    [
        ({"s2:processing_baseline": "05.10"}, 1000),
        ({"s2:processing_baseline": "03.01"}, 0),
        ({"s2:processing_baseline": "05.10", "earthsearch:boa_offset_applied": True}, 0),
    ],
)
def test_a_stac_item_of_sentinel_2_that_states_no_offset_has_that_of_its_baseline(
    tmp_path: Path, properties: dict[str, object], raw: int
) -> None:
    for name, value in (("red", 500), ("nir", 4500)):
        satellite.write(tmp_path / f"{name}.tif", np.full((9, 9), value + raw, np.uint16))
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "S2_20240601"}
    item |= {"properties": {"datetime": "2024-06-01T03:35:41Z", **properties}}
    item |= {"assets": {name: {"href": f"{name}.tif"} for name in ("red", "nir")}}
    (tmp_path / "item.json").write_text(json.dumps(item))
    assert whole(the_scene(tmp_path))[1, 1] == pytest.approx(NDVI, abs=1e-4)


def test_a_stac_item_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    link = {"href": "https://example.org/red.tif"}
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "x", "properties": {"datetime": "2024-06-01"}}
    (tmp_path / "item.json").write_text(json.dumps({**item, "assets": {"red": link, "nir": link}}))
    assert refused(tmp_path) == ["scene_elsewhere"]


def test_what_cannot_be_used_is_said_in_one_sentence_each(tmp_path: Path) -> None:
    values = np.random.default_rng(1).random((300, 300)).astype(np.float32)
    satellite.write(tmp_path / "no_date.tif", values)
    satellite.write(tmp_path / "nowhere_20240601.tif", values, crs=None)
    satellite.write(tmp_path / "heights_20240601.tif", values * 800)
    (tmp_path / "words_20240601.tif").write_text("not a picture")
    codes = {issue.params["scene"]: issue.code for issue in find_scenes(tmp_path)[1]}
    assert codes == {
        "no_date.tif": "scene_without_date",
        "nowhere_20240601.tif": "scene_without_crs",
        "heights_20240601.tif": "scene_without_index",
        "words_20240601.tif": "scene_unreadable",
    }
    assert all("\n" not in issue.words(lang) for issue in find_scenes(tmp_path)[1] for lang in ("zh", "en"))


def test_scenes_of_one_name_in_two_folders_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    values = np.random.default_rng(1).random((30, 30)).astype(np.float32)
    for folder in ("a", "b"):
        satellite.write(tmp_path / folder / "ndvi_20240601.tif", values)
        (tmp_path / folder / "words_20240601.tif").write_text("not a picture")
    scenes, issues = find_scenes(tmp_path)
    assert [one.name for one in scenes] == ["a/ndvi_20240601.tif", "b/ndvi_20240601.tif"]
    assert [one.params["scene"] for one in issues] == ["a/words_20240601.tif", "b/words_20240601.tif"]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("NDVI_20240611.tif", date(2024, 6, 11)),
        ("2024-06-11_ndvi", date(2024, 6, 11)),
        ("T48RVU_20240611T033541_B04", date(2024, 6, 11)),
        ("MOD13Q1.A2024161.h27v05", date(2024, 6, 9)),
        ("county", None),
        ("id_123456789", None),
    ],
)
def test_dates_are_told_from_names(name: str, day: date | None) -> None:
    assert day_in(name) == day


def test_bands_are_told_from_descriptions() -> None:
    told = [role_in(text) for text in ("B04", "Red", "B08 (NIR)", "ndvi_mean", "B05", "B12", None)]
    assert told == ["red", "red", "nir", "ndvi", None, None, None]


def test_a_window_is_where_a_box_meets_the_grid(tmp_path: Path) -> None:
    satellite.write(tmp_path / "ndvi_20240601.tif", np.zeros((40, 40), np.float32))
    grid = the_scene(tmp_path).grid
    assert window_of(grid, (500_100, 3_399_800, 500_150, 3_399_900)) == (8, 8, 9, 14)
    assert window_of(grid, (100_000, 3_399_800, 100_050, 3_399_900)) is None


def test_equal_pixels_have_one_mark() -> None:
    one = np.arange(9, dtype=np.float32)
    assert fingerprint(one) == fingerprint(one.copy()) != fingerprint(one + 1)


@pytest.mark.real_data
def test_the_slovenian_patch_gives_its_68_dates_with_its_own_clouds(real_data: Path) -> None:
    scenes, issues = find_scenes(real_data / "eolearn_patch" / "example_data" / "TestEOPatch")
    assert (len(scenes), issues) == (68, [])
    raw = np.load(real_data / "eolearn_patch/example_data/TestEOPatch/data/NDVI.npy")[..., 0]
    cloud = np.load(real_data / "eolearn_patch/example_data/TestEOPatch/mask/CLM.npy")[..., 0]
    for number in (0, 1, 40):
        assert np.array_equal(whole(scenes[number], masked=False), raw[number])
        assert np.array_equal(np.isnan(whole(scenes[number])), cloud[number] == 1)


@pytest.mark.real_data
def test_the_sentinel_chip_and_its_neighbours_are_taken_or_refused(real_data: Path) -> None:
    scenes, issues = find_scenes(real_data / "terra_ex")
    assert [(scene.name, scene.day) for scene in scenes] == [("sent2_L2A_2024-08-24.tif", date(2024, 8, 24))]
    assert {issue.code for issue in issues} == {"scene_without_date"}
    with rasterio.open(real_data / "terra_ex" / "sent2_L2A_2024-08-24.tif") as data:
        red, nir = data.read(3).astype(float), data.read(4).astype(float)
    assert np.allclose(whole(scenes[0]), (nir - red) / (nir + red), atol=1e-6, equal_nan=True)


def test_a_name_with_a_date_that_is_none_says_so(tmp_path: Path) -> None:
    for name in ("ndvi_20261345.tif", "county.tif"):
        satellite.write(tmp_path / name, np.full((4, 4), 0.5, np.float32))
    _, issues = find_scenes(tmp_path)
    assert {one.params["scene"]: (one.code, one.params.get("text")) for one in issues} == {
        "county.tif": ("scene_without_date", None),
        "ndvi_20261345.tif": ("scene_date_impossible", "20261345"),
    }
