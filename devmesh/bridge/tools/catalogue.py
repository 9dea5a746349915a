"""Reads what is known of each CLI, and finds which are here. Knows the shape of that data, and no CLI by name."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from devmesh.bridge.tools.entry import Entry as Entry, Known as Known, Refusals, Registry
from devmesh.errors import SettingError, ToolNotFound
from devmesh.processes import Command, SupervisedProcess, allowed_environment

REGISTRY = "registry"
"The folder of our own tables, one a CLI."
OVERRIDES = "tools.toml"
"The user's own table, in the folder of DEVMESH_HOME: merged over ours, key by key."
PYTHON = "{python}"
CONVERSATION = "{conversation}"
"Where a command says which conversation it begins or continues."
_VERSION_LIMIT = 10.0
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")


@dataclass(frozen=True, slots=True)
class Installed:
    """One row of `devmesh doctor`: is it here, where, and which version."""

    name: str
    title: str
    executable: str | None
    version: str
    "As it says itself; empty when it did not say within the time limit."
    install: str


def load(home: Path | None = None) -> Registry:
    """The registry, with the user's own `tools.toml` of `home` over it. Raises SettingError naming file and key."""
    ours = _ours()
    theirs = home / OVERRIDES if home is not None else None
    if theirs is None or not theirs.is_file():
        return _checked(ours, REGISTRY)
    return _checked(_merged(ours, _decoded(theirs.read_bytes(), str(theirs))), str(theirs))


def find(name: str, home: Path | None = None) -> Known:
    """The tool of that name. Raises ToolNotFound naming those there are."""
    registry = load(home)
    if name not in registry.tools:
        names = ", ".join(sorted(registry.tools))
        raise ToolNotFound(f"no tool is called {name!r}", hint=f"Known: {names}. {OVERRIDES} can add others.")
    entry = registry.tools[name]
    refusals = Refusals((*entry.blockages, *registry.blockages), registry.retries)
    return Known(name, entry, registry.dialects.get(entry.dialect, ()), refusals)


def executable_of(entry: Entry) -> str | None:
    """Where its program is; None when it is not installed."""
    candidates = (sys.executable if name == PYTHON else shutil.which(name) for name in entry.executables)
    return next((found for found in candidates if found), None)


def environment_of(entry: Entry, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What its process sees: the harmless variables, the keys it needs, its own settings, then `extra`."""
    own = {name: value.replace("{packages}", packages()) for name, value in entry.env.items()}
    common = {"NO_COLOR": "1", "TERM": "dumb", "CI": "1"}
    return allowed_environment(common | own | dict(extra or {}), keep=entry.keep)


def packages() -> str:
    """The folder devmesh was imported from, for a PYTHONPATH; empty where every Python finds it anyway."""
    folder = Path(__file__).resolve().parents[3]
    return "" if folder.name in {"site-packages", "dist-packages"} else str(folder)


async def installed(home: Path | None = None) -> tuple[Installed, ...]:
    """Every known tool, with its version where it is here. All are asked at once, and none for longer than 10 s."""
    entries = load(home).tools
    return tuple(await asyncio.gather(*(_look(name, entry) for name, entry in entries.items())))


async def _look(name: str, entry: Entry) -> Installed:
    executable = executable_of(entry)
    version = await _version(entry, executable) if executable else ""
    return Installed(name, entry.title, executable, version, entry.install)


async def _version(entry: Entry, executable: str) -> str:
    command = Command(
        argv=(executable, *entry.version),
        cwd=Path.home(),
        env=environment_of(entry),
        time_limit=_VERSION_LIMIT,
        grace=1.0,
    )
    try:
        ended = await (await SupervisedProcess.start(command)).wait()
    except ToolNotFound:
        return ""
    if ended.exit_code != 0:
        return ""  # whatever it printed was not its version
    said = (ended.stdout_tail + b"\n" + ended.stderr_tail).decode(errors="replace")
    found = _VERSION.search(said)
    return found[0].rstrip(".") if found else said.strip()[:60]


# ---- reading the tables ----


def _ours() -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for file in sorted(files(__package__).joinpath(REGISTRY).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            tables = _merged(tables, _decoded(file.read_bytes(), f"{REGISTRY}/{file.name}"))
    return tables


def _decoded(text: bytes, source: str) -> dict[str, Any]:
    try:
        return msgspec.toml.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingError(f"{source}: {wrong}") from None


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merge key by key; anything else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _checked(tables: Mapping[str, Any], source: str) -> Registry:
    try:
        registry = msgspec.convert(tables, Registry)
    except msgspec.ValidationError as wrong:
        reason, _, where = str(wrong).partition(" - at `")
        field = _named(tables, where.rstrip("`").removeprefix("$."))
        raise SettingError(f"{source}, {field or 'top level'}: {reason}", field=field or None) from None
    for name, entry in registry.tools.items():
        _check_entry(name, entry, registry, source)
    return registry


def _named(tables: Mapping[str, Any], where: str) -> str:
    """The decoder says `tools[...]` for a key of a table; find which one it is by asking each."""
    if not where.startswith("tools[...]"):
        return where
    for name, table in tables.get("tools", {}).items():
        try:
            msgspec.convert(table, Entry)
        except msgspec.ValidationError:
            return f"tools.{name}{where.removeprefix('tools[...]')}"
    return where


def _check_entry(name: str, entry: Entry, registry: Registry, source: str) -> None:
    problems = {
        "dialect": entry.output != "text" and entry.dialect not in registry.dialects,
        "command": entry.prompt == "argument" and not _mentions(entry, "{prompt}"),
        "resume": bool(entry.resume) and not _mentions(entry, CONVERSATION),
        "prompt": entry.prompt == "file" and not _mentions(entry, "{prompt_file}"),
        "model": not entry.model and _mentions(entry, "{model}"),
        "failure_signs": not all(map(_compiles, entry.failure_signs)),
        "blockages": not all(_compiles(rule.pattern) for rule in entry.blockages),
        "usage": not all(map(_counts, entry.usage)),
        "reasons": not all(_compiles(pattern) and re.compile(pattern).groups for pattern in entry.reasons),
    }
    for key, wrong in problems.items():
        if wrong:
            field = f"tools.{name}.{key}"
            raise SettingError(f"{source}, {field}: {getattr(entry, key)!r} does not fit the rest", field=field)


def _mentions(entry: Entry, placeholder: str) -> bool:
    arguments: Sequence[str] = (*entry.command, *entry.trailing)
    return any(placeholder in argument for argument in arguments)


def _counts(pattern: str) -> bool:
    return _compiles(pattern) and {"input", "output"} <= set(re.compile(pattern).groupindex)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
