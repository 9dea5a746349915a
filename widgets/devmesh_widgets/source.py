"""What a panel needs of a mesh, and all it may know of one. Implemented by the mesh's handle, and by tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from devmesh.vocabulary.record import Request
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
