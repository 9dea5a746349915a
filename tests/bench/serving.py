"""A server in a process of its own, to be measured: the coordinator, a plain echo by the same library, or bare frames.

`python -m tests.bench.serving mesh|paced|echo|floor FOLDER` prints one line of JSON, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

from devmesh.address import Connection
from devmesh.coordinator.framing import Divider, framed
from devmesh.coordinator.hosts import loop_factory
from devmesh.coordinator.loop import Coordinator
from devmesh.coordinator.pace import MESSAGES, Pace
from devmesh.settings import Settings

EVERYONE = b"everyone"
UNHURRIED = Pace(rate=1e9, burst=1e9)
"The pace of one peer is limited on purpose; what is measured here is what comes after that."


def say(**where: object) -> None:
    """Where it is, to whoever started this."""
    sys.stdout.write(json.dumps({"pid": os.getpid(), "tokens": {}, "home": "", **where}) + "\n")
    sys.stdout.flush()


async def input_ended() -> None:
    """Until the one who started this closes its end, or is gone."""
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def mesh(folder: Path, pace: Pace = UNHURRIED) -> None:
    """The coordinator as it is, audit on disk and all, but for the pace it allows one peer."""

    def ready(connection: Connection) -> None:
        say(
            url=connection.url,
            tokens={str(role): token for role, token in connection.tokens.items()},
            home=connection.home,
        )

    settings = Settings.load(ws_port=0, home=folder / "state")
    coordinator = Coordinator(folder / "project", settings, pace=pace)
    running = asyncio.create_task(coordinator.run(ready))
    await input_ended()
    await coordinator.stop("the bench is over")
    await running


async def paced(folder: Path) -> None:
    """The coordinator as it is, that pace included."""
    await mesh(folder, MESSAGES)


async def echo(_: Path) -> None:
    """Each message back, as the library's own documentation does it, compression off as it is with us."""

    async def back(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in socket:
                await socket.send(message)

    async with serve(back, "127.0.0.1", 0, compression=None) as server:
        say(url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await input_ended()


class Bare(asyncio.Protocol):
    """Each frame back, and each whose text is `EVERYONE` to all: no library, no task, no check. Nothing does less."""

    peers: ClassVar[set[Bare]] = set()
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer."""
        self.transport = cast("asyncio.Transport", transport)
        self.divider = Divider()
        self.open = False
        self.peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """One less."""
        self.peers.discard(self)

    def data_received(self, data: bytes) -> None:
        """The handshake, in one piece, or frames."""
        if not self.open:
            self.open = True
            key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            self.transport.write(f"{head}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode())
            return
        for is_message, text in self.divider.divide(data):
            if not is_message:
                self.transport.close()
            elif text.startswith(EVERYONE):
                frame = framed(text)
                for peer in self.peers:
                    peer.transport.write(frame)
            else:
                self.transport.write(framed(text))


async def floor(_: Path) -> None:
    """What no server in this language does better."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0, backlog=2048)
    say(url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await input_ended()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run({"mesh": mesh, "paced": paced, "echo": echo, "floor": floor}[sys.argv[1]](Path(sys.argv[2])))
