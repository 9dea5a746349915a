"""Live panels for a mesh: the widgets' `Source` on one side, the replica and the operations on the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from devmesh.bridge.asking import Reply
from devmesh.jupyter.browsing import writes_before
from devmesh.jupyter.lookups import find
from devmesh.jupyter.views import EVENTS, WRITES, Views
from devmesh.mesh.door import Door
from devmesh.vocabulary import facts
from devmesh.vocabulary.facts import TaskPosted
from devmesh_widgets import (
    AgentsPanel,
    CommandPanel,
    ConflictsPanel,
    CostsPanel,
    Dashboard,
    EventsPanel,
    HardwarePanel,
    InboxPanel,
    KnowledgePanel,
    LocksPanel,
    Panel,
    TasksPanel,
    ToolsPanel,
)
from devmesh_widgets.deeds import Keep, Launch

if TYPE_CHECKING:
    from devmesh.mesh.operations import Operations
    from devmesh.vocabulary.record import Request
    from devmesh.vocabulary.requests import AnyRequest
    from devmesh_widgets import View
    from devmesh_widgets.deeds import Deed
    from devmesh_widgets.messages import Look

PANELS: dict[str, type[Panel]] = {
    "dashboard": Dashboard,
    "agents": AgentsPanel,
    "tasks": TasksPanel,
    "locks": LocksPanel,
    "hardware": HardwarePanel,
    "events": EventsPanel,
    "inbox": InboxPanel,
    "conflicts": ConflictsPanel,
    "command": CommandPanel,
    "knowledge": KnowledgePanel,
    "tools": ToolsPanel,
    "costs": CostsPanel,
}

LOOKERS = 2
"Threads that look things up, at most, for all panels together."


class MeshSource:
    """A mesh as its panels see it: rows out, requests in. Neither ever waits."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._door = operations.door
        self._views = Views(self._door)
        self._views.remember(operations.record.latest(EVENTS))
        self._views.remember_writes(writes_before(operations.record.home, WRITES))

    @property
    def project(self) -> str:
        """The project's folder."""
        return str(self._door.project)

    def view(self) -> View:
        """The rows as they are now."""
        return self._views.view()

    def ask(self, request: Request, refused: Callable[[str], None], /) -> None:
        """Send a request as the person; `refused` is told, once, when the mesh says no."""
        asked = self._door.submit(self._door.ask(cast("AnyRequest", request)))

        def answered(future: Future[Any]) -> None:
            error = future.exception()
            if error is not None:
                refused(str(error).partition("\n")[0])

        asked.add_done_callback(answered)

    def look(self, look: Look, told: Callable[[object], None], /) -> None:
        """Find it on a thread of its own: it reads files."""
        _follow(_lookers.submit(find, self._operations, look), told)

    def do(self, request: Deed, told: Callable[[object], None], /) -> None:
        """Ask for it as the person; a launch is no request, but a process, and what is kept concerns only the list."""
        if isinstance(request, Keep):
            self._views.settle(request.write)
            told("kept; it stays on record")
        elif isinstance(request, Launch):
            launched = self._operations.launch(request.tool, count=request.count)
            _follow(self._door.submit(launched), lambda names: told(_joined(names)))
        else:
            _follow(self._door.submit(self._door.ask(cast("AnyRequest", request))), lambda reply: told(_said(reply)))


def _follow(asked: Future[Any], told: Callable[[Any], None]) -> None:
    """Hand on what came of it, or the error."""
    asked.add_done_callback(lambda done: told(done.exception() or done.result()))


def _joined(names: object) -> object:
    """Who joined, or why nobody did."""
    return f"{', '.join(names)} joined" if isinstance(names, tuple) else names


def _said(reply: object) -> object:
    """A line on what was done."""
    if not isinstance(reply, Reply):
        return reply
    posted = reply.all(TaskPosted)
    if posted:
        numbers = " and ".join(f"#{task.task}" for task in posted)
        return f"posted task {numbers}" if len(posted) == 1 else f"posted tasks {numbers}, to be compared"
    return next((words for kind, words in DONE.items() if reply.find(kind) is not None), "done")


DONE: dict[type[Any], str] = {
    facts.AnswerRuleSet: "answered by rule from now on",
    facts.BudgetSet: "the budget is set",
    facts.DiscoveryShared: "shared with everybody",
    facts.GoalSet: "the architect was asked",
    facts.QuestionAnswered: "answered",
    facts.TaskReprioritised: "given that priority",
}
"What is said of the fact that answers a form."

_lookers = ThreadPoolExecutor(LOOKERS, thread_name_prefix="devmesh-look")

_panels: WeakKeyDictionary[Door, dict[str, Panel]] = WeakKeyDictionary()
_sources: WeakKeyDictionary[Door, MeshSource] = WeakKeyDictionary()
_guard = threading.Lock()


def source_of(operations: Operations) -> MeshSource:
    """The one source of a mesh, shared by all its panels."""
    with _guard:
        source = _sources.get(operations.door)
        if source is None:
            source = _sources[operations.door] = MeshSource(operations)
        return source


def panel(name: str, operations: Operations) -> Panel:
    """A live panel of that name, of `PANELS`: the same one each time, so that many views of it cost as much as one."""
    source = source_of(operations)
    with _guard:
        kept = _panels.setdefault(operations.door, {})
        if name not in kept or kept[name].comm is None:
            kept[name] = PANELS[name](source)
        return kept[name]
