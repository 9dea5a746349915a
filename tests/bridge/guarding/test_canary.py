"""The canary: a tool's badge is what it was seen to refuse, with a real run of the scripted CLI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devmesh.bridge.desk import Desk
from devmesh.bridge.guarding.canary import WAYS, measured
from devmesh.bridge.guarding.dialects import lane_of
from devmesh.bridge.lane import Lane
from devmesh.bridge.tools.generic import GenericTool
from devmesh.vocabulary.terms import Badge, WorkspaceKind
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


@asynccontextmanager
async def lane(home: Path) -> AsyncIterator[tuple[GenericTool, Lane]]:
    """The scripted CLI in the project itself, not yet measured."""
    tool = GenericTool.find("scripted")
    desk = Desk(home)
    try:
        yield tool, lane_of(tool.entry, desk, await desk.open())
    finally:
        await desk.close()


@looped
async def test_a_tool_that_refuses_each_way_is_enforced(home: Path) -> None:
    """Seen: it asked, it was refused, and the file stayed. Nothing of it is left."""
    async with lane(home) as (tool, plain):
        found = await measured(tool, plain, home)
        assert found.badge is Badge.ENFORCED
        assert found.kind is WorkspaceKind.SHARED
        assert [(probe.way, probe.refused) for probe in found.probes] == [(way, True) for way in WAYS]
        assert not (home / "canary" / "scripted").exists()


@pytest.mark.parametrize(("verb", "way"), [("replace", "edit"), ("write", "write"), ("run", "shell")])
@looped
async def test_one_hole_is_enough_to_be_only_watched(home: Path, verb: str, way: str) -> None:
    """The way that was open is named."""
    async with lane(home) as (tool, plain):
        found = await measured(tool, plain, home, ("--unhooked", verb))
        assert found.badge is Badge.WATCHED
        assert [probe.way for probe in found.probes if not probe.refused] == [way]
        assert "it was written" in next(probe.detail for probe in found.probes if probe.way == way)


@looped
async def test_what_was_never_tried_is_not_refused(home: Path) -> None:
    """A model that does something else, or a tool that fails, earns no badge."""
    async with lane(home) as (tool, plain):
        silent = await measured(tool, plain, home, prompt="```script\nsay no\n```")
        assert silent.badge is Badge.WATCHED
        assert all("never tried" in probe.detail for probe in silent.probes)
        failed = await measured(tool, plain, home, ("--unknown-option",))
        assert failed.badge is Badge.WATCHED
        assert all("the run failed" in probe.detail for probe in failed.probes)


@looped
async def test_a_tool_that_never_asks_is_not_even_tried(home: Path) -> None:
    """It is watched; no run is spent on it."""
    async with lane(home) as (tool, plain):
        found = await measured(tool, replace(plain, dialect="", talks=False), home)
        assert (found.badge, found.probes) == (Badge.WATCHED, ())
