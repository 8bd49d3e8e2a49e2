"""Every finding and refusal that the code can give has its words in both languages, and none is left over."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from geo.issues import catalog
from geo.layers import builtin_layers

ROOT = Path(__file__).resolve().parents[1]
MAKERS = {"Issue", "Refused", "Forbidden", "Conflict", "XiangtuError", "error", "wording"}
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+|interrupted|sliver|spike")


def used() -> dict[str, str]:
    """Codes given to a maker of findings anywhere in the code, with the file that does."""
    found = {}
    for package in ("geo", "pipelines", "dashboards"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in MAKERS and node.args:
                    for part in ast.walk(node.args[0]):
                        if (
                            isinstance(part, ast.Constant)
                            and isinstance(part.value, str)
                            and CODE.fullmatch(part.value)
                        ):
                            found[part.value] = path.name
    for layer in builtin_layers().values():
        found |= {rule.code: f"{layer.id}.toml" for rule in layer.rules}
    return found


def test_every_code_in_use_is_in_the_catalog() -> None:
    missing = {code: name for code, name in used().items() if code not in catalog()}
    assert not missing


@pytest.mark.parametrize("code", sorted(catalog()))
def test_both_languages_use_the_same_parameters(code: str) -> None:
    entry = catalog()[code]
    zh, en = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (entry.zh, entry.en))
    assert {name.removesuffix("_en").removesuffix("_zh") for name in zh} == {
        name.removesuffix("_en").removesuffix("_zh") for name in en
    }
    assert entry.severity in {"error", "warning", "info", "refusal"}
    assert entry.mender in {"sender", "bureau", "program"}
