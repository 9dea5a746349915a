"""Every request, every field, every bad value, every role: refused with the field's name, or with the rule.

The rows are made from the vocabulary's own annotations; a new request or field is covered the moment it is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, get_args

import msgspec
import pytest
from msgspec import inspect

from devmesh.core import events
from devmesh.core.effects import Record, Tell
from devmesh.core.sessions import MAY_SAY
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.errors import Malformed
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import decode_message
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Limits, Role
from tests.fuzz.targets import example

REQUESTS: Final[tuple[type[Any], ...]] = get_args(AnyRequest)


class Row(NamedTuple):
    """One message that must not be taken."""

    request: str
    field: str
    bad: str
    value: Any


def fields_of(request: type[Any]) -> dict[str, inspect.Field]:
    """By the name they have on the wire."""
    described = inspect.type_info(request)
    assert isinstance(described, inspect.StructType)
    return {field.encode_name: field for field in described.fields}


def bad_values(kind: inspect.Type) -> Iterator[tuple[str, Any]]:
    """What a field of this type must not be, each with a word for it."""
    inner = kind.type if isinstance(kind, inspect.Metadata) else kind
    several = list(inner.types) if isinstance(inner, inspect.UnionType) else [inner]
    kinds = {type(one) for one in several}
    for word, value, taken in (
        ("null", None, {inspect.NoneType}),
        ("a boolean", True, {inspect.BoolType}),
        ("a text", "?", {inspect.StrType, inspect.EnumType}),
        ("a number", 7, {inspect.IntType, inspect.FloatType}),
        ("half a number", 0.5, {inspect.FloatType}),
        ("a list", [[]], set()),
        ("an object", {"?": 1}, {inspect.StructType, inspect.DictType}),
    ):
        if not kinds & taken:
            yield word, value
    for one in several:
        yield from _out_of_range(one)


def _out_of_range(kind: inspect.Type) -> Iterator[tuple[str, Any]]:  # noqa: C901 - one case per kind of type
    match kind:
        case inspect.IntType() | inspect.FloatType():
            if kind.ge is not None:
                yield "too small", kind.ge - 1
            if kind.le is not None:
                yield "too large", kind.le + 1
            yield "huge", 10**30 if isinstance(kind, inspect.IntType) else float("1e308") * (kind.le is not None)
        case inspect.StrType():
            if kind.max_length is not None:
                yield "too long", "a" * (kind.max_length + 1)
            if kind.min_length:
                yield "too short", ""
            if kind.pattern is not None:
                yield "outside its pattern", "\x00 <b>"
        case inspect.EnumType():
            yield "an unknown word", "sudo"
        case inspect.VarTupleType():
            if kind.max_length is not None:
                yield "too many", [example(kind.item_type)] * (kind.max_length + 1)
            yield "a bad element", [{"\x00": []}]


def rows() -> Iterator[Row]:
    """All of them."""
    for request in REQUESTS:
        kind = kind_of(request)
        yield Row(kind, "no_such_field", "an unknown field", 1)
        for name, field in fields_of(request).items():
            if field.required:
                yield Row(kind, name, "missing", msgspec.NODEFAULT)
            for word, value in bad_values(field.type):
                yield Row(kind, name, word, value)


ROWS: Final = list(rows())

TAKEN: Final = {("join", "protocol", "huge")}
"Well formed, and refused by the core: whoever speaks another version is told which one is spoken here."


def good(request: type[Any]) -> dict[str, Any]:
    """A message that is taken."""
    made: dict[str, Any] = example(inspect.type_info(request))
    return made


@pytest.mark.parametrize("request_type", REQUESTS, ids=kind_of)
def test_every_bad_value_of_every_field_is_refused_by_name(request_type: type[Any]) -> None:
    """The refusal names the field; nothing but Malformed is raised; without the bad value the message is taken."""
    message = good(request_type)
    decode_message(msgspec.json.encode({"id": 1, "request": message}))
    mine = [row for row in ROWS if row.request == kind_of(request_type)]
    assert mine
    for row in mine:
        changed = {**message, row.field: row.value}
        if row.value is msgspec.NODEFAULT:
            del changed[row.field]
        if (row.request, row.field, row.bad) in TAKEN or (row.bad == "huge" and row.value == 0):
            continue
        with pytest.raises(Malformed) as caught:  # noqa: PT012 - the row is named when nothing is raised
            taken = decode_message(msgspec.json.encode({"id": 1, "request": changed}))
            pytest.fail(f"{row} was taken as {taken}")
        assert row.field in f"{caught.value.field} {caught.value.message}", row


def test_the_table_is_as_large_as_it_should_be() -> None:
    """Every request has rows, and every field at least three."""
    counted = Counter((row.request, row.field) for row in ROWS)
    for request in REQUESTS:
        for name in fields_of(request):
            assert counted[kind_of(request), name] >= 3, (request, name)
    assert len(ROWS) > 600


# ---- who may say what


def told(role: Role, request: Any, *, joined: bool) -> list[Any]:
    """What a client of this role is told of this request; whatever it is, the core goes on."""
    state = MeshState()
    heard: list[Any] = []
    joining = [msgspec.convert({"kind": "join", "tool": "sim"}, AnyRequest)] if joined else []
    turns: tuple[events.Event, ...] = (
        events.Started(project="p", version="0", limits=Limits()),
        events.Connected(connection=1, role=role, key="one"),
        *(events.Heard(connection=1, id=number, request=said) for number, said in enumerate([*joining, request], 1)),
    )
    for turn in turns:
        heard.clear()
        effects = step(state, turn, 1.0)
        assert all(effect.recorded.sequence for effect in effects if isinstance(effect, Record))
        heard += [one.fact for effect in effects if isinstance(effect, Tell) for one in effect.facts]
    return heard


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("request_type", REQUESTS, ids=kind_of)
def test_every_role_is_heard_or_refused(role: Role, request_type: type[Any]) -> None:
    """What MAY_SAY does not give a role is FORBIDDEN, and says so; what it gives is answered, joined or not."""
    request = msgspec.convert(good(request_type), AnyRequest)
    for joined in (False, True) if role is Role.AGENT else (False,):
        refusals = [fact for fact in told(role, request, joined=joined) if isinstance(fact, facts.RequestRefused)]
        codes = {str(fact.code) for fact in refusals}
        if role in MAY_SAY[request_type]:
            assert "FORBIDDEN" not in codes or request_type in _OWN_TERMS, (role, refusals)
        else:
            assert codes == {"FORBIDDEN"}, (role, refusals)
        assert all(fact.message for fact in refusals)


_OWN_TERMS: Final[tuple[type[Any], ...]] = ()
"Requests that forbid something further to those who may say them."


def test_every_request_is_in_the_table_of_who_may_say_it() -> None:
    """Deny by default: what is not there nobody may say."""
    assert set(MAY_SAY) == set(REQUESTS)
