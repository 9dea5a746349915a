"""What a killed coordinator left in the mesh's own folder is cleared away at the next start. Never looks outside it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from devmesh import logs
from devmesh.coordinator.checks import FOLDER as CHECKS
from devmesh.core.state import ENDED, MeshState
from devmesh.errors import RepositoryError
from devmesh.repository import Repository

WORKSPACES = "workspaces"

_log = logs.logger("coordinator")


def live_workspaces(state: MeshState) -> frozenset[Path]:
    """The workspaces of tasks that have not ended: their bridges may still be working there.

    For those whose agent is known, also the name that its workspace has or would have: papers beside it are called so.
    """
    tasks = [(number, task) for number, task in state.tasks.items() if task.workspace and task.state not in ENDED]
    named = (Path(f"{task.agent}-{number}-{task.attempt}") for number, task in tasks if task.agent)
    return frozenset({*(Path(task.workspace or "").absolute() for _, task in tasks), *named})


def tidy_home(repository: Repository, live: frozenset[Path]) -> tuple[str, ...]:
    """Remove every check's work tree, and every workspace, and papers beside it, that no living task has.

    Returns what was removed. Blocking. What cannot be removed stays, and is logged.
    """
    home = repository.home
    papers = tuple(f"{place.name}." for place in live)
    kept = {place for place in _folders(home / WORKSPACES) if place in live or place.name.startswith(papers)}
    stale = [*_folders(home / CHECKS), *(place for place in _folders(home / WORKSPACES) if place not in kept)]
    for place in stale:
        try:
            repository.worktree_remove(place)
            with suppress(FileNotFoundError):
                shutil.rmtree(place)
        except (RepositoryError, OSError) as error:
            _log.warning("an old work tree stays", place=str(place), error=str(error))
    return tuple(str(place.relative_to(home)) for place in stale)


def _folders(place: Path) -> list[Path]:
    """Folders directly in it; a link is none."""
    if not place.is_dir():
        return []
    return sorted(found for found in place.iterdir() if found.is_dir() and not found.is_symlink())
