"""Every door from outside: what opens to whom, and what stays shut."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboards.data import WORKSPACE_VARIABLE
from dashboards.gate_forms import TOKEN_HEADER, form_token
from dashboards.readers import COOKIE
from pipelines.act import workspace_ledger
from pipelines.store import accounts
from pipelines.workspace import Workspace
from tests.dashboards.doors import (
    ADMIN,
    EAST,
    HOST,
    SECRET,
    STONE,
    Visitor,
    hidden,
    photographed,
    picture,
)
from tests.dashboards.little_county import HOSTILE

TILE_EAST = "/tiles/abandoned_parcel/14/13016/6698.pbf"
DOORS = (
    "/",
    "/?page=leader&area=990101100",
    "/print",
    "/print/parcel?layer=abandoned_parcel&thing=TB0001",
    "/mark",
    "/mark/setup",
    "/mark/areas",
    "/mark/where?lon=106.01&lat=31.01",
    "/mark/sites?lon=106.01&lat=31.01",
    "/mark/sw.js",
    "/mark/send",
    "/mark/act",
    TILE_EAST,
    f"/photos/{'ab' * 32}/thumb.jpg",
    "/media/abc123.xlsx",
    "/_stcore/upload_file/0a1b-2c/3d4e-5f",
    "/component/streamlit_folium.st_folium/index.html",
    "/_stcore/host-config",
    "/_stcore/bidi-components/xiangtu/board.js",
)


def address_of_tile(lon: float, lat: float, z: int = 14) -> str:
    import math

    x = int((lon + 180) / 360 * 2**z)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
    return f"/tiles/abandoned_parcel/{z}/{x}/{y}.pbf"


STONE_TILE = address_of_tile(106.005, 31.005)
EAST_TILE = address_of_tile(106.005, 31.085)


# ---- no session, a dead session


@pytest.mark.parametrize("address", DOORS)
def test_without_a_session_every_door_is_shut(visit: Callable[..., Visitor], address: str) -> None:
    page = visit().get(address)
    assert page.status == 303 and page.headers["location"].startswith("/sign-in?to=%2F")
    other = visit().ask("GET", address, headers={"accept": "*/*"})
    assert other.status == 401 and "登录" in other.text
    for method in ("POST", "PUT", "DELETE"):
        assert visit().ask(method, address, headers={"origin": f"http://{HOST}"}).status == 401


def test_without_a_session_the_websocket_is_not_taken(visit: Callable[..., Visitor]) -> None:
    assert visit().open_socket() == [{"type": "websocket.close", "code": 4401}]


@pytest.mark.parametrize(
    "ending",
    [
        "delete from sessions",
        "update sessions set expires_at = '2020-01-01T00:00:00.000000+00:00'",
        "update sessions set seen_at = '2020-01-01T00:00:00.000000+00:00'",
        "update accounts set disabled = 1 where name = '石桥'",
    ],
)
def test_a_session_that_ended_opens_nothing(
    visit: Callable[..., Visitor], staff_folder: Path, ending: str
) -> None:
    visitor = visit("石桥")
    assert visitor.get("/").text == "behind the gate: 石桥"
    ledger = workspace_ledger(Workspace(staff_folder))
    with ledger.database.writing() as tx:
        tx.run(ending)
    assert [visitor.get(address).status for address in DOORS] == [303] * len(DOORS)
    assert visitor.open_socket() == [{"type": "websocket.close", "code": 4401}]
    with ledger.database.writing() as tx:
        tx.run("update accounts set disabled = 0")
    ledger.close()


def test_a_forged_cookie_or_header_opens_nothing(visit: Callable[..., Visitor]) -> None:
    for value in ("", "x", ADMIN, "' or 1=1 --", "a" * 5000, "\xff"):
        visitor = visit()
        visitor.cookies[COOKIE] = value
        assert visitor.get("/print").status == 303
    for name in (
        "x-xiangtu-user",
        "x-xiangtu-reader",
        "x-forwarded-user",
        "x-rg-user",
        "authorization",
        "x-remote-user",
    ):
        assert visit().get("/print", **{name: ADMIN}).status == 303
        assert visit("石桥").get("/", **{name: ADMIN}).text == "behind the gate: 石桥"


def test_a_first_password_opens_nothing_but_its_change(visit: Callable[..., Visitor], staff_folder: Path) -> None:
    ledger = workspace_ledger(Workspace(staff_folder))
    first = accounts.reset(ledger, "审计", now=datetime.now(UTC), by=accounts.named_actor(ledger, ADMIN))
    visitor = visit()
    answer = visitor.sign_in("审计", first, to="/?page=leader")
    assert answer.headers["location"] == "/sign-in/password?to=%2F%3Fpage%3Dleader&lang=zh"
    assert visitor.get("/print").headers["location"].startswith("/sign-in/password?to=%2Fprint")
    assert visitor.open_socket() == [{"type": "websocket.close", "code": 4401}]
    page = visitor.get(answer.headers["location"])
    assert "首次密码" in page.text
    form = hidden(page.text)
    refused = visitor.post("/sign-in/password", {**form, "old": first, "new": "short", "again": "short"})
    assert "密码太弱" in refused.text
    unlike = visitor.post("/sign-in/password", {**form, "old": first, "new": SECRET, "again": SECRET + "x"})
    assert "不一样" in unlike.text
    done = visitor.post("/sign-in/password", {**form, "old": first, "new": SECRET, "again": SECRET})
    assert (done.status, done.headers["location"]) == (303, "/?page=leader")
    assert visitor.get("/").text == "behind the gate: 审计"
    ledger.close()


def test_only_browser_files_and_the_sign_in_are_open(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    assert visitor.get("/assets/own/door.css").status == 200
    assert visitor.get("/sign-in").status == 200
    for path in (
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/static/../print",
        "/assets//print",
        "/assets/..\\print",
        "/sign-in/../print",
        "/sign-inside",
        "//print",
    ):
        answer = visitor.get(path)
        assert answer.status in (303, 404), path
        assert "behind the gate" not in answer.text


def test_streamlits_own_side_doors_are_shut_even_to_an_administrator(visit: Callable[..., Visitor]) -> None:
    visitor = visit(ADMIN)
    for path in ("/_stcore/metrics", "/auth/login", "/auth/logout", "/oauth2callback", "/_stcore/agent/x"):
        assert visitor.get(path).status == 404


# ---- what a township reaches


def test_a_township_is_given_the_tiles_of_its_own_parcels_alone(visit: Callable[..., Visitor]) -> None:
    for name, own, other in (("石桥", STONE_TILE, EAST_TILE), ("东山", EAST_TILE, STONE_TILE)):
        visitor = visit(name)
        assert visitor.get(own).status == 200
        assert visitor.get(other).status == 204
        assert visitor.get(f"{other}?as_of=2026-03-01").status == 204
    leader = visit("县长")
    assert b"TB0001" in gzip.decompress(leader.get(STONE_TILE).body)
    assert b"TB0030" in gzip.decompress(leader.get(EAST_TILE).body)


def test_a_village_reporter_is_given_no_parcels_at_all(visit: Callable[..., Visitor]) -> None:
    assert visit("前进").get(STONE_TILE).status == 204


def test_a_township_prints_its_own_area_whatever_the_address_asks(visit: Callable[..., Visitor]) -> None:
    visitor = visit("石桥")
    for query in (
        "",
        f"area={EAST}",
        f"area={EAST}201",
        "area=990101",
        "area=unplaced",
        f"area={EAST}&view=things",
    ):
        page = visitor.get(f"/print?{query}")
        assert page.status == 200
        assert not any(name in page.text for name in ("清泉村", "东山村", "TB0030", "43.50", "TB0006")), query
    assert "前进村" in visitor.get("/print").text


def test_a_township_sees_the_photos_of_its_own_area_alone(
    visit: Callable[..., Visitor], staff_folder: Path, tmp_path: Path
) -> None:
    red = photographed(staff_folder, "TB0001", "农局", "accepted", picture(tmp_path / "r.jpg", "red"))
    blue = photographed(staff_folder, "TB0030", "东山", "remediated", picture(tmp_path / "b.jpg", "blue"))
    for name, own, other in (("石桥", red, blue), ("东山", blue, red)):
        visitor = visit(name)
        assert visitor.get(f"/photos/{own}/view.jpg").status == 200
        assert visitor.get(f"/photos/{other}/view.jpg").status == 404
        assert visitor.get(f"/photos/{other}/thumb.jpg").status == 404
    assert visit("县长").get(f"/photos/{blue}/view.jpg").status == 200
    assert visit("前进").get(f"/photos/{red}/view.jpg").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/photos/..%2F..%2Fcounty/thumb.jpg",
        "/photos/%2e%2e%2fledger.sqlite/view.jpg",
        f"/photos/{'0' * 64}/original.jpg",
        f"/photos/{'0' * 63}%2e/view.jpg",
        "/tiles/..%2F..%2Fledger/14/1/1.pbf",
        "/tiles/abandoned_parcel/-1/1/1.pbf",
    ],
)
def test_no_path_leads_out_of_its_folder(visit: Callable[..., Visitor], path: str) -> None:
    answer = visit("县长").get(path)
    assert answer.status == 404 or answer.text.startswith("behind the gate")
    assert b"SQLite" not in answer.body


def test_a_file_made_for_one_reader_is_given_to_that_reader_alone(visit: Callable[..., Visitor]) -> None:
    stone, east = visit("石桥"), visit("东山")
    east.app = stone.app
    assert stone.get("/media/abc123.xlsx").status == 404
    assert {"type": "websocket.send", "bytes": b"\x0a\x1f/media/abc123.xlsx"} in stone.open_socket()
    assert stone.get("/media/abc123.xlsx").status == 200
    assert east.get("/media/abc123.xlsx").status == 404
    assert stone.get("/media/abc123%2F..%2Fother.xlsx").status in (200, 404)
    assert stone.get("/media/other.xlsx").status == 404


def test_a_place_for_a_readers_own_photos_takes_them_from_that_reader_alone(
    visit: Callable[..., Visitor],
) -> None:
    place = "/_stcore/upload_file/0a1b-2c/3d4e-5f"
    stone, east = visit("石桥"), visit("东山")
    east.app = stone.app
    own = {"origin": f"http://{HOST}"}
    stone.open_socket()
    for method in ("PUT", "DELETE"):
        assert stone.ask(method, place, headers=own).status == 200
        assert east.ask(method, place, headers=own).status == 404
        assert stone.ask(method, f"{place}0", headers=own).status == 404
    assert stone.ask("PUT", f"{place}/../../0a1b-2c/other", headers=own).status == 404


# ---- requests that come from elsewhere


def test_what_another_site_sends_is_not_done(visit: Callable[..., Visitor]) -> None:
    visitor = visit("督查")
    token = {TOKEN_HEADER: form_token(visitor.cookies[COOKIE])}
    for origin in ("https://evil.example", "null", f"http://{HOST}.evil.example", "http://127.0.0.1:9999", ""):
        for path in ("/mark/send", "/sign-in", "/sign-out", "/sign-in/password", "/"):
            assert visitor.post(path, {"name": "x"}, origin=origin, **token).status == 403
        assert visitor.open_socket(origin=origin) == [{"type": "websocket.close", "code": 4401}]
    assert visitor.get("/").status == 200


def test_own_changes_carry_the_token_of_their_session(visit: Callable[..., Visitor]) -> None:
    visitor, other = visit("督查"), visit("石桥")
    assert visitor.post("/mark/send").status == 403
    assert visitor.post("/mark/send", **{TOKEN_HEADER: form_token(other.cookies[COOKIE])}).status == 403
    assert visitor.post("/mark/send", **{TOKEN_HEADER: form_token(None)}).status == 403
    right = {TOKEN_HEADER: form_token(visitor.cookies[COOKIE])}
    assert visitor.post("/mark/send", **right).status == 422
    assert visitor.post("/anything", **right).text == "behind the gate: 督查"


def test_without_accounts_only_this_machines_own_name_opens_it(
    county_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(county_folder))
    for host in (HOST, "localhost", "localhost:8501", "[::1]:8501", "127.0.0.1"):
        assert Visitor(county_folder, host=host).get("/").text == "behind the gate: 本机"
    for host in ("evil.example:8501", "127.evil.example", "192.168.1.5:8501", ""):
        answer = Visitor(county_folder, host=host).get("/")
        assert answer.status == 403 and "本机" in answer.text


# ---- headers


def test_every_answer_keeps_the_browser_at_home(visit: Callable[..., Visitor]) -> None:
    visitor = visit("县长")
    for address in ("/", "/print", STONE_TILE, "/sign-in/password", "/assets/own/door.css", "/nowhere"):
        headers = visitor.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert not any(word in policy for word in ("http:", "https:", "*"))
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        if not address.startswith("/assets/"):
            assert "private" in headers["cache-control"] or "no-store" in headers["cache-control"]
            assert "Cookie" in headers["vary"]


def test_a_pages_policy_takes_no_words_from_the_host_of_a_request(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.host = "x; script-src *"
    assert "script-src *" not in visitor.get("/sign-in").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("tiles", "source"),
    [
        ("", ()),
        ("/basemap/{z}/{x}/{y}.png", ()),
        (
            "https://t{s}.tianditu.gov.cn/vec_w/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=KEY",
            tuple(f"https://t{number}.tianditu.gov.cn" for number in range(8)),
        ),
        ("https://{s}.example.cn/{z}/{x}/{y}.png", tuple(f"https://{one}.example.cn" for one in "abc")),
        ("https://example.cn/only-an-address", ()),
        ("https://map.example.cn:8443/{z}/{x}/{y}.png", ("https://map.example.cn:8443",)),
        ("https://a b;c/{z}", ()),
    ],
)
def test_the_servers_of_a_base_map_are_the_only_other_sources(tiles: str, source: tuple[str, ...]) -> None:
    from dashboards.gate_headers import policy
    from pipelines.basemap import sources

    assert sources({"tiles": tiles}) == source
    assert all(one in policy(HOST, source) for one in source)


def test_hostile_text_is_text_in_what_is_printed(visit: Callable[..., Visitor]) -> None:
    page = visit("石桥").get(f"/print?area={STONE}201&view=things")
    assert "<img" not in page.text
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in page.text
