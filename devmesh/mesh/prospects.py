"""Why a task goes on with nobody as things are: what a person has to change, or wait for. Reads the state only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devmesh.vocabulary.terms import TaskState

if TYPE_CHECKING:
    from devmesh.core.state import Agent, MeshState, Task


def held_up(state: MeshState, task: Task) -> str:
    """A few words on why no agent that is here can have it; empty when one can, when it waits for others, or is given.

    An agent that is busy, paused or short of memory can have it later, so that is nothing to say; one whose own task is
    paused keeps that until somebody decides.
    """
    if task.state is TaskState.PAUSED and task.short_of_money:
        return "its budget, or the mesh's, is used up"
    if task.state is not TaskState.QUEUED or not all(_completed(state, number) for number in task.posted.depends_on):
        return ""
    return "the budget is used up" if state.short_of_money else _lacking(state, task)


def _lacking(state: MeshState, task: Task) -> str:
    """What those who are here lack."""
    posted, here = task.posted, state.present
    named = [agent for agent in here if not posted.agents or {agent.name, agent.joined.tool} & set(posted.agents)]
    able = [agent for agent in named if set(posted.capabilities) <= set(agent.joined.capabilities)]
    free = [agent for agent in able if agent.name not in posted.excludes]
    steps = (
        (here, "no agent is here"),
        (named, f"{' or '.join(posted.agents)} is not here"),
        (able, f"nobody here is able to: {', '.join(posted.capabilities)}"),
        (free, f"somebody other than {' and '.join(agent.name for agent in able)} is needed"),
        ([agent for agent in free if agent.parked is None], f"parked: {', '.join(map(parked, free))}"),
        ([agent for agent in free if not _kept(state, agent)], ", ".join(_kept(state, agent) for agent in free)),
    )
    return next((why for left, why in steps if not left), "")


def _kept(state: MeshState, agent: Agent) -> str:
    """The paused task that it keeps until somebody resumes or cancels it; empty when it keeps none."""
    own = state.tasks.get(agent.task) if agent.task is not None else None
    return f"{agent.name} keeps paused task {own.number}" if own and own.state is TaskState.PAUSED else ""


def parked(agent: Agent) -> str:
    """Who is parked, and why."""
    return f"{agent.name} ({agent.parked.blockage.replace('_', ' ')})" if agent.parked else agent.name


def reason_parked(agent: Agent) -> str:
    """Why its tool's service would not serve, in its own words where it has any; empty when it is not parked."""
    if agent.parked is None:
        return ""
    why = agent.parked.blockage.replace("_", " ")
    return f"{why}: {agent.parked.reason}" if agent.parked.reason else why


def _completed(state: MeshState, number: int) -> bool:
    before = state.tasks.get(number)
    return before is not None and before.state is TaskState.COMPLETED
