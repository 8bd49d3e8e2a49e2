"""What a county decides for itself: `county.toml`, read once, verified, with defaults for what it leaves out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.datums import Datums, datum_parameters
from geo.errors import Refused
from geo.lineage import Succession, successions

FILE = "county.toml"

TEMPLATE = """\
# 乡图工作区设置 / Settings of this Xiangtu workspace
[county]
code = "{code}"
name = "{name}"

# 各年度目标（亩、个），按图层.指标填写，例如 "abandoned_parcel.remediated_mu" = 20000
# 不写期限的到当年年底；写期限用 {{ value = 20000, by = 2026-10-31 }}
[targets]

# 撂荒认定口径：待县级确认，每个数字都注明所用版本
[abandonment_rule]
version = "默认-1"
confirmed = false
idle_seasons = 2

# 季节窗口（月-日）：小春、大春，待县级确认
[seasons]
spring = ["10-15", "05-31"]
autumn = ["04-01", "10-31"]

# 数据库：留空则用工作区内的 SQLite；多人并发时填 PostgreSQL 地址
[ledger]
url = ""

# 老坐标系转 CGCS2000 的本县参数（可选）：4610 西安80、4214 北京54；dx, dy, dz（米）, rx, ry, rz（秒）, ds（ppm）
[datum_parameters]
# 4610 = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]

# 各乡镇赶场日（可选，待县级确认）：乡镇名或代码 = 写法；没写农历、公历的按 calendar（lunar 农历、solar 公历）
# [market_days]
# calendar = "lunar"
# confirmed = false
# "某某镇" = "农历逢三六九"

# 手机标记点位时的类别分组（可选，待县级确认）：不填则分五清、四定、三线
# [mark]
# confirmed = false
# groups = [{{ zh = "五清", en = "Five clearings", values = ["garbage", "ditch", "manure", "ruins", "clutter"] }}]

# 底图（可选，不填则不用）：天地图等瓦片网址（含 {{z}}、{{x}}、{{y}}），或本地 .mbtiles、.pmtiles 图片瓦片，
# 及其审图号和来源，不填审图号时图上注明“未注明审图号”。高程 dem 画山形阴影，不填则用工作区里的 dem.tif
# Base map (optional): an address of tiles with {{z}}, {{x}}, {{y}}, or a local .mbtiles or .pmtiles file of
# pictures; its map approval number and source. dem: heights for shaded relief, dem.tif when not named
[basemap]
tiles = ""
approval_number = ""
# source = "天地图"
# dem = "dem.tif"
"""


@dataclass(frozen=True)
class Settings:
    """A county's own decisions. `code` is its 6-digit code, `raw` the whole file for what a layer asks of it."""

    code: str
    name: str
    targets: Mapping[str, float] = field(default_factory=dict)
    abandonment_rule: Mapping[str, Any] = field(default_factory=dict)
    seasons: Mapping[str, Any] = field(default_factory=dict)
    ledger_url: str | None = None
    basemap: Mapping[str, str] = field(default_factory=dict)
    lineage: tuple[Succession, ...] = ()
    datums: Datums = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


def read_settings(root: Path) -> Settings:
    """The settings of the workspace at `root`; Refused when there are none or the file cannot be understood."""
    path = root / FILE
    if not path.is_file():
        raise Refused("workspace_missing", path=str(root))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        county = raw["county"]
        code, name = str(county["code"]), str(county["name"])
        lineage = successions(raw.get("lineage", ()))
        datums = datum_parameters(raw.get("datum_parameters", {}))
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("settings_unreadable", path=str(path), reason=str(error)) from None
    return Settings(
        code=_county_code(code),
        name=name,
        targets=dict(raw.get("targets", {})),
        abandonment_rule=dict(raw.get("abandonment_rule", {})),
        seasons=dict(raw.get("seasons", {})),
        ledger_url=raw.get("ledger", {}).get("url") or None,
        basemap=dict(raw.get("basemap", {})),
        lineage=lineage,
        datums=datums,
        raw=raw,
    )


def write_settings(root: Path, *, code: str, name: str) -> Path:
    """Write a new county.toml; Refused when one is there already or the code is not a county's."""
    path = root / FILE
    code = _county_code(code)
    if path.exists():
        raise Refused("workspace_exists", path=str(root))
    if not name.strip():
        raise Refused("county_name_missing")
    root.mkdir(parents=True, exist_ok=True)
    quoted = name.strip().replace("\\", "\\\\").replace('"', '\\"')
    path.write_text(TEMPLATE.format(code=code, name=quoted), encoding="utf-8")
    return path


def _county_code(code: str) -> str:
    if not re.fullmatch(r"\d{6}", code):
        raise Refused("county_code_malformed", value=code)
    return code
