"""Agents that say the same heavy thing as fast as they can, in a process of their own, until its input ends.

`python -m tests.bench.flooding KIND AGENTS`, and on its input one line of JSON: the server's url and its tokens.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from devmesh.coordinator.guard import SECRET
from devmesh.vocabulary.codec import Message, encode
from devmesh.vocabulary.requests import Join, RequestLock, ShareDiscovery
from devmesh.vocabulary.terms import LockMode
from tests.coordinator.rig import WIRE

KINDS: dict[str, Callable[[int], Any]] = {
    "globs": lambda n: RequestLock(
        targets=tuple(f"d{n}/{i}/**/*a*b*c*" for i in range(20)), mode=LockMode.WRITE, wait=100
    ),
    "shares": lambda n: ShareDiscovery(title=f"t{n}", text="x" * 65_000),
}
"What each of them says."


async def flood(url: str, token: str, kind: str) -> None:
    """One of them: joins, and then only speaks; what it is told it throws away. Comes back when it is let go."""
    while True:
        headers = {"Authorization": f"Bearer {token}", SECRET: secrets.token_urlsafe(32)}
        with suppress(OSError, WebSocketException, TimeoutError):
            async with connect(url, additional_headers=headers, **WIRE) as socket:
                await socket.send(encode(Message(id=1, request=Join(tool="flood"))), text=True)
                heard = asyncio.create_task(_hear(socket))
                try:
                    for number in range(2, 1_000_000):
                        await socket.send(encode(Message(id=number, request=KINDS[kind](number))), text=True)
                finally:
                    heard.cancel()
                    socket.transport.abort()
        await asyncio.sleep(0.2)


async def _hear(socket: Any) -> None:
    with suppress(WebSocketException):
        while True:
            await socket.recv(decode=False)


async def main(kind: str, agents: int) -> None:
    """All of them, until nobody holds the other end of the input any more."""
    where = json.loads(sys.stdin.readline())
    floods = [asyncio.create_task(flood(where["url"], where["token"], kind)) for _ in range(agents)]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for one in floods:
        one.cancel()
    await asyncio.gather(*floods, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
