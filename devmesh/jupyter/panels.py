"""Live panels for a mesh: the widgets' `Source` on one side, the replica and the operations on the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from devmesh.jupyter.views import EVENTS, Views
from devmesh.mesh.door import Door
from devmesh_widgets import AgentsPanel, Dashboard, EventsPanel, HardwarePanel, LocksPanel, Panel, TasksPanel

if TYPE_CHECKING:
    from devmesh.mesh.operations import Operations
    from devmesh.vocabulary.record import Request
    from devmesh.vocabulary.requests import AnyRequest
    from devmesh_widgets import View

PANELS: dict[str, type[Panel]] = {
    "dashboard": Dashboard,
    "agents": AgentsPanel,
    "tasks": TasksPanel,
    "locks": LocksPanel,
    "hardware": HardwarePanel,
    "events": EventsPanel,
}


class MeshSource:
    """A mesh as its panels see it: rows out, requests in. Neither ever waits."""

    def __init__(self, operations: Operations) -> None:
        self._door = operations.door
        self._views = Views(self._door)
        self._views.remember(operations.record.latest(EVENTS))

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
    """A live panel of that name, of `PANELS`."""
    return PANELS[name](source_of(operations))
