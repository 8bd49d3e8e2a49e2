"""The server as a browser meets it, gate and all, without a network; and a little county with accounts."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from dashboards.gate import READER, Gate
from dashboards.routes import routes
from pipelines.act import act, workspace_ledger
from pipelines.store import accounts
from pipelines.workspace import Workspace

HOST = "127.0.0.1:8501"
SECRET = "correct horse 电池 staple"
ADMIN = "管理"
EAST, STONE = "990101102", "990101100"
STAFF: tuple[tuple[str, str, str, str], ...] = (
    ("石桥", "township", "石桥镇", STONE),
    ("东山", "township", "东山乡", EAST),
    ("前进", "village_reporter", "前进村", STONE + "201"),
    ("县长", "county_leader", "", ""),
    ("督查", "inspector", "督查室", ""),
    ("审计", "auditor", "审计局", ""),
    ("农局", "bureau", "农业农村局", ""),
)


def staffed(little: Path, folder: Path) -> Path:
    """A copy of the little county with an account of each kind, all with the same password, changed already."""
    root = folder / "county"
    shutil.copytree(little, root)
    now = datetime(2026, 3, 11, 2, tzinfo=UTC)
    ledger = workspace_ledger(Workspace(root))
    accounts.add(ledger, ADMIN, role="administrator", now=now, password=SECRET)
    admin = accounts.named_actor(ledger, ADMIN)
    for name, role, unit, area in STAFF:
        layers = ("abandoned_parcel",) if role == "bureau" else ()
        accounts.add(
            ledger, name, role=role, unit=unit, area_code=area, layers=layers, now=now, by=admin, password=SECRET
        )
    with ledger.database.writing() as tx:
        tx.run("update accounts set must_change = 0")
    ledger.close()
    return root


def picture(path: Path, colour: str) -> Path:
    """A small JPEG of one colour."""
    from PIL import Image

    Image.new("RGB", (64, 48), colour).save(path, "JPEG")
    return path


def photographed(
    root: Path, thing: str, by: str, stage: str, file: Path, *, layer: str = "abandoned_parcel"
) -> str:
    """Take a step with a photo; the photo's digest."""
    event = act(root, layer, thing, stage, by, photo=file, now=datetime(2026, 3, 12, 2, tzinfo=UTC))
    return event.evidence[0]


@dataclass
class Answer:
    """What the server answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


async def streamlit_page(request: Any) -> PlainTextResponse:
    """In place of what Streamlit answers behind the gate."""
    return PlainTextResponse(f"behind the gate: {request.scope[READER].name}")


async def streamlit_socket(socket: WebSocket) -> None:
    """In place of Streamlit's websocket: tells of one file and of one place for a reader's own, then ends."""
    await socket.accept()
    await socket.send_bytes(b"\x0a\x1f/media/abc123.xlsx")
    await socket.send_bytes(b"\x0a\x22/_stcore/upload_file/0a1b-2c/3d4e-5f\x12\x01")
    await socket.close()


def application(root: Path) -> Gate:
    """The gate, our own routes, and something in place of Streamlit."""
    inside = Starlette(
        routes=[
            *routes(),
            WebSocketRoute("/_stcore/stream", streamlit_socket),
            Route("/{path:path}", streamlit_page, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )
    return Gate(inside, root=root, lang="zh")


class Visitor:
    """A browser that keeps its cookies."""

    def __init__(self, root: Path, *, host: str = HOST, scheme: str = "http") -> None:
        self.app = application(root)
        self.cookies: dict[str, str] = {}
        self.host = host
        self.scheme = scheme

    def get(self, address: str, **headers: str) -> Answer:
        return self.ask("GET", address, headers={"accept": "text/html", **headers})

    def post(self, address: str, given: dict[str, str] | None = None, **headers: str) -> Answer:
        body = urlencode(given or {}).encode()
        own = {"origin": f"{self.scheme}://{self.host}", "content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", address, body=body, headers={**own, **headers})

    def ask(self, method: str, address: str, *, body: bytes = b"", headers: dict[str, str]) -> Answer:
        answer = Answer()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, object]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                for name, value in message["headers"]:
                    if name == b"set-cookie":
                        answer.set_cookies.append(value.decode())
                    else:
                        answer.headers[name.decode()] = value.decode()
            else:
                answer.body += message.get("body", b"")

        scope = {**self._scope(address, headers), "type": "http", "method": method, "http_version": "1.1"}
        asyncio.run(self.app(scope, receive, send))
        self._keep(answer)
        return answer

    def open_socket(self, **headers: str) -> list[dict[str, Any]]:
        """What the websocket of the pages sends; a lone close when the door stays shut."""
        sent: list[dict[str, Any]] = []
        messages: list[dict[str, Any]] = [
            {"type": "websocket.connect"},
            {"type": "websocket.disconnect", "code": 1000},
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(dict(message))

        own = {"origin": f"{self.scheme}://{self.host}", **headers}
        scope = {**self._scope("/_stcore/stream", own), "type": "websocket", "subprotocols": []}
        asyncio.run(self.app(scope, receive, send))
        return sent

    def _scope(self, address: str, headers: dict[str, str]) -> dict[str, Any]:
        path, _, query = address.partition("?")
        given = {"host": self.host, **headers}
        if self.cookies:
            given.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        return {
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "scheme": self.scheme,
            "server": ("127.0.0.1", 8501),
            "client": ("127.0.0.1", 50000),
            "asgi": {"version": "3.0", "spec_version": "2.4"},
        }

    def _keep(self, answer: Answer) -> None:
        for line in answer.set_cookies:
            for name, one in SimpleCookie(line).items():
                if one.value in ("", '""') or one["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = one.value

    def sign_in(self, name: str, password: str = SECRET, to: str = "/") -> Answer:
        """Sign in by the page, as a person does."""
        page = self.get(f"/sign-in?{urlencode({'to': to})}")
        return self.post("/sign-in", {**hidden(page.text), "name": name, "password": password})


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    import re
    from html import unescape

    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}
