"""A new point added by somebody in the field: placed by the program, once, with what it may be the same as."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import pytest
from PIL import Image
from shapely import box

from geo.access import Actor
from geo.errors import Conflict, Forbidden, Refused
from pipelines.__main__ import main
from pipelines.act import act, add_point, workspace_ledger
from pipelines.store.ledger import Act
from pipelines.workspace import Workspace

NOW = datetime(2027, 5, 1, 2, tzinfo=UTC)
WEST, EAST = "510921101", "510921102"
TOWN = Actor("李四", "township", "青石镇", WEST)
VILLAGE = Actor("村", "village_reporter", area_code=f"{WEST}201")
INSPECTOR = Actor("赵六", "inspector", "督查组")
GARBAGE = {"category": "垃圾乱堆", "address": "路口"}


@pytest.fixture
def root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A county of two townships side by side, 105.0–105.1 and 105.1–105.2 east, one village in each."""
    folder = tmp_path / "w"
    assert main(["new", str(folder), "--county", "510921", "--name", "测试县"]) == 0
    shapes = [box(105.0, 30.0, 105.1, 30.1), box(105.1, 30.0, 105.2, 30.1)]
    for level, codes, names in (
        ("township", [WEST, EAST], ["青石镇", "白水镇"]),
        ("village", [f"{WEST}201", f"{EAST}201"], ["东村", "西村"]),
    ):
        path = tmp_path / f"{level}.geojson"
        gpd.GeoDataFrame({"code": codes, "name": names}, geometry=shapes, crs=4490).to_file(path)
        assert main(["add", str(folder), str(path), "--layer", level]) == 0, capsys.readouterr()
    capsys.readouterr()
    return folder


def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 30).save(out, "JPEG")
    return out.getvalue()


def test_the_area_is_worked_out_from_the_point_and_never_asked_of_the_caller(root: Path) -> None:
    made = add_point(root, "inspection_point", TOWN, fields=GARBAGE, lon=105.05, lat=30.05, now=NOW)
    assert (made.event.area_code, made.event.kind, made.again) == (f"{WEST}201", "add", False)
    assert made.event.data["fields"]["category"] == "garbage"
    with pytest.raises(Forbidden) as refusal:
        add_point(root, "inspection_point", TOWN, fields=GARBAGE, lon=105.15, lat=30.05, now=NOW)
    assert "辖区" in refusal.value.words("zh")
    assert workspace_ledger(Workspace(root)).head()[0] == made.event.seq


def test_a_village_reporter_adds_points_in_the_own_village_and_takes_no_step(root: Path) -> None:
    made = add_point(root, "inspection_point", VILLAGE, fields=GARBAGE, lon=105.05, lat=30.05, now=NOW)
    with pytest.raises(Forbidden):
        act(root, "inspection_point", str(made.event.feature_id), "claimed", VILLAGE, now=NOW)


def test_the_same_draft_sent_twice_is_one_event_and_says_so(root: Path) -> None:
    sent = [
        add_point(
            root,
            "inspection_point",
            VILLAGE,
            fields=GARBAGE,
            lon=105.05,
            lat=30.05,
            now=NOW + timedelta(days=day),
            client_id="draft-1",
        )
        for day in (0, 1)
    ]
    assert [one.again for one in sent] == [False, True] and sent[0].event == sent[1].event
    other = add_point(
        root, "inspection_point", INSPECTOR, fields=GARBAGE, lon=105.05, lat=30.05, now=NOW, client_id="draft-1"
    )
    assert not other.again and other.event.feature_id != sent[0].event.feature_id


def test_open_things_of_its_category_near_it_are_offered_nearest_first(root: Path) -> None:
    def put(name: str, lon: float, category: str = "垃圾乱堆") -> None:
        fields = {"point_id": name, "category": category}
        add_point(root, "inspection_point", INSPECTOR, fields=fields, lon=lon, lat=30.05, now=NOW)

    put("far", 105.0510)
    put("near", 105.0502)
    put("nearer", 105.0501)
    put("other kind", 105.0500, "畜禽粪污")
    made = add_point(root, "inspection_point", TOWN, fields=GARBAGE, lon=105.05, lat=30.05, now=NOW)
    assert [(n.id, n.stage) for n in made.near] == [("nearer", "reported"), ("near", "reported")]
    assert made.near[0].distance_m == pytest.approx(9.6, abs=0.2)
    settings = root / "county.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n[duplicates]\ngarbage = 12\n", encoding="utf-8")
    made = add_point(root, "inspection_point", TOWN, fields=GARBAGE, lon=105.0499, lat=30.05, now=NOW)
    assert [n.distance_m for n in made.near] == [pytest.approx(9.6, abs=0.2)]


def test_a_township_is_offered_nothing_of_another_townships(root: Path) -> None:
    add_point(root, "inspection_point", INSPECTOR, fields=GARBAGE, lon=105.1001, lat=30.05, now=NOW)
    made = add_point(root, "inspection_point", TOWN, fields=GARBAGE, lon=105.0999, lat=30.05, now=NOW)
    assert made.near == ()


def test_photos_may_be_bytes_and_several_and_one_given_twice_is_kept_once(root: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(picture())
    made = add_point(
        root,
        "inspection_point",
        TOWN,
        fields=GARBAGE,
        lon=105.05,
        lat=30.05,
        photos=[picture(), tmp_path / "p.jpg"],
        now=NOW,
    )
    assert len(made.event.evidence) == 1 and made.event.data["photos"][0]["position"] == "missing"
    step = act(
        root,
        "inspection_point",
        str(made.event.feature_id),
        "claimed",
        TOWN,
        now=NOW,
        photos=[picture(), tmp_path / "p.jpg"],
    )
    assert step.evidence == made.event.evidence


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"lon": 106.0}, "point_outside_county"),
        ({"lon": float("nan")}, "point_impossible"),
        ({"lat": 91.0}, "point_impossible"),
        ({"fields": {"reported_on": "昨天"}}, "date_unreadable"),
        ({"fields": {"wrong": "1"}}, "field_unknown"),
        ({"client_id": " "}, "client_id_malformed"),
        ({"photos": [b"no picture"]}, "photo_not_a_picture"),
    ],
)
def test_what_cannot_be_a_point_is_refused_and_nothing_is_written(
    root: Path, more: dict[str, object], code: str
) -> None:
    before = workspace_ledger(Workspace(root)).head()
    given = {"fields": GARBAGE, "lon": 105.05, "lat": 30.05, "now": NOW} | more
    with pytest.raises(Refused) as refusal:
        add_point(root, "inspection_point", TOWN, **given)  # type: ignore[arg-type]
    assert refusal.value.code == code and "…" not in refusal.value.words("zh") + refusal.value.words("en")
    assert workspace_ledger(Workspace(root)).head() == before
    assert not list((root / "attachments").rglob("*.jpg"))


def test_a_layer_of_parcels_takes_no_points(root: Path) -> None:
    with pytest.raises(Refused) as refusal:
        add_point(root, "abandoned_parcel", TOWN, fields={}, lon=105.05, lat=30.05, now=NOW)
    assert refusal.value.code == "layer_takes_no_points"


def test_the_ledger_itself_refuses_a_forged_area_a_taken_id_and_a_thing_that_is_not(root: Path) -> None:
    table = root.parent / "点位.csv"
    table.write_text("点位编号,经度,纬度\nE1,105.15,30.05\n", encoding="utf-8")
    assert main(["add", str(root), str(table), "--layer", "inspection_point"]) == 0
    ledger = workspace_ledger(Workspace(root))
    forged = Act("inspection_point", "E1", TOWN, to_stage="claimed", from_stage="reported", area_code=f"{WEST}201")
    with pytest.raises(Forbidden) as refusal:
        ledger.append(forged, now=NOW)
    assert refusal.value.code == "area_code_forged" and f"{EAST}201" in refusal.value.words("zh")
    add = Act("inspection_point", "N1", TOWN, "add", area_code=f"{WEST}201", lon=105.15, lat=30.05)
    with pytest.raises(Forbidden) as refusal:
        ledger.append(add, now=NOW)
    assert refusal.value.code == "area_code_forged"
    with pytest.raises(Conflict) as clash:
        ledger.append(Act("inspection_point", "E1", INSPECTOR, "add", lon=105.15, lat=30.05), now=NOW)
    assert clash.value.code == "id_taken"
    with pytest.raises(Refused) as unknown:
        ledger.append(Act("inspection_point", "none", INSPECTOR, "note", note="x"), now=NOW)
    assert unknown.value.code == "thing_unknown"
    without = Act("inspection_point", "E1", INSPECTOR, to_stage="invalid", from_stage="reported", note="x")
    assert ledger.append(without, now=NOW).area_code == f"{EAST}201"
