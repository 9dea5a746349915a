"""`devmesh serve`, `join` and `stop`: processes that coordinate or work until told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import psutil
import typer

from devmesh.errors import MeshError
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import put_json, say

if TYPE_CHECKING:
    from devmesh.address import Connection

_STOPPING: Final = 15.0
"Seconds a coordinator may take to end."


def serve(
    project: Project = Path(),
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: DEVMESH_WS_PORT, or 7700.")] = None,
    as_json: AsJson = False,
) -> int:
    """Coordinate a project in the foreground. Ctrl-C or `devmesh stop` ends it.

    With --json, one line says how it is reached once it is ready (never a token).
    """
    from devmesh import logs
    from devmesh.address import home_of
    from devmesh.coordinator.hosts import serve as coordinate
    from devmesh.settings import Settings

    overrides: dict[str, Any] = {} if port is None else {"ws_port": port}
    settings = Settings.load(**overrides)
    folder = _folder(project)
    logs.configure(settings, home=home_of(folder, settings))

    def ready(connection: Connection) -> None:
        if as_json:
            put_json({"project": connection.project, "url": connection.url, "pid": connection.pid})
        else:
            say(f"Coordinating {connection.project} at {connection.url}. Ctrl-C stops.")
        _flush()

    asyncio.run(coordinate(folder, settings, ready=ready))
    return exits.DONE


def join(
    tool: Annotated[str, typer.Argument(help="claude, codex, gemini, ...: see `devmesh tools`.")],
    options: Annotated[list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="For the tool itself.")] = None,
    project: Project = Path(),
) -> int:
    """Work for a project's mesh as one agent. Until dismissed or Ctrl-C; what follows `--` goes to the tool."""
    from devmesh.address import find_connection
    from devmesh.bridge.join import main as bridge
    from devmesh.bridge.tools.generic import GenericTool
    from devmesh.settings import Settings

    settings = Settings.load()
    GenericTool.find(tool, settings.home)
    connection = find_connection(_folder(project), settings)
    words = [tool, "--project", connection.project]
    return bridge([*words, *(["--", *options] if options else [])])


def stop(
    project: Project = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Also when it runs in a notebook, whose kernel then ends.")
    ] = False,
) -> int:
    """Stop the mesh that `devmesh serve` runs for a project. Its agents wait for it for a while, then end."""
    from devmesh.address import find_connection
    from devmesh.settings import Settings

    connection = find_connection(_folder(project), Settings.load())
    process = psutil.Process(connection.pid)
    if not force and not _serves(process):
        raise MeshError(
            f"process {connection.pid}, which coordinates {connection.project}, is no `devmesh serve`",
            hint="Where it is a notebook: %devmesh stop there. --force ends the process.",
        )
    process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOPPING
    while connection.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if connection.is_alive():
        raise MeshError(f"process {connection.pid} has not ended within {_STOPPING:g} s")
    say(f"stopped the mesh of {connection.project}")
    return exits.DONE


def _serves(process: psutil.Process) -> bool:
    words = process.cmdline()
    return "serve" in words and any("devmesh" in word for word in words)


def _folder(project: Path) -> Path:
    folder = Path(os.path.realpath(project.expanduser()))
    if not folder.is_dir():
        raise MeshError(f"{folder} is not a folder", hint="Name the project's folder with --project.")
    return folder


def _flush() -> None:
    import sys

    sys.stdout.flush()
