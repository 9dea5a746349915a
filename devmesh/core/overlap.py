"""Whether two lock targets have a file in common: decided exactly, file, directory or glob against any other.

A file here is one or more non-empty segments of any characters but `/`; a notebook's cell is a part of its file.
Knows nothing of locks.
"""

from __future__ import annotations

from functools import lru_cache

from devmesh.core.patterns import (
    ANY_DEPTH,
    NOTEBOOK_CELL,
    SPECIAL,
    WHOLE,
    Atom,
    Pattern,
    Segment,
    Segments,
    divided,
    parse,
)

Name = str | Pattern
"A segment that is not `**`."


def overlap(first: str, second: str) -> bool:
    """Whether something is in both canonical targets. Never wrong in either direction; polynomial for any pattern."""
    if first == second or WHOLE in (first, second):
        return True
    if NOTEBOOK_CELL in first or NOTEBOOK_CELL in second:
        (first, one), (second, other) = divided(first), divided(second)
        if one and other and one != other:
            return False
        if first == second:
            return True
    if SPECIAL.isdisjoint(first) and SPECIAL.isdisjoint(second):
        return _within(first, second) or _within(second, first)
    return _meet(first, second) if first < second else _meet(second, first)


def segments_meet(first: Segments, second: Segments) -> bool:
    """Whether one path fits both. Walks `first`, keeping as bits how far `second` can be at the same time."""
    reach = start(second)
    for segment in first:
        reach = advance(second, reach, segment)
        if not reach:
            return False
    return bool(reach >> len(second) & 1)


def start(segments: Segments) -> int:
    """Where a walk along these segments begins. Bit i: i of them are behind. No two `**` stand side by side."""
    return 3 if segments[0] is ANY_DEPTH else 1


def advance(segments: Segments, reach: int, segment: Segment) -> int:
    """Where the walk can be after one more segment of the other side; 0: nowhere, nothing fits both."""
    if segment is ANY_DEPTH:
        return (1 << len(segments) + 1) - (reach & -reach)
    onward = 0
    while reach:
        bit = reach & -reach
        reach ^= bit
        index = bit.bit_length() - 1
        if index == len(segments):
            break
        if segments[index] is ANY_DEPTH:
            onward |= bit | bit << 1
        elif fits(segment, segments[index]):
            after = index + 1 < len(segments) and segments[index + 1] is ANY_DEPTH
            onward |= bit << 1 | (bit << 2 if after else 0)
    return onward


@lru_cache(maxsize=1 << 16)
def fits(first: Name, second: Name) -> bool:
    """Whether some name fits both segments, neither of them `**`."""
    if isinstance(first, Pattern):
        atoms = first.atoms
        return _atoms_meet(atoms, second) if isinstance(second, Pattern) else fits(second, first)
    return _atoms_meet(tuple(first), second) if isinstance(second, Pattern) else first == second


@lru_cache(maxsize=1 << 15)
def _meet(first: str, second: str) -> bool:
    return segments_meet(parse(first), parse(second))


def _within(directory: str, target: str) -> bool:
    return directory.endswith("/") and target.startswith(directory)


def _atoms_meet(atoms: tuple[Atom, ...], pattern: Pattern) -> bool:
    """The same walk one level down: characters instead of segments, `*` instead of `**`."""
    full = (1 << len(pattern.atoms) + 1) - 1
    stars = pattern.stars
    reach = 1 | (stars & 1) << 1
    for atom in atoms:
        if atom is None:
            reach = full & -(reach & -reach)
        else:
            onward = reach & stars | (reach & pattern.admitting(atom)) << 1
            reach = onward | (onward & stars) << 1
        if not reach:
            return False
    return bool(reach >> len(pattern.atoms) & 1)
