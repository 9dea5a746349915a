"""A coordinator on the running loop: it goes on whenever the loop does."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest

from devmesh.coordinator.loop_host import LoopHost, carried_here, enter_again
from devmesh.errors import AlreadyRunning, MeshError
from devmesh.settings import Settings


def test_it_lives_and_ends_with_its_loop(project: Path, settings: Settings) -> None:
    """Started, reached, stopped from another thread; the loop then carries nothing."""

    async def story() -> None:
        host = LoopHost(project, settings)
        connection = await host.start()
        assert host.is_running
        assert host.connection == connection
        assert carried_here() is asyncio.get_running_loop()
        await asyncio.to_thread(host.stop)
        assert (host.is_running, host.failure, carried_here()) == (False, None, None)

    asyncio.run(story())


def test_what_hinders_a_start_is_raised(project: Path, settings: Settings) -> None:
    """As itself; the first goes on."""

    async def story() -> None:
        host, second = LoopHost(project, settings), LoopHost(project, settings)
        await host.start()
        with pytest.raises(AlreadyRunning):
            await second.start()
        assert host.is_running
        await asyncio.to_thread(host.stop)

    asyncio.run(story())


def test_a_loop_that_cannot_be_entered_again_says_so(project: Path, settings: Settings) -> None:
    """Rather than wait for itself for ever."""

    async def story() -> None:
        with pytest.raises(MeshError, match="would block the loop"):
            enter_again(asyncio.get_running_loop(), Future(), 1.0)

    asyncio.run(story())
