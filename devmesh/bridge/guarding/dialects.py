"""What each CLI tells its hook before an edit or a command, as a wish; and the program that it is told to run."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devmesh.bridge.desk import SOCKET, Desk, Handler
from devmesh.bridge.guarding.hook import DENIALS
from devmesh.bridge.guarding.programs import patched
from devmesh.bridge.lane import Lane
from devmesh.bridge.tools.entry import Entry
from devmesh.bridge.tools.tool import Gate, Permission, Program, Wish
from devmesh.errors import Malformed
from devmesh.vocabulary.terms import Badge, WorkspaceKind

DIALECTS = frozenset({*DENIALS, "opencode"})
"Who can be told of a hook, and understands its answer."
NAMES = ("tool_name", "toolName", "tool")
INPUTS = ("tool_input", "toolArgs", "args", "input")
FOLDERS = ("workdir", "dir_path", "directory", "cwd")
"Where a command is to run, in the words of the several tools."
PATHS = ("file_path", "filePath", "absolute_path", "notebook_path", "path", "filename", "file")
COMMANDS = ("command", "cmd", "script", "fullCommandText")
PATCHES = ("patch", "patchText", "patch_text", "input", "diff")
_HERE = Path(__file__).parent


def program(dialect: str, desk: Path) -> Program:
    """The hook of a CLI that speaks this dialect, for the desk at that socket. For opencode: where its plugin is."""
    env = {SOCKET: str(desk)}
    if dialect == "opencode":
        return Program(((_HERE / "opencode.js").as_uri(),), env)
    return Program((sys.executable, "-SEs", "-B", str(_HERE / "hook.py"), "--dialect", dialect), env)


def hooked(entry: Entry) -> bool:
    """Whether the CLI can be told of our hook, and understands its answer."""
    return entry.hook is not None and entry.dialect in DIALECTS


def lane_of(entry: Entry, desk: Desk, socket: Path) -> Lane:
    """How a tool that works in the project itself is made to ask: by its own protocol, a hook, or ACP; not measured.

    A hook goes before ACP: it takes the reason of a refusal to the model, and its turn goes on.
    """
    native = entry.talk is not None and entry.talk.protocol != "acp"
    hooked = entry.hook is not None and entry.dialect in DIALECTS and not native
    return Lane(
        kind=WorkspaceKind.SHARED,
        badge=Badge.WATCHED,
        desk=desk,
        socket=socket,
        dialect=entry.dialect if hooked else "",
        talks=entry.talk is not None and not hooked,
    )


def answering(gate: Gate) -> Handler:
    """The desk's answer to `hook`: what the gate says to the wish in it."""

    async def answer(message: dict[str, Any]) -> dict[str, Any]:
        return asdict(await gate(wish_of(message.get("input"))))

    return answer


def permitting(gate: Gate) -> Handler:
    """The desk's answer to `permission`, for programs of ours that know what they want."""

    async def answer(message: dict[str, Any]) -> dict[str, Any]:
        name, command, paths = (message.get(key) for key in ("name", "command", "paths"))
        texts = tuple(path for path in paths if isinstance(path, str)) if isinstance(paths, list) else ()
        permission: Permission = await gate(Wish(str(name or ""), texts, str(command or "")))
        return asdict(permission)

    return answer


def wish_of(told: object) -> Wish:
    """What a hook was told, as a wish with absolute paths. Raises Malformed for what cannot be one."""
    if not isinstance(told, Mapping):
        raise Malformed("a hook is told an object")
    name = _first(told, NAMES)
    given = next((told[key] for key in INPUTS if key in told), None)
    if isinstance(given, str) and given.lstrip().startswith("{"):
        given = _decoded(given)
    if not name:
        raise Malformed("a hook is told the tool's name")
    folder = _first(told, ("cwd",)) or "."
    if isinstance(given, str):
        return Wish(name, _absolute(patched(given), folder), "" if patched(given) else given)
    if not isinstance(given, Mapping):
        raise Malformed("a hook is told the tool's input")
    return _wish(name, given, folder)


def _wish(name: str, given: Mapping[str, Any], folder: str) -> Wish:
    command = _command(given)
    patches = [path for key in PATCHES if isinstance(given.get(key), str) for path in patched(given[key])]
    if command.lstrip().startswith("*** Begin Patch"):
        return Wish(name, _absolute(patched(command), folder))
    if command:
        place = os.path.normpath(os.path.join(folder, _first(given, FOLDERS)))  # noqa: PTH118 - a text
        return Wish(name, (), command if place == "." else f"cd {shlex.quote(place)} && {command}")
    return Wish(name, _absolute([*_named(given), *patches], folder))


def _command(given: Mapping[str, Any]) -> str:
    for key in COMMANDS:
        value = given.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return shlex.join(value)
    return ""


def _named(given: Mapping[str, Any]) -> list[str]:
    """Every path in it, also in a list of edits to several files."""
    found = [given[key] for key in PATHS if isinstance(given.get(key), str) and given[key]]
    for value in given.values():
        if isinstance(value, list):
            found += [path for one in value if isinstance(one, Mapping) for path in _named(one)]
    return found


def _absolute(paths: list[str], folder: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path if folder == "." else os.path.join(folder, path) for path in paths))  # noqa: PTH118


def _first(told: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((told[key] for key in keys if isinstance(told.get(key), str)), "")


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Malformed("a tool's input in a text must be JSON") from None
