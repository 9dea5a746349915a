"""What a panel needs of a mesh, and all it may know of one. Implemented by the mesh's handle, and by tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from devmesh.vocabulary.record import Request
from devmesh_widgets.deeds import Deed
from devmesh_widgets.messages import Look
from devmesh_widgets.rows import View


@runtime_checkable
class Source(Protocol):
    """Where rows come from and requests go. Both methods may be called from any thread, and never wait."""

    @property
    def project(self) -> str:
        """The project's name or path, for a person."""
        ...

    def view(self) -> View:
        """The rows as they are now. Still answers after the coordinator is lost: `header.health` says so."""
        ...

    def ask(self, request: Request, refused: Callable[[str], None], /) -> None:
        """Send a request as the person. Its effect shows in a later view.

        `refused` is called, from any thread and at most once, with one readable line when the mesh says no.
        """
        ...


@runtime_checkable
class Finder(Protocol):
    """A source that also finds what is not in the rows, and takes forms. Neither ever waits."""

    def look(self, look: Look, told: Callable[[object], None], /) -> None:
        """Find it. `told` is called once, from any thread, with plain JSON values, or with the error."""
        ...

    def do(self, request: Deed, told: Callable[[object], None], /) -> None:
        """Do it as the person. `told` is called once, from any thread, with a line on what was done, or the error."""
        ...
