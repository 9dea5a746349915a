"""`devmesh serve`, `join` and `stop`: processes that coordinate or work until told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import psutil
import typer

from devmesh.errors import AlreadyRunning, Malformed, MeshError, NoMesh
from devmesh.terminal import exits
from devmesh.terminal.interface import Interface, begin
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import put_json, say

if TYPE_CHECKING:
    from devmesh.address import Connection
    from devmesh.settings import Settings

_STOPPING: Final = 15.0
"Seconds a coordinator may take to end."


def serve(
    project: Project = Path(),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port, no other; default: DEVMESH_WS_PORT, or 7700, or any free one."),
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Offer the HTTP interface on DEVMESH_HTTP_PORT; setting that does it, too.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Coordinate a project in the foreground. Ctrl-C or `devmesh stop` ends it.

    With --json, one line says how it is reached once it is ready (never a token, only which file has it).
    """
    from devmesh import logs
    from devmesh.address import home_of
    from devmesh.coordinator.hosts import serve as coordinate
    from devmesh.settings import Settings

    overrides: dict[str, Any] = {} if port is None else {"ws_port": port, "port_fallback": False}
    settings = Settings.load(**overrides)
    folder = _folder(project)
    _refuse_second(folder, settings)
    logs.configure(settings, home=home_of(folder, settings))

    wants_http = http or "http_port" in settings.model_fields_set
    interfaces: list[Interface] = []

    def ready(connection: Connection) -> None:
        if wants_http:
            interfaces.append(begin(connection))
        where = {"http": one.url, "http_token_file": one.token_file} if (one := next(iter(interfaces), None)) else {}
        if as_json:
            put_json({"project": connection.project, "url": connection.url, "pid": connection.pid, **where})
        else:
            say(f"Coordinating {connection.project} at {connection.url}. Ctrl-C stops.")
            if not connection.socket and settings.ws_port not in {0, connection.port}:
                say(f"Port {settings.ws_port} is in use; this one is free. Whoever joins finds it.")
            if where:
                say(f"HTTP at {where['http']}; its token is in {where['http_token_file']}")
        _flush()

    try:
        asyncio.run(coordinate(folder, settings, ready=ready))
    finally:
        for interface in interfaces:
            interface.end()
    return exits.DONE


def join(
    tool: Annotated[str, typer.Argument(help="claude, codex, gemini, ...: see `devmesh tools`.")],
    options: Annotated[list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="For the tool itself.")] = None,
    project: Project = Path(),
    workspace: Annotated[
        str | None, typer.Option(help="Where it works: in `own` copies, or in the project itself (`shared`).")
    ] = None,
    through: Annotated[
        str | None, typer.Option(metavar="URL", help="A mesh on another machine: wss://HOST/.../devmesh/ws/ID.")
    ] = None,
    credential_file: Annotated[
        Path | None, typer.Option(help="Its own credential (`devmesh credentials issue`); removed once read.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="The token of the Jupyter Server, or hub, there.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="The certificate of whoever signed the server's.")] = None,
) -> int:
    """Work for a project's mesh as one agent, and say what it does. Until dismissed or Ctrl-C.

    What follows `--` goes to the tool. With --through only the conversation travels: the project and DEVMESH_HOME have
    to be shared with the other machine, under the same paths.
    """
    from devmesh.address import find_connection
    from devmesh.bridge.join import main as bridge
    from devmesh.bridge.tools.generic import GenericTool
    from devmesh.settings import Settings

    settings = Settings.load()
    GenericTool.find(tool, settings.home)
    folder = _folder(project)
    words = [tool, "--project", str(folder) if through else find_connection(folder, settings).project]
    given = {
        "--workspace": workspace,
        "--through": through,
        "--credential-file": credential_file,
        "--token-file": token_file,
        "--ca-file": ca_file,
    }
    words += [str(word) for name, value in given.items() if value is not None for word in (name, value)]
    return bridge([*words, *(["--", *options] if options else [])], aloud=True)


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


def _refuse_second(folder: Path, settings: Settings) -> None:
    """Say in words of the terminal what the lock of the state folder would say in its own."""
    from devmesh.address import find_connection, home_of

    with suppress(NoMesh):
        other = find_connection(folder, settings)
        if Path(other.home) == home_of(folder, settings):
            raise AlreadyRunning(
                f"process {other.pid} already coordinates {folder}",
                pid=other.pid,
                since=other.pid_create_time,
                hint="`devmesh status` says how it stands, `devmesh join TOOL` works for it, `devmesh stop` ends it.",
            )


def _serves(process: psutil.Process) -> bool:
    words = process.cmdline()
    return "serve" in words and any("devmesh" in word for word in words)


def _folder(project: Path) -> Path:
    folder = Path(os.path.realpath(project.expanduser()))
    if not folder.is_dir():
        raise Malformed(f"{folder} is not a folder", field="project", hint="Name the project's folder with --project.")
    return folder


def _flush() -> None:
    import sys

    sys.stdout.flush()
