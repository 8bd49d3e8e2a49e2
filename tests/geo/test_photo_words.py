"""What a photo says of itself, as a reader reads it."""

from __future__ import annotations

import pytest

from geo.photo_words import metres_words, photo_facts


def test_time_is_chinas_distance_is_in_kilometres_and_the_delay_is_in_words() -> None:
    facts = photo_facts(
        {
            "taken_at": "2008-10-23T14:27:07+00:00",
            "position": "far",
            "distance_m": 7979178.1,
            "delay_hours": 158424.0,
            "reused": [{"id": "P2"}, {"id": "P3"}, {"id": "P2"}],
            "given_before": [{"sha256": "0", "bits": 0}],
        }
    )
    assert [fact.zh for fact in facts] == [
        "距地点 7,979.2 公里，偏远",
        "2008-10-23 22:27 拍摄",
        "拍后约 18 年提交",
        "与这件事先前的照片相同或极像",
        "与 P2 等 2 件 的照片相同或极像",
    ]
    assert facts[0].en == "7,979.2 km from the place, far off"
    assert facts[2].en == "given about 18 years after it was taken"
    assert facts[4].en == "same as, or very like, a photo of P2 and 1 more"


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.5, "拍后 30 分钟提交"), (2.5, "拍后 2.5 小时提交"), (-72.0, "拍摄时间晚于提交 3 天")],
)
def test_a_delay_is_said_in_its_fitting_unit(hours: float, said: str) -> None:
    facts = photo_facts({"position": "missing", "distance_m": None, "taken_at": None, "delay_hours": hours})
    assert facts[2].zh == said


def test_a_short_distance_stays_in_metres() -> None:
    assert metres_words(35.4).zh == "35 米" and metres_words(999.0).en == "999 m"
