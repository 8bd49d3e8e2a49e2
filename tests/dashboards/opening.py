"""A page as Streamlit runs it, without a browser: opened at an address, and what its components were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"


def opened(**address: str) -> AppTest:
    """The page that an address asks for."""
    app = AppTest.from_file(str(APP), default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def data_of(app: AppTest, name: str) -> dict[str, Any]:
    """What a component of ours was given."""
    for one in app.get("bidi_component"):
        if one.proto.component_name == f"xiangtu_{name}":
            return dict(json.loads(one.proto.json))
    raise AssertionError(f"no {name} on the page")
