"""Bytes become typed messages or one clear error, whatever they are; and what was said comes back as it was."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from devmesh.errors import Code, Malformed
from devmesh.vocabulary import codec, facts, requests
from devmesh.vocabulary.codec import Delivery, Message, Recorded
from devmesh.vocabulary.terms import Budget
from tests.vocabulary.examples import FACTS, REQUESTS, deliveries, messages, record, recorded
from tests.vocabulary.malformed import MALFORMED, Bad, asking, nested, saying

OFTEN = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
PER_KIND = settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])

DECODERS = (codec.decode_message, codec.decode_delivery, codec.decode_recorded, codec.decode_fact)


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_refused_and_the_place_is_named(bad: Bad) -> None:
    """Every message of the corpus: `Malformed`, with its code, and the field in `field` or in the text."""
    with pytest.raises(Malformed) as caught:
        codec.decode_message(bad.said)
    assert caught.value.code == bad.code
    assert bad.names in f"{caught.value.field} {caught.value}"


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)
def test_a_refusal_is_short_and_can_be_told(bad: Bad) -> None:
    """Nothing of a hostile message is repeated at length, and the refusal itself fits the wire."""
    with pytest.raises(Malformed) as caught:
        codec.decode_message(bad.said)
    refusal = facts.RequestMalformed(code=caught.value.code, message=str(caught.value), field=caught.value.field)
    assert codec.decode_fact(codec.encode(refusal)) == refusal


def test_a_field_said_twice_counts_as_it_was_said_last() -> None:
    """Duplicate keys are not refused; the last one wins, for every reader here alike. Only the kind cannot repeat."""
    assert codec.decode_message(b'{"id":1,"id":2,"request":{"kind":"watch"}}').id == 2
    said = codec.decode_message(asking('{"kind":"leave","reason":"a","reason":"b"}'))
    assert said.request == requests.Leave(reason="b")
    assert json.loads(b'{"id":1,"id":2}') == {"id": 2}


def test_escapes_are_read_as_the_characters_they_stand_for() -> None:
    """A pair is one character, and a NUL is text like any other here: making it harmless is `plain`'s duty."""
    assert codec.decode_message(saying(b"\\ud83d\\ude00\\u0000")).request == requests.Leave(reason="\U0001f600\x00")


def test_the_largest_message_is_taken_and_one_byte_more_is_not() -> None:
    """The limit is exact, and counted before anything is parsed."""
    whole = asking('{"kind":"watch"}').ljust(codec.MAX_MESSAGE)
    assert codec.decode_message(whole).request == requests.Watch()
    with pytest.raises(Malformed) as caught:
        codec.decode_message(whole + b" ")
    assert caught.value.code == Code.TOO_LARGE


def test_a_deep_field_of_a_fact_is_an_error_and_no_crash() -> None:
    """Unknown fields of facts are skipped, but not without end."""
    with pytest.raises(Malformed, match="nested too deeply"):
        codec.decode_fact(f'{{"kind":"goal_set","text":"a","x":{nested("[", "]", 100_000)}}}')


# ---- anything at all ----


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@OFTEN
@given(said=st.binary(max_size=200) | st.text(st.characters(), max_size=100))
def test_no_bytes_raise_anything_but_malformed(decode: Any, said: bytes | str) -> None:
    """Random noise, as bytes or as text with lone surrogates."""
    with pytest.raises(Malformed):
        decode(said)


NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@OFTEN
@given(message=messages, data=st.data())
def test_a_message_changed_anywhere_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    """Bytes swapped, cut or doubled: either a message that can be said again, or `Malformed`."""
    said = bytearray(codec.encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(said)))
        end = data.draw(st.integers(start, min(len(said), start + 8)))
        said[start:end] = data.draw(st.binary(max_size=4) | st.just(bytes(said[start:end]) * 2))
    _read_or_refused(bytes(said))


@OFTEN
@given(message=messages, noise=NOISE, data=st.data())
def test_a_message_with_a_foreign_part_is_read_or_refused(message: Message, noise: Any, data: st.DataObject) -> None:
    """Well-formed JSON in which one value, somewhere, is something else."""
    whole = json.loads(codec.encode(message))
    inner = whole["request"] if data.draw(st.booleans()) else whole
    inner[data.draw(st.sampled_from([*inner, "surprise"]))] = noise
    _read_or_refused(json.dumps(whole).encode("utf-8", "surrogatepass"))


def _read_or_refused(said: bytes) -> None:
    try:
        read = codec.decode_message(said)
    except Malformed:
        return
    assert codec.decode_message(codec.encode(read)) == read


# ---- what was said comes back ----


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
@PER_KIND
@given(data=st.data())
def test_every_request_survives_the_wire(kind: type[Any], data: st.DataObject) -> None:
    """Encoded, decoded: equal, whatever its fields hold."""
    message = Message(id=data.draw(st.integers(1, 2**53 - 1)), request=data.draw(record(kind)))
    assert codec.decode_message(codec.encode(message)) == message
    assert codec.decode_message(codec.encode(message).decode()) == message


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@PER_KIND
@given(data=st.data())
def test_every_fact_survives_the_audit(kind: type[Any], data: st.DataObject) -> None:
    """What is kept is what was said."""
    fact = data.draw(record(kind))
    assert codec.decode_fact(codec.encode(fact)) == fact


@OFTEN
@given(delivery=deliveries)
@example(delivery=Delivery(facts=(), reply_to=1))
def test_every_delivery_survives_the_wire(delivery: Delivery) -> None:
    """Whole turns come back, in order and with their places in history; an empty answer is an answer."""
    assert codec.decode_delivery(codec.encode(delivery)) == delivery


@OFTEN
@given(line=recorded)
def test_a_line_of_the_mirror_is_one_line(line: Recorded) -> None:
    """No text in it can begin another."""
    said = codec.encode(line)
    assert b"\n" not in said
    assert b"\r" not in said
    assert codec.decode_recorded(said) == line


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_fact_from_a_newer_mesh_is_understood(kind: type[Any], data: st.DataObject) -> None:
    """A field this version does not know is passed over."""
    fact = data.draw(record(kind))
    newer = {**json.loads(codec.encode(fact)), "field_of_the_future": {"a": [1, None]}}
    assert codec.decode_fact(json.dumps(newer, separators=(",", ":"))) == fact


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_request_with_an_unknown_field_is_refused(kind: type[Any], data: st.DataObject) -> None:
    """A misspelt option is not silently ignored; the refusal names it."""
    message = Message(id=1, request=data.draw(record(kind)))
    said = json.loads(codec.encode(message))
    said["request"]["pirority"] = 1
    with pytest.raises(Malformed, match="pirority"):
        codec.decode_message(json.dumps(said))


def test_a_fact_of_an_unknown_kind_is_refused() -> None:
    """Kinds are never guessed: a record written by a newer mesh is not half understood."""
    with pytest.raises(Malformed):
        codec.decode_fact(b'{"kind":"moon_landed","task":1}')


# ---- what cannot be said ----


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_is_not_written(text: str) -> None:
    """No reader could take it back."""
    with pytest.raises(Malformed, match="half a character") as caught:
        codec.encode(facts.GoalSet(text=text))
    assert "UTF-8" in (caught.value.hint or "")


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_can_be_written_and_never_read(figure: float) -> None:
    """It becomes null, which no reader takes for a number: it cannot pass for one, and the journal must not keep it."""
    said = codec.encode(facts.LeasesRenewed(agent="a", ram_gb=figure))
    with pytest.raises(Malformed) as caught:
        codec.decode_fact(said)
    assert caught.value.field == "$.ram_gb"


# ---- the schema of the wire ----


@cache
def _validator() -> Any:
    schema = json.loads(json.dumps(codec.wire_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_names_every_request_and_fact() -> None:
    """Valid itself, and complete."""
    definitions = _validator().schema["$defs"]
    assert {kind.__name__ for kind in (*REQUESTS, *FACTS)} <= definitions.keys()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=messages | deliveries)
def test_the_schema_accepts_what_is_said(said: Message | Delivery) -> None:
    """Whatever the codec writes is valid by the schema that others are given."""
    _validator().validate(json.loads(codec.encode(said)))


#: Kept apart by the codec only: a schema sees no bytes and no repeated key, and takes 1.0 for an integer.
BEYOND_SCHEMA = {"a float for a number", "a message too large", "a kind said twice"}


def _as_a_schema_sees_it(said: bytes | str) -> Any:
    """The value, where another reader would get as far as a value at all. Raises ValueError or RecursionError."""
    value = json.loads(said.decode() if isinstance(said, bytes) else said)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _visible_to_a_schema() -> list[str]:
    names = []
    for name, bad in MALFORMED.items():
        with suppress(ValueError, RecursionError):
            _as_a_schema_sees_it(bad.said)
            names.append(name)
    return [name for name in names if name not in BEYOND_SCHEMA and "deep" not in name]


@pytest.mark.parametrize("name", _visible_to_a_schema())
def test_the_schema_refuses_what_the_codec_refuses(name: str) -> None:
    """All of the corpus that is a JSON value, and shallow enough for a validator."""
    assert not _validator().is_valid(_as_a_schema_sees_it(MALFORMED[name].said))


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused_before_it_is_asked(figure: float) -> None:
    """Wherever it stands: written as null it would mean that nothing was said."""
    with pytest.raises(Malformed) as caught:
        codec.refuse_no_numbers(requests.PostTask(prompt="x", time_limit=figure))
    assert caught.value.field == "$.time_limit"
    with pytest.raises(Malformed) as caught:
        codec.refuse_no_numbers((1.0, requests.PostTask(prompt="x", budget=Budget(dollars=figure))))
    assert caught.value.field == "$[1].budget.dollars"
    codec.refuse_no_numbers(requests.PostTask(prompt="x", time_limit=2.5))
