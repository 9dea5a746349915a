"""Starts bridge processes that survive whoever started them: a kernel's interrupt, restart or end. Knows no wire."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.credential import leave_secret
from devmesh.bridge.tools.catalogue import packages
from devmesh.bridge.tools.generic import GenericTool
from devmesh.processes import spawn_detached


@dataclass(frozen=True, slots=True)
class Launched:
    """One bridge process, named for ever by its pid and birth."""

    pid: int
    create_time: float
    log: Path


def launch(
    tool: str,
    project: Path,
    home: Path,
    *,
    count: int = 1,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    workspace: str | None = None,
) -> list[Launched]:
    """Start `count` bridges for that tool on the mesh in `home`. `options` go to the tool, `env` over our variables.

    `workspace`: `own` copies, or the project itself (`shared`); None: as the settings say.

    Each bridge gets one of `secrets`, in a file of its own; without any, it comes in by the role's token.
    Raises ToolNotFound, with how to install it, before anything is started.
    """
    GenericTool.find(tool, home.parent)
    logs = home / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    argv = [sys.executable, "-P", "-m", "devmesh.bridge", tool, "--project", str(project)]
    argv += ["--workspace", workspace] if workspace else []
    surroundings = dict(os.environ) | dict(env or {})
    surroundings["DEVMESH_HOME"] = str(home.parent)
    surroundings["PYTHONPATH"] = os.pathsep.join(filter(None, (packages(), surroundings.get("PYTHONPATH"))))
    started = []
    for number in range(count):
        own = ["--credential-file", str(leave_secret(home, secrets[number]))] if secrets else []
        log = logs / f"{tool}.start.log"
        started.append(spawn_detached([*argv, *own, "--", *options], log=log, env=surroundings))
    return [Launched(pid, born, logs / f"{tool}-{pid}.log") for pid, born in started]
