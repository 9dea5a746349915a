"""Which files a lock target means, as far as a bridge must know to ask. The coordinator's reading decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_SPECIAL = re.compile(r"[*?\[]")
_SET = re.compile(r"\[(!?)(\]?[^\]]*)\]")


def exactly(path: str) -> str:
    """The target that means this one file, whatever its name contains."""
    return _SPECIAL.sub(r"[\g<0>]", path)


def covers(target: str, path: str) -> bool:
    """Whether the target (a file, a directory ending in `/`, or a glob) contains the file at this path."""
    if target == "./":
        return True
    if not _SPECIAL.search(target):
        return path.startswith(target) if target.endswith("/") else path == target
    return _pattern(target).fullmatch(path) is not None


def covered_by_any(targets: Iterable[str], path: str) -> bool:
    """Whether one of them does."""
    return any(covers(target, path) for target in targets)


@lru_cache(maxsize=1024)
def _pattern(target: str) -> re.Pattern[str]:
    segments = target.split("/")
    if segments[-1] in ("", "**"):  # a directory: all below it
        segments[-1] = "**/*"
    text = "/".join(map(_segment, segments)).replace("**/", "(?:[^/]+/)*")
    return re.compile(text, re.DOTALL)


def _segment(segment: str) -> str:
    if segment in {"**", "**/*"}:
        return segment.replace("/*", "/[^/]+")
    return "".join(_atoms(segment))


def _atoms(segment: str) -> Iterable[str]:
    position = 0
    while position < len(segment):
        if found := _SET.match(segment, position):
            yield f"[{'^/' if found[1] else ''}{_members(found[2])}]"
            position = found.end()
        else:
            yield {"*": "[^/]*", "?": "[^/]"}.get(segment[position], re.escape(segment[position]))
            position += 1


def _members(text: str) -> str:
    """The inside of brackets for `re`: only the range sign keeps a meaning."""
    return re.sub(r"[\\\]\[^&~|]", r"\\\g<0>", text)
