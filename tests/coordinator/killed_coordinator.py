"""Run by a test: a coordinator in a process that can be killed. Prints `ready`, or what kept it from starting.

    python killed_coordinator.py PROJECT HOME [POINT]

Kills itself at that instant once there is a file `now` in HOME.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from devmesh.coordinator.loop import Coordinator
from devmesh.errors import DevMeshError
from devmesh.settings import Settings


def say(word: str) -> None:
    """To whoever started us."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """See above."""
    project, home, *points = sys.argv[1:]

    def failpoint(name: str) -> None:
        if name in points and Path(home, "now").exists():
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings.load(home=Path(home), ws_port=0, ram_gb=16, gpu_vram_gb=0)
    coordinator = Coordinator(Path(project), settings, failpoint=failpoint)
    try:
        asyncio.run(coordinator.run(lambda _: say("ready")))
    except DevMeshError as error:
        say(type(error).__name__)


if __name__ == "__main__":
    main()
