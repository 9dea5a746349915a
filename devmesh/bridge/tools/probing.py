"""Whether a CLI still is what the registry says: its version, its flags, and that it answers. Asks no model anything.

What is asked is derived from the registry's own commands, so that no row can promise what is not looked at.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from devmesh.bridge.tools.catalogue import CONVERSATION, environment_of, executable_of, load
from devmesh.bridge.tools.entry import Entry, Talk
from devmesh.errors import ToolNotFound
from devmesh.processes import Command, SupervisedProcess
from devmesh.vocabulary.plain import beginning
from devmesh.vocabulary.terms import Stream

HELP_LIMIT: Final = 25.0
"Seconds one question may take: some CLIs need several to start."
AT_ONCE: Final = 4
"Programs that run at the same time: they are large."
_MOST: Final = 1024 * 1024
"Bytes of help that are read."
_FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")

UNLISTED: Final[Mapping[str, frozenset[str]]] = {
    "claude": frozenset({"--permission-prompt-tool"}),
}
"Flags that a CLI takes and does not tell in its help; the handshake shows whether it still does."

HANDSHAKES: Final[Mapping[str, dict[str, Any]]] = {
    "acp": {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": 1, "clientCapabilities": {}},
    },
    "codex": {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"clientInfo": {"name": "devmesh", "title": "DevMesh", "version": "1"}},
    },
    "claude": {"type": "control_request", "request_id": "1", "request": {"subtype": "initialize"}},
}
"By protocol: what is said first. Nothing is prompted, so nothing is spent."


@dataclass(frozen=True, slots=True)
class Handshake:
    """Whether a CLI answers in its two-way protocol."""

    protocol: str
    answered: bool
    seconds: float = 0.0
    complaint: str = ""
    "Why it did not, in one line."


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found of one CLI."""

    name: str
    entry: Entry
    executable: str | None
    version: str = ""
    missing: tuple[str, ...] = ()
    "Flags of our templates that are not in its help any more."
    helpless: bool = False
    "It printed no help in time: nothing can be said of its flags."
    handshake: Handshake | None = None
    "None: it has no two-way protocol."

    @property
    def seen_with(self) -> str:
        """The version with which its row was run; empty where that was never done."""
        found = _VERSION.search(self.entry.seen) if self.entry.seen.startswith("V") else None
        return found[0] if found else ""


async def probe_all(home: Path | None = None, names: Iterable[str] = ()) -> tuple[Probed, ...]:
    """Every tool of the registry, or those named, a few at once."""
    wanted, turns = frozenset(names), asyncio.Semaphore(AT_ONCE)
    entries = load(home).tools

    async def one(name: str, entry: Entry) -> Probed:
        async with turns:
            return await probe(name, entry)

    return tuple(
        await asyncio.gather(*(one(name, entry) for name, entry in entries.items() if name in wanted or not wanted))
    )


async def probe(name: str, entry: Entry) -> Probed:
    """One CLI, in an empty folder of its own. Raises nothing for what it does."""
    executable = executable_of(entry)
    if executable is None:
        return Probed(name, entry, None)
    with tempfile.TemporaryDirectory(prefix="devmesh-probe-") as folder:
        place = Path(folder)
        version = await _version((executable, *entry.version), entry, place)
        missing, helpless = await _missing(name, entry, executable, place)
        handshake = await _handshake(entry.talk, entry, executable, place) if entry.talk else None
    return Probed(name, entry, executable, version, missing, helpless, handshake)


async def _version(argv: tuple[str, ...], entry: Entry, place: Path) -> str:
    """As it says itself; empty when it failed, or did not say: a traceback names versions, too."""
    said = await _output(argv, entry, place)
    found = _VERSION.search(said.words) if said.succeeded else None
    return found[0].rstrip(".") if found else ""


# ---- flags ----


def flags_by_command(entry: Entry) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The flags our templates use, by the sub-command they are for, each once."""
    beside = [*entry.new, *entry.resume, *entry.budget, *entry.trailing]
    for told in (entry.mcp, entry.hook):
        beside += told.arguments if told else ()
    for more in entry.purposes.values():
        beside += more
    used: dict[tuple[str, ...], list[str]] = {}
    calls: list[Sequence[str]] = [(*entry.command, *beside)]
    if entry.talk:
        calls.append((*entry.talk.command, *entry.talk.new, *entry.talk.resume, *entry.talk.trailing))
    for call in calls:
        subcommand, rest = _divided(call[1:], entry.version[:-1])
        used.setdefault(subcommand, []).extend(_flags(rest))
    return {subcommand: tuple(dict.fromkeys(flags)) for subcommand, flags in used.items()}


def _divided(arguments: Sequence[str], prefix: Sequence[str]) -> tuple[tuple[str, ...], Sequence[str]]:
    """The words before the first flag, which its help is asked with, and what follows them."""
    at = len(prefix) if tuple(arguments[: len(prefix)]) == tuple(prefix) else 0
    while at < len(arguments) and not arguments[at].startswith(("-", "{")):
        at += 1
    return tuple(arguments[:at]), arguments[at:]


def _flags(arguments: Iterable[str]) -> Iterable[str]:
    for argument in arguments:
        if argument != CONVERSATION and (found := _FLAG.match(argument)):
            yield found[1]


async def _missing(name: str, entry: Entry, executable: str, place: Path) -> tuple[tuple[str, ...], bool]:
    absent: list[str] = []
    helpless = False
    for subcommand, flags in flags_by_command(entry).items():
        wanted = [flag for flag in flags if flag not in UNLISTED.get(name, ())]
        if not wanted:
            continue
        help_ = await _output((executable, *subcommand, "--help"), entry, place)
        told = set(_FLAG.findall(help_.words)) if help_.succeeded else set()
        helpless = helpless or not told
        absent += [flag for flag in wanted if told and flag not in told]
    return tuple(absent), helpless


# ---- the handshake ----


async def _handshake(talk: Talk, entry: Entry, executable: str, place: Path) -> Handshake:
    """Say the first word of its protocol, and wait for the answer to it."""
    argv = (executable, *(part for part in talk.command[1:] if part != CONVERSATION))
    said = json.dumps(HANDSHAKES[talk.protocol]).encode() + b"\n"
    began = time.monotonic()
    heard = await _output(argv, entry, place, said)
    seconds = round(time.monotonic() - began, 1)
    if any(map(_answers, heard.out.splitlines())):
        return Handshake(talk.protocol, answered=True, seconds=seconds)
    last = [line.strip() for line in heard.complaints.splitlines() if line.strip()]
    complaint = beginning(last[-1], 200) if last else "no answer"
    return Handshake(talk.protocol, answered=False, seconds=seconds, complaint=complaint)


def _answers(line: str) -> bool:
    """Whether this is the answer to our first word, in any of the protocols, and no error."""
    try:
        message = json.loads(line)
    except ValueError:
        return False
    if not isinstance(message, dict):
        return False
    control = message.get("response")
    if message.get("type") == "control_response" and isinstance(control, dict):
        return bool(control.get("request_id") == "1" and control.get("subtype") == "success")
    return bool(message.get("id") == 1 and "result" in message)


class _Heard(NamedTuple):
    """What a program printed, and whether it ended well."""

    out: str
    complaints: str
    succeeded: bool

    @property
    def words(self) -> str:
        return f"{self.out}\n{self.complaints}"


async def _output(argv: tuple[str, ...], entry: Entry, place: Path, said: bytes | None = None) -> _Heard:
    """Run it to its end; with something said to it, until it has answered."""
    heard: dict[Stream, bytearray] = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}
    command = Command(
        argv=argv,
        cwd=place,
        env=environment_of(entry),
        stdin=said,
        keep_stdin_open=said is not None,
        time_limit=HELP_LIMIT,
        grace=1.0,
    )

    def hear(stream: Stream, chunk: bytes) -> None:
        heard[stream] += chunk[: _MOST - len(heard[stream])]
        if said is not None and any(map(_answers, _text(heard[Stream.STDOUT]).splitlines())):
            process.stop("it has answered")

    try:
        process = await SupervisedProcess.start(command, hear)
        ended = await process.wait()
    except ToolNotFound as gone:
        return _Heard("", str(gone), succeeded=False)
    return _Heard(_text(heard[Stream.STDOUT]), _text(heard[Stream.STDERR]), ended.exit_code == 0)


def _text(data: bytearray) -> str:
    return data.decode(errors="replace")
