"""The sample project and the work to be done on it, for the quickstart and `devmesh demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.samples import copy_shop, shop_tasks

if TYPE_CHECKING:
    from devmesh.mesh.handle import Mesh
    from devmesh.mesh.task import Task

AGENTS = 3


def sample_project(folder: str | Path) -> Path:
    """A fresh copy of the sample shop at `folder`; an existing one is left as it is."""
    target = Path(folder)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_shop(target)
    return target


def post_sample_tasks(mesh: Mesh) -> list[Task]:
    """Post the nine tasks of the shop, with their checks, reviews and dependencies."""
    posted: dict[str, Task] = {}
    for task in shop_tasks():
        posted[task.key] = mesh.post(
            task.prompt,
            title=task.title,
            priority=task.priority,
            files=task.files,
            check=task.check,
            review=task.review,
            depends_on=[posted[key] for key in task.depends_on],
        )
    return list(posted.values())
