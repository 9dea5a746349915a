"""Facts are past, all of them are known, and they only ever gain fields: an old record stays readable for good."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT, structs

from devmesh.vocabulary import facts
from devmesh.vocabulary.facts import agents, board, changes, costs, hardware, locks, mesh, questions, tasks
from devmesh.vocabulary.record import Fact, kind_of
from tests.vocabulary.examples import FACTS

FIELDS = Path(__file__).with_name("fields.json")
"Every field a fact has ever had, in its order. Lines are added, never changed or taken away."

NOT_IN_ED = {"left", "lost", "given", "begun", "read", "found", "set", "forgotten", "withdrawn", "shown"}
"Past participles that do not end so."

ONGOING = {
    "ChangeApplying": "an intent, on record before it is carried out",
    "Standing": "how things are, told to one who was away; never on record",
}
"Facts that are not past, and why."

TRANSIENT = {
    "RequestMalformed",
    "WatchBegun",
    "WatchStarted",
    "Standing",
    "LeasesRenewed",
    "DiscoveriesFound",
    "BoardShown",
}
"Facts that are told and not kept."


def _frozen() -> dict[str, list[str]]:
    frozen: dict[str, list[str]] = json.loads(FIELDS.read_text(encoding="utf-8"))
    return frozen


def _named(kind: type[Any]) -> list[str]:
    return [field.name for field in structs.fields(kind)]


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_a_fact_is_named_in_the_past_tense(kind: type[Fact]) -> None:
    """Its last word is a past participle."""
    last = kind_of(kind).split("_")[-1]
    assert last.endswith("ed") or last in NOT_IN_ED or kind.__name__ in ONGOING


@pytest.mark.parametrize(
    "room", [agents, board, changes, costs, hardware, locks, mesh, questions, tasks], ids=lambda room: room.__name__
)
def test_every_fact_is_in_the_union_and_at_the_door(room: Any) -> None:
    """What is declared can be recorded, and is imported from `devmesh.vocabulary.facts`."""
    declared = [value for _, value in inspect.getmembers(room, inspect.isclass) if issubclass(value, Fact)]
    missing = [kind.__name__ for kind in declared if kind is not Fact and kind not in FACTS]
    assert not missing
    assert {kind.__name__ for kind in declared} - {"Fact"} <= set(facts.__all__)


def test_the_door_names_what_is_there() -> None:
    """`__all__` and reality agree."""
    assert all(hasattr(facts, name) for name in facts.__all__)
    assert {kind.__name__ for kind in FACTS} <= set(facts.__all__)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_what_a_docstring_says_is_a_sentence(kind: type[Fact]) -> None:
    """Where the name does not say enough."""
    text = inspect.cleandoc(kind.__doc__ or ".")
    assert text.endswith((".", ")"))


def test_what_is_not_kept_is_named_here() -> None:
    """Whoever adds a fact that a crash may lose has thought about it."""
    assert {kind.__name__ for kind in FACTS if not kind.recorded} == TRANSIENT


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_a_fact_only_gains_fields_and_each_with_a_default(kind: type[Fact]) -> None:
    """An old record is read by a new mesh: nothing it had is gone, nothing it lacks is needed."""
    frozen = _frozen().get(kind_of(kind))
    line = f'  "{kind_of(kind)}": {json.dumps(_named(kind))}'
    assert frozen is not None, f"a new fact; add to {FIELDS.name}:\n{line}"
    assert [name for name in frozen if name not in _named(kind)] == [], "a field of a fact is never taken away"
    needed = [field.name for field in structs.fields(kind) if field.required and field.name not in frozen]
    assert needed == [], "a new field of a fact has a default, or old records cannot be read"
    assert frozen == _named(kind), f"a new field; this is the line for {FIELDS.name}:\n{line}"


def test_no_fact_is_taken_away() -> None:
    """A kind once recorded can be read for good."""
    assert set(_frozen()) <= {kind_of(kind) for kind in FACTS}


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_no_default_is_made_anew(kind: type[Fact]) -> None:
    """Defaults are plain values: two facts never share something that could change."""
    for field in structs.fields(kind):
        assert field.default_factory is NODEFAULT, field.name
        if not field.required:
            hash(field.default)
