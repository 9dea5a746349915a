"""One row per agent that spoke in a bidding: what it offered, and whether it won. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from devmesh.audit.columns import Count, Figure, Flag, Moment, Prose, Span, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class BidRow(Struct):
    """A later bid of the same agent for the same attempt takes the place of the earlier one."""

    task: Count
    attempt: Count
    agent: Word
    time: Moment
    confidence: Figure = None
    fitness: Figure = None
    served: Span = None
    "Work it had been given by then: the tie-breaker."
    declined: Flag = False
    won: Flag = False
    reason: Prose = None


def fold_bids(recorded: Iterable[Recorded]) -> list[BidRow]:
    """Every bid and refusal to bid, in order."""
    rows: dict[tuple[int, int, str], BidRow] = {}
    for one in recorded:
        match one.fact:
            case facts.BidPlaced() as fact:
                key = fact.task, fact.attempt, fact.agent
                rows.pop(key, None)
                rows[key] = BidRow(
                    task=fact.task,
                    attempt=fact.attempt,
                    agent=fact.agent,
                    time=one.at,
                    confidence=fact.confidence,
                    fitness=fact.fitness,
                    served=fact.served,
                    reason=fact.reason,
                )
            case facts.BidDeclined() as fact:
                key = fact.task, fact.attempt, fact.agent
                rows.pop(key, None)
                rows[key] = BidRow(
                    task=fact.task,
                    attempt=fact.attempt,
                    agent=fact.agent,
                    time=one.at,
                    declined=True,
                    reason=fact.reason,
                )
            case facts.TaskAwarded() as fact:
                if (row := rows.get((fact.task, fact.attempt, fact.agent))) is not None:
                    row.won = True
            case _:
                pass
    return list(rows.values())


BID_FACTS: Final = (facts.BidPlaced, facts.BidDeclined, facts.TaskAwarded)
"All that a bid's row is made of."
