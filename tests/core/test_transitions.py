"""The transition tables."""

from __future__ import annotations

import pytest

from devmesh.core.transitions import CHANGE_TRANSITIONS, TASK_TRANSITIONS, next_change_state, next_task_state
from devmesh.errors import IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import ChangeState, TaskState


def test_every_state_has_a_row() -> None:
    """Also those nothing leads out of."""
    assert set(TASK_TRANSITIONS) == set(TaskState)
    assert set(CHANGE_TRANSITIONS) == set(ChangeState)


def test_every_state_can_be_reached() -> None:
    """From the first state along the table (resuming leads back, so PAUSED is left by it)."""
    assert _reachable(TaskState.QUEUED, TASK_TRANSITIONS) == set(TaskState)
    assert _reachable(ChangeState.OFFERED, CHANGE_TRANSITIONS) == set(ChangeState)


def _reachable(first: object, table: object) -> set[object]:
    seen, to_see = {first}, [first]
    while to_see:
        for following in table[to_see.pop()].values():  # type: ignore[index]
            if following not in seen:
                seen.add(following)
                to_see.append(following)
    return seen


def test_completed_is_final() -> None:
    """Promise 4: nothing leads out of COMPLETED or APPLIED, so a result is recorded once."""
    assert not TASK_TRANSITIONS[TaskState.COMPLETED]
    assert not CHANGE_TRANSITIONS[ChangeState.APPLIED]


def test_what_the_table_has_not_cannot_happen() -> None:
    """A pair that is missing is our own error, and says what was tried."""
    with pytest.raises(IllegalTransition, match="completed"):
        next_task_state(TaskState.COMPLETED, facts.TaskRequeued(task=1))
    with pytest.raises(IllegalTransition, match="applied"):
        next_change_state(ChangeState.APPLIED, facts.ChangeWithdrawn(change=1))
