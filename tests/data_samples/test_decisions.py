"""The invented county's own decisions read as a county's settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from data_samples.county import County
from data_samples.decisions import with_decisions
from geo.layers import builtin_layers
from geo.market_days import read_rule
from pipelines.pace import lead_of, target_of
from pipelines.settings import FILE, read_settings, write_settings


def test_every_campaign_has_a_target_and_every_town_its_market_days(tmp_path: Path, county: County) -> None:
    path = write_settings(tmp_path, code="519721", name="砚澜县")
    path.write_text(with_decisions(path.read_text(encoding="utf-8"), county.areas), encoding="utf-8")
    settings = read_settings(tmp_path)
    for name in ("abandoned_parcel", "land_transfer", "inspection_point", "zone_plan"):
        layer = builtin_layers()[name]
        lead = lead_of(settings, layer)
        assert lead is not None
        target = target_of(settings, layer, lead, date(2026, 11, 1))
        assert target is not None
        assert target.by == date(2026, 12, 31)
    market = settings.raw["market_days"]
    codes = set(county.areas.townships["code"])
    assert codes < set(market)
    assert all(read_rule(market[code]) is not None for code in codes)
    assert (tmp_path / FILE).read_text(encoding="utf-8").count("[targets]") == 1
