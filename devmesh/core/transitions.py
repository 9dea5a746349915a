"""Which fact moves a task or a change from which state to which. A pair that is not here cannot happen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devmesh.errors import IllegalTransition
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import ChangeState, TaskState

TASK_TRANSITIONS: Final[Mapping[TaskState, Mapping[type[Any], TaskState]]] = {
    TaskState.QUEUED: {
        facts.TaskAwarded: TaskState.CLAIMED,
        facts.TaskRequeued: TaskState.QUEUED,
        facts.TaskPaused: TaskState.PAUSED,
        facts.TaskCancelled: TaskState.CANCELLED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.CLAIMED: {
        facts.TaskStarted: TaskState.WORKING,
        facts.TaskRequeued: TaskState.QUEUED,
        facts.TaskPaused: TaskState.PAUSED,
        facts.TaskAbandoned: TaskState.ABANDONED,
        facts.TaskCancelled: TaskState.CANCELLED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.WORKING: {
        facts.ReviewRequested: TaskState.REVIEW,
        facts.TaskCompleted: TaskState.COMPLETED,
        facts.TaskRequeued: TaskState.QUEUED,
        facts.TaskPaused: TaskState.PAUSED,
        facts.TaskAbandoned: TaskState.ABANDONED,
        facts.TaskCancelled: TaskState.CANCELLED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.REVIEW: {
        facts.ReviewGiven: TaskState.WORKING,
        facts.TaskRequeued: TaskState.QUEUED,
        facts.TaskPaused: TaskState.PAUSED,
        facts.TaskAbandoned: TaskState.ABANDONED,
        facts.TaskCancelled: TaskState.CANCELLED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.PAUSED: {
        facts.TaskAbandoned: TaskState.ABANDONED,
        facts.TaskCancelled: TaskState.CANCELLED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.ABANDONED: {
        facts.TaskRequeued: TaskState.QUEUED,
        facts.TaskCompleted: TaskState.COMPLETED,
        facts.TaskFailed: TaskState.FAILED,
    },
    TaskState.FAILED: {facts.TaskRequeued: TaskState.QUEUED},
    TaskState.CANCELLED: {facts.TaskRequeued: TaskState.QUEUED},
    TaskState.COMPLETED: {},
}
"""`TaskResumed` is not in the table: it leads back to where the pause began. Facts that reach a paused task move that
remembered state, so a tool that ends while it is being paused loses nothing."""

CHANGE_TRANSITIONS: Final[Mapping[ChangeState, Mapping[type[Any], ChangeState]]] = {
    ChangeState.OFFERED: {
        facts.ReviewRequested: ChangeState.REVIEWING,
        facts.GateEntered: ChangeState.PREPARING,
        facts.ChangeWithdrawn: ChangeState.WITHDRAWN,
    },
    ChangeState.REVIEWING: {
        facts.ReviewGiven: ChangeState.WAITING,
        facts.ChangeWithdrawn: ChangeState.WITHDRAWN,
    },
    ChangeState.WAITING: {
        facts.GateEntered: ChangeState.PREPARING,
        facts.ChangeReturned: ChangeState.RETURNED,
        facts.ChangeWithdrawn: ChangeState.WITHDRAWN,
    },
    ChangeState.PREPARING: {
        facts.GateEntered: ChangeState.PREPARING,
        facts.ReviewRequested: ChangeState.REVIEWING,
        facts.CheckStarted: ChangeState.CHECKING,
        facts.ChangeApplying: ChangeState.APPLYING,
        facts.ChangeApplied: ChangeState.APPLIED,
        facts.ChangeReturned: ChangeState.RETURNED,
        facts.ChangeWithdrawn: ChangeState.WITHDRAWN,
    },
    ChangeState.CHECKING: {
        facts.GateEntered: ChangeState.PREPARING,
        facts.CheckEnded: ChangeState.CHECKING,
        facts.ChangeApplying: ChangeState.APPLYING,
        facts.ChangeApplied: ChangeState.APPLIED,
        facts.ChangeReturned: ChangeState.RETURNED,
        facts.ChangeWithdrawn: ChangeState.WITHDRAWN,
    },
    ChangeState.APPLYING: {
        facts.GateEntered: ChangeState.PREPARING,
        facts.ChangeApplied: ChangeState.APPLIED,
        facts.ChangeReturned: ChangeState.RETURNED,
    },
    ChangeState.APPLIED: {},
    ChangeState.RETURNED: {},
    ChangeState.WITHDRAWN: {},
}


def next_task_state(state: TaskState, fact: Any) -> TaskState:
    """Where the fact leads. Raises IllegalTransition, our own error, when the table has no such pair."""
    try:
        return TASK_TRANSITIONS[state][type(fact)]
    except KeyError:
        raise IllegalTransition(f"a task that is {state} cannot have {type(fact).__name__}: {fact}") from None


def next_change_state(state: ChangeState, fact: Any) -> ChangeState:
    """Where the fact leads. Raises IllegalTransition."""
    try:
        return CHANGE_TRANSITIONS[state][type(fact)]
    except KeyError:
        raise IllegalTransition(f"a change that is {state} cannot have {type(fact).__name__}: {fact}") from None
