"""The kinds of fact and the columns of each, read off the vocabulary. Knows no row and no frame."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, get_args

import msgspec

from devmesh.errors import Malformed
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.record import kind_of

KINDS: Final[dict[str, type[Any]]] = {kind_of(fact): fact for fact in get_args(AnyFact) if fact.recorded}
"Every kind of fact that is kept, by its word."

FLAT: Final = 15
"Up to so many kinds, a frame of facts has their fields as columns; beyond, one column `body`."

_COLUMN_OF: Final[dict[type[Any], str]] = {
    msgspec.inspect.IntType: "number",
    msgspec.inspect.FloatType: "figure",
    msgspec.inspect.StrType: "text",
    msgspec.inspect.BoolType: "flag",
    msgspec.inspect.EnumType: "category",
}


def matching(pattern: str, *, known: Iterable[str] = ()) -> tuple[str, ...]:
    """The kinds a glob selects, `known` ones of other versions included. Raises Malformed when there is none."""
    everything = dict.fromkeys((*KINDS, *known))
    found = tuple(kind for kind in everything if fnmatchcase(kind, pattern))
    if not found:
        close = get_close_matches(pattern.strip("*?"), everything, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Kinds are words like lock_granted; try lock_*."
        raise Malformed(f"no kind of fact matches {pattern!r}", field="pattern", hint=hint)
    return found


@cache
def fields_of(kinds: tuple[str, ...]) -> dict[str, str]:
    """The fields of these kinds and the column each makes. Nested ones, and those kinds disagree about, are objects."""
    found: dict[str, str] = {}
    for kind in kinds:
        if (fact := KINDS.get(kind)) is None:
            continue
        for field in _fields(fact):
            column = _column(field.type)
            found[field.name] = column if found.get(field.name, column) == column else "object"
    return found


def _fields(fact: type[Any]) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(fact)
    assert isinstance(described, msgspec.inspect.StructType), "facts are structs"  # noqa: S101 - an invariant of ours
    return described.fields


def _column(described: msgspec.inspect.Type) -> str:
    if isinstance(described, msgspec.inspect.Metadata):
        return _column(described.type)
    if isinstance(described, msgspec.inspect.UnionType):
        rest = [one for one in described.types if not isinstance(one, msgspec.inspect.NoneType)]
        return _column(rest[0]) if len(rest) == 1 else "object"
    return _COLUMN_OF.get(type(described), "object")
