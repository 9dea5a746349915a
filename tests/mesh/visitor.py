"""An agent that does exactly what a test says: a real connection with an agent's credential, on the mesh's own loop."""

from __future__ import annotations

from typing import Any, TypeVar

from devmesh.address import read_connection
from devmesh.bridge.link import Link
from devmesh.mesh import Mesh
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AgentJoined
from devmesh.vocabulary.requests import AnyRequest, Bid, Join, Start
from devmesh.vocabulary.terms import Role

F = TypeVar("F")


class Visitor:
    """Joins when made. `ask` says anything; what it is told lies in `heard`."""

    def __init__(self, mesh: Mesh, tool: str = "visitor", **fields: Any) -> None:
        self._mesh = mesh
        self.heard: list[Recorded] = []
        self.link = Link(lambda: read_connection(mesh.home), Role.AGENT)
        self.link.subscribe(self.heard.append)
        mesh._door.call(self.link.open())
        self.name = self.ask(AgentJoined, Join(tool=tool, **fields)).agent

    def ask(self, answer: type[F], request: AnyRequest) -> F:
        """The fact of that kind in the answer to a request."""
        found = self._mesh._door.call(self.link.request(request)).find(answer)
        assert found is not None
        return found

    def say(self, request: AnyRequest) -> None:
        """Ask for something, and wait for the answer, whatever it is."""
        self._mesh._door.call(self.link.request(request))

    def begin(self, task: int, attempt: int = 1) -> None:
        """Bid for a task, have it, and start."""
        self.say(Bid(task=task))
        self._mesh._door.replica.when(lambda state: state.tasks[task].agent or None).result(10)
        self.say(Start(task=task, attempt=attempt))

    def leave(self) -> None:
        """Close the connection."""
        self._mesh._door.call(self.link.close())
