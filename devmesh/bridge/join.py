"""A bridge process: one tool, one mesh, from command line to exit code. Prints only where a person started it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from devmesh.address import find_connection, home_of, open_home, read_connection
from devmesh.bridge.conversation import Conversation, Place
from devmesh.bridge.credential import read_secret, take_secret
from devmesh.bridge.desk import Desk
from devmesh.bridge.guarding.canary import measured
from devmesh.bridge.guarding.dialects import lane_of
from devmesh.bridge.lane import Lane
from devmesh.bridge.link import Link, LinkState
from devmesh.bridge.remote import Doorway
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.workspace import Workspaces
from devmesh.errors import DevMeshError, MeshError, NoMesh
from devmesh.logs import configure
from devmesh.processes.confinement import confinement_of, lacking
from devmesh.processes.environment import secrets_in
from devmesh.processes.trial import in_force
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary import known
from devmesh.vocabulary.plain import plain, redact
from devmesh.vocabulary.terms import Role, WorkspaceKind

_log = logging.getLogger(__name__)

LOGS = "logs"
LEFT, FAILED = 0, 1
_LAST_RESORT = 1.9
"Seconds after a signal by which the process is gone, whatever still hangs."


_WORDS = {signal.SIGINT: "Ctrl-C"}
"What a person calls a signal."


def main(arguments: Sequence[str] | None = None, *, aloud: bool = False) -> int:
    """Run a bridge until it is dismissed, signalled or orphaned; returns 0 for a clean end, 1 for an error.

    `aloud`: progress goes to standard output, wherever that leads, and not to the log alone.
    """
    options = _parsed(arguments)
    options.tell = _say if aloud else _log.info
    try:
        settings = Settings.load()
        tool = GenericTool.find(options.tool, settings.home)
        project, home = _place(options.project, settings)
        _log_to(settings, home / LOGS / f"{options.tool}-{os.getpid()}.log")
        return asyncio.run(_bridge(tool, project, home, settings, options))
    except DevMeshError as error:
        _log.error("%s", error)
        sys.stderr.write(f"devmesh: {redact(plain(str(error)))}\n")
        return FAILED


async def _bridge(tool: GenericTool, project: Path, home: Path, settings: Settings, options: argparse.Namespace) -> int:
    known.hide(*secrets_in(os.environ), *secrets_in(tool.entry.env))
    key, first = _session(options.agent_key_file)
    repository = Repository(project, home)
    door = _door(options, repository)
    await asyncio.to_thread(repository.open)
    link = Link(
        lambda: read_connection(home),
        Role.AGENT,
        key=key,
        orphan_sec=settings.orphan_sec,
        first=first,
        secret=None if door else take_secret(options.credential_file),
        dialed=door.dial if door else None,
    )
    place = Place(project, home / LOGS, options.tell)
    workspaces = Workspaces(repository, settings.workspace_include)
    desk = Desk(home)
    lane = await _lane(tool, home, settings, options, desk)
    own = lane.kind is WorkspaceKind.OWN
    confinement = confinement_of(settings, project, home, own_workspace=own)
    lane = replace(lane, confinement=confinement, confined=await in_force(confinement, home))
    if confinement.words():
        options.tell(lacking(settings) or f"its tool is kept within: {lane.confined}")
    conversation = Conversation(link, tool, workspaces, place, tuple(options.options), lane)
    loop = asyncio.get_running_loop()

    def told_to_end(number: signal.Signals) -> None:
        conversation.leave(f"told to end by {_WORDS.get(number, number.name)}")
        opening.cancel()
        loop.call_later(_LAST_RESORT, os._exit, LEFT)

    opening = asyncio.ensure_future(link.open())
    reporting = asyncio.ensure_future(_report(link, place.tell))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told_to_end, number)
    try:
        with suppress(asyncio.CancelledError):
            await opening
            place.tell(await conversation.run())
    finally:
        reporting.cancel()
        await link.close()
        await desk.close()
    return LEFT


async def _lane(tool: GenericTool, home: Path, settings: Settings, options: argparse.Namespace, desk: Desk) -> Lane:
    """Where the tool works; in the project itself, with what the canary saw of it."""
    kind = WorkspaceKind(options.workspace or settings.work_in)
    socket = await desk.open()
    if kind is WorkspaceKind.OWN:
        return Lane(badge=tool.badge, desk=desk, socket=socket, mcp=settings.mcp)
    lane = replace(lane_of(tool.entry, desk, socket), mcp=settings.mcp)
    if settings.canary and lane.asks_before:
        options.tell(f"trying whether {tool.entry.title} refuses what it is told to refuse")
        lane = await measured(tool, lane, home, options.options)
    for probe in lane.probes:
        options.tell(f"{probe.way}: {'refused' if probe.refused else 'not seen to be refused'} ({probe.detail})")
    options.tell(f"works in the project itself: {lane.badge}")
    return lane


async def _report(link: Link, tell: Callable[[str], None]) -> None:
    """Say when the mesh is gone, and when it is there again."""
    while await link.until(LinkState.OPEN, LinkState.CLOSED) is LinkState.OPEN:
        if await link.until(LinkState.LOST, LinkState.CLOSED) is LinkState.LOST:
            tell("the mesh does not answer; waiting for it")
            if await link.until(LinkState.OPEN, LinkState.CLOSED) is LinkState.OPEN:
                tell("the mesh is there again")


def _place(project: Path, settings: Settings) -> tuple[Path, Path]:
    """The mesh's project and home: of a mesh that runs for the folder or one above it, else of the folder itself."""
    try:
        connection = find_connection(project, settings)
    except NoMesh:
        canonical = project.resolve()
        return canonical, open_home(home_of(canonical, settings))
    return Path(connection.project), Path(connection.home)


def _door(options: argparse.Namespace, repository: Repository) -> Doorway | None:
    """The way to a mesh on another machine; None for one of this machine. Raises MeshError where it cannot be gone."""
    if options.through is None:
        return None
    if options.credential_file is None or options.token_file is None:
        raise MeshError("--through needs --credential-file and --token-file", hint="Secrets are never arguments.")
    if not repository.directory.is_dir():
        raise MeshError(
            f"the mesh keeps nothing at {repository.home} on this machine",
            hint="Only the conversation goes through the door: share the project and DEVMESH_HOME with this machine.",
        )
    door = Doorway(options.through, read_secret(options.token_file), "", options.ca_file)
    door.secret = take_secret(options.credential_file) or ""
    return door


def _session(file: Path | None) -> tuple[str | None, int]:
    """The session's secret and first request number. A file makes it known to a later process, which then takes over.

    That process counts from the clock on, which is above whatever the first one used.
    """
    if file is None:
        return None, 1
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip(), int(time.time() * 1000)
    with os.fdopen(descriptor, "w", encoding="ascii") as fresh:
        key = secrets.token_urlsafe(32)
        fresh.write(key)
    return key, int(time.time() * 1000)


def _log_to(settings: Settings, file: Path) -> None:
    """All of the log goes to the file; standard error is for what goes wrong before there is one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    configure(settings.model_copy(update={"log_file": file}))
    root = logging.getLogger("devmesh")
    for handler in list(root.handlers):
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)


def _say(line: str) -> None:
    """A short progress line, in the log and for whoever reads along; nobody may."""
    _log.info("%s", line)
    with suppress(OSError):
        sys.stdout.write(f"{redact(plain(line))}\n")
        sys.stdout.flush()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m devmesh.bridge", description="Bring a coding CLI into the mesh of a project."
    )
    parser.add_argument("tool", help="its name in the registry: claude, codex, gemini, aider ...")
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder (default: here)")
    parser.add_argument(
        "--workspace", choices=[kind.value for kind in WorkspaceKind], help="own copies, or the project itself (shared)"
    )
    parser.add_argument("--agent-key-file", type=Path, help="keep the session's secret there, to take it up again")
    parser.add_argument("--credential-file", type=Path, help="holds its own secret, and is removed once read")
    parser.add_argument("--through", metavar="URL", help="a mesh on another machine: wss://HOST/.../devmesh/ws/ID")
    parser.add_argument("--token-file", type=Path, help="with --through: holds the token of the Jupyter Server there")
    parser.add_argument("--ca-file", type=Path, help="with --through: the certificate of whoever signed the server's")
    parser.epilog = "What follows `--` goes to the tool itself."
    own, _, theirs = _divided(sys.argv[1:] if arguments is None else list(arguments))
    return parser.parse_args(own, argparse.Namespace(options=theirs))


def _divided(arguments: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Ours, the `--`, and the tool's: argparse loses its way when both have options."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at : at + 1], arguments[at + 1 :]
