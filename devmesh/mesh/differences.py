"""What changed between two moments of a mesh: pure, from two states. Knows no record and no panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from devmesh.mesh.task import title_of

if TYPE_CHECKING:
    from devmesh.core.state import MeshState

Looks = dict[str, str]
"What can be said of one thing, by aspect; texts, as a person reads them."


class Difference(NamedTuple):
    """One aspect of one thing that is not as it was. `before` is empty for what is new, `after` for what is gone."""

    noun: str
    name: str
    aspect: str
    before: str
    after: str


def differences(before: MeshState, after: MeshState) -> list[Difference]:
    """Everything that differs, by noun, in the order of history. Nothing when the two are of one moment."""
    return [
        Difference(noun, name, *found)
        for noun, look in LOOKS.items()
        for name, *found in _differing(look(before), look(after))
    ]


def _differing(before: Mapping[str, Looks], after: Mapping[str, Looks]) -> Iterator[tuple[str, str, str, str]]:
    for name in {**before, **after}:
        was, now = before.get(name, {}), after.get(name, {})
        for aspect in {**was, **now}:
            if was.get(aspect, "") != now.get(aspect, ""):
                yield name, aspect, was.get(aspect, ""), now.get(aspect, "")


def _tasks(state: MeshState) -> dict[str, Looks]:
    return {
        f"#{task.number} {title_of(task)}": {
            "state": str(task.state),
            "agent": task.agent or "",
            "attempt": str(task.attempt or ""),
            "priority": str(task.priority),
        }
        for task in state.tasks.values()
    }


def _agents(state: MeshState) -> dict[str, Looks]:
    return {
        agent.name: {"state": str(agent.state), "task": f"#{agent.task}" if agent.task is not None else ""}
        for agent in state.agents.values()
    }


def _locks(state: MeshState) -> dict[str, Looks]:
    held: dict[str, list[str]] = {}
    for lock in state.locks.locks.values():
        held.setdefault(lock.target, []).append(f"{lock.agent} ({lock.mode})")
    return {target: {"held by": ", ".join(sorted(holders))} for target, holders in held.items()}


def _files(state: MeshState) -> dict[str, Looks]:
    landed: dict[str, Looks] = {}
    for change in state.changes.values():
        for path in getattr(change.outcome, "files", ()):
            landed[path] = {
                "changed by": f"{change.offered.agent}, task #{change.offered.task}, change {change.number}"
            }
    return landed


LOOKS: Final[dict[str, Callable[[MeshState], dict[str, Looks]]]] = {
    "tasks": _tasks,
    "agents": _agents,
    "locks": _locks,
    "files": _files,
}
"Noun -> what is compared of each thing of it, by its name."
