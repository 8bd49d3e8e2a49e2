"""A county's own layer works from one TOML file, with no Python: irrigation canals, counted by length."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.layers import LayerError, parse_layer
from pipelines.ingest import Options, add
from pipelines.summarise import progress
from pipelines.workspace import Workspace

CANALS = """
id = "canal"
version = 1
zh = "灌溉渠道"
en = "Irrigation canals"
geometry = "line"
place = "length"
id_field = "canal_id"
name_field = "canal_name"

fields = [
  { name = "canal_id", type = "text", zh = "渠道编号", en = "Canal no.", required = true },
  { name = "canal_name", type = "text", zh = "渠道名称", en = "Name" },
  { name = "condition", type = "choice", zh = "渠况", en = "Condition", choices = [
    { value = "sound", zh = "完好", en = "Sound" },
    { value = "broken", zh = "损毁", en = "Broken" } ] },
  { name = "width_m", type = "number", zh = "渠宽", en = "Width", unit = "m", minimum = 0, maximum = 50 },
]

[[indicators]]
id = "length_km"
zh = "渠道长度"
en = "Length"
unit = "km"
sum = "measured_km"

[[indicators]]
id = "broken_km"
zh = "损毁长度"
en = "Broken"
unit = "km"
sum = "measured_km"
where = { condition = "broken" }

[[indicators]]
id = "broken_rate"
zh = "损毁率"
en = "Broken rate"
unit = "percent"
numerator = "broken_km"
denominator = "length_km"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "ws", code="519721", name="试验县")
    (made.root / "layers" / "canal.toml").write_text(CANALS, encoding="utf-8")
    squares = [shapely.box(105.0, 30.5, 105.1, 30.6), shapely.box(105.1, 30.5, 105.2, 30.6)]
    towns = gpd.GeoDataFrame(
        {"代码": ["519721101", "519721102"], "名称": ["东溪镇", "西溪镇"]}, geometry=squares, crs="EPSG:4490"
    )
    towns.to_file(tmp_path / "towns.gpkg", engine="pyogrio")
    add(made, tmp_path / "towns.gpkg", Options(layer="township"))
    return Workspace(made.root)


def test_a_layer_of_one_toml_file_is_read_checked_placed_and_counted(workspace: Workspace, tmp_path: Path) -> None:
    lines = [
        shapely.LineString([(105.05, 30.55), (105.15, 30.55)]),
        shapely.LineString([(105.01, 30.51), (105.01, 30.52)]),
        shapely.LineString([(105.02, 30.51), (105.02, 30.52)]),
    ]
    canals = gpd.GeoDataFrame(
        {"渠道编号": ["Q1", "Q2", "Q3"], "渠况": ["损毁", "完好", "很旧"], "渠宽": [1.5, 2.0, 1.0]},
        geometry=lines,
        crs="EPSG:4490",
    )
    canals.to_file(tmp_path / "canals.gpkg", engine="pyogrio")
    report = add(workspace, tmp_path / "canals.gpkg", Options(layer="canal"))
    assert (report.accepted, report.returned) == (2, 1)
    assert [(i.code, i.row) for i in report.all_issues if i.severity == "error"] == [("choice_unknown", 3)]

    rows = progress(Workspace(workspace.root), "canal", "township").set_index("area_code")
    east, west = rows.loc["519721101"], rows.loc["519721102"]
    assert east["length_km"] == pytest.approx(4.80 + 1.109, abs=0.01)
    assert west["length_km"] == pytest.approx(4.80, abs=0.01)
    assert west["broken_rate"] == pytest.approx(100)
    assert rows["features"].sum() == 2
    county = progress(Workspace(workspace.root), "canal", "county")
    assert county["length_km"].sum() == pytest.approx(rows["length_km"].sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('id_field = "canal_id"', 'id_field = "nr"'), "'nr' is not a field"),
        (('sum = "measured_km"\n\n', 'sum = "depth"\n\n'), "sums 'depth'"),
        (('geometry = "line"', 'geometry = "lines"'), "geometry 'lines' is not one of"),
        (('denominator = "length_km"', 'denominator = "all_km"'), "divides 'all_km'"),
        (("version = 1", 'version = 1\ncolour = "red"'), "unknown key colour"),
        (('type = "choice", zh = "渠况"', 'type = "list", zh = "渠况"'), "type 'list' is not one of"),
    ],
)
def test_a_wrong_declaration_is_refused_naming_the_entry(change: tuple[str, str], said: str) -> None:
    with pytest.raises(LayerError, match=said):
        parse_layer(CANALS.replace(*change), "canal.toml")
