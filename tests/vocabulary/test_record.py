"""What every record has in common: frozen, named by its tag, strict or lenient as its kind demands."""

from __future__ import annotations

import msgspec
import pytest

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.record import Record, kind_of, tag_of
from devmesh.vocabulary.terms import Resources
from tests.vocabulary.examples import FACTS, REQUESTS

TAGS = {
    "Join": "join",
    "LockGranted": "lock_granted",
    "ProposeFramework": "propose_framework",
    "HTTPServer": "httpserver",
    "Phase2Ended": "phase2_ended",
}


@pytest.mark.parametrize(("name", "tag"), TAGS.items())
def test_a_tag_is_the_name_in_small_letters(name: str, tag: str) -> None:
    """One word begins where a capital follows a small letter or a digit."""
    assert tag_of(name) == tag


@pytest.mark.parametrize("kind", [*REQUESTS, *FACTS], ids=lambda kind: kind.__name__)
def test_every_record_says_its_kind_under_one_name(kind: type[Record]) -> None:
    """`kind` on the wire is the tag of the class, and no field is called that."""
    assert kind_of(kind) == tag_of(kind.__name__)
    assert kind.__struct_config__.tag_field == "kind"
    assert "kind" not in kind.__struct_fields__


def test_the_kind_of_a_value_is_that_of_its_class() -> None:
    """Asked of either, the answer is the same."""
    assert kind_of(requests.Watch()) == kind_of(requests.Watch) == "watch"
    assert kind_of(facts.GoalSet(text="x")) == "goal_set"


def test_no_two_kinds_share_a_tag() -> None:
    """Among requests, and among facts: what is said can be read in one way only."""
    for kinds in (REQUESTS, FACTS):
        tags = [kind_of(kind) for kind in kinds]
        assert len(tags) == len(set(tags))


@pytest.mark.parametrize("kind", [*REQUESTS, *FACTS, Resources], ids=lambda kind: kind.__name__)
def test_every_record_is_frozen(kind: type[Record]) -> None:
    """Nothing said can be changed afterwards."""
    assert kind.__struct_config__.frozen


def test_a_frozen_record_refuses_a_change() -> None:
    """Not by convention: by error."""
    said = requests.Leave(reason="done")
    with pytest.raises(AttributeError):
        said.reason = "not done"  # type: ignore[misc]


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_requests_forbid_unknown_fields(kind: type[Record]) -> None:
    """Deny by default."""
    assert kind.__struct_config__.forbid_unknown_fields


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_facts_do_not(kind: type[Record]) -> None:
    """An older reader understands a newer mesh."""
    assert not kind.__struct_config__.forbid_unknown_fields


def test_equal_words_are_equal() -> None:
    """Records are values."""
    assert requests.Leave(reason="a") == msgspec.structs.replace(requests.Leave(), reason="a")
    assert requests.Leave(reason="a") != requests.Leave(reason="b")
