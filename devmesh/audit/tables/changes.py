"""One row per offered change: what it touched, how the gate dealt with it. Folded from the facts alone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from devmesh.audit.columns import Count, Flag, Moment, Prose, Span, Word
from devmesh.core.transitions import next_change_state
from devmesh.errors import IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import ChangeState


class ChangeRow(Struct):
    """Durations are mesh time."""

    change: Count
    task: Count
    attempt: Count
    agent: Word
    state: Word
    files: Count = 0
    merged: Count = None
    "Files landed as a three-way merge; missing until it landed."
    offered: Moment = None
    ended: Moment = None
    took: Span = None
    "From the offer to its end."
    landing: Word = None
    reviewer: Word = None
    verdict: Word = None
    check_passed: Flag = None
    check_took: Span = None
    code: Word = None
    "Why it came back."
    conflicts: Count = 0
    message: Prose = None
    offered_now: float = 0.0


def fold_changes(recorded: Iterable[Recorded]) -> list[ChangeRow]:
    """Every change, in the order of the offers."""
    rows: dict[int, ChangeRow] = {}
    for one in recorded:
        fact: Any = one.fact
        if isinstance(fact, facts.ChangeOffered):
            rows[fact.change] = _offered(one, fact)
        elif (row := rows.get(fact.change)) is not None:
            with suppress(IllegalTransition):
                row.state = next_change_state(ChangeState(row.state or ChangeState.OFFERED), fact).value
            if (change := _CHANGES[type(fact)]) is not None:
                change(row, one, fact)
    return list(rows.values())


def _offered(one: Recorded, fact: facts.ChangeOffered) -> ChangeRow:
    return ChangeRow(
        change=fact.change,
        task=fact.task,
        attempt=fact.attempt,
        agent=fact.agent,
        state=ChangeState.OFFERED.value,
        files=len(fact.files),
        offered=one.at,
        message=fact.summary,
        offered_now=one.now,
    )


def _reviewed(row: ChangeRow, _: Recorded, fact: facts.ReviewGiven) -> None:
    row.reviewer, row.verdict = fact.reviewer, fact.verdict.value


def _checked(row: ChangeRow, _: Recorded, fact: facts.CheckEnded) -> None:
    row.check_passed, row.check_took = fact.passed, fact.seconds


def _applied(row: ChangeRow, one: Recorded, fact: facts.ChangeApplied) -> None:
    row.landing, row.merged = fact.kind_of_landing, len(fact.merged)
    _end(row, one)


def _returned(row: ChangeRow, one: Recorded, fact: facts.ChangeReturned) -> None:
    row.code, row.conflicts, row.message = fact.code, len(fact.conflicts), fact.message
    _end(row, one)


def _withdrawn(row: ChangeRow, one: Recorded, fact: facts.ChangeWithdrawn) -> None:
    row.message = fact.reason
    _end(row, one)


def _end(row: ChangeRow, one: Recorded) -> None:
    row.ended, row.took = one.at, one.now - row.offered_now


_CHANGES: Final[dict[type[Any], Any]] = {
    facts.ReviewRequested: None,
    facts.ReviewGiven: _reviewed,
    facts.GateEntered: None,
    facts.CheckStarted: None,
    facts.CheckEnded: _checked,
    facts.ChangeApplying: None,
    facts.ChangeApplied: _applied,
    facts.ChangeReturned: _returned,
    facts.ChangeWithdrawn: _withdrawn,
}

CHANGE_FACTS: Final[tuple[type[Any], ...]] = (facts.ChangeOffered, *_CHANGES)
"All that a change's row is made of."
