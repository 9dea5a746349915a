"""Which `${...}`, sums and texts of a shell command evaluate nothing further: patterns. Knows no command."""

from __future__ import annotations

import re

_PARAMETER = re.compile(
    r"\$\{(?:#?(?:[A-Za-z_]\w*|\d+|[@*#?])|(?:[A-Za-z_]\w*|\d+|[@*])"
    r"(?:(?::?[-+]|##?|%%?|//?|\^\^?|,,?)[\w ./*?%+:,-]*|:\d+(?::\d+)?))\}",
    re.ASCII,
)
"Without an index, a sum, another name's value (`!`), a text taken for a prompt (`@P`), an assignment, or quotes."
_SUM = re.compile(r"\$\(\([\d\s+*/%()<>=!&|^~?:,-]*\)\)", re.ASCII)
"Of numbers alone: a name in it stands for a text, which would be evaluated in turn, with the commands in it."
_RUNNING = ("$(", "${", "$[", "`", "\\\n")
_JOINED = re.compile(r"(?<![ \t\n])\\\n")


def end_of_parameter(text: str, at: int) -> int | None:
    """Just behind a `${...}` that evaluates nothing; None where it may."""
    found = _PARAMETER.match(text, at)
    return found.end() if found else None


def end_of_sum(text: str, at: int) -> int | None:
    """Just behind a `$((...))` of numbers; None where there is more in it."""
    found = _SUM.match(text, at)
    return found.end() if found else None


def end_of_backticks(text: str, at: int) -> int | None:
    """Just behind the backtick that closes the one before `at`; None where a backslash between them means something."""
    end = text.find("`", at)
    return None if end < 0 or "\\" in text[at:end] else end + 1


def evaluates(body: str) -> bool:
    """Whether the shell would run commands in a text that it reads from its own lines, or join two of them."""
    return any(sign in body for sign in _RUNNING)


def joins_words(command: str) -> bool:
    """Whether two lines are made one within a word or an operator: `$` at one's end, `(` at the other's start."""
    return _JOINED.search(command) is not None
