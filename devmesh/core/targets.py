"""How a lock target is written: one canonical, project-relative POSIX spelling, or a clear refusal.

    src/app.py      a file                        src/          a directory: all below it
    ./              the whole project             src/**/*.py   a glob
    [abc] [!a-z]    one character of a set, or not of it        ?, *   one character, any characters, within a segment
    **              as a whole segment: any depth, none included; last: all below (`src/**` is `src/`)
    a/nb.ipynb#id   one cell of a notebook: apart from its other cells, part of `a/nb.ipynb`
    [[] [*] [?]     the character itself, as `glob.escape` writes it: `app/[[]id]/page.tsx` is `app/[id]/page.tsx`

The verdict is the same on every system. What needs the disk (symbolic links, letter case, two names of one file) is
done before the core hears a path.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from devmesh.core.overlap import segments_meet
from devmesh.core.patterns import (
    ANY_DEPTH,
    ANY_SEGMENT,
    BELOW,
    NOTEBOOK_CELL,
    SPECIAL,
    WHOLE,
    Pattern,
    Segment,
    Segments,
    divided,
    escape,
    parse,
    segment_of,
    spell,
    word_of,
)
from devmesh.errors import BadTarget, PathEscapes

__all__ = ["WHOLE", "canonical", "covers", "divided", "escape", "is_directory", "is_glob", "literal_prefix"]

MAX_BYTES = 4096
MAX_SEGMENT_BYTES = 255
MAX_DEPTH = 128
"Segments of one target. Deeper is no project, but a way to fill the memory."
MAX_WILDCARDS = 64
"`*`, `?`, `[...]` and `**` of one target; keeps the comparison of any two cheap."

_INVISIBLE = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f"
)
TEXT_REFUSALS: tuple[tuple[re.Pattern[str], type[BadTarget], str], ...] = (
    (re.compile(r"\A\s*\Z"), BadTarget, "it is empty"),
    (re.compile(rf"[{_INVISIBLE}]"), BadTarget, "it contains a control, bidirectional or invisible character"),
    (re.compile(r"\A[A-Za-z]:"), PathEscapes, "it begins with a drive letter"),
    (re.compile(r"\A(//|\\\\)"), PathEscapes, "it names another machine"),
    (re.compile(r"\A/"), PathEscapes, "it is absolute, and targets are relative to the project"),
    (re.compile(r"\\"), BadTarget, "it contains a backslash; segments are divided by `/`"),
    (re.compile(r":[:$]"), BadTarget, "it names a stream of a file (`::$DATA`)"),
)
"What a target as written must not look like, in the order it is looked for."
_DEVICE = r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9\u00b9\u00b2\u00b3])(?:\..*)?"
SEGMENT_REFUSALS: tuple[tuple[re.Pattern[str], type[BadTarget], str], ...] = (
    (re.compile(r"\.\."), PathEscapes, "`..` leads upwards"),
    (re.compile(r"\.git|git~1", re.IGNORECASE), BadTarget, "`.git` belongs to git alone"),
    (re.compile(r".*[. ]"), BadTarget, "a segment ends with a dot or a space, which Windows drops"),
    (re.compile(_DEVICE, re.IGNORECASE), BadTarget, "a segment is a device name on Windows"),
)
"What no segment may be, in the order it is looked for. Patterns are compared as they are spelled."
_CELL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"What nbformat 4.5 allows as the id of a cell."
_JOINERS = str.maketrans("", "", "\u200c\u200d")
"Legitimate within words, and ignored by some file systems: `.g\u200cit` is `.git` there."


@lru_cache(maxsize=1 << 15)
def canonical(text: str) -> str:
    """One spelling for every target; spelling that again changes nothing.

    Raises PathEscapes for what leads out of the project and BadTarget for any other text that names nothing lockable;
    the message says why.
    """
    _check_text(text, text)
    segments = _segments(unicodedata.normalize("NFC", text))
    for segment in segments:
        _check_segment(segment, text)
    spelled = spell(segments)
    _check_text(spelled, text)  # `./C:/x` and `[C]:/x` show their drive letter only now
    _check_size(segments, spelled, text)
    _check_cell(spelled, text)
    return spelled


def is_directory(target: str) -> bool:
    """Whether a canonical target means all below something."""
    return target.endswith("/")


def is_glob(target: str) -> bool:
    """Whether a canonical target has wildcards; an escaped character is none."""
    return not SPECIAL.isdisjoint(target) and len(literal_prefix(target)) < len(_named(target))


def covers(target: str, path: str) -> bool:
    """Whether the canonical target contains the file at this plain canonical path (no escapes in it)."""
    if target == WHOLE:
        return True
    if SPECIAL.isdisjoint(target):
        return path.startswith(target) if target.endswith("/") else path == target
    return segments_meet(tuple(path.split("/")), parse(target))


@lru_cache(maxsize=1 << 15)
def literal_prefix(target: str) -> tuple[str, ...]:
    """The leading segments, unescaped, that every file of the target begins with; of a plain file, all of them."""
    prefix = []
    for segment in _named(target):
        if not isinstance(segment, str):
            break
        prefix.append(segment)
    return tuple(prefix)


def _named(target: str) -> Segments:
    """The segments without what a directory's `/` stands for."""
    segments = parse(target)
    return segments[:-2] if target.endswith("/") else segments


def _segments(text: str) -> Segments:
    words = text.split("/")
    below = words[-1] in {"", ".", "**"}
    segments: list[Segment] = []
    for word in words:
        segment = segment_of(word)
        if segment not in {"", "."}:
            _append(segments, segment)
    for segment in BELOW if below else ():
        _append(segments, segment)
    return tuple(segments)


def _append(segments: list[Segment], segment: Segment) -> None:
    """`**/**` is `**`, and `**/*` is `*/**`, so that what means the same is spelled the same."""
    if segments and segments[-1] is ANY_DEPTH and segment is ANY_DEPTH:
        return
    if segments and segments[-1] is ANY_DEPTH and segment == ANY_SEGMENT:
        segments.insert(-1, segment)
        return
    segments.append(segment)


def _check_text(spelled: str, text: str) -> None:
    for pattern, error, reason in TEXT_REFUSALS:
        if pattern.search(spelled):
            raise _refusal(error, text, reason)


def _check_segment(segment: Segment, text: str) -> None:
    if segment is ANY_DEPTH:
        return
    name = segment if isinstance(segment, str) else word_of(segment)
    if len(name.encode()) > MAX_SEGMENT_BYTES:
        raise _refusal(BadTarget, text, f"a segment is longer than {MAX_SEGMENT_BYTES} bytes")
    for pattern, error, reason in SEGMENT_REFUSALS:
        if pattern.fullmatch(name.translate(_JOINERS)):
            raise _refusal(error, text, reason)


def _check_size(segments: Segments, spelled: str, text: str) -> None:
    if len(spelled.encode()) > MAX_BYTES:
        raise _refusal(BadTarget, text, f"it is longer than {MAX_BYTES} bytes")
    if len(segments) > MAX_DEPTH:
        raise _refusal(BadTarget, text, f"it is deeper than {MAX_DEPTH} segments")
    if sum(map(_wildcards, segments)) > MAX_WILDCARDS:
        raise _refusal(BadTarget, text, f"it has more than {MAX_WILDCARDS} wildcards")
    if unicodedata.normalize("NFC", spelled) != spelled:
        raise _refusal(BadTarget, text, "a combining character stands in brackets, apart from its letter")


def _check_cell(spelled: str, text: str) -> None:
    if NOTEBOOK_CELL not in spelled.rpartition("/")[2]:
        return
    file, cell = divided(spelled)
    if not _CELL.fullmatch(cell):
        raise _refusal(BadTarget, text, "what follows `#` is not the id of a notebook's cell")
    if NOTEBOOK_CELL in file.rpartition("/")[2]:
        raise _refusal(BadTarget, text, "it names a cell of a cell")
    if is_glob(file):
        raise _refusal(BadTarget, text, "a cell is named with its one notebook, not with a pattern")


def _wildcards(segment: Segment) -> int:
    if isinstance(segment, Pattern):
        return sum(not isinstance(atom, str) for atom in segment.atoms)
    return int(segment is ANY_DEPTH)


def _refusal(error: type[BadTarget], text: str, reason: str) -> BadTarget:
    return error(f"{text[:200]!r} is no target: {reason}", field="targets")
