"""`Mesh`: what a person holds. It only delegates: to the operations, the nouns, the record and the host."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from devmesh.mesh import archives, nouns
from devmesh.mesh.awaiting import Awaiting
from devmesh.mesh.conflicts import Conflicts
from devmesh.mesh.contests import compared
from devmesh.mesh.costs import Costs
from devmesh.mesh.credentials import Credentials
from devmesh.mesh.faces import bundle, replay, widget
from devmesh.mesh.inbox import Inbox
from devmesh.mesh.operations import Operations, Which, Wishes, task_number
from devmesh.mesh.progress import wait_for
from devmesh.mesh.status import Status, status_of
from devmesh.mesh.steering import Steering
from devmesh.mesh.stopping import stop
from devmesh.mesh.task import Task, TaskResult
from devmesh.mesh.tools import Toolbox
from devmesh.mesh.waiting import Done, Several

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from devmesh.coordinator.hosts import Host
    from devmesh.core.state import MeshState
    from devmesh.mesh.door import Door


class Mesh(Steering):
    """A mesh at work. Made by `devmesh.start()` or `devmesh.connect()`; as the last line of a cell, its live dashboard.

    Plain calls wait for the mesh's answer and raise its refusals; `mesh.aio` has the same calls as coroutines that
    never block the running loop. `await task` waits for a task's result.
    """

    def __init__(self, door: Door, operations: Operations, host: Host | None = None) -> None:
        self._door = door
        self._host = host
        self._operations = operations
        self.agents = nouns.Agents(operations)
        self.tasks = nouns.Tasks(operations)
        self.locks = nouns.Locks(operations)
        self.hardware = nouns.Hardware(operations)
        self.audit = archives.Audit(operations)
        self.knowledge = archives.Knowledge(operations)
        self.files = nouns.Files(operations)
        self.inbox = Inbox(operations)
        self.costs = Costs(operations)
        self.conflicts = Conflicts(operations)
        self.tools = Toolbox(operations)
        self.credentials = Credentials(operations)
        self.aio = Awaiting(door, operations, self.stop)

    # ---- what and where ----

    @property
    def project(self) -> Path:
        """The folder the agents work on."""
        return self._door.project

    @property
    def home(self) -> Path:
        """The folder of the mesh's own state: record, private repository, connection file, log."""
        return self._door.home

    @property
    def is_closed(self) -> bool:
        """Whether this handle was closed or its mesh stopped."""
        return self._door.is_closed

    @property
    def is_running(self) -> bool:
        """Whether the mesh can be asked something now."""
        return self._door.is_open

    @property
    def is_host(self) -> bool:
        """Whether the coordinator runs in this very process now."""
        return self._host is not None and self._host.is_running

    # ---- agents ----

    def launch(
        self,
        *tools: str,
        count: int = 1,
        options: Sequence[str] = (),
        wait: bool = True,
        workspace: Literal["own", "shared"] | None = None,
    ) -> Several[str]:
        """Start `count` agents of each tool as processes of their own; their names once they have joined.

        `options` go to the tool. `workspace`: in copies of their `own`, or `shared`: in the project itself, where each
        edit takes its lock first. Raises ToolNotFound, before anything is started, for a tool that is not on PATH.
        """
        launching = self._operations.launch(*tools, count=count, options=options, wait=wait, workspace=workspace)
        return self._door.call(launching)

    def dismiss(self, agent: str, reason: str = "") -> Done:
        """Tell an agent to stop its tool and leave; its work is queued again."""
        return self._door.call(self._operations.dismiss(agent, reason))

    # ---- tasks ----

    def post(self, prompt: str, **wishes: Unpack[Wishes]) -> Task:
        """Ask for work; whichever agent is fittest gets it. Raises Malformed naming the wish that does not fit.

        `title`, `priority` (1 is the most urgent, 5 the least), `files` (where the work is expected), `depends_on`
        (tasks to wait for), `check` (a command that must pass before it lands), `review` (a second agent must approve),
        `agents` (only these), `capabilities` (they must have), `time_limit` (seconds per attempt), `needs` (memory),
        `budget_usd` and `budget_tokens` (paused before it spends more), `to` (so many agents do it, or "all", each on
        its own: see `compare`).
        """
        return self._door.call(self._operations.post(prompt, **wishes))

    def task(self, number: int) -> Task:
        """The task of that number. Raises KeyError when there is none."""
        return self.tasks[number]

    def wait(self, *tasks: Which, timeout: float | None = None, progress: bool = True) -> Several[TaskResult]:
        """Wait for these tasks, or for all there are, and show how far they have come. The results of those completed.

        Ctrl-C stops waiting and nothing else. Raises WaitTimeout after `timeout` seconds; a failed task raises nothing
        here: ask it for its `result()`.
        """
        return wait_for(self._operations, tasks, timeout=timeout, progress=progress)

    def compare(self, task: Which) -> pd.DataFrame:
        """The copies of a task posted `to` several agents, a row each. `approve` one of them, and it lands."""
        return compared(self._operations, task_number(task))

    # ---- the whole ----

    def status(self) -> Status:
        """How the mesh stands, in a few lines."""
        return status_of(self._door, host=self.is_host)

    def at(self, moment: datetime | float) -> MeshState:
        """The state as it was then (a datetime or Unix seconds), folded from the record: `.tasks`, `.agents`, ..."""
        return self._operations.record.at(moment)

    def diff(self, before: datetime | float, after: datetime | float) -> pd.DataFrame:
        """What changed between two moments, as a DataFrame: of tasks, agents, locks and files."""
        return self._operations.record.differences(before, after)

    def replay(self) -> Any:
        """The run played again: a slider over the whole record, and the dashboard as it was at each moment."""
        return replay(self._operations)

    def dashboard(self) -> Any:
        """The live dashboard as a widget of its own."""
        return widget("dashboard", self._operations)

    def command(self) -> Any:
        """The command centre as a widget of its own: a form to ask for work."""
        return widget("command", self._operations)

    def close(self) -> None:
        """Let go of this handle without stopping anything; a mesh that runs in this process goes on."""
        self._door.close()

    def stop(self) -> None:
        """Send the agents home, end those that do not go, and stop the coordinator. Stopping twice is harmless."""
        stop(self._door, self._operations, self._host)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return repr(self.status())

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return bundle("dashboard", self._operations, self.status())


Mesh.post.__signature__ = inspect.signature(Operations.post)  # type: ignore[attr-defined]  # for Tab and `mesh.post?`
