"""`mesh.aio`: every operation as a coroutine for whatever asyncio loop the caller runs on. Never blocks it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from devmesh.mesh.progress import chosen
from devmesh.mesh.waiting import Several, awaited

if TYPE_CHECKING:
    from devmesh.mesh.door import Door
    from devmesh.mesh.operations import Operations, Which
    from devmesh.mesh.task import TaskResult


class Awaiting:
    """The operations of a mesh, awaited: `task = await mesh.aio.post("...")`. Signatures as those of `Mesh`."""

    def __init__(self, door: Door, operations: Operations, stop: Callable[[], None]) -> None:
        self._door = door
        self._stop = stop
        self._operations = operations

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name.startswith("_") or name not in self._names():
            raise AttributeError(f"a mesh has no operation {name!r}")
        operation = getattr(self._operations, name)

        @wraps(operation)
        async def ask(*arguments: Any, **options: Any) -> Any:
            return await awaited(self._door.submit(operation(*arguments, **options)))

        return ask

    async def wait(self, *tasks: Which) -> Several[TaskResult]:
        """Until these tasks, or all there are, have ended: the results of those that completed."""
        held = chosen(self._operations, tasks)
        ended = await asyncio.gather(*(awaited(task.future()) for task in held), return_exceptions=True)
        return Several(result for result in ended if not isinstance(result, BaseException))

    async def stop(self) -> None:
        """As `Mesh.stop`."""
        await asyncio.to_thread(self._stop)

    def _names(self) -> list[str]:
        return [
            name
            for name, found in vars(type(self._operations)).items()
            if not name.startswith("_") and asyncio.iscoroutinefunction(found)
        ]

    def __dir__(self) -> list[str]:
        return ["stop", "wait", *self._names()]
