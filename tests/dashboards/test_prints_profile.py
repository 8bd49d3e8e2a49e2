"""An area on paper, and comparisons: photos of two occasions, all text as text, changes with their sign."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from dashboards import profiles
from dashboards.comparisons import areas_board, figures_board
from dashboards.data import County, county
from dashboards.legends import value_legend
from dashboards.looks import Look, county_then, read_look
from dashboards.prints import page
from dashboards.scenes import scene
from geo.access import Actor
from geo.layers import builtin_layers
from pipelines.act import act
from tests.dashboards.little_county import HOSTILE

TODAY = date(2026, 11, 22)
PARCEL = builtin_layers()["abandoned_parcel"]
WORKER = Actor("乡镇员", "township", "石桥镇", "990101100")
EASTERN = Actor("东山员", "township", "东山乡", "990101102")
KEEPER = Actor("农业员", "bureau", "农业农村局", "", ("abandoned_parcel",))


@pytest.fixture(scope="module")
def photographed(tmp_path_factory: pytest.TempPathFactory, county_folder: Path) -> Path:
    """The little county, in which a parcel was remediated and accepted with a photo each."""
    copy = tmp_path_factory.mktemp("photos") / "county"
    shutil.copytree(county_folder, copy)
    steps = [(WORKER, "remediating", 4), (WORKER, "remediated", 5), (KEEPER, "accepted", 6)]
    for number, (actor, stage, month) in enumerate(steps):
        shot = copy.parent / f"{number}.jpg"
        Image.effect_noise((64, 48), 40 + 20 * number).convert("RGB").save(shot)
        moment = datetime(2026, month, 10, 3, tzinfo=UTC)
        photo = shot if number else None
        act(copy, "abandoned_parcel", "TB0005", stage, actor, photo=photo, now=moment)
    return copy


def look(here: County, **asked: str) -> Look:
    return read_look(asked, here, today=TODAY, lang="zh")


def test_the_profile_shows_the_first_and_the_latest_photo(photographed: Path) -> None:
    here = county(photographed)
    seen = look(here, area="990101100")
    found = profiles.profile(here, seen, scene(here, seen).figures)
    assert [one.thing_id for one in found.photos] == ["TB0005"]
    assert (found.photos[0].before_on, found.photos[0].after_on) == (date(2026, 5, 10), date(2026, 6, 10))
    assert here.photo(found.photos[0].before, "thumb") is not None


def test_on_a_day_before_the_second_photo_there_is_no_pair(photographed: Path) -> None:
    here = county(photographed)
    seen = look(here, area="990101100", as_of="2026-05-31")
    assert profiles.profile(here, seen, None).photos == ()


def test_photos_are_of_the_day_in_china_and_as_shown_then_only_those_recorded_by_then(
    photographed: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "county"
    shutil.copytree(photographed, copy)
    steps = (
        ("remediated", EASTERN, datetime(2026, 7, 1, 3, tzinfo=UTC), datetime(2026, 7, 1, 4, tzinfo=UTC)),
        ("accepted", KEEPER, datetime(2026, 7, 30, 17, tzinfo=UTC), datetime(2026, 9, 1, 3, tzinfo=UTC)),
    )
    for number, (stage, who, at, now) in enumerate(steps):
        shot = tmp_path / f"{number}.png"
        Image.effect_noise((64, 48), 90 + 20 * number).convert("RGB").save(shot)
        act(copy, "abandoned_parcel", "TB0030", stage, who, photo=shot, at=at, now=now)
    here = county(copy)

    def pairs(**asked: str) -> list[str]:
        seen = look(here, area="990101102", **asked)
        return [one.thing_id for one in profiles.profile(county_then(here, seen), seen, None).photos]

    assert pairs(as_of="2026-07-30") == []
    assert pairs(as_of="2026-07-31") == ["TB0030"]
    assert pairs(as_of="2026-07-31", shown="then") == []
    assert pairs(as_of="2026-09-02", shown="then") == ["TB0030"]


def test_the_printed_profile_holds_everything_and_hostile_text_as_text(photographed: Path) -> None:
    here = county(photographed)
    seen = look(here, area="990101100", sheet="profile")
    text = page(here, seen, scene(here, seen), back="/?area=990101100&x=%3C<script>")
    for said in (
        "石桥镇 · 一页简报",
        "靠后的村",
        "超期最久",
        "责任单位与人员",
        "整治前后",
        "○ 未设目标",
        "还没有数据",
    ):
        assert said in text, said
    assert text.count("/thumb.jpg") == 2
    assert HOSTILE not in text and "<script>\n" not in text
    assert 'class="again" href="/?area=990101100&amp;x=%3C&lt;script&gt;"' in text


def rows(*values: float) -> pd.DataFrame:
    codes = [f"99010110{at}" for at in range(len(values))]
    return pd.DataFrame({"area_code": codes, "area_name": codes, "level": "township", "remediated_rate": values})


def test_changes_have_their_sign_and_rates_change_in_points() -> None:
    rate = PARCEL.indicator("remediated_rate")
    legend = value_legend([10.0, 60.0], rate, "zh")
    before, after = rows(10.0, 20.0, 20.0), rows(15.5, 10.0, 20.0)
    made = areas_board(before, after, rate, legend, names=("甲", "乙"), level="township", lang="zh")
    assert [row.cells for row in made.rows] == [
        ("+5.5 个百分点", "10.0%", "15.5%"),
        ("0.0 个百分点", "20.0%", "20.0%"),
        ("-10.0 个百分点", "20.0%", "10.0%"),
    ]


def test_two_areas_are_set_side_by_side_figure_by_figure() -> None:
    values = pd.Series({one.id: 1.0 for one in PARCEL.indicators})
    made = figures_board(values, values * 2, PARCEL, names=("甲", "乙"), lang="en")
    by_name = {row.name: row.cells for row in made.rows}
    assert by_name["Found (mu)"] == ("1.00", "2.00", "+1.00")
    assert all(row.key == "" for row in made.rows)


def printed(county_folder: Path, **asked: str) -> str:
    here = county(county_folder)
    view = look(here, **asked)
    return page(here, view, scene(here, view), back="/?x")


def test_two_days_are_printed_side_by_side_with_their_difference(county_folder: Path) -> None:
    text = printed(county_folder, versus="2026-01-31", indicator="remediated_rate")
    assert text.count("<svg") == 2 and text.count("<figcaption>") == 1
    assert text.index("2026年1月31日") < text.index("2026年11月22日")
    assert "变化" in text and "石桥镇" in text
    assert printed(county_folder, indicator="remediated_rate").count("<svg") == 1


def test_two_townships_are_printed_side_by_side_each_with_its_own_villages(county_folder: Path) -> None:
    text = printed(county_folder, area="990101100", versus="990101101")
    assert text.count("<svg") == 2
    assert text.index("前进村") < text.index("清泉村")
    assert "<th>石桥镇</th><th>清水乡</th>" in text
