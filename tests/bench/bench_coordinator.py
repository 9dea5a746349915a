"""What durable coordination costs over a real socket: lock cycles beside a plain echo, landing beside `git apply`.

`python tests/bench/bench_coordinator.py`. Servers run in processes of their own; the client is the same for both.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

from psutil import Process
from websockets.asyncio.client import ClientConnection, connect

from devmesh.coordinator.guard import SECRET
from devmesh.repository import Repository
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Message, decode_delivery, encode
from devmesh.vocabulary.terms import LockMode, Outcome, Role
from tests.coordinator.rig import WIRE, Client

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1.5
"Of each round."
ROUNDS = 3
"Of mesh and echo in turn; the best of each counts."
REQUESTS = 300
"Of each round of one client alone."
FILES, PROJECT_FILES, LANDINGS = 10, 300, 7

Cycle = Callable[[ClientConnection, int, int], Awaitable[None]]
"One cycle of the client with this number, whose last request had that id: four messages, two each way."


class Server(NamedTuple):
    """Where one is."""

    url: str
    tokens: dict[str, str]
    home: str
    pid: int

    def cpu(self) -> float:
        """Seconds of processor it has used."""
        used = Process(self.pid).cpu_times()
        return used.user + used.system

    def headers(self, role: Role, key: str) -> dict[str, str]:
        """What its door wants; the echo has none."""
        return {"Authorization": f"Bearer {self.tokens[role]}", SECRET: key} if self.tokens else {}


@asynccontextmanager
async def server(kind: str, folder: Path) -> AsyncIterator[Server]:
    """A server in a process of its own, which ends with this block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.serving",
        kind,
        str(folder),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Server(**json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


async def lock_cycle(socket: ClientConnection, client: int, last: int) -> None:
    """A lock asked for and granted, given back and acknowledged: on disk before each answer."""
    asked = requests.RequestLock(targets=(f"src/file{client}.py",), mode=LockMode.WRITE)
    granted = await answer(socket, last + 1, asked)
    await answer(socket, last + 2, requests.ReleaseLock(tokens=(granted[0].fact.token,)))


async def answer(socket: ClientConnection, number: int, request: Any) -> Any:
    """The facts that answer it."""
    await socket.send(encode(Message(id=number, request=request)), text=True)
    while (delivery := decode_delivery(await socket.recv(decode=False))).reply_to != number:
        pass
    return delivery.facts


_GRANTED = encode(facts.LockGranted(token=1, agent="bench-1", target="src/file1.py", mode=LockMode.WRITE, lease=30.0))
GRANT = b'{"facts":[{"sequence":1,"fact":' + _GRANTED + b',"now":1.0,"at":1.0}],"reply_to":1}'
GIVEN_BACK = encode(Message(id=1, request=requests.ReleaseLock(tokens=(1,))))


async def echo_cycle(socket: ClientConnection, _: int, __: int) -> None:
    """The same bytes, and the same reading of them, with nothing decided or kept."""
    for said in (GRANT, GIVEN_BACK):
        await socket.send(said, text=True)
        await socket.recv(decode=False)
        decode_delivery(GRANT)


class Round(NamedTuple):
    """What one look at a server showed."""

    per_second: float
    cpu: float
    "Its processor seconds for one cycle."


async def cycles(at: Server, clients: int, cycle: Cycle) -> Round:
    """So many clients, each beginning its next cycle when the last has ended."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(_client(at)) for _ in range(clients)]
        end = perf_counter() + SECONDS

        async def work(number: int, socket: ClientConnection) -> int:
            done = 0
            while perf_counter() < end:
                await cycle(socket, number, 1 + 2 * done)
                done += 1
            return done

        began, used = perf_counter(), at.cpu()
        done = sum(await asyncio.gather(*(work(number, socket) for number, socket in enumerate(sockets))))
        return Round(done / (perf_counter() - began), (at.cpu() - used) / done)


@asynccontextmanager
async def _client(at: Server) -> AsyncIterator[ClientConnection]:
    headers = at.headers(Role.AGENT, os.urandom(16).hex())
    async with connect(at.url, additional_headers=headers, **WIRE) as socket:
        if headers:
            await socket.recv()
            await answer(socket, 1, requests.Join(tool="bench"))
        yield socket
        if headers:
            await socket.send(encode(Message(id=10_000_000, request=requests.Leave())), text=True)


async def locks(folder: Path) -> dict[str, float]:
    """Cycles a second of 1, 10 and 100 clients, mesh and echo in turn; and what a cycle takes of the processor."""
    found: dict[str, float] = {}
    rounds: list[list[Round]] = []
    async with server("mesh", folder) as ours, server("echo", folder) as plain, server("floor", folder) as bare:
        for clients in (1, 10, 100):
            rounds = [
                [await cycles(at, clients, cycle) for at, cycle in ((ours, lock_cycle), (plain, echo_cycle))]
                for _ in range(ROUNDS)
            ]
            mesh, echo = (max(one.per_second for one in column) for column in zip(*rounds, strict=True))
            found |= {f"lock_cycles_per_s_{clients}": mesh, f"echo_cycles_per_s_{clients}": echo}
            found[f"lock_vs_echo_{clients}"] = mesh / echo
        mesh, echo = (min(one.cpu for one in column) for column in zip(*rounds, strict=True))
        floor = min([(await cycles(bare, clients, echo_cycle)).cpu for _ in range(ROUNDS)])
        found |= {"lock_cpu_us": mesh * 1e6, "echo_cpu_us": echo * 1e6, "floor_cpu_us": floor * 1e6}
        return found | {"lock_vs_floor": mesh / floor, "lock_cpu_vs_echo": mesh / echo}


# ---- one client alone ----


async def alone(folder: Path) -> dict[str, float]:
    """The slowest hundredth of one client's durable requests, beside the disk's and the echo's own."""
    async with server("mesh", folder) as ours, server("echo", folder) as plain:
        samples = [
            (await _waits(ours, lock_cycle), await _waits(plain, echo_cycle), _syncs(folder)) for _ in range(ROUNDS)
        ]
    mesh, echo, disk = (
        quantiles([w for one in column for w in one], n=100)[98] for column in zip(*samples, strict=True)
    )
    found = {"lock_p99_ms": mesh * 1e3, "echo_p99_ms": echo * 1e3, "fdatasync_p99_ms": disk * 1e3}
    return found | {"lock_p99_1": mesh / (echo + disk)}


async def _waits(at: Server, cycle: Cycle) -> list[float]:
    """Seconds of each request: half of its cycle."""
    async with _client(at) as socket:
        waits = []
        for number in range(REQUESTS):
            began = perf_counter()
            await cycle(socket, 0, 1 + 2 * number)
            waits.append((perf_counter() - began) / 2)
        return waits


def _syncs(folder: Path) -> list[float]:
    """Seconds that the disk takes for a page each, as the record would give it one."""
    waits = []
    with (folder / "synced").open("ab", buffering=0) as file:
        for _ in range(REQUESTS):
            began = perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            waits.append(perf_counter() - began)
    return waits


# ---- landing ----


async def landings(folder: Path) -> dict[str, float]:
    """Seconds from an offer of ten files to their landing, and of `git apply` for the same patch."""
    async with server("mesh", folder) as ours, AsyncExitStack() as stack:
        agent, person = [
            await stack.enter_async_context(await _named(ours, role)) for role in (Role.AGENT, Role.OPERATOR)
        ]
        await agent.join("bench")
        repository = Repository(folder / "project", Path(ours.home)).open()
        pairs = [await land(agent, person, repository, folder, number) for number in range(LANDINGS)]
    landed, applied = (median(column) for column in zip(*pairs, strict=True))
    return {"land_10_files_s": landed, "git_apply_s": applied, "land_10_files": landed / applied}


async def _named(at: Server, role: Role) -> Client:
    key = os.urandom(16).hex()
    client = Client(await connect(at.url, additional_headers=at.headers(role, key), **WIRE), key)
    await client.hear()
    return client


async def land(agent: Client, person: Client, repository: Repository, folder: Path, number: int) -> tuple[float, float]:
    """One task, begun, done and landed; only the landing, and the apply beside it, are timed."""
    asked = await person.ask(requests.PostTask(prompt="edit"))
    task = next(fact.task for fact in asked if isinstance(fact, facts.TaskPosted))
    await agent.hear_of(facts.BiddingOpened)
    await agent.ask(requests.Bid(task=task))
    await agent.ask(requests.Start(task=task, attempt=1))
    base = repository.snapshot()
    place = Path(repository.home) / "workspaces" / f"bench-{number}"
    repository.worktree_add(place, base)
    paths = [f"src/file{(number * FILES + index) % PROJECT_FILES}.py" for index in range(FILES)]
    for path in paths:
        (place / path).write_text((place / path).read_text() + f"number = {number}\n")
    head = repository.commit_worktree(place, "edit", base)
    patch = repository.diff(base, head).encode()
    lock = await agent.ask(requests.RequestLock(targets=tuple(paths), mode=LockMode.CO_WRITE, task=task))
    tokens = tuple(fact.token for fact in lock if isinstance(fact, facts.LockGranted))
    applied = _git_apply(repository, base, patch, folder / f"apply-{number}")
    files = repository.changes(base, head)
    offer = requests.OfferChange(task=task, attempt=1, base=base, head=head, files=files, tokens=tokens)
    began = perf_counter()
    await agent.say(offer)
    await agent.hear_of(facts.ChangeApplied)
    seconds = perf_counter() - began
    await agent.ask(requests.Finish(task=task, attempt=1, outcome=Outcome.DONE))
    repository.worktree_remove(place)
    return seconds, applied


def _git_apply(repository: Repository, base: str, patch: bytes, place: Path) -> float:
    """In a checkout of its own, as a person would do it."""
    repository.worktree_add(place, base)
    began = perf_counter()
    subprocess.run(["git", "apply"], cwd=place, input=patch, check=True)
    seconds = perf_counter() - began
    repository.worktree_remove(place)
    return seconds


def project(folder: Path) -> Path:
    """A folder with a project of three hundred small files in it."""
    source = folder / "project" / "src"
    source.mkdir(parents=True)
    for number in range(PROJECT_FILES):
        (source / f"file{number}.py").write_text(f'"""Module {number}."""\n' * 20)
    return folder


def bench() -> dict[str, float]:
    """Every figure by name."""
    found: dict[str, float] = {}
    for measured in (locks, alone, landings):
        with tempfile.TemporaryDirectory(prefix="devmesh-bench-") as folder:
            found |= asyncio.run(measured(project(Path(folder))))
    return found


if __name__ == "__main__":
    for name, figure in bench().items():
        print(f"{name:<32}{figure:>14,.4f}")  # noqa: T201 - a bench prints
