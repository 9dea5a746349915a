"""The server's way to its bridge: results, reasons, and a bridge that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.desk import Desk, Handler
from devmesh.bridge.mcp.client import DeskClient
from devmesh.errors import DevMeshError, MeshLost, Refused
from tests.coordinator.rig import looped


@asynccontextmanager
async def desk(home: Path, handler: Handler) -> AsyncIterator[Path]:
    """A desk that answers calls of tools so."""
    opened = Desk(home)
    opened.on("tool", handler)
    try:
        yield await opened.open()
    finally:
        await opened.close()


@looped
async def test_a_call_brings_the_tools_result(home: Path) -> None:
    """With its name, its arguments and the task the server was started for."""

    async def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return {"result": f"{asked['name']} {asked['arguments']} {asked['task']}"}

    async with desk(home, answer) as path:
        assert await DeskClient(path, 7).call("board", {"x": 1}) == "board {'x': 1} 7"


@looped
async def test_a_refusal_brings_its_reason(home: Path) -> None:
    """As the mesh said it."""

    async def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("a.txt is held by codex-1")

    async with desk(home, refuse) as path:
        with pytest.raises(DevMeshError, match="held by codex-1"):
            await DeskClient(path).call("acquire_lock", {})


@looped
async def test_calls_do_not_wait_for_each_other(home: Path) -> None:
    """One that waits for the person holds up no other."""
    released = asyncio.Event()

    async def answer(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["name"] == "slow":
            await released.wait()
        return {"result": asked["name"]}

    async with desk(home, answer) as path:
        client = DeskClient(path)
        slow = asyncio.create_task(client.call("slow", {}))
        assert await client.call("quick", {}) == "quick"
        released.set()
        assert await slow == "slow"


@looped
async def test_a_call_that_is_given_up_is_taken_back(home: Path) -> None:
    """The bridge hears of it, and stops."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return {}

    async with desk(home, wait) as path:
        call = asyncio.create_task(DeskClient(path).call("slow", {}))
        await begun.wait()
        call.cancel()
        await asyncio.wait_for(cancelled.wait(), 10)


@looped
async def test_a_bridge_that_is_gone_is_named(tmp_path: Path) -> None:
    """The tool goes on without it, and its model knows why."""
    with pytest.raises(MeshLost, match="gone"):
        await DeskClient(tmp_path / "no.sock").call("board", {})
