"""The shared small values: what each admits at its edges, and that the limits agree among themselves."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from devmesh.vocabulary import terms
from devmesh.vocabulary.terms import LanePolicy, Limits, LockMode, Resources

OID = "0123456789abcdef0123456789abcdef01234567"

#: Of each term: values it admits, and values it does not.
EDGES: dict[str, tuple[list[Any], list[Any]]] = {
    "Number": ([1, 2**53 - 1], [0, -1, 2**53, True, 1.0, "1", None]),
    "Name": (
        ["a", "claude-1", "x" * 100, "a.b:c@d+e_f", "größe"],
        ["", "x" * 101, "a b", "a/b", "a\tb", "a\nb", "<a>", "$(a)"],
    ),
    "Tool": (["a", "x" * 60], ["", "x" * 61, "a b", "a/b"]),
    "Line": (["", "x" * 500], ["x" * 501, 1]),
    "Remarks": (["x" * 20_000], ["x" * 20_001]),
    "Text": (["x" * 400_000], ["x" * 400_001]),
    "Path": (["a", "src/", "**/*.py", "x" * 4096], ["", "x" * 4097]),
    "ObjectId": ([OID], ["", OID[:-1], OID + "0", OID.upper(), "HEAD", "--upload-pack=x".ljust(40, "0")]),
    "Seconds": ([0, 0.0, 31_536_000], [-0.001, 31_536_000.5, "1"]),
    "Share": ([0, 0.5, 1], [-0.01, 1.01]),
    "Gigabytes": ([0, 1_048_576], [-1, 1_048_577]),
    "Priority": ([1, 5], [0, 6, 2.5]),
    "Tokens": ([0, 2**53 - 1], [-1, 2**53, 0.5]),
    "Dollars": ([0, 0.000001, 1_000_000], [-0.01, 1_000_001]),
    "Digest": (["0f" * 32], ["", "0f" * 31, "0F" * 32, "0f" * 33]),
}

ENUMERATIONS = [value for _, value in inspect.getmembers(terms, inspect.isclass) if issubclass(value, StrEnum)]


def _admitted() -> list[tuple[str, Any]]:
    return [(term, value) for term, (good, _) in EDGES.items() for value in good]


def _refused() -> list[tuple[str, Any]]:
    return [(term, value) for term, (_, bad) in EDGES.items() for value in bad]


@pytest.mark.parametrize(("term", "value"), _admitted())
def test_a_term_admits_its_edges(term: str, value: Any) -> None:
    """The limits stated are inside."""
    assert msgspec.convert(value, getattr(terms, term)) == value


@pytest.mark.parametrize(("term", "value"), _refused())
def test_a_term_refuses_what_lies_beyond(term: str, value: Any) -> None:
    """One step further, another type, or text that means something to a shell or to git."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, getattr(terms, term))


@pytest.mark.parametrize(("term", "value"), [("Name", "claude-1\n"), ("Tool", "claude\n"), ("ObjectId", OID + "\n")])
def test_a_newline_at_the_end_is_no_part_of_a_name(term: str, value: str) -> None:
    """`$` alone would let it pass; such a name ends a line of a protocol or a log where nobody expects it."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, getattr(terms, term))


def test_every_range_has_its_edges_tested() -> None:
    """A term added to the vocabulary is added to the table above."""
    annotated = {name for name, value in vars(terms).items() if hasattr(value, "__metadata__")}
    assert annotated == EDGES.keys()


@pytest.mark.parametrize("kind", [enumeration for enumeration in ENUMERATIONS if enumeration is not StrEnum])
def test_a_word_on_the_wire_is_its_name_in_small_letters(kind: type[StrEnum]) -> None:
    """Nobody has to look up two spellings."""
    assert [member.value for member in kind] == [member.name.lower() for member in kind]


def test_the_largest_integer_is_exact_for_every_reader() -> None:
    """As a float, which is what JavaScript keeps, it and its neighbour are still two numbers."""
    assert float(terms.MAX_INTEGER) != float(terms.MAX_INTEGER - 1)
    assert float(terms.MAX_INTEGER + 1) == float(terms.MAX_INTEGER + 2)


def test_the_limits_agree_with_each_other() -> None:
    """An agent that keeps its heartbeat never loses a lease, even when several in a row are late or lost."""
    limits = Limits()
    assert 3 * limits.heartbeat + limits.margin < limits.lease
    assert limits.margin < limits.stall_credit
    assert limits.bid_window < limits.claim_limit < limits.task_limit
    assert limits.deaths <= limits.attempts


def test_limits_come_back_from_the_record_as_they_were() -> None:
    """A replay uses the numbers of its time."""
    limits = Limits(total=Resources(ram_gb=16.5), lanes=(LanePolicy(glob="*.lock", lane=terms.Lane.LOCKED),))
    assert msgspec.json.decode(msgspec.json.encode(limits), type=Limits) == limits


def test_there_are_four_ways_to_hold_a_lock() -> None:
    """The matrix is four by four."""
    assert [mode.value for mode in LockMode] == ["read", "write", "intent", "co_write"]
