"""How the mesh stands, for whoever asks: in short, and bounded however large it has grown. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from msgspec import structs

from devmesh.core.questions import open_questions
from devmesh.core.state import Agent, MeshState, Task
from devmesh.vocabulary.facts import BoardShown, QuestionAsked
from devmesh.vocabulary.facts.board import AgentOnBoard, LockOnBoard, TaskOnBoard, WaitOnBoard

OPEN, ENDED, AGENTS, LOCKS, WAITING, QUESTIONS = 200, 20, 200, 500, 100, 20
"How many of each are shown."
FILES: Final = 20
"Files of one task, and targets of one waiting request, that are shown."
SUMMARY, QUESTION, GOAL, OVERVIEW = 400, 2_000, 4_000, 60_000
"Characters."


def shown(state: MeshState, now: float) -> BoardShown:
    """Agents, tasks, locks and the plan, as they are at this moment."""
    present = state.present
    ended = [task for task in islice(reversed(state.tasks.values()), OPEN + ENDED) if task.ended][:ENDED]
    open_ = [state.tasks[number] for number in state.open_tasks]
    plan = state.framework
    left_out = sum(
        max(0, count - most)
        for count, most in (
            (len(present), AGENTS),
            (len(open_), OPEN),
            (len(state.locks.locks), LOCKS),
            (len(state.locks.waiting), WAITING),
        )
    )
    return BoardShown(
        goal=state.goal[:GOAL],
        architect=state.architect,
        framework=plan.version if plan else None,
        overview=plan.overview[:OVERVIEW] if plan else "",
        agents=tuple(_agent(agent) for agent in islice(present, AGENTS)),
        tasks=tuple(_task(task) for task in [*islice(open_, OPEN), *ended]),
        locks=tuple(_locks(state, now)),
        waiting=tuple(
            WaitOnBoard(ticket=one.ticket, agent=one.agent, targets=one.targets[:FILES], mode=one.mode)
            for one in islice(state.locks.waiting.values(), WAITING)
        ),
        questions=tuple(_questions(state)),
        left_out=left_out,
    )


def _agent(agent: Agent) -> AgentOnBoard:
    return AgentOnBoard(
        agent=agent.name,
        tool=agent.joined.tool,
        state=agent.state,
        badge=agent.joined.badge,
        task=agent.task,
        reviewing=agent.reviewing,
    )


def _task(task: Task) -> TaskOnBoard:
    posted = task.posted
    return TaskOnBoard(
        task=task.number,
        title=posted.title,
        state=task.state,
        task_kind=posted.task_kind,
        priority=task.priority,
        agent=task.agent,
        files=posted.files[:FILES],
        depends_on=posted.depends_on,
        summary=task.summary[:SUMMARY],
    )


def _locks(state: MeshState, now: float) -> Iterable[LockOnBoard]:
    for lock in islice(state.locks.locks.values(), LOCKS):
        yield LockOnBoard(
            token=lock.token,
            agent=lock.agent,
            target=lock.target,
            mode=lock.mode,
            left=round(max(0.0, lock.deadline - now), 1),
            task=lock.task,
        )


def _questions(state: MeshState) -> Iterable[QuestionAsked]:
    """Those that an agent may answer, the oldest first."""
    asked = (question.asked for question in open_questions(state) if question.asked.agents_may_answer)
    for one in islice(asked, QUESTIONS):
        yield structs.replace(one, text=one.text[:QUESTION])
