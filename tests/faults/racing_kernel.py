"""Run by a test: a kernel that tries to coordinate a project whenever it is told to.

    python racing_kernel.py PROJECT HOME

For every line it reads it tries once, and prints `ready EPOCH`, or the name of what kept it from starting.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from devmesh.coordinator.hosts import ThreadHost
from devmesh.errors import DevMeshError
from devmesh.settings import Settings


def main() -> None:
    """See above."""
    project, home = map(Path, sys.argv[1:])
    settings = Settings.load(home=home, ws_port=0, ram_gb=16, gpu_vram_gb=0)
    sys.stdout.write("here\n")
    sys.stdout.flush()
    while sys.stdin.readline():
        try:
            said = f"ready {ThreadHost(project, settings).start().epoch}"
        except DevMeshError as error:
            said = type(error).__name__
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
