"""A process with a desk of its own, as a bridge has: `python other_bridge.py HOME`. Says where its desk is.

Then, for each line on standard input, `HOW SOCKET`: starts a program as a bridge starts its tool, which asks at that
desk; and says what was answered there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from devmesh.bridge.desk import Desk
from devmesh.processes import Command, allowed_environment, run

ASKS = """
import os, socket, sys
how, path = sys.argv[1:]
reading, writing = os.pipe()
if how == "daemon":
    if os.fork():
        os.wait()
        os.close(writing)
        print(os.fdopen(reading).read(), end="")
        raise SystemExit
    os.setsid()
    parent = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == parent:
        pass
with socket.socket(socket.AF_UNIX) as desk:
    desk.connect(path)
    desk.sendall(b'{"ask": "whose"}\\n')
    said = desk.makefile().readline()
os.write(writing if how == "daemon" else 1, said.encode())
"""
"Asks whose desk it is; as a `daemon`, from a session of its own and when its parent has ended."


async def main(home: Path) -> None:
    """Serve, and have asked, until there is no more to ask."""

    async def whose(_: dict[str, Any]) -> dict[str, Any]:
        return {"desk": home.name}

    desk = Desk(home)
    desk.on("whose", whose)
    _say(str(await desk.open()))
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            how, path = line.split()
            tool = Command((sys.executable, "-c", ASKS, how, path), home, allowed_environment({}), time_limit=60)
            _say((await run(tool)).stdout_tail.decode().strip())
    finally:
        await desk.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
