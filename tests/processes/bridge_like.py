"""Like a bridge: starts one supervised tree, passes on what it says, waits to be killed. Argument: a script."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from devmesh.processes import Command, SupervisedProcess


async def main() -> None:
    """Run the script under a supervisor and never end by itself."""
    command = Command(argv=("sh", "-c", sys.argv[1]), cwd=Path.cwd(), env=dict(os.environ))
    process = await SupervisedProcess.start(command, lambda _stream, chunk: print(chunk.decode(), end="", flush=True))  # noqa: T201
    await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
