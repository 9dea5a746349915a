"""One task done by several agents, each on its own, to be compared: the person approves one, the others end."""

from __future__ import annotations

from devmesh.core import reviews, tasks
from devmesh.core.state import Agent, MeshState, Task
from devmesh.core.turn import Turn
from devmesh.vocabulary.requests import Review
from devmesh.vocabulary.terms import ChangeState, Verdict


def siblings(state: MeshState, task: Task) -> list[Task]:
    """The other copies."""
    numbers = state.contests.get(task.posted.contest or 0, [])
    return [state.tasks[number] for number in numbers if number != task.number and number in state.tasks]


def takes_part(state: MeshState, agent: Agent, task: Task) -> bool:
    """Whether the agent has, or had, another copy: each copy is another agent's."""
    return any(other.agent == agent.name for other in siblings(state, task))


def judged_by_the_person(turn: Turn, said: Review) -> None:
    """Take the person's verdict. Once one copy is approved, the others are called off."""
    reviews.give(turn, None, said)
    chosen = turn.state.changes.get(said.change)
    if chosen is None or chosen.verdict is not Verdict.APPROVE or chosen.state is not ChangeState.WAITING:
        return
    task = turn.state.tasks[chosen.offered.task]
    for other in siblings(turn.state, task):
        if not other.ended:
            tasks.cancel(turn, other, f"task {task.number} was chosen")
