"""Values of every record, made from its own annotations: whatever a field admits turns up sooner or later.

Knows no field by name; a new request or fact is covered the moment it is in `AnyRequest` or `AnyFact`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from devmesh.vocabulary.codec import Delivery, Message, Recorded
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.requests import AnyRequest

REQUESTS: tuple[type[Any], ...] = get_args(AnyRequest)
FACTS: tuple[type[Any], ...] = get_args(AnyFact)

LONGEST = 40
"Characters at most, where the vocabulary allows more: what is long is tested by name."

TEXT = st.characters(exclude_categories=["Cs"])
WORDS = "abcXYZ019_.:@+-"


def record(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of this record."""
    return _of(inspect.type_info(kind))


def _of(kind: Any) -> st.SearchStrategy[Any]:
    return STRATEGIES[type(kind)](kind)


def _integers(kind: inspect.IntType) -> st.SearchStrategy[int]:
    return st.integers(-(2**53) if kind.ge is None else kind.ge, 2**53 if kind.le is None else kind.le)


def _tuples(kind: inspect.VarTupleType) -> st.SearchStrategy[tuple[Any, ...]]:
    most = 3 if kind.max_length is None else min(3, kind.max_length)
    return st.lists(_of(kind.item_type), min_size=kind.min_length or 0, max_size=most).map(tuple)


def _struct(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    """All that must be there; what has a default only now and then, so that defaults are met too."""
    required = {field.name: _of(field.type) for field in kind.fields if field.required}
    optional = {field.name: _of(field.type) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind.cls(**values))


def _string(kind: inspect.StrType) -> st.SearchStrategy[str]:
    match kind.pattern:
        case None:
            least = kind.min_length or 0
            most = LONGEST if kind.max_length is None else min(LONGEST, kind.max_length)
            return st.text(TEXT, min_size=least, max_size=most)
        case pattern if "a-f" in pattern:
            length = 64 if "64" in pattern else 40
            return st.text("0123456789abcdef", min_size=length, max_size=length)
        case pattern if "100644" in pattern:
            return st.sampled_from(["100644", "100755", "120000"])
        case _:
            return st.text(WORDS, min_size=1, max_size=LONGEST)


STRATEGIES: dict[type[Any], Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.StructType: _struct,
    inspect.StrType: _string,
    inspect.IntType: _integers,
    inspect.FloatType: lambda kind: st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.EnumType: lambda kind: st.sampled_from(list[Enum](kind.cls)),
    inspect.VarTupleType: _tuples,
    inspect.UnionType: lambda kind: st.one_of([_of(each) for each in kind.types]),
    inspect.RawType: lambda _: st.just(msgspec.Raw(b'{"sequence":0}')),
}
"How an example of each kind of annotation is made; an annotation that is not here fails loudly."

messages = st.builds(
    Message,
    id=st.integers(1, 2**53 - 1),
    request=st.one_of([record(kind) for kind in REQUESTS]),
)
"Anything a client may say."

recorded = st.builds(
    Recorded,
    sequence=st.integers(0, 2**53 - 1),
    fact=st.one_of([record(kind) for kind in FACTS]),
    now=st.floats(0, 1e9),
    at=st.floats(0, 1e10),
    session=st.none() | st.integers(1, 2**53 - 1),
    request=st.none() | st.integers(1, 2**53 - 1),
)
"Any fact with its place in history."

deliveries = st.builds(
    Delivery,
    facts=st.lists(recorded, max_size=3).map(tuple),
    reply_to=st.none() | st.integers(1, 2**53 - 1),
)
"Anything a coordinator may say."
