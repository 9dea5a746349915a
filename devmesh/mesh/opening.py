"""`devmesh.start()` and `devmesh.connect()`: where a mesh of this process comes from. One per project and process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from devmesh import logs
from devmesh.address import Connection, find_connection, home_of, open_home
from devmesh.coordinator.hosts import Host, ThreadHost
from devmesh.coordinator.loop_host import LoopHost, is_nested
from devmesh.coordinator.process_host import ProcessHost
from devmesh.errors import AlreadyRunning, MeshError, NoMesh
from devmesh.mesh.door import Door
from devmesh.mesh.faces import in_kernel
from devmesh.mesh.handle import Mesh
from devmesh.mesh.launching import Launcher
from devmesh.mesh.operations import Operations
from devmesh.mesh.record import Past
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role

_meshes: dict[Path, Mesh] = {}
"The meshes this process holds, by the folder of their state, the latest last."


def start(
    project: str | Path = ".", *, budget_usd: float | None = None, budget_tokens: int | None = None, **settings: Any
) -> Mesh:
    """Start a mesh for a project in this process, or return the one that runs here already. Prints nothing.

    With a budget, work is paused before more than that is spent; `mesh.budget()` changes it. `settings` override
    `DEVMESH_*`, as in `start(ws_port=0)`. Raises AlreadyRunning when another process has the project.
    """
    mesh = _started(project, settings)
    if budget_usd is not None or budget_tokens is not None:
        mesh.budget(usd=budget_usd, tokens=budget_tokens)
    return mesh


def _started(project: str | Path, settings: dict[str, Any]) -> Mesh:
    loaded, folder, running = _wanted(project, settings)
    if running is not None:
        return running
    if in_kernel():
        logs.configure(loaded, home=open_home(home_of(folder, loaded)))
    if loaded.host == "kernel":
        return _entered(start_here(project, **settings))
    host = ProcessHost(folder, loaded) if loaded.host == "process" else ThreadHost(folder, loaded)
    host.start()
    try:
        mesh = _open(folder, loaded, host)
    except BaseException:
        host.stop()
        raise
    return _remember(mesh)


async def start_here(project: str | Path = ".", **settings: Any) -> Mesh:
    """Start a mesh as a task of the running loop: for programs that are asynchronous themselves, and for debugging.

    What blocks the loop blocks the mesh. Await its operations (`await mesh.aio.post(...)`, `await mesh.aio.stop()`);
    plain calls work after `devmesh.enable_nested()` only. Raises as `start`.
    """
    loaded, folder, running = _wanted(project, settings)
    if running is not None:
        return running
    host = LoopHost(folder, loaded)
    await host.start()
    try:
        mesh = await asyncio.to_thread(_open, folder, loaded, host)
    except BaseException:
        await asyncio.to_thread(host.stop)
        raise
    return _remember(mesh)


def _wanted(project: str | Path, settings: dict[str, Any]) -> tuple[Settings, Path, Mesh | None]:
    """The settings, the project's folder, and the mesh that runs in this process for it already, if one does."""
    loaded = Settings.load(**settings)
    folder = _folder(project)
    held = _held(home_of(folder, loaded))
    if held is not None and held.is_host:
        return loaded, folder, held
    _refuse_second(folder, loaded)
    return loaded, folder, None


def enable_nested() -> None:
    """Let the running loop be entered again, so that plain calls work beside a coordinator on that very loop.

    By nest-asyncio2. Raises MeshError where the archived nest-asyncio, which loses queued cells, was applied already.
    """
    import nest_asyncio2

    try:
        nest_asyncio2.apply(error_on_mispatched=True)
    except (RuntimeError, ValueError) as refused:
        raise MeshError(f"this loop cannot be entered again: {refused}", hint="Use the default host instead.") from None


def _entered(starting: Coroutine[Any, Any, Mesh]) -> Mesh:
    """Run it on the loop of this very thread, from inside it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        starting.close()
        raise MeshError("host=kernel needs a running loop", hint="Await devmesh.start_here() inside one.") from None
    if not is_nested(loop):
        starting.close()
        raise MeshError("host=kernel would block its own loop", hint="devmesh.enable_nested(), or await start_here().")
    return loop.run_until_complete(starting)


def connect(project: str | Path = ".", *, role: Role = Role.OPERATOR, **settings: Any) -> Mesh:
    """Join the mesh that runs for this project, or for the nearest folder above it. Raises NoMesh when none does."""
    loaded = Settings.load(**settings)
    connection = find_connection(_folder(project), loaded)
    home = Path(connection.home)
    held = _held(home)
    if held is not None and role is Role.OPERATOR:
        return held
    mesh = _open(Path(connection.project), loaded, None, role)
    return _remember(mesh) if role is Role.OPERATOR else mesh


def current() -> Mesh:
    """The mesh this process started or joined last. Raises NoMesh when there is none."""
    for home, mesh in reversed(list(_meshes.items())):
        if not mesh.is_closed:
            return mesh
        del _meshes[home]
    raise NoMesh("no mesh is open here", hint="Start one with %devmesh start, or join one with %devmesh connect.")


def _folder(project: str | Path) -> Path:
    folder = Path(os.path.realpath(Path(project).expanduser()))
    if not folder.is_dir():
        raise MeshError(f"{folder} is not a folder", hint="Name the project's folder.")
    return folder


def _held(home: Path) -> Mesh | None:
    """The open mesh of this process for that home."""
    mesh = _meshes.get(home)
    if mesh is not None and mesh.is_closed:
        del _meshes[home]
        return None
    return mesh


def _refuse_second(folder: Path, settings: Settings) -> None:
    with suppress(NoMesh):
        other: Connection = find_connection(folder, settings)
        if Path(other.home) == home_of(folder, settings):
            raise AlreadyRunning(
                f"process {other.pid} already coordinates {folder}",
                pid=other.pid,
                since=other.pid_create_time,
                hint="Join it with devmesh.connect(), or %devmesh connect.",
            )


def _open(folder: Path, settings: Settings, host: Host | None, role: Role = Role.OPERATOR) -> Mesh:
    door = Door(folder, settings, role).open()
    if host is not None:
        host.when_failed = door.fail
    past = Past(door.home, folder)
    return Mesh(door, Operations(door, past, Launcher(folder, door.home)), host)


def _remember(mesh: Mesh) -> Mesh:
    _meshes.pop(mesh.home, None)
    _meshes[mesh.home] = mesh
    return mesh
