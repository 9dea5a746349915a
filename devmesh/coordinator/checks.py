"""Runs a task's check on the project as it would be, in a work tree of its own. The project itself is not touched.

Knows processes and work trees; not what a passed check allows.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from devmesh.core.effects import RunCheck
from devmesh.core.events import Checked
from devmesh.errors import DevMeshError
from devmesh.processes import Command, Ended, allowed_environment, run
from devmesh.repository import Repository
from devmesh.vocabulary.plain import beginning, ending

P = ParamSpec("P")
T = TypeVar("T")

FOLDER = "checks"
TAIL = 8_000
"Characters of output an agent is shown."
GRACE = 1.0
"Seconds between asking a check that is no longer wanted to end, and ending it."
_LIMITS = {"time_limit": "it took longer than its limit", "stopped": "it was stopped"}


class Checks:
    """Runs one check at a time. Cancelling the running one ends its processes and removes its work tree."""

    def __init__(self, repository: Repository, executor: Executor, time_limit: float) -> None:
        self._repository = repository
        self._executor = executor
        self._time_limit = time_limit

    async def run(self, effect: RunCheck) -> Checked:
        """What the command said on the combined tree. What hinders it is in the tail: only CancelledError is raised."""
        place = self._repository.home / FOLDER / str(effect.change)
        tree: str | None = None
        try:
            tree = await self._off_loop(self._combine, effect)
            await self._off_loop(self._check_out, place, tree)
            ended = await run(self._command(effect.command, place))
            return _outcome(effect, tree, ended)
        except (DevMeshError, OSError) as error:
            return Checked(
                change=effect.change,
                passed=False,
                tree=tree,
                tail=beginning(f"the check could not be run: {error}", TAIL),
            )
        finally:
            await asyncio.shield(self._off_loop(self._repository.worktree_remove, place))

    def _combine(self, effect: RunCheck) -> str:
        return self._repository.combined_tree(effect.current, effect.plan)

    def _check_out(self, place: Path, tree: str) -> None:
        self._repository.worktree_remove(place)
        self._repository.worktree_add(place, tree)

    def _command(self, line: str, place: Path) -> Command:
        """Its own interpreter first on PATH, so that `python -m pytest` means the one the notebook runs on."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        environment = allowed_environment({"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "DEVMESH_CHECK": "1"})
        return Command(argv=("sh", "-c", line), cwd=place, env=environment, time_limit=self._time_limit, grace=GRACE)

    async def _off_loop(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, partial(function, *arguments, **options)
        )


def _outcome(effect: RunCheck, tree: str, ended: Ended) -> Checked:
    return Checked(
        change=effect.change,
        passed=ended.why == "exited" and ended.exit_code == 0,
        tree=tree,
        exit_code=ended.exit_code,
        seconds=round(ended.seconds, 3),
        tail=_tail(ended),
    )


def _tail(ended: Ended) -> str:
    """The end of what it printed, harmless to show; errors last, because they are what is looked for."""
    said = b"\n".join(part for part in (ended.stdout_tail, ended.stderr_tail) if part)
    text = ending(said.decode(errors="replace"), TAIL)
    why = _LIMITS.get(ended.why, "")
    return f"{text}\n[{why}]" if why else text
