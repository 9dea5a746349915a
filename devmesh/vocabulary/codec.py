"""Bytes to typed messages and back. Nothing malformed passes, and every refusal says which field and why.

JSON, strict: UTF-8 only, no NaN, no unknown tag, no unknown field in a request, sizes and ranges as declared.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import msgspec

from devmesh.errors import Code, Malformed
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.record import Record
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Number

MAX_MESSAGE = 512 * 1024
"Bytes a peer may send in one message; larger contents travel as files or blobs."


class Message(Record, forbid_unknown_fields=True):
    """What a client sends: a request under its own number, which never repeats within a session."""

    id: Number
    request: AnyRequest


class _Numbered(Record):
    """A message of which only the number counts."""

    id: Number


class Recorded(Record):
    """A fact with its place in history."""

    sequence: int
    "Its number in the audit; 0 for a fact that is told but not kept."
    fact: AnyFact
    now: float = 0.0
    "Mesh time in seconds: runs only while a coordinator runs, never jumps."
    at: float = 0.0
    "Wall clock (Unix seconds), for display only."
    session: int | None = None
    request: int | None = None
    "The request that caused it, if one did."


class Delivery(Record):
    """What a coordinator sends: the facts of one turn that concern this client."""

    facts: tuple[Recorded, ...]
    reply_to: int | None = None
    "The request these facts answer; None: news."


T = TypeVar("T")

_messages = msgspec.json.Decoder(Message)
_numbers = msgspec.json.Decoder(_Numbered)
_deliveries = msgspec.json.Decoder(Delivery)
_recorded = msgspec.json.Decoder(Recorded)
_facts: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
_encoder = msgspec.json.Encoder()


def encode(value: Record) -> bytes:
    """The wire form. Raises Malformed for text that is none (a lone surrogate); NaN becomes null."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        part = error.object[max(0, error.start - 10) : error.start + 10].encode("ascii", "backslashreplace").decode()
        raise Malformed(f"not text: '{part}' has half a character in it", hint="Is it read as UTF-8?") from error
    except (ValueError, OverflowError) as error:
        raise Malformed(f"cannot be written as JSON: {error}") from error


def refuse_no_numbers(value: object, place: str = "$") -> None:
    """Raises Malformed where a request holds NaN or infinity, which would be written as if nothing were said."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed(f"{value} is no number that could be kept to", field=place)
    if isinstance(value, Record):
        for name in value.__struct_fields__:
            refuse_no_numbers(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, tuple):
        for position, one in enumerate(value):
            refuse_no_numbers(one, f"{place}[{position}]")


def decode_message(data: bytes | str) -> Message:
    """A client's message. Raises Malformed with the field's path; never anything else."""
    return _decode(_messages, data, MAX_MESSAGE)


def number_of(data: bytes | str) -> int | None:
    """The number of a message that is malformed otherwise, so that whoever asked can be told; None: it has none."""
    try:
        return _numbers.decode(data).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def decode_delivery(data: bytes | str) -> Delivery:
    """A coordinator's delivery. Raises Malformed."""
    return _decode(_deliveries, data, None)


def decode_recorded(data: bytes | str) -> Recorded:
    """One line of the mirror. Raises Malformed."""
    return _decode(_recorded, data, None)


def decode_fact(data: bytes | str) -> AnyFact:
    """One fact as the audit keeps it. Raises Malformed."""
    return _decode(_facts, data, None)


def wire_schema() -> dict[str, Any]:
    """The JSON Schema of everything that travels: messages one way, deliveries the other."""
    (message, delivery), components = msgspec.json.schema_components((Message, Delivery), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The DevMesh wire",
        "oneOf": [message, delivery],
        "$defs": components,
    }


def _decode(decoder: msgspec.json.Decoder[T], data: bytes | str, limit: int | None) -> T:
    if limit is not None and len(data) > limit:
        raise Malformed(f"{len(data)} bytes; at most {limit} are taken in one message", code=Code.TOO_LARGE)
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        reason, _, field = str(error).partition(" - at `")
        raise Malformed(reason, field=field.rstrip("`") or None) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(f"not valid JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise Malformed("nested too deeply") from error
