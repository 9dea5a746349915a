"""What a conversation does on the side: begun, watched to its end, and given up together. Knows not what it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from devmesh.bridge.link import Link
from devmesh.errors import DevMeshError
from devmesh.vocabulary.requests import AnyRequest

_log = logging.getLogger(__name__)


class Errands:
    """Keeps each until it is done; one that fails is only noted."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._running: set[asyncio.Task[Any]] = set()

    def begin(self, errand: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do it beside everything else."""
        task = asyncio.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def say(self, request: AnyRequest) -> None:
        """Ask without waiting; a refusal is only noted: the mesh knows better, and has moved on."""
        self.begin(self._said(request))

    async def give_up(self) -> None:
        """End all that still run."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _said(self, request: AnyRequest) -> None:
        try:
            await self._link.request(request)
        except DevMeshError as error:
            _log.info("%s: %s", type(request).__name__, error)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("%s", error)
