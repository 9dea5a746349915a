"""The heartbeat: renews the agent and its locks, and says how much memory its tools take (Rule 4). Knows no task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from devmesh.bridge.link import Link
from devmesh.errors import Code, Refused
from devmesh.vocabulary.facts import LeasesRenewed
from devmesh.vocabulary.requests import Heartbeat as Beat
from devmesh.vocabulary.terms import Resources

_log = logging.getLogger(__name__)

Renewed = Callable[[float, LeasesRenewed, Collection[int]], None]


class Heartbeat:
    """Beats every `interval` seconds once started; `now` beats at once and returns when the answer is there."""

    def __init__(self, link: Link, measure: Callable[[], Resources], lost: Callable[[], None]) -> None:
        """`lost` is called when the mesh says that we are no agent of it any more."""
        self.interval = 5.0
        self.tokens: Callable[[], Collection[int]] = tuple
        self.renewed: Renewed = lambda _sent, _fact, _listed: None
        self._link = link
        self._measure = measure
        self._lost = lost
        self._used = Resources()

    async def run(self) -> None:
        """Beat until cancelled. While an answer is outstanding the next beat waits: it could only say the same."""
        while True:
            self._used = await asyncio.to_thread(self._measure)
            await self.now()
            await asyncio.sleep(self.interval)

    async def now(self) -> None:
        """One beat. What the answer does not list is no longer believed."""
        listed = tuple(self.tokens())
        try:
            reply = await self._link.request(Beat(tokens=listed[:1000], used=self._used))
        except Refused as refused:
            _log.warning("the heartbeat was refused: %s", refused)
            if refused.code is Code.NOT_JOINED:
                self._lost()
            return
        renewed = reply.find(LeasesRenewed)
        if renewed is not None:
            self.renewed(reply.asked_at, renewed, listed[:1000])
