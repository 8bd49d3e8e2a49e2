"""The four verdicts and their sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.verdicts import MANAGED, REASONS, VERDICTS, Facts, Rule, judge, label, sentence

GROWN = {"clear": 12, "gap_days": 20, "peak": 0.75, "base": 0.15, "swing": 0.55, "spread": 0.2, "rise": 0.4}
BARE = {"clear": 12, "gap_days": 20, "peak": 0.22, "base": 0.1, "swing": 0.1, "spread": 0.03}
GREEN = {"clear": 12, "gap_days": 20, "peak": 0.7, "base": 0.55, "swing": 0.1, "spread": 0.04}
FAINT = {"clear": 12, "gap_days": 20, "peak": 0.42, "base": 0.2, "swing": 0.22, "spread": 0.07}


def verdict(row: dict[str, float], *, score: float = -2.0, **facts: object) -> tuple[str, str]:
    described = pd.DataFrame([{"rise": 0.1, "drop": 0.1, "lowest": 0.1, "cycles": 0, **row}])
    given = Facts(
        **{
            name: np.array([value], dtype=object if name == "management" else float)
            for name, value in facts.items()
        }
    )
    made = judge(described, np.array([score]), given, Rule()).iloc[0]
    return made["verdict"], made["reason"]


def test_a_full_growth_is_confirmed_and_bare_soil_contradicted() -> None:
    assert verdict(GROWN, score=0.0) == ("confirmed", "grew")
    assert verdict(BARE) == ("contradicted", "bare")


def test_weak_growth_decides_nothing() -> None:
    assert verdict(FAINT) == ("inconclusive", "weak_growth")


def test_a_parcel_no_weaker_than_its_peers_is_not_contradicted() -> None:
    assert verdict(BARE, score=-0.5)[0] == "inconclusive"


def test_what_cannot_be_seen_is_said_to_be_so() -> None:
    assert verdict(BARE, pixels=3.9) == ("not_observable", "too_small")
    assert verdict(BARE, width_pixels=0.5) == ("not_observable", "too_narrow")
    assert verdict(BARE, inside=0.0) == ("not_observable", "off_picture")
    assert verdict({**BARE, "clear": 3}) == ("not_observable", "few_dates")
    assert verdict({**BARE, "gap_days": 65}) == ("not_observable", "long_gap")


def test_growth_seen_confirms_even_where_the_rest_was_clouded() -> None:
    assert verdict({**GROWN, "gap_days": 120}, score=0.0)[0] == "confirmed"


@pytest.mark.parametrize("management", MANAGED)
def test_managed_land_is_never_called_idle(management: str) -> None:
    assert verdict(BARE, management=management) == ("inconclusive", "managed")
    assert verdict(GREEN, management=management) == ("inconclusive", "managed")


def test_evergreen_contradicts_only_where_a_crop_was_declared() -> None:
    assert verdict(GREEN, management="crop") == ("contradicted", "overgrown")
    assert verdict(GREEN, management="") == ("inconclusive", "evergreen")


def test_a_parcel_never_seen_at_all_is_not_observable() -> None:
    empty = dict.fromkeys(BARE, float("nan")) | {"clear": 0, "gap_days": 200}
    assert verdict(empty, score=float("nan")) == ("not_observable", "few_dates")


def test_every_reason_has_a_sentence_without_holes_in_both_languages() -> None:
    row = {
        **BARE,
        "rise": 0.1,
        "drop": 0.1,
        "lowest": 0.1,
        "cycles": 0,
        "flooded": 8,
        "tilled": 1,
        "pixels": 3.0,
        "width": 6.0,
        "pictures_end": "2024-08-23",
        "season_end": "2024-10-31",
    }
    for reason in REASONS:
        for lang in ("zh", "en"):
            said = sentence(
                {**row, "reason": reason, "management": "orchard", "least_width_m": 8.0},
                Rule(),
                lang,
                season="2024",
            )
            assert "…" not in said
            assert "{" not in said


def test_a_block_says_how_many_were_verified_together() -> None:
    said = sentence({**GROWN, "reason": "grew", "block": 5}, Rule(), "en", season="2024 autumn")
    assert said.startswith("2024 autumn: growth seen, the index rose from 0.15 to 0.75 over 12 clear dates")
    assert "with 5 small neighbouring parcels" in said


def test_the_four_verdicts_have_names_in_both_languages() -> None:
    assert [label(v) for v in VERDICTS] == ["在种", "不符", "难定", "看不清"]
    assert label("not_observable", "en") == "Not observable"


def test_slow_growth_without_green_up_or_fall_is_not_taken_for_a_crop() -> None:
    assert verdict({**GROWN, "rise": 0.15}, score=0.0) == ("inconclusive", "weak_growth")
    assert verdict({**GROWN, "rise": 0.15, "drop": 0.25}, score=0.0) == ("confirmed", "grew")
