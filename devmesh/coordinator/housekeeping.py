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
    """The workspaces of tasks that have not ended: their bridges may still be working there."""
    tasks = (task for task in state.tasks.values() if task.state not in ENDED)
    return frozenset(Path(task.workspace).absolute() for task in tasks if task.workspace)


def tidy_home(repository: Repository, live: frozenset[Path]) -> tuple[str, ...]:
    """Remove every check's work tree, and every workspace that no living task has; returns what was removed.

    Blocking. What cannot be removed stays, and is logged.
    """
    home = repository.home
    stale = [*_folders(home / CHECKS), *(place for place in _folders(home / WORKSPACES) if place not in live)]
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
