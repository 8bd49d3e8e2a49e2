"""One process and one port: the gate, and behind it pages, browser files, vector tiles and printed sheets."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

from dashboards.words import Lang, say
from geo.errors import Refused
from pipelines.workspace import Workspace

HERE = Path(__file__).resolve().parent
FONTS = (
    '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", '
    "system-ui, sans-serif"
)
OPTIONS: dict[str, Any] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "logger.level": "warning",
    "theme.font": FONTS,
    "theme.headingFont": FONTS,
    "theme.baseFontSize": 15,
    "theme.baseRadius": "7px",
    "theme.showWidgetBorder": True,
    "theme.light.primaryColor": "#1b5e73",
    "theme.light.backgroundColor": "#f7f8f5",
    "theme.light.secondaryBackgroundColor": "#ffffff",
    "theme.light.textColor": "#1f2a30",
    "theme.light.borderColor": "#d9dedd",
    "theme.dark.primaryColor": "#6fb7c4",
    "theme.dark.backgroundColor": "#12181c",
    "theme.dark.secondaryBackgroundColor": "#1b2328",
    "theme.dark.textColor": "#e8edec",
    "theme.dark.borderColor": "#35424a",
}


def application(workspace: Path, lang: Lang) -> Any:
    """The ASGI application for one workspace: the pages, and beside them files, tiles and printed sheets."""
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.web import bootstrap

    from dashboards.data import WORKSPACE_VARIABLE
    from dashboards.gate import Gate
    from dashboards.routes import routes
    from dashboards.session import LANG_VARIABLE
    from pipelines.basemap import sources

    os.environ[WORKSPACE_VARIABLE] = str(workspace)
    os.environ[LANG_VARIABLE] = lang
    gate = Middleware(Gate, root=workspace, lang=lang, extra=sources(Workspace(workspace).settings.basemap))
    made = st.App(HERE / "app.py", routes=routes(), middleware=[gate])
    bootstrap.load_config_options(OPTIONS)
    return made


def serve(
    workspace: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    lang: Lang = "zh",
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve a workspace until stopped; prints the address to open.

    certificate, key: PEM files by which it is served encrypted, as phones ask for before they give their position.
    Refused when `workspace` is none, it has no accounts and the host is not this machine alone, the browser files
    are not installed, the certificate cannot be used, the port is taken, or the host cannot be listened on.
    """
    from dashboards import assets
    from dashboards.gate import is_this_machine
    from dashboards.readers import has_accounts

    if not has_accounts(Workspace(workspace)) and not is_this_machine(host):
        raise Refused("serve_needs_account", host=host, dir=workspace)
    if not assets.is_ready():
        raise Refused("browser_files_missing")
    check_certificate(certificate, key)
    listening = _listen(host, port)
    import uvicorn

    # What draws is loaded before anyone can come, or the first reader would wait for it; not the views, because
    # Streamlit loses components that are declared before it runs.
    import dashboards.maps_desk  # noqa: F401
    from dashboards.warm import keep_warm
    from pipelines.basemap import base_map

    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    print(say("app.server_open", lang, address=f"http{'s' if certificate else ''}://{shown}:{port}"), flush=True)
    print(say("app.server_stop", lang), file=sys.stderr, flush=True)
    for fault in base_map(Workspace(workspace)).faults:
        print(fault.words(lang), file=sys.stderr, flush=True)
    keep_warm(workspace)
    config = uvicorn.Config(
        application(workspace, lang),
        log_level="warning",
        ws_ping_interval=20,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    uvicorn.Server(config).run(sockets=[listening])


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Refused unless both or neither are given, both can be read, and the key is the certificate's."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise Refused("certificate_alone")
    try:
        # A key behind a password would be asked for at a keyboard that a service does not have.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
        raise Refused("certificate_unusable", certificate=certificate, key=key, reason=reason) from None


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that a taken port is known before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if isinstance(error, PermissionError) or error.errno == errno.EADDRINUSE:
            raise Refused("port_taken", port=port, other=port + 1 if port >= 1024 else 8501) from None
        raise Refused("host_refused", host=host) from None
    return listening
