"""How a mesh stands, counted: the few lines that `repr(mesh)`, `%devmesh status` and `devmesh status` show."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.core.costs import budget_of
from devmesh.core.questions import open_questions
from devmesh.mesh.prospects import parked
from devmesh.mesh.spending import money

if TYPE_CHECKING:
    from devmesh.core.state import Agent, MeshState
    from devmesh.mesh.door import Door


class Status(NamedTuple):
    """Counts of a moment. A plain value: it does not follow the mesh."""

    project: str
    running: bool
    """Whether the coordinator could be reached."""
    host: bool
    """Whether it runs in this process."""
    agents: dict[str, int]
    """Present agents by state."""
    tasks: dict[str, int]
    """All tasks by state."""
    locks: int
    waiting: int
    """Lock requests in the queue."""
    landed: int
    """Changes that landed."""
    sequence: int
    """The number of the latest fact."""
    questions: int = 0
    """Open in the inbox."""
    parked: tuple[str, ...] = ()
    """Agents whose tool's service would not serve, each with the reason."""
    spent: str = ""
    """Dollars and tokens, and of how many where there is a budget."""

    def as_json(self) -> dict[str, Any]:
        """The same as a flat JSON object."""
        return self._asdict()

    def __repr__(self) -> str:
        where = "" if self.running else " (not reachable)"
        return "\n".join((f"Mesh of {self.project}{where}", *(f"  {name:<8}{value}" for name, value in self.rows())))

    def rows(self) -> list[tuple[str, str]]:
        """What is shown, line by line."""
        return [
            ("agents", _counted(self.agents) or "none yet: %devmesh launch TOOL, or devmesh join TOOL in a terminal"),
            ("tasks", _counted(self.tasks) or "none yet"),
            ("locks", f"{self.locks} held, {self.waiting} waiting"),
            ("changes", f"{self.landed} landed"),
            *([("inbox", f"{self.questions} open: mesh.inbox, or devmesh inbox")] if self.questions else []),
            *([("parked", "; ".join(self.parked))] if self.parked else []),
            *([("spent", self.spent)] if self.spent else []),
        ]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in (("project", self.project), *self.rows())
        )
        return {"text/plain": repr(self), "text/html": f"<table>{rows}</table>"}


def status_of(door: Door, *, host: bool) -> Status:
    """The status as this process knows it."""
    return door.replica.read(lambda state: count(state, project=str(door.project), running=door.is_open, host=host))


def count(state: MeshState, *, project: str, running: bool, host: bool) -> Status:
    """Count a state."""
    return Status(
        project=project,
        running=running,
        host=host,
        agents=_tally(agent.state.value for agent in state.present),
        tasks=_tally(task.state.value for task in state.tasks.values()),
        locks=len(state.locks.locks),
        waiting=len(state.locks.waiting),
        landed=sum(1 for change in state.changes.values() if change.state == "applied"),
        sequence=state.sequence,
        questions=len(open_questions(state)),
        parked=tuple(_parked(state, agent) for agent in state.present if agent.parked is not None),
        spent=money(state.spent, budget_of(state)) + (", used up" if state.short_of_money else ""),
    )


def _parked(state: MeshState, agent: Agent) -> str:
    """Who, why, and when it is tried again."""
    reason = f", {agent.parked.reason}" if agent.parked and agent.parked.reason else ""
    return f"{parked(agent)}{reason}, tried again in {max(0.0, agent.parked_until - state.now):.0f} s"


def _tally(words: Any) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _counted(tally: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in tally.items())
