"""Writes that came without the gate or a lock: put on record, with both versions. They are never undone here."""

from __future__ import annotations

from devmesh.core.events import Rescued
from devmesh.core.state import Agent, Task
from devmesh.core.targets import escape
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.requests import MOST_WRITES
from devmesh.vocabulary.terms import LockMode, TaskState, WrittenBehind


def report(turn: Turn, agent: Agent, request: requests.ReportWrite) -> None:
    """An agent's bridge found it while it worked on a task: its tool's doing, or somebody's whom nobody knows."""
    if not _may_report(turn, agent, request):
        return
    turn.record(
        facts.WriteFound(
            write=turn.state.number("write"),
            path=request.path,
            found_by=WrittenBehind.LEFT if request.left else WrittenBehind.SWEEP,
            agent=agent.name if request.suspected else None,
            task=request.task,
            before=request.before,
            after=request.after,
            holders=_holders(turn, agent.name if request.suspected else "", request.path),
            reporter=agent.name,
        )
    )


def _may_report(turn: Turn, agent: Agent, request: requests.ReportWrite) -> bool:
    """Of an attempt of its own, which may have failed or been taken away meanwhile: what it leaves is still to say."""
    task = turn.state.tasks.get(request.task or 0)
    if task is None:
        message = f"{agent.name} works on no such task, and what it finds is nobody's to decide"
        turn.refuse(Code.UNKNOWN, message, field="task", hint="Name the task, and its attempt.")
    elif not _is_its_own(task, agent, request.attempt) or task.state is TaskState.COMPLETED:
        message = f"attempt {request.attempt} of task {task.number} is not {agent.name}'s, or is completed"
        turn.refuse(Code.NOT_ASSIGNED, message, field="attempt")
    elif task.writes >= MOST_WRITES:
        turn.refuse(Code.LIMIT, f"{task.writes} writes were reported of this attempt already", field="attempt")
    else:
        return True
    return False


def _is_its_own(task: Task, agent: Agent, attempt: int | None) -> bool:
    """By name while it has it; by its session afterwards, for it may have been given up and have joined again."""
    has_it = task.agent == agent.name and task.attempt == attempt
    return has_it or task.given.get(attempt or 0) == agent.joined.session


def rescued(turn: Turn, found: Rescued) -> None:
    """The gate met it in the moment of an exchange."""
    turn.record(
        facts.WriteFound(
            write=turn.state.number("write"),
            path=found.path,
            found_by=WrittenBehind.GATE,
            before=found.before,
            after=found.after,
            holders=_holders(turn, "", found.path),
        )
    )


def _holders(turn: Turn, agent: str, path: str) -> tuple[str, ...]:
    """Who else held a lock on it."""
    blockers = turn.state.locks.conflicts("", (escape(path),), LockMode.WRITE)
    return tuple(dict.fromkeys(lock.agent for lock in blockers.holders if lock.agent != agent))
