"""Who offered to do what, and who won."""

from __future__ import annotations

from devmesh.audit.tables.bids import fold_bids
from devmesh.vocabulary import facts
from tests.audit.samples import History, working


def test_every_voice_has_a_row() -> None:
    """The winner, and the one that declined."""
    winner, other = fold_bids(working().recorded)
    assert (winner.agent, winner.won, winner.declined, winner.confidence, winner.fitness) == (
        "claude-1",
        True,
        False,
        0.9,
        0.8,
    )
    assert (other.agent, other.won, other.declined, other.fitness, other.reason) == (
        "codex-1",
        False,
        True,
        None,
        "busy",
    )


def test_the_last_word_counts() -> None:
    """A second bid for the same attempt replaces the first; another attempt is another row."""
    told = History()
    for fitness, attempt in ((0.1, 1), (0.2, 1), (0.3, 2)):
        told.add(facts.BidPlaced(task=1, attempt=attempt, agent="a", confidence=0.5, fitness=fitness))
    assert [(row.attempt, row.fitness) for row in fold_bids(told.recorded)] == [(1, 0.2), (2, 0.3)]
