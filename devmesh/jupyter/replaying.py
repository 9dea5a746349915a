"""The past as a source of rows: the same panels show any moment of the record. Reads the record; can change nothing.

Moving is lazy: a slider says where to, and the next look at the rows goes there, forwards fact by fact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from devmesh.audit.database import open_reader
from devmesh.audit.replay import state_at
from devmesh.audit.rows import facts_after
from devmesh.core.snapshot import freeze
from devmesh.jupyter.views import EVENTS, Views
from devmesh.mesh.replica import Replica
from devmesh.vocabulary.record import Request
from devmesh_widgets.replay import Moment, Replay
from devmesh_widgets.rows import Health, View

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.mesh.door import Door
    from devmesh.mesh.record import Past

STOPS = 1_000
"Places on the slider at most."


class _Still(Replica):
    """A replica in which no time passes by itself."""

    @property
    def now(self) -> float:
        """Mesh time of the latest fact."""
        return self.read(lambda state: state.now)


class _Door:
    """As much of a door as rows are made from."""

    is_open, is_closed = True, False

    def __init__(self, project: Path) -> None:
        self.project = project
        self.replica = _Still()


class _PastViews(Views):
    """Rows of a moment that is over."""

    def _door_health(self, _state: MeshState) -> Health:
        return Health.PAST


class PastSource:
    """A mesh as it was: `go` to a fact, and `view` shows the rows right after it. Starts at the first."""

    def __init__(self, home: Path, project: Path, first: int) -> None:
        self._home = home
        self._wanted = first
        self._at: int | None = None
        self._door = _Door(project)
        self._views: Views | None = None
        self._moving = threading.Lock()

    @property
    def project(self) -> str:
        """The project's folder."""
        return str(self._door.project)

    def go(self, sequence: int) -> None:
        """Show the rows right after this fact from the next look on."""
        self._wanted = sequence

    def view(self) -> View:
        """The rows of the moment that is wanted. Raises StorageError when the record cannot be read."""
        with self._moving:
            wanted = self._wanted
            if self._views is None or self._at is None or wanted < self._at:
                views = self._begin(wanted)
            else:
                views = self._views
                if wanted > self._at:
                    self._follow(self._at, wanted)
            self._at, self._views = wanted, views
            return views.view()

    def ask(self, _request: Request, refused: Callable[[str], None], /) -> None:
        """Refuse: it is over."""
        refused("this is the past; the live dashboard is mesh.dashboard()")

    def _begin(self, sequence: int) -> Views:
        state = state_at(self._home, sequence=sequence)
        with open_reader(self._home) as connection:
            latest = tuple(facts_after(connection, max(0, sequence - EVENTS), until=sequence))
        if self._views is not None:
            self._views.close()
        self._door.replica.begin(freeze(state))
        views = _PastViews(cast("Door", self._door))
        views.remember(latest)
        return views

    def _follow(self, after: int, until: int) -> None:
        with open_reader(self._home) as connection:
            self._door.replica.take(facts_after(connection, after, until=until))


def replay(past: Past) -> Replay:
    """A slider over the whole record with a dashboard below. Raises StorageError where nothing was recorded."""
    moments = [Moment(sequence, at) for sequence, at in past.timeline(STOPS)]
    source = PastSource(past.home, past.project, moments[0].sequence)
    return Replay(source, moments, source.go)
