"""How a line after `%devmesh` is read: argparse that never exits or prints, whose complaints are one line each."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from collections.abc import Iterable
from typing import Any, NoReturn

from IPython.core.error import UsageError

_TIMES = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


_UNKNOWN = "unrecognized arguments: "
"How argparse begins its complaint."


class HelpWanted(Exception):
    """`--help` was among the words: the text to show instead of doing anything."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Parser(argparse.ArgumentParser):
    """argparse for a place that must not be left."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError: IPython shows it as one line without a traceback."""
        unknown = message.removeprefix(_UNKNOWN).split()[0] if message.startswith(_UNKNOWN) else ""
        meant = did_you_mean(unknown.partition("=")[0], self._option_string_actions)
        raise UsageError(f"{self.prog}: {message}. {meant}`{self.prog} --help` says more.")

    def exit(self, _status: int = 0, message: str | None = None) -> NoReturn:
        """Never leaves the process."""
        raise UsageError(message or self.prog)

    def print_help(self, _file: Any = None) -> None:
        """Hand the help to whoever shows it."""
        raise HelpWanted(self.format_help())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the word that was probably meant; empty where none is like it."""
    names = list(known)
    like = [name for name in names if word and name.startswith(word)] or difflib.get_close_matches(word, names, n=1)
    return f"Did you mean {like[0]}? " if like else ""


def words(line: str) -> tuple[list[str], list[str]]:
    """The words of a line as a shell would take them, and those behind a `--`."""
    try:
        found = shlex.split(line)
    except ValueError as wrong:
        raise UsageError(
            f"devmesh: {str(wrong).lower()} in the line. Close it, or put a longer text into a cell: %%devmesh task"
        ) from None
    if "--" not in found:
        return found, []
    at = found.index("--")
    return found[:at], found[at + 1 :]


def seconds(text: str) -> float:
    """`90`, `90s`, `10m` or `2h` as seconds. Raises ArgumentTypeError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip())
    if match is None or match[2] not in _TIMES:
        raise argparse.ArgumentTypeError(f"{text!r} is no time span: say 90, 90s, 10m or 2h")
    return float(match[1]) * _TIMES[match[2]]


def priority(text: str) -> int:
    """1 to 5. Raises ArgumentTypeError."""
    if text not in {"1", "2", "3", "4", "5"}:
        raise argparse.ArgumentTypeError(f"{text!r} is no priority: 1 is the most urgent, 5 the least")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def copies(text: str) -> int | str:
    """A whole number from 1 on, or `all`. Raises ArgumentTypeError."""
    return text if text == "all" else positive(text)


def dollars(text: str) -> float:
    """`5`, `0.50` or `$2`. Raises ArgumentTypeError."""
    match = re.fullmatch(r"\$?(\d+(?:\.\d+)?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars: say 5 or 0.50")
    return float(match[1])


def tokens(text: str) -> int:
    """`20000`, `20k` or `1.5M`. Raises ArgumentTypeError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens: say 20000, 20k or 1.5M")
    return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()])
