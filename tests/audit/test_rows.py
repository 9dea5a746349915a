"""A fact as a row and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from devmesh.audit.rows import COLUMNS, recorded_of, row_of
from devmesh.errors import Code, StorageError
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from tests.audit.samples import any_fact, encoded


@settings(max_examples=100, deadline=None)
@given(fact=any_fact())
def test_a_row_is_the_whole_fact(fact: Any) -> None:
    """Nothing is lost on the way, and what the columns repeat is what the body says."""
    recorded = Recorded(sequence=5, fact=fact, now=1.25, at=2.5, session=3, request=4)
    row = dict(zip(COLUMNS, row_of(recorded, 7), strict=True))
    taken = (row["sequence"], row["now"], row["at"], row["session"], row["request"], row["body"])
    assert encoded(recorded_of(taken)) == encoded(recorded)  # type: ignore[arg-type]  # a row is typed by position
    for name in ("agent", "task", "change"):
        assert row[name] == getattr(fact, name, None)


@pytest.mark.parametrize(
    "fact",
    [
        facts.AgentPaused(agent="two words"),
        facts.BidPlaced(task=1, attempt=1, agent="a", confidence=float("nan"), fitness=0.0),
        facts.GoalSet(text="\ud800"),
        facts.TaskPaused(task=2**60),
    ],
)
def test_what_could_not_be_read_back_is_not_kept(fact: Any) -> None:
    """Wrong text, no number, too large: our own fault, and said before it is on record."""
    with pytest.raises(StorageError, match="could not be read back") as wrong:
        row_of(Recorded(sequence=1, fact=fact), 1)
    assert wrong.value.code == Code.INTERNAL


def test_a_fact_of_a_newer_vocabulary_is_named() -> None:
    """By its number."""
    with pytest.raises(StorageError, match="fact 9 of the record"):
        recorded_of((9, 0.0, 0.0, None, None, '{"kind":"lock_admired"}'))
