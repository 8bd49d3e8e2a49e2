"""What comes back from the visits is held against the check it was drawn on, each thing once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo.errors import Refused
from pipelines.verify import verify
from pipelines.verify_sample import Corrected, draw_sample, estimate_from
from pipelines.verify_words import estimate_lines
from pipelines.workspace import Workspace
from tests.pipelines.test_verify import DAYS, IDLE, corners, pictures, stored

LAYER = "abandoned_parcel"
IDS = {f"P{i:02d}" for i in IDLE}


@pytest.fixture
def checked(tmp_path: Path) -> Workspace:
    """A county checked with pictures of two seasons."""
    workspace = stored(tmp_path / "w", corners())
    verify(workspace.root, pictures(tmp_path / "s"))
    return workspace


def drawn(workspace: Workspace) -> pd.DataFrame:
    """A list of 20 visits as an inspector brings it back: what the pictures call idle is, the rest is in use."""
    carried = pd.read_csv(draw_sample(workspace.root, LAYER, 20), dtype=str, encoding="utf-8-sig")
    return carried.assign(实地在种=["否" if one in IDS else "是" for one in carried["编号"]])


def taken_in(workspace: Workspace, carried: pd.DataFrame) -> Corrected:
    path = workspace.root / "filled.csv"
    carried.to_csv(path, index=False, encoding="utf-8-sig")
    return estimate_from(workspace.root, LAYER, path)


def test_a_thing_said_to_be_both_is_left_out_by_name_and_repeats_count_once(checked: Workspace) -> None:
    carried = drawn(checked)
    use = carried[~carried["编号"].isin(IDS)]
    other, again = use.iloc[[0]].assign(实地在种="否"), use.iloc[[1]]
    made = taken_in(checked, pd.concat([carried, other, again, again]))
    name = use["编号"].iloc[0]
    assert (made.answers.contradictory, made.answers.repeated, made.visited) == ((name,), 2, 19)
    assert made.as_dict()["contradictory"] == [name]
    assert made.in_use_mu.value == pytest.approx(45 * 5.0)
    both, twice = estimate_lines(made, "zh")[2:]
    assert "又填“否”的 1 块" in both
    assert name in both
    assert "2 行只计一次" in twice
    assert name in estimate_lines(made, "en")[2]


def test_the_list_names_the_season_to_look_at_and_the_figure_too(checked: Workspace) -> None:
    carried = drawn(checked)
    assert set(carried["季节"]) == {f"2024年大春（影像至{DAYS[-1]}）"}
    made = taken_in(checked, carried)
    assert not made.changed
    assert estimate_lines(made, "zh")[0].startswith("2024年大春（影像至")
    assert estimate_lines(made, "en")[0].startswith("2024 autumn harvest (pictures to")


def test_visits_are_held_against_the_verdicts_they_were_drawn_on_though_the_check_has_changed(
    checked: Workspace, tmp_path: Path
) -> None:
    carried = drawn(checked)
    before = taken_in(checked, carried)
    verify(checked.root, pictures(tmp_path / "later", idle=(*IDLE, 1, 2, 3)))
    after = taken_in(checked, carried)
    assert (after.in_use_mu, after.confirmed_mu) == (before.in_use_mu, before.confirmed_mu)
    assert (before.changed, after.changed) == (False, True)
    assert "--sample" in estimate_lines(after, "zh")[-1]
    assert "has changed since" in estimate_lines(after, "en")[-1]


def test_a_list_of_an_earlier_season_is_not_taken_for_the_list_drawn_last(
    checked: Workspace, tmp_path: Path
) -> None:
    carried = drawn(checked)
    verify(
        checked.root, pictures(tmp_path / "later", days=[day for day in DAYS if day.year == 2023 or day.month < 7])
    )
    draw_sample(checked.root, LAYER, 20)
    with pytest.raises(Refused) as refusal:
        taken_in(checked, carried)
    assert refusal.value.code == "sample_of_other_check"
    assert "2024年大春" in refusal.value.words("zh")
    assert "2024 spring harvest" in refusal.value.words("en")


def test_a_verdict_nobody_visited_is_named_in_the_reader_s_language(checked: Workspace) -> None:
    carried = drawn(checked)
    with pytest.raises(Refused) as refusal:
        taken_in(checked, carried[carried["编号"].isin(IDS)])
    assert "“在种”" in refusal.value.words("zh")
    assert "“In use”" in refusal.value.words("en")
