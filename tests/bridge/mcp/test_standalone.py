"""An agent beside the mesh: it joins when it is needed, comes back when it was given up, and leaves nothing held."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge.mcp.standalone import Guest
from devmesh.errors import NoMesh
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from tests.bridge.rig import meshed
from tests.coordinator.rig import looped


@looped
async def test_a_guest_joins_with_its_first_call_and_once(project: Path, settings: Settings) -> None:
    """Two calls, one agent."""
    async with meshed(project, settings) as mesh:
        async with Guest(project, settings) as guest:
            assert mesh.person.seen(facts.AgentJoined) == []
            await guest.call("list_locks", {})
            await guest.call("board", {})
            assert len(mesh.person.seen(facts.AgentJoined)) == 1
        await mesh.person.sees(facts.AgentLeft, agent="mcp-1")


@looped
async def test_a_guest_whose_mesh_began_anew_joins_again(project: Path, settings: Settings) -> None:
    """Under the next name, and its next call is answered as if nothing had been."""
    async with Guest(project, settings) as guest:
        async with meshed(project, settings) as mesh:
            await guest.call("acquire_lock", {"paths": ["a.txt"]})
            await mesh.person.sees(facts.AgentJoined)
        async with meshed(project, settings):
            assert "mcp-" in await guest.call("board", {})


@looped
async def test_a_dismissed_guest_goes_and_may_come_again(project: Path, settings: Settings) -> None:
    """With its next call: it is the person's own tool that calls."""
    async with meshed(project, settings) as mesh, Guest(project, settings) as guest:
        await guest.call("acquire_lock", {"paths": ["a.txt"]})
        await mesh.person.say(requests.DismissAgent(agent="mcp-1"))
        await mesh.person.sees(facts.AgentLeft, agent="mcp-1")
        await mesh.person.sees(facts.LockReleased)
        assert "You are mcp-2." in await guest.call("board", {})


@looped
async def test_where_no_mesh_runs_that_is_said(project: Path, settings: Settings) -> None:
    """With what to do."""
    async with Guest(project, settings) as guest:
        with pytest.raises(NoMesh):
            await guest.call("board", {})
