"""A command line that cannot be understood, said in one sentence of the reader's language."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

SAID = (
    (r"the following arguments are required: (.+)", "缺少：{0}", "missing: {0}"),
    (r"unrecognized arguments: (.+)", "没有这个选项或多写了：{0}", "unknown or too much: {0}"),
    (r"one of the arguments (.+) is required", "须写其中一项：{0}", "one of these is needed: {0}"),
    (r"argument (.+?): expected .*argument.*", "{0} 后面要写值", "{0} needs a value"),
    (r"argument (.+?): not allowed with argument (.+)", "{0} 不能与 {1} 同用", "{0} does not go with {1}"),
    (r"argument (.+?): ignored explicit argument (.+)", "{0} 不带值，收到 {1}", "{0} takes no value, got {1}"),
    (
        r"argument (.+?): invalid choice: (.+?) \(choose from (.*)\)",
        "{0} 没有 {1}，可选：{2}",
        "{0} cannot be {1}; choose from {2}",
    ),
    (r"argument (.+?): invalid \w+ value: (.+)", "{0} 要写数，收到 {1}", "{0} takes a number, got {1}"),
    (r"ambiguous option: (.+?) could match (.+)", "{0} 不明确，可能是：{1}", "{0} could be any of {1}"),
)
"""What argparse says, and what a reader is told instead."""


class Misuse(Exception):
    """What argparse found wrong, and the command it was about."""

    def __init__(self, message: str, prog: str) -> None:
        super().__init__(message)
        self.prog = prog

    def words(self, lang: str) -> str:
        """One sentence, with where to read on."""
        told = said(str(self), lang)
        if lang == "en":
            return f"{told[:1].upper()}{told[1:]}. See {self.prog} --help."
        return f"{told}。用法见 {self.prog} --help。"


class Arguments(argparse.ArgumentParser):
    """A parser that raises what is wrong, so that it is said in the reader's language."""

    def error(self, message: str) -> NoReturn:
        """Raise `Misuse`."""
        raise Misuse(message, self.prog)


def said(message: str, lang: str) -> str:
    """A message of argparse in one language; a text `zh / en` of the program's own by its half."""
    for pattern, zh, en in SAID:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return (en if lang == "en" else zh).format(*found.groups())
    head, sep, rest = message.removeprefix("argument ").partition(": ")
    zh, _, en = (rest if sep else message).partition(" / ")
    if not en:
        return message
    value, colon, _ = zh.rpartition(": ")
    own = en if lang == "en" else zh.removeprefix(value + colon)
    return (
        f"{head} {own}" + (f", got {value}" if lang == "en" else f"，收到 {value}") if colon else f"{head} {own}"
    )


def language(argv: list[str]) -> str:
    """The language that a command line asks for, understood or not."""
    asked = [argv[at + 1 : at + 2] for at, word in enumerate(argv) if word == "--lang"]
    return "en" if ["en"] in asked or "--lang=en" in argv else "zh"
