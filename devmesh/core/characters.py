"""Sets of characters, as a bracketed part of a pattern means them: `[abc]`, `[a-z]`, `[!a-z]`, and `?`.

Knows only the syntax between the brackets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from devmesh.errors import BadTarget

Interval = tuple[int, int]
Characters = tuple[Interval, ...]
"A set of characters: code point ranges, ascending, apart from each other, never containing `/`."

LAST: Final = 0x10FFFF
SLASH: Final = ord("/")
ANYTHING: Final[Characters] = ((0, SLASH - 1), (SLASH + 1, LAST))
"What `?` stands for."
_APART: Final = frozenset(map(ord, "]!-"))
"Characters that mean something else at some place within brackets."


def intersect(first: Characters, second: Characters) -> bool:
    """Whether some character is in both."""
    left = right = 0
    while left < len(first) and right < len(second):
        if first[left][1] < second[right][0]:
            left += 1
        elif second[right][1] < first[left][0]:
            right += 1
        else:
            return True
    return False


def bracket(text: str, start: int) -> tuple[Characters, int]:
    """The set that begins after `[`, and where the text goes on after its `]`."""
    negated = text.startswith("!", start)
    first = start + negated
    end = text.find("]", first + 1)
    if end < 0:
        raise BadTarget(f"`[` without its `]` in {text!r}", hint="A file name with a bracket is written `[[]`.")
    found = _merged(_ranges(text[first:end]))
    return (_merged(_complement(found)) if negated else found), end + 1


def _ranges(body: str) -> Iterable[Interval]:
    position = 0
    while position < len(body):
        if position + 2 < len(body) and body[position + 1] == "-":
            low, high = ord(body[position]), ord(body[position + 2])
            if low > high:
                raise BadTarget(f"the range {body[position : position + 3]!r} runs backwards")
            yield low, high
            position += 3
        else:
            yield ord(body[position]), ord(body[position])
            position += 1


def _merged(ranges: Iterable[Interval]) -> Characters:
    """Ascending and apart, without `/`, which no segment contains."""
    merged: list[Interval] = []
    for low, high in sorted(part for each in ranges for part in _without_slash(*each)):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _without_slash(low: int, high: int) -> Iterable[Interval]:
    if not low <= SLASH <= high:
        yield low, high
        return
    if low < SLASH:
        yield low, SLASH - 1
    if high > SLASH:
        yield SLASH + 1, high


def _complement(characters: Characters) -> Iterable[Interval]:
    free = 0
    for low, high in characters:
        if free < low:
            yield free, low - 1
        free = high + 1
    if free <= LAST:
        yield free, LAST


def spelled(characters: Characters) -> str:
    """The set with its brackets, or `?`. One with NUL in it is spelled as what it leaves out: NUL cannot be written."""
    if characters == ANYTHING:
        return "?"
    return f"[!{_body(_merged(_complement(characters)))}]" if characters[0][0] == 0 else f"[{_body(characters)}]"


def _body(characters: Characters) -> str:
    """What stands between the brackets, such that `]`, `!` and `-` mean themselves."""
    apart = {code for low, high in characters for code in _APART if low <= code <= high and code in (low, high)}
    ranges = []
    for low, high in characters:
        start, stop = low + (low in apart), high - (high in apart)
        if start <= stop:
            ranges.append(chr(start) + ("-" if stop - start > 1 else "") + (chr(stop) if stop > start else ""))
    plain = ("]" if ord("]") in apart else "") + "".join(ranges)
    bang, dash = ("!" if ord("!") in apart else ""), ("-" if ord("-") in apart else "")
    return plain + bang + dash if plain else dash + bang
