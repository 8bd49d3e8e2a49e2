"""What the satellite check keeps of single parcels: series, peers, sentences, pictures; and the field visits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from geo.errors import Refused
from pipelines.__main__ import main
from pipelines.verify import verify
from pipelines.verify_keep import read_series
from pipelines.verify_parcel import ParcelCheck, chip_file, parcel_check
from pipelines.verify_sample import draw_sample, estimate_from
from pipelines.verify_words import estimate_lines
from pipelines.workspace import Workspace
from tests.pipelines.test_verify import DAYS, IDLE, corners, growth, pictures, stored

LAYER = "abandoned_parcel"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A county checked with pictures, chips of what needs a look and of P00; the pictures are gone afterwards."""
    folder = tmp_path_factory.mktemp("checked")
    workspace = stored(folder / "w", corners())
    scenes = pictures(folder / "s")
    verify(workspace.root, scenes, chips=2, chip_ids=["P00"])
    for path in scenes.iterdir():
        path.unlink()
    return workspace


def check_of(workspace: Workspace, parcel: str) -> ParcelCheck:
    found = parcel_check(workspace, LAYER, parcel)
    assert found is not None
    return found


def test_a_sheet_is_drawn_from_what_was_kept_without_the_pictures(checked: Workspace) -> None:
    used, idle = check_of(checked, "P00"), check_of(checked, "P05")
    assert used.days == tuple(DAYS)
    assert used.ndvi == pytest.approx([growth(day) for day in DAYS], abs=0.03)
    assert [one.verdict for one in used.judged] == ["confirmed", "confirmed"]
    assert [one.verdict for one in idle.judged] == ["contradicted", "contradicted"]
    assert idle.peers[:, 1] == pytest.approx([growth(day) for day in DAYS], abs=0.03)
    assert not idle.clouded.any()
    assert (used.pixel_m, used.pixels) == (10.0, pytest.approx(30.25, abs=0.3))


def test_events_of_a_double_crop_stand_in_both_seasons(checked: Workspace) -> None:
    spring, autumn = check_of(checked, "P00").judged
    assert {"green_up", "peak", "harvest"} <= {event.kind for event in spring.events}
    assert {"green_up", "peak", "harvest"} <= {event.kind for event in autumn.events}
    assert {event.kind for one in check_of(checked, "P05").judged for event in one.events} == {"bare"}


def test_the_sentence_holds_its_evidence_and_a_parcel_not_checked_gives_none(checked: Workspace) -> None:
    one = check_of(checked, "P05")
    said = one.said(one.judged[1], "zh", season="2024年大春")
    assert said.startswith("2024年大春全季近于裸露")
    assert "不作处罚依据" in said
    assert parcel_check(checked, LAYER, "P99") is None
    assert parcel_check(checked, "contract_parcel", "P00") is None


def test_pictures_are_cut_of_parcels_that_need_a_look_and_of_those_asked_for(checked: Workspace) -> None:
    target = checked.root / "summary" / "verify" / LAYER / "chips"
    kept = json.loads((target / "chips.json").read_text(encoding="utf-8"))
    assert list(kept) == ["P00", "P05"]
    before, after = check_of(checked, "P05").chips
    assert (before.when, after.when) == ("before", "after")
    assert before.day < after.day
    file = chip_file(checked, LAYER, after.name)
    assert file is not None
    assert file.stat().st_size < 20_000
    with Image.open(file) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(100_000) or ()}
        assert 240 <= max(picture.size) < 480
    assert {(255, 255, 255), (20, 20, 20)} <= colours
    assert rims(file) == {True}
    assert chip_file(checked, LAYER, "../run.json") is None
    assert len(list(target.glob("*.png"))) == 4


def rims(file: Path) -> set[bool]:
    """Whether each white point of an outline has nothing but white and dark about it."""
    with Image.open(file) as picture:
        points = np.asarray(picture.convert("RGB")).sum(axis=2)
    white, dark = points == 3 * 255, points == 3 * 20
    found = set()
    for row, column in zip(*np.nonzero(white[1:-1, 1:-1]), strict=True):
        about = (slice(row, row + 3), slice(column, column + 3))
        found.add(bool((white[about] | dark[about]).all()))
    return found


def test_what_is_kept_of_the_parcels_is_read_one_row_at_a_time(checked: Workspace) -> None:
    target = checked.root / "summary" / "verify" / LAYER
    (series,) = target.glob("series-*")
    kept = read_series(series, "P47")
    assert kept is not None
    assert kept.std["ndvi"] == pytest.approx(np.full(len(DAYS), 0.01), abs=0.02)
    assert kept.share.tolist() == pytest.approx([1.0] * len(DAYS))
    assert read_series(series, "P48") is None


def test_a_run_that_fails_leaves_the_series_of_the_last_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = stored(tmp_path / "w", corners())
    scenes = pictures(tmp_path / "s")
    verify(workspace.root, scenes)
    target = workspace.root / "summary" / "verify" / LAYER
    before = [path.name for path in target.glob("series-*")]
    (target / "series-of-a-killed-run").mkdir()
    with monkeypatch.context() as broken:
        broken.setattr("pipelines.verify_images.write_json", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            verify(workspace.root, scenes)
    assert [path.name for path in target.glob("series-*")] == before
    assert parcel_check(workspace, LAYER, "P00") is not None


def filled(workspace: Workspace, tmp_path: Path, answers: dict[str, str], visits: int = 20) -> Path:
    carried = pd.read_csv(draw_sample(workspace.root, LAYER, visits), dtype=str, encoding="utf-8-sig")
    carried["实地在种"] = [answers.get(one, "是") for one in carried["编号"]]
    path = tmp_path / "filled.csv"
    carried.to_csv(path, index=False, encoding="gb18030")
    return path


def test_the_list_of_visits_follows_a_route_and_is_drawn_as_one(checked: Workspace) -> None:
    path = draw_sample(checked.root, LAYER, 12)
    carried = pd.read_csv(path, dtype={"编号": str}, encoding="utf-8-sig")
    assert carried["序号"].tolist() == list(range(1, 13))
    way = json.loads(path.with_suffix(".geojson").read_text(encoding="utf-8"))["features"]
    assert [one["geometry"]["type"] for one in way] == ["Point"] * 12 + ["LineString"]
    assert [one["properties"]["编号"] for one in way[:12]] == carried["编号"].tolist()
    again = pd.read_csv(draw_sample(checked.root, LAYER, 12), dtype={"编号": str}, encoding="utf-8-sig")
    assert again["编号"].tolist() == carried["编号"].tolist()


def test_visits_that_all_agree_leave_the_county_at_what_the_pictures_confirm(
    checked: Workspace, tmp_path: Path
) -> None:
    made = estimate_from(checked.root, LAYER, filled(checked, tmp_path, {f"P{i:02d}": "否" for i in IDLE}))
    assert (made.whole_mu, made.confirmed_mu) == (240.0, 225.0)
    assert made.in_use_mu.value == pytest.approx(225.0)
    assert made.in_use_mu.error == 0.0
    assert made.visited == 20


def test_half_of_the_visits_found_idle_halve_the_figure_and_widen_its_interval(
    checked: Workspace, tmp_path: Path
) -> None:
    path = filled(checked, tmp_path, {})
    carried = pd.read_csv(path, dtype=str, encoding="gb18030")
    use = ~carried["编号"].isin([f"P{i:02d}" for i in IDLE])
    seen = carried[use].head(16).copy()
    seen["实地在种"] = ["是", "否"] * 8
    rest = carried[~use].assign(实地在种="否")
    pd.concat([seen, rest]).to_csv(path, index=False, encoding="utf-8-sig")
    made = estimate_from(checked.root, LAYER, path).as_dict()
    assert made["in_use_mu"] == pytest.approx(112.5)
    # n = 16 of 45 alike parcels of 5 亩, half of them in use: 225 · sqrt((1 − 16/45) · 0.25 · 16/15 / 16)
    error = 225 * np.sqrt((1 - 16 / 45) * 0.25 * 16 / 15 / 16)
    assert made["low"] == pytest.approx(112.5 - 1.959964 * error)
    assert made["high"] == pytest.approx(112.5 + 1.959964 * error)
    assert made["found"]["confirmed"] == {"in_use": 8, "idle": 8}


def test_a_list_without_answers_is_refused(checked: Workspace, tmp_path: Path) -> None:
    carried = pd.read_csv(draw_sample(checked.root, LAYER, 20), dtype=str, encoding="utf-8-sig")
    carried.to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(Refused) as refusal:
        estimate_from(checked.root, LAYER, tmp_path / "empty.csv")
    assert refusal.value.code == "sample_one_sided"


def test_answers_that_cannot_be_counted_are_said(checked: Workspace, tmp_path: Path) -> None:
    path = filled(checked, tmp_path, {f"P{i:02d}": "否" for i in IDLE})
    carried = pd.read_csv(path, dtype=str, encoding="gb18030")
    stranger = carried.head(1).assign(编号="无此编号")
    use = np.flatnonzero(~carried["编号"].isin([f"P{i:02d}" for i in IDLE]))
    carried.loc[use[0], "实地在种"] = "看不到"
    carried.loc[use[1], "实地在种"] = None
    pd.concat([carried, stranger]).to_csv(path, index=False, encoding="utf-8-sig")
    made = estimate_from(checked.root, LAYER, path)
    assert (made.visited, made.answers.blank, made.answers.unread, made.strangers) == (18, 1, ("看不到",), 1)
    [said] = estimate_lines(made, "zh")[2:]
    assert said == "未计入：未填 1 处；既非“是”也非“否”的 1 处（看不到）；不在核查结果里的编号 1 个"


def test_an_unknown_number_is_told_from_a_layer_never_checked(
    checked: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(checked.root), "--layer", LAYER, "--show", "P9999"]) == 2
    assert "没有编号“P9999”" in capsys.readouterr().err
    assert main(["verify", str(checked.root), "--layer", "land_transfer", "--show", "P9999"]) == 2
    assert "还没有卫星核查结果" in capsys.readouterr().err
