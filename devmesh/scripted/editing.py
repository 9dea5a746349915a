"""Edits of a text by whole lines. Each is idempotent: done twice, it changes nothing the second time.

Pure: knows no files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Lines = Sequence[str]

_CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}\n(?P<theirs>.*?)^>{7}[^\n]*\n?", re.MULTILINE | re.DOTALL
)


class CannotEdit(Exception):
    """The text is not as the edit expects."""


def replace(text: str, old: Lines, new: Lines) -> str:
    """`old` becomes `new`. `old` must be there exactly once, unless `new` is there in its stead already."""
    lines = text.splitlines()
    done = _places(lines, new) if new else []
    if done and (not _places(lines, old) or _places(new, old)):
        return text
    at = _only_place(lines, old)
    return _joined([*lines[:at], *new, *lines[at + len(old) :]], text)


def insert(text: str, anchor: Lines, new: Lines, *, after: bool) -> str:
    """`new` is put before or after the one place where `anchor` stands, unless it is in the text already."""
    lines = text.splitlines()
    if _places(lines, new):
        return text
    at = _only_place(lines, anchor) + (len(anchor) if after else 0)
    return _joined([*lines[:at], *new, *lines[at:]], text)


def append(text: str, new: Lines) -> str:
    """`new` is put at the end, unless it is in the text already."""
    lines = text.splitlines()
    return text if _places(lines, new) else _joined([*lines, *new], text)


def resolve(text: str, keep: str) -> str:
    """Every conflict in the text is settled: `ours`, `theirs`, or `both` in that order."""
    if keep not in {"ours", "theirs", "both"}:
        raise CannotEdit(f"a conflict is settled by ours, theirs or both, not {keep!r}")
    return _CONFLICT.sub(lambda found: (found["ours"] + found["theirs"]) if keep == "both" else found[keep], text)


def _places(lines: Lines, part: Lines) -> list[int]:
    wanted = list(part)
    return [at for at in range(len(lines) - len(wanted) + 1) if list(lines[at : at + len(wanted)]) == wanted]


def _only_place(lines: Lines, part: Lines) -> int:
    if not part:
        raise CannotEdit("there is no text to look for")
    places = _places(lines, part)
    if len(places) != 1:
        raise CannotEdit(f"{part[0].strip()!r} ... is there {len(places)} times, not once")
    return places[0]


def _joined(lines: Lines, before: str) -> str:
    """Every line ended, in the way the text did it before."""
    end = "\r\n" if "\r\n" in before else "\n"
    return "".join(line + end for line in lines)
