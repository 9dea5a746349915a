"""The end of an attempt, however it ends: memory and locks go back before anyone else is asked."""

from __future__ import annotations

from devmesh.core import hardware, lock_requests, questions
from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary.terms import TaskState

HELD = frozenset({TaskState.CLAIMED, TaskState.WORKING, TaskState.REVIEW, TaskState.PAUSED})
"States in which a task belongs to its agent."


def give_back(turn: Turn, task: Task, *, said_by_agent: bool = False) -> None:
    """Free what the attempt held. Doing it twice is harmless.

    Locks and memory end here only when the agent itself says that it is done: until its tool has stopped it acts on
    them, so otherwise it gives them back itself, or a lease later they end.
    """
    agent = turn.state.agents.get(task.agent or "")
    if said_by_agent or agent is None or agent.gone:
        hardware.release(turn, task.number)
    if task.agent is None:
        return
    questions.withdraw(turn, task.agent, task=task.number)
    lock_requests.withdraw_waiting(turn, task.agent, task=task.number)
    if not said_by_agent:
        return
    tokens = tuple(lock.token for lock in turn.state.locks.of(task.agent) if lock.task == task.number)
    if tokens:
        lock_requests.release(turn, task.agent, tokens)


def assigned(turn: Turn, agent: Agent, number: int, attempt: int) -> Task | None:
    """The task, if it is this agent's and this attempt's; else the request is refused. Nobody speaks for another."""
    task = turn.state.tasks.get(number)
    if task is None:
        turn.refuse(Code.UNKNOWN, f"there is no task {number}", field="task")
    elif task.agent != agent.name or task.attempt != attempt or not belongs(turn.state, task):
        turn.refuse(
            Code.NOT_ASSIGNED,
            f"attempt {attempt} of task {number} is not {agent.name}'s (it is {task.state}, attempt {task.attempt})",
            rule=2,
            field="attempt" if task.agent == agent.name else "task",
        )
    else:
        return task
    return None


def belongs(state: MeshState, task: Task) -> bool:
    """Whether the task is in its agent's hands now."""
    agent = state.agents.get(task.agent or "")
    return task.state in HELD and agent is not None and task.number in (agent.task, agent.reviewing)


def backoff(state: MeshState, attempt: int) -> float:
    """Seconds before the next attempt: doubling, at most 100 s."""
    return min(100.0, state.limits.backoff * 2.0 ** max(0, attempt - 1))
