"""What a photo given with an act says of itself, as facts for a reader: place, time, delay, use before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo.layer_parts import Words
from geo.spoken import china_minute

HOURS_OF_DAY, HOURS_OF_YEAR = 24.0, 8766.0


def photo_facts(noted: Mapping[str, Any]) -> list[Words]:
    """The facts of one photo as `pipelines.pictures` notes them, in the order they are told."""
    facts = [_place(noted), _taken(noted)]
    delay = noted.get("delay_hours")
    if delay is not None:
        long = _span(abs(float(delay)))
        early = Words(f"拍后{long.zh}提交", f"given {long.en} after it was taken")
        late = Words(f"拍摄时间晚于提交{long.zh}", f"taken {long.en} after it was given")
        facts.append(early if delay >= 0 else late)
    same = noted.get("given_before") or ()
    if same:
        facts.append(
            Words("与这件事先前的照片相同或极像", "same as, or very like, an earlier photo of this thing")
        )
    names = list(dict.fromkeys(str(one["id"]) for one in noted.get("reused") or ()))
    if names:
        more = Words(f" 等 {len(names)} 件", f" and {len(names) - 1} more") if len(names) > 1 else Words("", "")
        zh, en = (
            f"与 {names[0]}{more.zh} 的照片相同或极像",
            f"same as, or very like, a photo of {names[0]}{more.en}",
        )
        facts.append(Words(zh, en))
    return facts


def metres_words(metres: float) -> Words:
    """A distance in metres as people say it: metres up to a kilometre, then kilometres, thousands marked."""
    if metres < 1000:
        return Words(f"{metres:.0f} 米", f"{metres:.0f} m")
    return Words(f"{metres / 1000:,.1f} 公里", f"{metres / 1000:,.1f} km")


def _place(noted: Mapping[str, Any]) -> Words:
    position, metres = noted.get("position"), noted.get("distance_m")
    if position == "near_after_gcj02" and noted.get("distance_gcj02_m") is not None:
        far = metres_words(float(noted["distance_gcj02_m"]))
        return Words(f"按火星坐标换算后距地点 {far.zh}", f"{far.en} from the place once taken as GCJ-02")
    if metres is None:
        return Words("照片没有位置或地点没有坐标", "the photo or the thing has no position")
    far = metres_words(float(metres))
    if position == "near":
        return Words(f"距地点 {far.zh}", f"{far.en} from the place")
    return Words(f"距地点 {far.zh}，偏远", f"{far.en} from the place, far off")


def _taken(noted: Mapping[str, Any]) -> Words:
    if not noted.get("taken_at"):
        return Words("照片没有拍摄时间", "it does not say when it was taken")
    moment = china_minute(str(noted["taken_at"]))
    return Words(f"{moment} 拍摄", f"taken {moment} (China)")


def _span(hours: float) -> Words:
    """A length of time in its largest fitting unit."""
    if hours < 1:
        return Words(f" {hours * 60:.0f} 分钟", f"{hours * 60:.0f} minutes")
    if hours < 2 * HOURS_OF_DAY:
        return Words(f" {hours:.1f} 小时", f"{hours:.1f} hours")
    if hours < 2 * HOURS_OF_YEAR:
        return Words(f" {hours / HOURS_OF_DAY:,.0f} 天", f"{hours / HOURS_OF_DAY:,.0f} days")
    return Words(f"约 {hours / HOURS_OF_YEAR:,.0f} 年", f"about {hours / HOURS_OF_YEAR:,.0f} years")
