"""The framework: a goal, the architect's plan towards it, and who has read it (Rules 1 and 7)."""

from __future__ import annotations

from devmesh.core.state import Agent
from devmesh.core.turn import Turn
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import PlannedTask


def set_goal(turn: Turn, text: str) -> None:
    """Set the goal and ask the architect, if there is one, for a framework."""
    turn.record(facts.GoalSet(text=text))
    if turn.state.architect is not None:
        turn.record(facts.FrameworkRequested(agent=turn.state.architect, goal=text))


def propose(turn: Turn, agent: Agent, request: requests.ProposeFramework) -> None:
    """Take the plan, from the architect only (Rule 1), and post its tasks in an order their dependencies allow."""
    state = turn.state
    if state.architect != agent.name:
        turn.refuse(Code.NOT_ARCHITECT, f"the architect is {state.architect}, not {agent.name}", rule=1)
        return
    ordered = in_order(request.tasks)
    if ordered is None:
        turn.refuse(
            Code.BAD_REQUEST,
            "keys must be unique, dependencies known and without a circle",
            rule=1,
            field="tasks",
        )
        return
    version = state.number("framework")
    turn.record(
        facts.FrameworkProposed(
            version=version,
            agent=agent.name,
            goal=state.goal,
            overview=request.overview,
            tasks=request.tasks,
        )
    )
    numbers: dict[str, int] = {}
    for planned in ordered:
        numbers[planned.key] = state.number("task")
        turn.record(
            facts.TaskPosted(
                task=numbers[planned.key],
                prompt=planned.prompt,
                title=planned.title,
                priority=planned.priority,
                files=planned.files,
                depends_on=tuple(numbers[key] for key in planned.depends_on),
                posted_by=agent.name,
                framework=version,
            )
        )
    turn.reschedule = True


def in_order(tasks: tuple[PlannedTask, ...]) -> list[PlannedTask] | None:
    """The tasks with every dependency before what needs it; None when that cannot be."""
    left = {task.key: task for task in tasks}
    if len(left) != len(tasks):
        return None
    ordered: list[PlannedTask] = []
    placed: set[str] = set()
    while left:
        free = [task for task in left.values() if set(task.depends_on) <= placed]
        if not free:
            return None
        for task in free:
            ordered.append(task)
            placed.add(task.key)
            del left[task.key]
    return ordered


def read(turn: Turn, agent: Agent, request: requests.ReadFramework) -> None:
    """Remember that the agent was given this version."""
    framework = turn.state.framework
    if framework is None or request.version > framework.version:
        turn.refuse(Code.UNKNOWN, f"there is no version {request.version} of the framework", field="version")
        return
    turn.record(facts.FrameworkRead(agent=agent.name, version=request.version))


def share(turn: Turn, author: str, request: requests.ShareDiscovery) -> None:
    """Keep a discovery, with who made it."""
    turn.record(
        facts.DiscoveryShared(
            discovery=turn.state.number("discovery"),
            agent=author,
            title=request.title,
            text=request.text,
            task=request.task,
        )
    )
