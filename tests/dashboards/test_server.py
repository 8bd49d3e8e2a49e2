"""The server's own routes, and a start that says clearly why it cannot."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette

from dashboards import assets, server
from dashboards.data import WORKSPACE_VARIABLE
from dashboards.routes import routes
from dashboards.words import Lang
from geo.errors import Refused
from tests.dashboards.little_county import CODE, HOSTILE


@dataclass
class Answer:
    """What the server answered."""

    status_code: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def get(address: str) -> Answer:
    """Ask the routes as a web server would, without one."""
    path, _, query = address.partition("?")
    answer = Answer(0, {}, b"")

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            answer.headers = {key.decode(): value.decode() for key, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
        "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }
    asyncio.run(Starlette(routes=routes())(scope, receive, send))
    return answer


@pytest.fixture(autouse=True)
def workspace(county_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(county_folder))


class Page(HTMLParser):
    """Tags, addresses and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_tile_is_compressed_and_may_be_kept_for_its_edition() -> None:
    answer = get("/tiles/abandoned_parcel/13/6508/3354.pbf")
    assert answer.status_code in (200, 204)
    assert "max-age" in answer.headers["cache-control"]


def test_tiles_of_no_layer_or_no_day_are_refused() -> None:
    assert get("/tiles/moon/13/1/1.pbf").status_code == 404
    assert get("/tiles/abandoned_parcel/13/1/1.pbf?as_of=yesterday").status_code == 400
    assert get("/tiles/abandoned_parcel/99/1/1.pbf").status_code == 204


def test_the_printed_page_holds_the_table_and_reaches_nowhere_else() -> None:
    page = Page(get("/print").text)
    assert "试县 · 撂荒地整治图斑" in page.text
    assert page.tags.count("tr") == 1 + 3 + 1
    assert page.tags.count("path") == 3 + 1
    assert all(link.startswith("/") for link in page.links)


def test_the_printed_page_of_a_village_shows_hostile_text_as_text() -> None:
    page = Page(get("/print?area=990101100201&lang=en").text)
    assert HOSTILE in page.text
    assert "img" not in page.tags
    assert page.tags.count("circle") == 2


def test_the_way_back_from_the_printed_page_keeps_the_view() -> None:
    page = Page(get("/print?area=990101101&lang=en").text)
    assert "/?area=990101101&lang=en" in page.links


def test_browser_files_are_served_and_nothing_above_them() -> None:
    assert get("/assets/own/map.js").status_code == 200
    assert get("/assets/own/../app.py").status_code == 404
    assert get("/assets/own/%2e%2e/app.py").status_code == 404


def test_a_taken_port_is_refused_with_another_to_try(county_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "is_ready", lambda: True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused) as refused:
            server.serve(county_folder, port=port)
    assert refused.value.code == "port_taken"
    assert str(port + 1) in refused.value.words("zh")


def test_a_host_that_is_not_ours_is_refused(county_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "is_ready", lambda: True)
    monkeypatch.setattr("dashboards.readers.has_accounts", lambda _: True)
    with pytest.raises(Refused) as refused:
        server.serve(county_folder, host="203.0.113.7", port=0)
    assert refused.value.code == "host_refused"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "127.example.org"])
def test_without_accounts_it_is_not_served_to_other_machines(county_folder: Path, host: str) -> None:
    with pytest.raises(Refused) as refused:
        server.serve(county_folder, host=host, port=0)
    assert refused.value.code == "serve_needs_account"
    assert "xiangtu account add" in refused.value.words("zh") and str(county_folder) in refused.value.words("en")


def test_without_browser_files_the_server_says_how_to_get_them(
    county_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "is_ready", lambda: False)
    with pytest.raises(Refused) as refused:
        server.serve(county_folder)
    assert "python -m dashboards.assets" in refused.value.words("zh")


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        server.serve(tmp_path)
    assert refused.value.code == "workspace_missing"


def test_a_page_of_an_empty_workspace_can_be_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.workspace import Workspace

    Workspace.create(tmp_path / "new", code=CODE, name="试县")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path / "new"))
    answer = get("/print")
    assert answer.status_code in (200, 422)
    assert "Traceback" not in answer.text


def test_photos_are_served_by_their_digest_alone(county_folder: Path) -> None:
    from pipelines.store.attachments import Attachments

    Attachments(county_folder / "attachments").put_made("ab" * 32, "thumb", b"picture")
    answer = get(f"/photos/{'ab' * 32}/thumb.jpg")
    assert (answer.status_code, answer.body) == (200, b"picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert get(f"/photos/{'ab' * 32}/original.jpg").status_code == 404
    assert get("/photos/..%2F..%2Fcounty/thumb.jpg").status_code == 404


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "没有底图文件 gone.pmtiles"), ("en", "no base map file gone.pmtiles")]
)
def test_a_base_map_that_cannot_be_used_is_said_when_the_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: Lang, said: str
) -> None:
    from pipelines.workspace import Workspace

    root = Workspace.create(tmp_path / "new", code=CODE, name="试县").root
    settings = root / "county.toml"
    settings.write_text(settings.read_text("utf-8").replace('tiles = ""', 'tiles = "gone.pmtiles"'), "utf-8")
    monkeypatch.setattr(assets, "is_ready", lambda: True)
    monkeypatch.setattr(server, "application", lambda *_: None)
    monkeypatch.setattr("dashboards.warm.keep_warm", lambda _: None)
    served: list[object] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: served.extend(sockets))
    server.serve(root, port=0, lang=lang)
    for one in served:
        one.close()  # type: ignore[attr-defined]
    told = capsys.readouterr().err
    assert len(served) == 1
    assert said in told and "Traceback" not in told
