"""The only thing that changes the state is a fact: live, in recovery, in time travel and on a dashboard alike."""

from __future__ import annotations

from typing import Any, Final

from devmesh.core.audience import sessions_told
from devmesh.core.fold import Folds, agents, changes, costs, questions, sessions, tasks
from devmesh.core.state import MeshState
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


def _locks(state: MeshState, recorded: Recorded, fact: Any) -> None:
    state.locks.apply(fact, recorded.now)


FOLD: Final[Folds] = {
    **sessions.FOLD,
    **agents.FOLD,
    **tasks.FOLD,
    **changes.FOLD,
    **costs.FOLD,
    **questions.FOLD,
    facts.LockGranted: _locks,
    facts.LockQueued: _locks,
    facts.LockWaitEnded: _locks,
    facts.LockReleased: _locks,
    facts.LockExpired: _locks,
}
"""Facts that are not here (a refusal, a piece of output) change nothing but the record."""


def apply(state: MeshState, recorded: Recorded) -> None:
    """Make the fact true in the state. A fact that came once never fails to apply again."""
    fact = recorded.fact
    state.now = max(state.now, recorded.now)
    if recorded.sequence:
        state.sequence = recorded.sequence
    if (fold := FOLD.get(type(fact))) is not None:
        fold(state, recorded, fact)
    if isinstance(fact, facts.LeasesRenewed):
        state.locks.apply(fact, recorded.now)
    if recorded.sequence and recorded.session is not None and recorded.request is not None:
        _remember_answer(state, recorded)


def _remember_answer(state: MeshState, recorded: Recorded) -> None:
    """A request repeated after a lost answer gets the same answer and no second effect."""
    session = state.sessions.get(recorded.session or 0)
    if session is None or recorded.request is None:
        return
    session.highest = max(session.highest, recorded.request)
    answers = session.replies.setdefault(recorded.request, [])
    if session.number in sessions_told(state, recorded):
        answers.append(recorded)
    while len(session.replies) > state.limits.replies:
        del session.replies[next(iter(session.replies))]
