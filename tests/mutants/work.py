"""Mutants of tasks, bidding and hardware. Each takes one mechanism out."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core import arbitration, attempts, gate, hardware, hearing, lock_requests, tasks, transitions, writes
from devmesh.core.apply import FOLD
from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import TaskState

Patch = pytest.MonkeyPatch
HEARD: Any = hearing.FROM_AGENTS
FOLDED: Any = FOLD


def any_agents_word_counts(patch: Patch) -> None:
    """An attempt is ended, reported and offered by whoever speaks of it (S10)."""
    _assigned(patch, lambda task, agent, attempt: task.attempt == attempt and task.state in attempts.HELD)


def any_attempt_counts(patch: Patch) -> None:
    """A result of an attempt long over is taken for the present one's."""
    _assigned(patch, lambda task, agent, attempt: task.agent == agent.name and task.state in attempts.HELD)


def _assigned(patch: Patch, accepts: Any) -> None:
    real = attempts.assigned

    def assigned(turn: Turn, agent: Agent, number: int, attempt: int) -> Task | None:
        task = turn.state.tasks.get(number)
        return task if task is not None and accepts(task, agent, attempt) else real(turn, agent, number, attempt)

    patch.setattr(attempts, "assigned", assigned)


def results_count_twice(patch: Patch) -> None:
    """A task that is completed is completed again when its agent says so again."""
    again: Any = {TaskState.COMPLETED: {facts.TaskCompleted: TaskState.COMPLETED}}
    patch.setattr(transitions, "TASK_TRANSITIONS", dict(transitions.TASK_TRANSITIONS) | again)
    ours = TaskState.COMPLETED
    _assigned(patch, lambda task, agent, attempt: (task.agent, task.attempt, task.state) == (agent.name, attempt, ours))


def done_is_believed(patch: Patch) -> None:
    """A task is completed because its agent says so."""
    patch.setattr(tasks, "_proven", lambda *_: True)


def locks_go_back_early(patch: Patch) -> None:
    """The locks of a task end with it, before its agent knows and has stopped its tool."""
    real = attempts.give_back
    patch.setattr(attempts, "give_back", lambda turn, task, said_by_agent=False: real(turn, task, said_by_agent=True))


def memory_goes_back_early(patch: Patch) -> None:
    """What an attempt had is granted anew as soon as it is over, whether its tool has stopped or not."""
    real = attempts.give_back

    def give_back(turn: Turn, task: Task, *, said_by_agent: bool = False) -> None:
        real(turn, task, said_by_agent=said_by_agent)
        hardware.release(turn, task.number)

    patch.setattr(attempts, "give_back", give_back)


def ledger_has_no_bottom(patch: Patch) -> None:
    """Memory is given out whether there is any or not (Rule 6)."""
    patch.setattr(hardware, "fits", lambda *_, **__: True)


def memory_is_not_given_back(patch: Patch) -> None:
    """What was set aside for a task stays so for ever."""
    patch.setattr(hardware, "release", lambda *_: None)


def dependencies_are_ignored(patch: Patch) -> None:
    """A task is offered whatever it depends on."""
    patch.setattr(arbitration, "_completed", lambda *_: True)


def dependents_wait_for_ever(patch: Patch) -> None:
    """What depends on a failed task is not told."""
    patch.setattr(tasks, "_fail_dependents", lambda *_: None)


def attempts_are_not_counted(patch: Patch) -> None:
    """An attempt that fails makes the next one free."""
    real = FOLDED[facts.TaskRequeued]

    def requeued(state: MeshState, recorded: Recorded, fact: Any) -> None:
        real(state, recorded, fact)
        state.tasks[fact.task].attempt = 0

    patch.setitem(FOLDED, facts.TaskRequeued, requeued)


def poison_is_tried_for_ever(patch: Patch) -> None:
    """Nobody looks at how many attempts, or agents, a task has cost (S27)."""

    def fail_attempt(turn: Turn, task: Task, reason: str) -> None:
        gate.withdraw(turn, task, "the attempt failed")
        attempts.give_back(turn, task, said_by_agent=True)
        turn.record(facts.TaskRequeued(task=task.number, delay=0.5, reason=reason[:500]))
        turn.reschedule = True

    patch.setattr(tasks, "fail_attempt", fail_attempt)


def busy_agents_are_awarded(patch: Patch) -> None:
    """An agent that works already is given another task."""
    patch.setattr(arbitration, "_may_work", lambda _, agent: not agent.away and not agent.paused)


def first_bid_wins(patch: Patch) -> None:
    """The first to bid wins, not the fittest, nor who was served least (Rule 2)."""
    real = arbitration.bid

    def bid(turn: Turn, agent: Agent, request: Any) -> None:
        real(turn, agent, request)
        task = turn.state.tasks.get(request.task)
        if task is not None and task.bidding is not None and agent.name in task.bidding.bids:
            arbitration.close(turn, task)

    patch.setitem(HEARD, requests.Bid, bid)


def served_is_not_looked_at(patch: Patch) -> None:
    """Among equals the first by name wins, always."""
    real = arbitration.close

    def close(turn: Turn, task: Task) -> None:
        served = {agent.name: agent.served for agent in turn.state.present}
        for agent in turn.state.present:
            agent.served = 0.0
        try:
            real(turn, task)
        finally:
            for agent in turn.state.present:
                agent.served = served.get(agent.name, 0.0)

    patch.setattr(arbitration, "close", close)


def the_uninvited_bid(patch: Patch) -> None:
    """A bid counts whoever it comes from."""
    patch.setattr(arbitration, "_called_for", lambda turn, _, number: turn.state.tasks.get(number))


def landing_of_the_lost_is_not_settled(patch: Patch) -> None:
    """A task whose agent was lost while its change was landing is not looked at again."""
    patch.setattr(tasks, "settle", lambda *_: None)


def lost_while_landing_is_abandoned(patch: Patch) -> None:
    """A task is handed on while its change is being exchanged."""
    patch.setattr(gate, "is_landing", lambda *_: False)


def waiting_outlives_the_task(patch: Patch) -> None:
    """Lock requests of a task that is over stay in the queue."""
    patch.setattr(lock_requests, "withdraw_waiting", lambda *_, **__: None)


def started_without_its_locks(patch: Patch) -> None:
    """Work starts before the files that cannot be merged are held (Rule 3)."""

    def start(turn: Turn, agent: Agent, request: requests.Start) -> None:
        task = attempts.assigned(turn, agent, request.task, request.attempt)
        if task is not None and task.state is TaskState.CLAIMED:
            turn.record(facts.TaskStarted(task=task.number, attempt=task.attempt, agent=agent.name))

    patch.setitem(HEARD, requests.Start, start)


def anybody_reports_writes(patch: Patch) -> None:
    """A write behind the gate is taken from whoever says that there was one."""
    patch.setattr(writes, "_may_report", lambda *_: True)
