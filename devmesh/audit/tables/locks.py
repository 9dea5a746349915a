"""One row per grant: who held what, how long it waited and was held, and what ended it. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from devmesh.audit.columns import Count, Moment, Prose, Span, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class LockRow(Struct):
    """Durations are mesh time."""

    token: Count
    agent: Word
    target: Prose
    mode: Word
    task: Count = None
    granted: Moment = None
    ended: Moment = None
    held: Span = None
    "Missing while it is held."
    waited: Span = 0.0
    ended_by: Word = None
    "released, expired, replaced (by an upgrade or downgrade), or why it was taken."
    granted_now: float = 0.0


def fold_locks(recorded: Iterable[Recorded]) -> list[LockRow]:
    """Every grant, in the order of the tokens."""
    rows: dict[int, LockRow] = {}
    for one in recorded:
        match one.fact:
            case facts.LockGranted() as fact:
                rows[fact.token] = _granted(one, fact)
                if (replaced := rows.get(fact.replaces or 0)) is not None:
                    _end(replaced, one, one.now - replaced.granted_now, "replaced")
            case facts.LockReleased() as fact:
                _end(rows.get(fact.token), one, fact.held, fact.reason or "released")
            case facts.LockExpired() as fact:
                _end(rows.get(fact.token), one, fact.held, "expired")
            case _:
                pass
    return list(rows.values())


def _granted(one: Recorded, fact: facts.LockGranted) -> LockRow:
    return LockRow(
        token=fact.token,
        agent=fact.agent,
        target=fact.target,
        mode=fact.mode.value,
        task=fact.task,
        granted=one.at,
        waited=fact.waited,
        granted_now=one.now,
    )


def _end(row: LockRow | None, one: Recorded, held: float, by: str) -> None:
    if row is not None and row.ended is None:
        row.ended, row.held, row.ended_by = one.at, max(0.0, held), by


LOCK_FACTS: Final = (facts.LockGranted, facts.LockReleased, facts.LockExpired)
"All that a lock's row is made of."
