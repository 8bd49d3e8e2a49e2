"""The form's routes as a browser meets them, gate and all: its page, its worker, and drafts and acts it sends."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboards import mark_page
from dashboards.assets import HERE
from dashboards.data import WORKSPACE_VARIABLE
from dashboards.words import LANGS, catalogue
from data_samples.photos import write_photo
from pipelines.act import act, workspace_ledger
from pipelines.marks_places import LAYER
from pipelines.workspace import Workspace
from tests.dashboards.doors import Answer, Visitor, staffed
from tests.dashboards.sites_county import STONE, TODAY, at, build_sites

HERE_LON, HERE_LAT = at(0.030, 0.030)
DRAFT = {
    "client_id": "0123456789abcdef0123456789abcdef",
    "lon": str(HERE_LON),
    "lat": str(HERE_LAT),
    "category": "garbage",
    "marked_at": datetime.now(UTC).isoformat(),
    "place_kind": "village",
    "position_by": "device",
    "accuracy_m": "8",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staffed(build_sites(tmp_path_factory.mktemp("sites")), tmp_path_factory.mktemp("staffed"))


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "county"
    shutil.copytree(made, own)
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(own))
    return own


def visitor(root: Path, name: str | None) -> Visitor:
    made = Visitor(root)
    if name is not None:
        made.sign_in(name)
    return made


def told(answer: Answer) -> Any:
    return json.loads(answer.text)


def token(who: Visitor) -> str:
    return str(told(who.get("/mark/setup", accept="*/*"))["token"])


def send(who: Visitor, address: str, given: dict[str, str], photo: Path | None = None, **headers: str) -> Answer:
    """Send a form as the browser's `FormData` does."""
    edge = "----xiangtu"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in given.items()
    ]
    if photo is not None:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n'
        head += "Content-Type: image/jpeg\r\n\r\n"
        parts.append(head.encode() + photo.read_bytes() + b"\r\n")
    body = b"".join(parts) + f"--{edge}--\r\n".encode()
    own = {"origin": f"http://{who.host}", "content-type": f"multipart/form-data; boundary={edge}"}
    own |= {"content-length": str(len(body)), "x-xiangtu-token": headers.pop("token", "") or token(who)}
    return who.ask("POST", address, body=body, headers={**own, **headers})


def happened(root: Path, feature_id: str | None = None) -> list[dict[str, Any]]:
    ledger = workspace_ledger(Workspace(root))
    events = ledger.events(layer=LAYER, feature_id=feature_id)
    ledger.close()
    rows = [row for row in events.to_dict("records") if row["kind"] != "import"]
    return [{str(name): value for name, value in row.items()} for row in rows]


# --- the page


@pytest.mark.parametrize("lang", LANGS)
def test_the_form_asks_for_nothing_but_this_servers_files(lang: str) -> None:
    text = mark_page.page(lang, "试县")  # type: ignore[arg-type]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)


def test_a_countys_name_is_text_on_the_form() -> None:
    text = mark_page.page("zh", "<script>alert(1)</script>")
    assert "<script>alert" not in text
    assert text.count("</script>") == 3


def test_every_word_the_form_speaks_is_in_both_locales() -> None:
    spoken = set()
    for name in ("mark.js", "mark_send.js"):
        spoken |= set(re.findall(r'say\((?:\w+ \? )?"(\w+)"', (HERE / "static" / name).read_text("utf-8")))
    assert spoken
    assert {f"mark.{key}" for key in spoken} <= catalogue("zh").keys()


def test_the_worker_keeps_all_that_the_form_needs_and_changes_when_they_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = mark_page.worker("zh")
    shell = json.loads(re.search(r"const SHELL = (\[.*?\]);", text)[1])  # type: ignore[index]
    page = mark_page.page("zh", "试县")
    needed = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page))
    imports = {f"/assets/own/{name}" for name in ("mark_photo.js", "mark_map.js")}
    assert needed | imports | {"/mark?lang=zh", "/mark?lang=en"} <= set(shell)
    before = mark_page.version()
    monkeypatch.setattr(mark_page, "page", lambda lang, county: "another form")
    mark_page.version.cache_clear()
    assert mark_page.version() != before
    mark_page.version.cache_clear()


def test_without_a_session_the_form_says_sign_in_and_the_rest_answers_401(root: Path) -> None:
    nobody = visitor(root, None)
    door = nobody.get("/mark?lang=en")
    assert door.status == 303
    assert door.headers["location"].startswith("/sign-in")
    for address in ("/mark/setup", "/mark/areas", "/mark/where?lon=106&lat=31"):
        assert nobody.get(address, accept="*/*").status == 401
    assert send(nobody, "/mark/send", DRAFT, token="x").status == 401
    assert happened(root) == []


def test_the_worker_may_serve_the_address_above_its_own(root: Path) -> None:
    answer = visitor(root, "督查").get("/mark/sw.js?lang=en", accept="*/*")
    assert answer.headers["service-worker-allowed"] == "/mark"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert 'const LANG = "en"' in answer.text


# --- what it is told


def test_the_form_learns_who_marks_what_may_be_chosen_and_where_the_areas_are(root: Path) -> None:
    setup = told(visitor(root, "督查").get("/mark/setup", accept="*/*"))
    assert setup["account"] == "督查"
    assert setup["may_add"]
    assert setup["groups"][0]["choices"][0] == {"value": "garbage", "zh": "垃圾乱堆", "en": "Litter"}
    assert setup["same_m"][""] == 30.0
    assert not setup["groups_confirmed"]
    assert setup["ground"] is None
    areas = visitor(root, "督查").get(setup["areas"], accept="*/*")
    held = json.loads(gzip.decompress(areas.body))
    assert [one["name"] for one in held["townships"]] == ["石桥镇", "清水乡", "东山乡"]
    assert len(held["villages"]) == 8
    assert held["villages"][0]["rings"][0][0] == held["villages"][0]["rings"][0][-1]
    assert "private" in areas.headers["cache-control"]


def test_a_reader_who_may_not_add_is_told_before(root: Path) -> None:
    assert not told(visitor(root, "县长").get("/mark/setup", accept="*/*"))["may_add"]
    where = "/mark/where?" + urlencode({"lon": HERE_LON, "lat": HERE_LAT})
    assert not told(visitor(root, "东山").get(where, accept="*/*"))["may_add"]
    assert told(visitor(root, "石桥").get(where, accept="*/*"))["may_add"]


def test_a_place_answers_with_township_village_guess_and_near_sites(root: Path) -> None:
    lon, lat = at(0.0101, 0.010)
    spot = told(visitor(root, "督查").get("/mark/where?" + urlencode({"lon": lon, "lat": lat}), accept="*/*"))
    assert (spot["township"], spot["village"]) == ("石桥镇", "前进村")
    assert spot["guess"]["value"] == "urban"
    assert [one["id"] for one in spot["near"]] == ["HJ01"]
    assert spot["near"][0]["stage"] == {"zh": "发现", "en": "Reported"}
    assert visitor(root, "督查").get("/mark/where?lon=x&lat=31", accept="*/*").status == 422


def test_a_township_is_not_offered_anothers_sites(root: Path) -> None:
    lon, lat = at(0.020, 0.060)
    where = "/mark/where?" + urlencode({"lon": lon, "lat": lat})
    assert told(visitor(root, "石桥").get(where, accept="*/*"))["near"] == []
    assert len(told(visitor(root, "督查").get(where, accept="*/*"))["near"]) == 2


def test_a_township_is_given_the_outlines_of_its_own_villages_alone(root: Path) -> None:
    town = visitor(root, "石桥")
    held = json.loads(gzip.decompress(town.get(told(town.get("/mark/setup", accept="*/*"))["areas"]).body))
    assert [one["name"] for one in held["villages"]] == ["前进村", "红旗村", "上游村"]
    # Names of the other townships are no secret, and the map needs its bearings.
    assert len(held["townships"]) == 3
    lon, lat = at(0.020, 0.060)
    spot = told(town.get("/mark/where?" + urlencode({"lon": lon, "lat": lat}), accept="*/*"))
    assert (spot["township"], spot["village"]) == ("清水乡", None)


def test_the_sites_kept_for_a_dead_zone_are_open_near_first_and_ones_own(root: Path) -> None:
    lon, lat = at(0.0101, 0.010)
    asked = "/mark/sites?" + urlencode({"lon": lon, "lat": lat})
    every = told(visitor(root, "督查").get(asked, accept="*/*"))
    assert every["account"] == "督查"
    names = [one["id"] for one in every["sites"]]
    assert names[:2] == ["HJ01", "HJ02"] and "HJ04" not in names
    lon, lat = at(0.0101, 0.035)
    asked = "/mark/sites?" + urlencode({"lon": lon, "lat": lat})
    assert {"HJ01", "HJ05"} <= {one["id"] for one in told(visitor(root, "督查").get(asked, accept="*/*"))["sites"]}
    mine = told(visitor(root, "石桥").get(asked, accept="*/*"))["sites"]
    assert {one["area_code"][:9] for one in mine} == {STONE} and mine
    assert told(visitor(root, "东山").get(asked, accept="*/*"))["sites"] == []
    assert told(visitor(root, "县长").get("/mark/sites?lon=x", accept="*/*"))["code"] == "mark_without_place"


# --- sending


def test_a_draft_sent_twice_is_one_event_with_what_the_photo_says(root: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", key="x", moment="before", on=TODAY, lon=HERE_LON, lat=HERE_LAT)
    who = visitor(root, "督查")
    first = told(send(who, "/mark/send", DRAFT, photo))
    again = told(send(who, "/mark/send", DRAFT, photo))
    assert (first["again"], again["again"]) == (False, True)
    assert first["id"] == again["id"]
    events = happened(root)
    assert [event["kind"] for event in events] == ["add"]
    assert events[0]["actor"] == "督查"
    assert events[0]["area_code"] == f"{STONE}201"
    noted = json.loads(events[0]["data"])["photos"][0]
    assert noted["position"] == "near"
    assert noted["distance_m"] < 1


def test_a_draft_that_arrived_says_where_it_lies_and_that_its_kind_was_guessed(root: Path) -> None:
    who = visitor(root, "督查")
    bare = {name: value for name, value in DRAFT.items() if name != "place_kind"}
    for asked in (bare, bare):  # the second time it is told from the ledger
        said = told(send(who, "/mark/send", asked))
        assert (said["township"], said["village"]) == ("石桥镇", "前进村")
        assert (said["place_kind"], said["kind_guessed"]) == ("village", True)
    chosen = told(send(who, "/mark/send", {**DRAFT, "client_id": "f" * 32, "place_kind": "road"}))
    assert (chosen["place_kind"], chosen["kind_guessed"]) == ("road", False)
    look = told(send(who, "/mark/send", {**DRAFT, "client_id": "e" * 32, "same_as": chosen["id"]}))
    assert look == {"id": chosen["id"], "again": False, "near": []}


def test_a_draft_without_the_pages_token_or_from_another_site_is_not_taken(root: Path) -> None:
    who = visitor(root, "督查")
    assert send(who, "/mark/send", DRAFT, token="wrong").status == 403
    assert send(who, "/mark/send", DRAFT, origin="http://evil.example").status == 403
    assert happened(root) == []


def test_a_refused_draft_says_why_in_both_languages(root: Path, tmp_path: Path) -> None:
    outside = send(visitor(root, "东山"), "/mark/send", DRAFT)
    assert outside.status == 403
    assert "辖区" in told(outside)["zh"]
    assert "outside" in told(outside)["en"]
    nothing = tmp_path / "x.jpg"
    nothing.write_bytes(b"no picture")
    refused = send(visitor(root, "督查"), "/mark/send", DRAFT, nothing)
    assert (refused.status, told(refused)["code"]) == (422, "photo_not_a_picture")
    assert happened(root) == []


@pytest.mark.parametrize("when", ["", "yesterday", "2026-03-16T10:00:00"])
def test_a_draft_without_a_moment_is_refused(root: Path, when: str) -> None:
    answer = send(visitor(root, "督查"), "/mark/send", {**DRAFT, "marked_at": when})
    assert (answer.status, told(answer)["code"]) == (422, "mark_malformed")


def test_what_is_larger_than_a_photo_may_be_is_refused(root: Path) -> None:
    answer = send(visitor(root, "督查"), "/mark/send", DRAFT, None, **{"content-length": str(10**9)})
    assert told(answer)["code"] == "photo_too_large"


def test_another_look_goes_to_the_site_that_is_there(root: Path) -> None:
    answer = send(visitor(root, "督查"), "/mark/send", {**DRAFT, "same_as": "HJ01"})
    assert told(answer)["id"] == "HJ01"
    assert [(one["kind"], one["feature_id"]) for one in happened(root)] == [("evidence", "HJ01")]


# --- acts


def step(who: Visitor, thing: str, to: str, version: int, photo: Path | None = None, **more: str) -> Answer:
    given = {"id": thing, "act": "step", "to": to, "base_version": str(version), **more}
    return send(who, "/mark/act", given, photo)


def test_a_site_goes_from_its_township_to_the_inspector_and_back_with_a_reason(root: Path, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", key="x", moment="after", on=TODAY)
    town, inspector = visitor(root, "石桥"), visitor(root, "督查")
    assert step(town, "HJ01", "claimed", 0).status == 200
    assert told(step(town, "HJ01", "rectified", 1))["code"] == "step_needs_photo"
    assert step(town, "HJ01", "rectified", 1, photo).status == 200
    assert told(step(inspector, "HJ01", "rectifying", 2))["code"] == "step_needs_note"
    assert step(inspector, "HJ01", "rectifying", 2, note="还有一袋没清").status == 200
    assert [one["to_stage"] for one in happened(root, "HJ01")] == ["claimed", "rectified", "rectifying"]


def test_a_step_of_another_role_or_another_township_is_refused(root: Path) -> None:
    assert step(visitor(root, "督查"), "HJ01", "claimed", 0).status == 403
    assert step(visitor(root, "东山"), "HJ01", "claimed", 0).status == 403
    assert step(visitor(root, "县长"), "HJ01", "claimed", 0).status == 403
    assert happened(root) == []


def test_who_may_not_act_on_a_site_is_not_told_how_it_stands(root: Path) -> None:
    other = visitor(root, "东山")
    for version in (0, 7):
        answer = step(other, "HJ03", "rectified", version)
        assert answer.status == 403
        assert not {"认领", "claimed", f"{STONE}202"} & set(re.findall(r"[\w]+", answer.text))
    for kind in ("undo", "revisit"):
        given = {"id": "HJ03", "act": kind, "to": "", "base_version": "0", "note": "x"}
        assert send(other, "/mark/act", given).status in (403, 409)
    taken = send(other, "/mark/send", {**DRAFT, "same_as": "HJ01"})
    assert taken.status in (403, 422)
    assert happened(root) == []


def test_whoever_is_second_is_told_both_versions_and_changes_nothing(root: Path) -> None:
    act(root, LAYER, "HJ01", "duplicate", "督查", note="重复", now=datetime.now(UTC))
    answer = step(visitor(root, "石桥"), "HJ01", "claimed", 0)
    assert answer.status == 409
    params = told(answer)["params"]
    assert (params["theirs"], params["mine"]) == ("duplicate", "claimed")
    assert len(happened(root, "HJ01")) == 1


def test_ones_own_last_act_is_undone_unless_another_came_after(root: Path) -> None:
    town = visitor(root, "石桥")
    step(town, "HJ01", "claimed", 0)
    undo = {"id": "HJ01", "act": "undo", "to": ""}
    assert send(town, "/mark/act", {**undo, "base_version": "0"}).status == 409
    assert send(town, "/mark/act", {**undo, "base_version": "1"}).status == 200
    assert [one["kind"] for one in happened(root, "HJ01")] == ["step", "undo"]


def test_a_closed_site_is_looked_back_at(root: Path) -> None:
    given = {"id": "HJ04", "act": "revisit", "to": "", "base_version": "0", "note": "干净"}
    assert send(visitor(root, "督查"), "/mark/act", given).status == 200
    assert [one["kind"] for one in happened(root, "HJ04")] == ["revisit"]


@pytest.mark.parametrize(("name", "value"), [("act", "sell"), ("base_version", "x")])
def test_an_act_that_no_page_makes_is_refused(root: Path, name: str, value: str) -> None:
    given = {"id": "HJ01", "act": "step", "to": "claimed", "base_version": "0", name: value}
    assert told(send(visitor(root, "石桥"), "/mark/act", given))["code"] == "mark_malformed"
