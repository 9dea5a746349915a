"""The heartbeat: what it lists, what it measures, and what it means when nobody knows us any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from devmesh.bridge.heartbeat import Heartbeat
from devmesh.vocabulary.facts import LeasesRenewed, RequestRefused
from devmesh.vocabulary.requests import Heartbeat as Beat
from devmesh.vocabulary.terms import Resources
from tests.bridge.rig import PATIENCE, linked, serving
from tests.coordinator.rig import looped


@looped
async def test_every_beat_lists_the_tokens_and_the_memory(home: Path) -> None:
    """As they are at that moment, again and again."""
    async with serving(home, lambda _: (LeasesRenewed(agent="me"),)) as server, linked(home) as link:
        heartbeat = Heartbeat(link, lambda: Resources(ram_gb=1.5), lambda: None)
        heartbeat.interval, heartbeat.tokens = 0.01, lambda: (3, 4)
        beating = asyncio.create_task(heartbeat.run())
        beats = await server.heard_of(Beat, 3)
        beating.cancel()
        assert {(beat.tokens, beat.used) for beat in beats} == {((3, 4), Resources(ram_gb=1.5))}


@looped
async def test_no_beat_follows_an_unanswered_one(home: Path) -> None:
    """A mesh that is held up is not buried in beats."""
    async with serving(home) as server, linked(home) as link:
        server.deaf.set()
        heartbeat = Heartbeat(link, Resources, lambda: None)
        heartbeat.interval = 0.001
        beating = asyncio.create_task(heartbeat.run())
        await server.heard_of(Beat)
        await asyncio.sleep(0.05)
        beating.cancel()
        assert len(server.heard) == 1


@looped
async def test_to_be_unknown_is_to_be_lost(home: Path) -> None:
    """Refused as no agent, the bridge is told to join again."""
    no = RequestRefused(code="NOT_JOINED", message="no agent of the mesh")
    async with serving(home, lambda _: (no,)), linked(home) as link:
        lost = asyncio.Event()
        await Heartbeat(link, Resources, lost.set).now()
        await asyncio.wait_for(lost.wait(), PATIENCE)
