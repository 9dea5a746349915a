"""Tries out whether a confinement holds on this machine, and says in words what does. Knows no tool and no mesh."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Final

from devmesh.errors import ToolNotFound
from devmesh.processes.command import Command
from devmesh.processes.confinement import Confinement
from devmesh.processes.environment import allowed_environment
from devmesh.processes.landlock import version
from devmesh.processes.supervised import run

NOTHING: Final = "nothing"
"What is said of a tool that the kernel keeps from nothing."
_LIMIT = 10.0


async def in_force(confinement: Confinement, place: Path) -> str:
    """What of it a program started here is under, as `landlock 4, rlimits AS NPROC`; `nothing` where nothing is.

    `place` is a closed folder: that nothing is written there is not believed but tried. Never raises for what hinders.
    """
    said = []
    if confinement.closed and await _keeps_out(confinement, place):
        said.append(f"landlock {version()}")
    if confinement.limits:
        said.append(" ".join(("rlimits", *confinement.limits)))
    return ", ".join(said) or NOTHING


async def _keeps_out(confinement: Confinement, place: Path) -> bool:
    """Whether a program under it was started, wrote below its open folders, and could not write in `place`."""
    name = f".confined-{secrets.token_hex(4)}"
    kept = place / name
    script = f'echo started; ! echo written > "$1/{name}"'
    command = Command(
        ("sh", "-c", script, "sh", str(place)),
        place,
        allowed_environment({}),
        confinement=replace(confinement, required=True),
        time_limit=_LIMIT,
    )
    try:
        ended = await run(command)
    except ToolNotFound:
        return False
    finally:
        kept.unlink(missing_ok=True)
    return ended.stdout_tail.strip() == b"started" and ended.exit_code == 0
