"""A kernel that starts a mesh, has work begun, and is killed in the middle of it. Run by test_killed_kernel."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import devmesh
from tests.mesh.conftest import script


def main() -> None:
    """Post six tasks for two agents; die as soon as one has landed and another is at work."""
    project, home = Path(sys.argv[1]), Path(sys.argv[2])
    mesh = devmesh.start(project, ws_port=0, home=home)
    mesh.launch("scripted", count=2)
    for number in range(6):
        mesh.post(script(f"sleep {0.3 + 0.4 * (number % 2)}", "append notes.md", f"| - line {number}", "answer Done."))
    while True:
        states = [str(task.state) for task in mesh.tasks]
        if "completed" in states and "working" in states:
            sys.stdout.write(f"{mesh.audit.df(limit=None)['sequence'].max()}\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.02)


main()
