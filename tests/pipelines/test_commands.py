"""A command line is read with the options of its own command alone, as if all were there."""

from __future__ import annotations

import argparse

import pytest

from pipelines.commands import parse, parser


def commands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(dict(one.choices) for one in top._actions if isinstance(one, argparse._SubParsersAction))


ALL = commands(parser())


@pytest.mark.parametrize("name", ALL)
def test_a_command_made_alone_is_the_one_among_all(name: str) -> None:
    alone = commands(parser(name))
    assert list(alone) == [name]
    assert alone[name].format_help() == ALL[name].format_help()


def test_an_unknown_command_is_told_all_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["runs", "somewhere"])
    said = capsys.readouterr().err
    assert all(f"'{name}'" in said for name in ALL)


def test_a_language_may_stand_before_the_command() -> None:
    assert parse(["--lang", "en", "run", "x"]).lang == parse(["run", "x", "--lang", "en"]).lang == "en"
    assert parse(["run", "x"]).lang == "zh"
