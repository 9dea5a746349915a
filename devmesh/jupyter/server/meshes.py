"""The meshes of this user as the server holds them: found by their connection files, opened when first asked for."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from devmesh.address import Connection, live_connections, read_connection
from devmesh.errors import MeshLost, NoMesh
from devmesh.mesh.door import Door
from devmesh.mesh.launching import Launcher
from devmesh.mesh.operations import Operations
from devmesh.mesh.record import Past
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role

PATIENCE = 5.0
"Seconds a mesh may take to let us in."
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,100}")


class Held(NamedTuple):
    """One mesh, and a session with it in one role."""

    connection: Connection
    door: Door
    operations: Operations
    record: Past


class Meshes:
    """Sessions by mesh and role. Any thread may ask; `of` may take seconds, so ask it off the loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._held: dict[tuple[str, Role], Held] = {}
        self._lock = threading.Lock()

    def running(self) -> tuple[Connection, ...]:
        """Every mesh of this user that runs now."""
        return live_connections(self.settings)

    def connection(self, name: str) -> Connection:
        """That of the mesh of this id. Raises NoMesh when none runs, whatever the id is made of."""
        if _NAME.fullmatch(name):
            with suppress(NoMesh):  # whose message names our folders
                found = read_connection(self.settings.home / name)
                if found.is_alive():
                    return found
        raise NoMesh("no mesh of this id runs", hint="GET /devmesh/api/projects lists those that do.")

    def of(self, name: str, role: Role = Role.OBSERVER) -> Held:
        """A session with that mesh. Raises NoMesh when none runs, and MeshLost when it does not answer."""
        connection = self.connection(name)
        with self._lock:
            held = self._held.get((name, role))
            if held is None or not _usable(held, connection):
                if held is not None:
                    held.door.close()
                held = self._held[name, role] = self._opened(connection, role)
        return held

    def close(self) -> None:
        """Leave every mesh; each goes on without us."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
        for one in held:
            one.door.close()

    def _opened(self, connection: Connection, role: Role) -> Held:
        project = Path(connection.project)
        door = Door(project, self.settings, role).open(PATIENCE)
        if door.home != Path(connection.home):
            door.close()
            raise MeshLost("the mesh of this id keeps its state somewhere else")
        record = Past(door.home, project)
        return Held(connection, door, Operations(door, record, Launcher(project, door.home)), record)


def _usable(held: Held, connection: Connection) -> bool:
    """A session outlives a restarted coordinator only while its link still tries."""
    return held.door.is_open and held.connection.pid == connection.pid


def name_of(connection: Connection) -> str:
    """The id of a mesh: the name of its state folder."""
    return Path(connection.home).name
