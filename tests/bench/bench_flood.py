"""What one agent waits for a lock while many others flood the mesh, how long a handshake takes then, and the memory.

`python tests/bench/bench_flood.py SECONDS [KIND ...]`. Coordinator and flooding agents run in processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from psutil import Process
from websockets.exceptions import WebSocketException

from devmesh.address import Connection
from devmesh.vocabulary.facts import LeasesRenewed
from devmesh.vocabulary.requests import Heartbeat, RequestLock
from devmesh.vocabulary.terms import LockMode, Role
from tests.bench.bench_coordinator import ROOT, Server, project, server
from tests.bench.flooding import KINDS
from tests.coordinator.rig import PATIENCE, Client

FLOODING = 40
SECONDS = 12.0
"Of each kind of flood."
WARM = 3.0
"Seconds before anything is timed: by then the flood is at its height."


class Look(NamedTuple):
    """What was seen during one flood: milliseconds, megabytes."""

    locks: list[float]
    handshakes: list[float]
    renewed: int
    memory: float


@asynccontextmanager
async def flooded(at: Server, kind: str) -> AsyncIterator[None]:
    """For as long as this block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.flooding", kind, str(FLOODING), cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin
    process.stdin.write(json.dumps({"url": at.url, "token": at.tokens["agent"]}).encode() + b"\n")
    try:
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def look(at: Server, seconds: float) -> Look:
    """One agent's lock requests one after the other, with a heartbeat and a newcomer now and then."""
    victim, end, seen = await Client.connect(_reached(at)), perf_counter() + seconds, Look([], [], 0, 0.0)
    await victim.join("victim")
    number = renewed = 0
    with suppress(TimeoutError, WebSocketException):
        while perf_counter() < end:
            number += 1
            seen.locks.append(await _asked(victim, number))
            if number % 20 == 0:
                renewed += isinstance((await victim.ask(Heartbeat()))[0], LeasesRenewed)
                seen.handshakes.append(await _handshake(at))
            await asyncio.sleep(0.05)
        await victim.close()
        return seen._replace(renewed=renewed, memory=_memory(at))
    seen.locks.append(PATIENCE * 1e3)
    return seen._replace(renewed=renewed, memory=_memory(at))


async def _asked(victim: Client, number: int) -> float:
    begun = perf_counter()
    await victim.ask(RequestLock(targets=(f"x{number}",), mode=LockMode.READ, wait=0))
    return (perf_counter() - begun) * 1e3


async def _handshake(at: Server) -> float:
    begun = perf_counter()
    newcomer = await Client.connect(_reached(at))
    taken = (perf_counter() - begun) * 1e3
    await newcomer.close()
    return taken


def _memory(at: Server) -> float:
    return Process(at.pid).memory_info().rss / 1e6


def _reached(at: Server) -> Connection:
    tokens = {Role(role): token for role, token in at.tokens.items()}
    place = {"project": "", "home": at.home, "url": at.url, "version": ""}
    return Connection(port=0, pid=at.pid, pid_create_time=0.0, epoch=1, tokens=tokens, **place)


async def floods(seconds: float, kinds: tuple[str, ...] = tuple(KINDS)) -> dict[str, float]:
    """Each kind of flood on a mesh of its own, beside the same mesh at rest."""
    found: dict[str, float] = {}
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder))
            async with server("paced", Path(folder)) as at:
                found[f"flood_{kind}_rest_ms"] = median((await look(at, 2.0)).locks)
                async with flooded(at, kind):
                    await asyncio.sleep(WARM)
                    seen = await look(at, seconds)
        found |= {
            f"flood_{kind}_median_ms": median(seen.locks),
            f"flood_{kind}_worst_ms": max(seen.locks),
            f"flood_{kind}_handshake_ms": max(seen.handshakes, default=PATIENCE * 1e3),
            f"flood_{kind}_answered": len(seen.locks),
            f"flood_{kind}_memory_mb": seen.memory,
        }
    return found


def bench() -> dict[str, float]:
    """A lock request of one agent beside forty that flood."""
    return asyncio.run(floods(SECONDS))


if __name__ == "__main__":
    for name, figure in asyncio.run(floods(float(sys.argv[1]), tuple(sys.argv[2:]) or tuple(KINDS))).items():
        sys.stdout.write(f"{name:32} {figure:,.1f}\n")
