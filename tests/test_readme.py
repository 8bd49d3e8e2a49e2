"""What the README tells a reader to type exists, and every command is in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipelines.commands import parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.S)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = dict(parser()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("xiangtu")])
def test_every_command_line_of_the_readme_is_understood(line: str) -> None:
    arguments = parser().parse_args(line.split()[1:])
    assert callable(arguments.run)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}\b", README)


def test_the_two_commands_are_the_set_up_script() -> None:
    scripts = {line.split()[1] for line in LINES if line.startswith("python3")}
    assert scripts == {"pipelines/bootstrap.py"}
    assert (ROOT / "pipelines" / "bootstrap.py").is_file()


def test_every_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *(v for k, v in project["optional-dependencies"].items() if k != "build")]
    names = {re.split(r"[\[><=]", entry)[0] for group in groups for entry in group}
    helpers = {"pandas-stubs", "xlwt", *(n for n in names if n.startswith("pytest-"))}
    table = README[README.index("## 依赖") :]
    assert {name for name in names - helpers if name not in table} == set()


def test_ci_runs_the_readmes_own_test_command() -> None:
    assert "pipelines/bootstrap.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
