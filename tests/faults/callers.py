"""Clients that ask until they are answered: the same number on however many connections. What they saw is kept."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from devmesh.address import Connection, read_connection
from devmesh.errors import DevMeshError
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Message, decode_delivery, encode
from devmesh.vocabulary.terms import LockMode, Role
from tests.coordinator.rig import WIRE, headers
from tests.faults.linearizable import Operation

IMPATIENCE = 1.5
"Seconds after which a caller tries again on another connection."
WINDOW = 4.0
"Seconds in which the same files are locked, so that each history stays short."


@dataclass
class Figures:
    """What happened."""

    kills: int = 0
    stops: int = 0
    cuts: int = 0
    garbled: int = 0
    calls: int = 0
    retries: int = 0
    tokens: list[int] = field(default_factory=list)
    "Granted, as their clients were told."
    tasks: list[int] = field(default_factory=list)
    "Posted, as the person was told."
    landed: dict[int, str] = field(default_factory=dict)
    "Changes by number with the content they brought, as their authors were told."
    returned: int = 0
    "Changes that came back, because others were faster."
    histories: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    surprises: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    "Why a call had to be made again, in the words of whoever refused it."


class Way(Protocol):
    """How a client gets there."""

    @property
    def port(self) -> int:
        """Where to connect to at this moment."""
        ...


Going = Callable[[], bool]
"Whether to make one more call."


class Caller:
    """One client that asks until it is answered: the same number on however many connections."""

    def __init__(self, role: Role, way: Way, home: Path, figures: Figures) -> None:
        self._role, self._way, self._home, self._figures = role, way, home, figures
        self._key = secrets.token_urlsafe(32)
        self._socket: ClientConnection | None = None
        self._last = 0

    async def call(self, request: Any) -> tuple[Any, ...]:
        """The facts that answer it."""
        self._last += 1
        self._figures.calls += 1
        while True:
            try:
                async with asyncio.timeout(IMPATIENCE):
                    return await self._try(self._last, request)
            except (OSError, TimeoutError, WebSocketException, DevMeshError) as error:
                self._figures.retries += 1
                self._figures.reasons[_reason(error)] += 1
                await self.close()
                await asyncio.sleep(0.05)

    def told(self, fact: Any) -> None:
        """Hear of something, be it part of an answer: an award may come with that of a bid. Nothing follows here."""

    async def close(self) -> None:
        """Hang up without ado."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.transport.abort()
            await socket.wait_closed()

    async def _try(self, number: int, request: Any) -> tuple[Any, ...]:
        if self._socket is None:
            connection: Connection = read_connection(self._home)
            self._socket = await connect(
                connection.url,
                host="127.0.0.1",
                port=self._way.port,
                additional_headers=headers(connection, self._role, self._key),
                open_timeout=IMPATIENCE,
                **WIRE,
            )
        await self._socket.send(encode(Message(id=number, request=request)), text=True)
        while (delivery := decode_delivery(await self._socket.recv())).reply_to != number:
            for recorded in delivery.facts:
                self.told(recorded.fact)
        answer = tuple(recorded.fact for recorded in delivery.facts)
        if any(isinstance(fact, facts.RequestMalformed) for fact in answer):
            raise ConnectionResetError("it was garbled on its way")
        for fact in answer:
            self.told(fact)
        return answer


async def post(person: Caller, figures: Figures, going: Going) -> None:
    """The person posts tasks that nobody takes."""
    while going():
        said = await person.call(requests.PostTask(prompt="later", capabilities=("nobody-has-it",)))
        figures.tasks += [fact.task for fact in said if isinstance(fact, facts.TaskPosted)]
        await asyncio.sleep(0.02)


async def lock(caller: Caller, chance: Random, name: str, figures: Figures, going: Going) -> None:
    """Take files and give them back, over and over."""
    await caller.call(requests.Join(tool="chaos"))
    held: dict[str, int] = {}
    begun = beat = time.monotonic()
    while going():
        if time.monotonic() - beat > 3:
            beat = time.monotonic()
            await caller.call(requests.Heartbeat(tokens=tuple(sorted(held.values()))))
        path = f"w{int((time.monotonic() - begun) / WINDOW)}/{chance.randrange(3)}.txt"
        kind, target = ("give", chance.choice(list(held))) if held and chance.random() < 0.6 else ("take", path)
        called = time.monotonic()
        if kind == "take":
            said = await caller.call(requests.RequestLock(targets=(target,), mode=LockMode.WRITE, wait=0))
            granted = [fact.token for fact in said if isinstance(fact, facts.LockGranted)]
            figures.tokens += granted
            ok = bool(granted) or target in held
            held |= {target: granted[-1]} if granted else {}
        else:
            said = await caller.call(requests.ReleaseLock(tokens=(held.pop(target),)))
            ok = any(isinstance(fact, facts.LockReleased) for fact in said)
        figures.surprises += [f"{name}: {fact}" for fact in said if _surprising(fact)]
        figures.histories[target].append(Operation(name, kind, called, time.monotonic(), ok))


def _reason(error: Exception) -> str:
    """What the other side said; else what the error is."""
    if isinstance(error, InvalidStatus):
        return (error.response.body or b"").decode(errors="replace").strip()
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return error.rcvd.reason
    return type(error).__name__


def _surprising(fact: Any) -> bool:
    """A refusal that is neither a lock held by another nor one of ours that we do not know."""
    return isinstance(fact, facts.RequestRefused) and fact.code != "LOCK_HELD"
