"""What the invented county decided for itself: targets and market days, as its county.toml says them."""

from __future__ import annotations

from data_samples.areas import Areas

TARGETS = """\
"abandoned_parcel.remediated_rate" = { value = 85, by = 2026-12-31 }
"land_transfer.transfer_rate" = { value = 10, by = 2026-12-31 }
"inspection_point.on_time_rate" = { value = 75, by = 2026-12-31 }
"zone_plan.approved_rate" = { value = 100, by = 2026-12-31 }
"""
RULES = ("逢一、四、七", "逢二、五、八", "逢三、六、九")


def with_decisions(settings: str, areas: Areas) -> str:
    """The text of county.toml with the county's targets and its towns' market days."""
    towns = areas.townships
    days = [f'{code} = "{RULES[at % len(RULES)]}"' for at, code in enumerate(towns["code"])]
    market = "\n".join(("", "# 赶场日（农历），虚构", "[market_days]", "confirmed = true", *days, ""))
    return settings.replace("[targets]\n", f"[targets]\n{TARGETS}", 1) + market
