"""A task's own copy of the project: a work tree of the private repository. The person's .git is never written."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import ParamSpec, TypeVar

from devmesh.repository import Repository
from devmesh.vocabulary.terms import FileChange

FOLDER = "workspaces"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Workspace:
    """One work tree, on the commit its changes are counted from."""

    path: Path
    base: str
    repository: Repository

    async def commit(self, message: str) -> str:
        """Everything in it now, as a commit on top of its base; the base itself when nothing changed."""
        plain = message.replace("\0", "")  # git takes none in a message
        return await to_its_end(self.repository.commit_worktree, self.path, plain, self.base)

    async def changes(self, head: str) -> tuple[FileChange, ...]:
        """What became of every file since the base."""
        return await to_its_end(self.repository.changes, self.base, head)

    async def diff(self, head: str) -> str:
        """The same for people."""
        return await to_its_end(self.repository.diff, self.base, head)

    async def renew(self, commit: str, base: str | None = None) -> None:
        """Throw its content away and start over at `commit`; changes count from `base`, else from `commit`."""
        await to_its_end(self._renew, commit)
        self.base = base or commit

    def _renew(self, commit: str) -> None:
        self.repository.worktree_remove(self.path)
        self.repository.worktree_add(self.path, commit)


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Where the workspaces of one mesh are."""

    repository: Repository
    include: Sequence[str] = ()
    "Globs of git-ignored files that are wanted in them."

    async def open(self, agent: str, task: int, attempt: int, commit: str | None = None) -> Workspace:
        """A fresh one, at `commit`, else at the project as it is now. What a crash left at its place is removed."""
        return await to_its_end(self._open, self.place(agent, task, attempt), commit)

    async def remove(self, agent: str, task: int, attempt: int) -> None:
        """Remove it with all that is in it, and what was written beside it for the tool. Harmless when it is gone."""
        await to_its_end(self._remove, self.place(agent, task, attempt))

    def place(self, agent: str, task: int, attempt: int) -> Path:
        """Where that attempt's is, or would be."""
        return self.repository.home / FOLDER / f"{agent}-{task}-{attempt}"

    def _open(self, path: Path, commit: str | None) -> Workspace:
        base = commit or self.repository.snapshot(include=self.include)
        self.repository.worktree_remove(path)
        self.repository.worktree_add(path, base)
        return Workspace(path, base, self.repository)

    def _remove(self, path: Path) -> None:
        self.repository.worktree_remove(path)
        for beside in path.parent.glob(f"{escape(path.name)}.*"):
            shutil.rmtree(beside) if beside.is_dir() else beside.unlink(missing_ok=True)


async def to_its_end(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run it in a thread. Who is cancelled meanwhile still waits: the folder must not change under a clean-up."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments, **named))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def context(project: Path, agent: str, task: int, attempt: int, workspace: Path) -> dict[str, str]:
    """What a tool, and whatever it runs, may want to know of where it is: a repeated attempt from a first, too."""
    return {
        "DEVMESH_AGENT": agent,
        "DEVMESH_TASK_ID": str(task),
        "DEVMESH_TASK_ATTEMPT": str(attempt),
        "DEVMESH_PROJECT": str(project),
        "DEVMESH_WORKSPACE": str(workspace),
    }
