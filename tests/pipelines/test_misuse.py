"""A command line that cannot be understood is answered in one sentence of one language."""

from __future__ import annotations

import pytest

from pipelines.__main__ import main

CASES = [
    (
        ["lookback", "w", "--layer", "x", "--count", "-4"],
        "--count 要大于 0，收到 -4",
        "--count must be above 0, got -4",
    ),
    (["lookback", "w", "--layer", "x", "--count"], "--count 后面要写值", "--count needs a value"),
    (
        ["lookback", "w", "--layer", "x", "--count", "many"],
        "--count 要写数，收到 'many'",
        "--count takes a number",
    ),
    (
        ["show", "w", "--layer", "x", "--colour", "red"],
        "没有这个选项或多写了：--colour red",
        "Unknown or too much",
    ),
    (["show", "w"], "缺少：--layer", "Missing: --layer"),
    (["progress", "w", "--layer", "x", "--by", "house"], "--by 没有 'house'，可选", "--by cannot be 'house'"),
]


@pytest.mark.parametrize(("words", "zh", "en"), CASES)
def test_a_misuse_is_told_in_the_readers_language_alone(
    words: list[str], zh: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as first:
        main(words)
    told = capsys.readouterr().err
    assert first.value.code == 2 and told.startswith(zh) and told.count("\n") == 1 and en not in told
    with pytest.raises(SystemExit) as second:
        main([*words[:1], "--lang", "en", *words[1:]])
    told = capsys.readouterr().err
    assert second.value.code == 2 and told.startswith(en) and told.isascii() and told.count("\n") == 1
