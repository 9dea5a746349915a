"""A server in a process of its own, to be measured: the real coordinator, or a plain echo by the same library.

`python -m tests.bench.serving mesh|echo FOLDER` prints one line of JSON saying where it is, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from devmesh.address import Connection
from devmesh.coordinator.hosts import loop_factory
from devmesh.coordinator.loop import Coordinator
from devmesh.coordinator.pace import Pace
from devmesh.settings import Settings

UNHURRIED = Pace(rate=1e9, burst=1e9)
"The pace of one peer is limited on purpose; what is measured here is what comes after that."


def say(**where: object) -> None:
    """Where it is, to whoever started this."""
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()


async def input_ended() -> None:
    """Until the one who started this closes its end, or is gone."""
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def mesh(folder: Path) -> None:
    """The coordinator as it is, audit on disk and all, but for the pace it allows one peer."""

    def ready(connection: Connection) -> None:
        say(
            url=connection.url,
            tokens={str(role): token for role, token in connection.tokens.items()},
            home=connection.home,
        )

    settings = Settings.load(ws_port=0, home=folder / "state")
    coordinator = Coordinator(folder / "project", settings, pace=UNHURRIED)
    running = asyncio.create_task(coordinator.run(ready))
    await input_ended()
    await coordinator.stop("the bench is over")
    await running


async def echo(_: Path) -> None:
    """Each message back, as the library's own documentation does it, compression off as it is with us."""

    async def back(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in socket:
                await socket.send(message)

    async with serve(back, "127.0.0.1", 0, compression=None) as server:
        say(url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", tokens={}, home="")
        await input_ended()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run({"mesh": mesh, "echo": echo}[sys.argv[1]](Path(sys.argv[2])))
