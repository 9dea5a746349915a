"""What is done on the side: to its end, noted when it fails, and given up together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.bridge.errands import Errands
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import Decline
from tests.bridge.rig import linked, serving
from tests.coordinator.rig import looped


async def fail() -> None:
    """Fail."""
    raise ZeroDivisionError("by nought")


@looped
async def test_a_request_on_the_side_is_sent_and_its_refusal_only_noted(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As is whatever else fails: nobody waits for it."""
    caplog.set_level("INFO")
    refusal = facts.RequestRefused(code="LIMIT", message="too late")
    async with serving(home, lambda _: (refusal,)) as server, linked(home) as link:
        errands = Errands(link)
        errands.say(Decline(task=1, reason="parked"))
        (declined,) = await server.heard_of(Decline)
        assert declined.reason == "parked"
        await asyncio.wait([errands.begin(fail())])
        await asyncio.wait([errands.begin(link.request(Decline(task=2)))])
        await errands.give_up()
    assert "Decline: too late" in caplog.text
    assert "by nought" in caplog.text


@looped
async def test_given_up_nothing_runs_on(home: Path) -> None:
    """Not even what would wait for ever."""
    async with serving(home), linked(home) as link:
        errands = Errands(link)
        waiting = errands.begin(asyncio.sleep(3600))
        await errands.give_up()
        assert waiting.cancelled()
