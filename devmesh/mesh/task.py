"""One task, as a person holds it: how it stands, what came of it, and what can be done to it.

Reads the replica and asks through the mesh's operations; keeps nothing of its own.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.errors import TaskCancelled, TaskFailed, WaitTimeout
from devmesh.mesh.contests import copies, latest_change
from devmesh.mesh.prospects import held_up
from devmesh.mesh.waiting import Done, settled
from devmesh.vocabulary.facts import ChangeApplied
from devmesh.vocabulary.terms import TaskState

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import MeshState, Task as Entry
    from devmesh.mesh.operations import Operations
    from devmesh.vocabulary.codec import Recorded
    from devmesh.vocabulary.terms import Spending

_SHOWN = 72
"Characters of a title in one line of text."


class TaskResult(NamedTuple):
    """What came of a completed task."""

    task: int
    outcome: TaskState
    summary: str
    "The agent's own words: quoted text, not to be trusted."
    files: tuple[str, ...]
    "Files its change touched."
    merged: tuple[str, ...]
    "Those among them where it was merged with what others had landed meanwhile."
    change: int | None
    agent: str | None
    attempts: int
    seconds: float
    "From the start of the attempt that succeeded to its end, in mesh time."


class Task:
    """A task of the mesh. `task.result()` or `await task` for what comes of it; shown, it says how it stands."""

    def __init__(self, number: int, operations: Operations) -> None:
        self.number = number
        self._operations = operations

    # ---- how it stands ----

    def _entry(self, state: MeshState) -> Entry:
        return state.tasks[self.number]

    def _read(self, name: str) -> Any:
        return self._operations.door.replica.read(lambda state: getattr(self._entry(state), name))

    @property
    def state(self) -> TaskState:
        """Where it is in its life."""
        state: TaskState = self._read("state")
        return state

    @property
    def agent(self) -> str | None:
        """Who has it, or had it last."""
        agent: str | None = self._read("agent")
        return agent

    @property
    def attempt(self) -> int:
        """How often it has been dispatched."""
        attempt: int = self._read("attempt")
        return attempt

    @property
    def summary(self) -> str:
        """The result in the agent's words, or why it failed."""
        summary: str = self._read("summary")
        return summary

    @property
    def title(self) -> str:
        """Its title, or the first line of its prompt."""
        return self._operations.door.replica.read(lambda state: title_of(self._entry(state)))

    @property
    def priority(self) -> int:
        """1 (most urgent) to 5."""
        priority: int = self._read("priority")
        return priority

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        ended: bool = self._read("ended")
        return ended

    @property
    def held_up(self) -> str:
        """Why no agent can have it as things are, in a few words; empty when one can."""
        return self._operations.door.replica.read(lambda state: held_up(state, self._entry(state)))

    @property
    def copies(self) -> tuple[Task, ...]:
        """The tasks that ask the same of other agents, this one included: `mesh.compare(task)` shows them."""
        numbers = self._operations.door.replica.read(lambda state: copies(state, self.number))
        return tuple(Task(number, self._operations) for number in numbers)

    @property
    def spent(self) -> Spending:
        """What its tools spent, all attempts together."""
        spent: Spending = self._read("spent")
        return spent

    # ---- what comes of it ----

    def future(self) -> Future[TaskResult]:
        """Done when the task has ended: the result, TaskFailed or TaskCancelled. A retried one is waited for anew."""
        return self._operations.door.replica.when(self._settled)

    def result(self, timeout: float | None = None) -> TaskResult:
        """Wait for the result. Raises TaskFailed, TaskCancelled, or WaitTimeout after `timeout` seconds.

        Ctrl-C stops waiting; the task goes on.
        """
        try:
            return settled(self.future(), timeout)
        except WaitTimeout:
            raise
        except TimeoutError:
            stands = self._operations.door.replica.read(lambda state: standing(state, self._entry(state)))
            message = f"task {self.number} is not over after {timeout:g} s ({stands}); nothing was stopped"
            raise WaitTimeout(message, task=self.number) from None

    def __await__(self) -> Generator[Any, None, TaskResult]:
        return asyncio.wrap_future(self.future()).__await__()

    def _settled(self, state: MeshState) -> TaskResult | None:
        entry = self._entry(state)
        match entry.state:
            case TaskState.COMPLETED:
                return _result(state, entry)
            case TaskState.FAILED:
                reason = entry.summary or "no reason was given"
                raise TaskFailed(f"task {self.number} failed: {reason}", task=self.number)
            case TaskState.CANCELLED:
                raise TaskCancelled(f"task {self.number} was cancelled", task=self.number, hint=entry.summary or None)
        return None

    # ---- what can be done to it ----

    def cancel(self, reason: str = "") -> Done:
        """End it; its tool is stopped. Raises Refused when it has ended already."""
        return self._operations.door.call(self._operations.cancel(self.number, reason))

    def pause(self) -> Done:
        """Stop its tool where it is, until `resume`."""
        return self._operations.door.call(self._operations.pause(self.number))

    def resume(self) -> Done:
        """Let it go on."""
        return self._operations.door.call(self._operations.resume(self.number))

    def retry(self) -> Done:
        """Queue it again after it failed or was cancelled."""
        return self._operations.door.call(self._operations.retry(self.number))

    # ---- what it left behind ----

    def output(self) -> str:
        """All that its tool said, over all attempts, from the audit. Quoted text, made harmless for a terminal."""
        return self._operations.record.output(self.number)

    def facts(self) -> tuple[Recorded, ...]:
        """Every fact about it and its changes, in order. `mesh.audit.df()` has them as a DataFrame."""
        return self._operations.record.story(self.number)

    def story(self) -> pd.DataFrame:
        """The same facts for reading, as a DataFrame: time, kind, agent, and one sentence each."""
        return self._operations.record.told(self.number)

    def diff(self) -> str:
        """What its latest change did to the project, as a unified diff; empty when it has none yet."""
        change = self._operations.door.replica.read(lambda state: latest_change(state, self.number))
        return self._operations.record.diff(change.offered.base, change.offered.head) if change else ""

    # ---- how it shows itself ----

    def __int__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        return self._operations.door.replica.read(lambda state: _line(self._entry(state), self._standing(state)))

    def _standing(self, state: MeshState) -> str:
        return standing(state, self._entry(state))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        entry, stands = self._operations.door.replica.read(lambda state: (self._entry(state), self._standing(state)))
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in _rows(entry, stands)
        )
        return {"text/plain": _line(entry, stands), "text/html": f"<table>{rows}</table>"}


def title_of(entry: Entry) -> str:
    """A task's title; without one, the first line of its prompt."""
    return entry.posted.title or entry.posted.prompt.strip().partition("\n")[0]


def standing(state: MeshState, entry: Entry) -> str:
    """Its state in words, and for a queued one why nobody can have it, where that is so."""
    why = held_up(state, entry)
    return f"{entry.state}: {why}" if why else str(entry.state)


def _line(entry: Entry, stands: str) -> str:
    title = title_of(entry)
    title = title if len(title) <= _SHOWN else title[: _SHOWN - 1] + "…"
    whose = f" by {entry.agent}" if entry.agent else ""
    return f"Task {entry.number} ({stands}{whose}): {title}"


def _rows(entry: Entry, stands: str) -> list[tuple[str, str]]:
    rows = [
        (f"Task {entry.number}", title_of(entry)),
        ("state", stands),
        ("agent", entry.agent or ""),
        ("attempt", str(entry.attempt)),
        ("priority", str(entry.priority)),
        ("files", ", ".join(entry.posted.files)),
        ("summary", entry.summary),
    ]
    return [(name, value) for name, value in rows if value]


def _result(state: MeshState, entry: Entry) -> TaskResult:
    change = latest_change(state, entry.number)
    landed = change.outcome if change and isinstance(change.outcome, ChangeApplied) else None
    began = entry.started_at if entry.started_at is not None else entry.posted_at
    return TaskResult(
        task=entry.number,
        outcome=entry.state,
        summary=entry.summary,
        files=landed.files if landed else (),
        merged=landed.merged if landed else (),
        change=change.number if landed and change else None,
        agent=entry.agent,
        attempts=entry.attempt,
        seconds=max(0.0, (entry.ended_at or began) - began),
    )
