"""Why a queued task can go to nobody as things are: what a person has to change, or wait for. Reads the state only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devmesh.vocabulary.terms import TaskState

if TYPE_CHECKING:
    from devmesh.core.state import Agent, MeshState, Task


def held_up(state: MeshState, task: Task) -> str:
    """A few words on why no agent that is here can have it; empty when one can, when it waits for others, or is given.

    An agent that is busy, paused or short of memory can have it later, so that is nothing to say.
    """
    if task.state is not TaskState.QUEUED or not all(_completed(state, number) for number in task.posted.depends_on):
        return ""
    posted, here = task.posted, state.present
    if not here:
        return "no agent is here"
    named = [agent for agent in here if not posted.agents or {agent.name, agent.joined.tool} & set(posted.agents)]
    if not named:
        return f"{' or '.join(posted.agents)} is not here"
    able = [agent for agent in named if set(posted.capabilities) <= set(agent.joined.capabilities)]
    if not able:
        return f"nobody here is able to: {', '.join(posted.capabilities)}"
    return "" if any(agent.name not in posted.excludes for agent in able) else _another(able)


def _another(able: list[Agent]) -> str:
    """For a review: whoever wrote the change may not judge it."""
    return f"somebody other than {' and '.join(agent.name for agent in able)} is needed"


def _completed(state: MeshState, number: int) -> bool:
    before = state.tasks.get(number)
    return before is not None and before.state is TaskState.COMPLETED
