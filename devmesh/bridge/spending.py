"""What one attempt's runs cost, counted together and reported as it grows. Knows no prices, and not what is done."""

from __future__ import annotations

import asyncio
import logging

from devmesh.bridge.link import Link
from devmesh.bridge.tools.tool import UsageCounted
from devmesh.errors import DevMeshError
from devmesh.vocabulary.plain import beginning
from devmesh.vocabulary.requests import ReportUsage

_log = logging.getLogger(__name__)

PERIOD = 5.0
"Seconds between two reports while a run goes on, at least."


class Meter:
    """Every run says what it cost so far, in all; the mesh is told what came since it was told before."""

    def __init__(self, link: Link, task: int, attempt: int, model: str = "") -> None:
        self._link = link
        self._task = task
        self._attempt = attempt
        self._model = beginning(model, 500)
        self.conversation = ""
        "The tool's own name for what it said last, once it has named it."
        self._now = UsageCounted()
        "The run's own figure."
        self._told = UsageCounted()
        "How much of that the mesh knows."
        self._more = asyncio.Event()
        self._saying = asyncio.Lock()
        self._sender = asyncio.create_task(self._send())

    @property
    def spent(self) -> UsageCounted:
        """What this run says it cost so far."""
        return self._now

    def begin_run(self) -> None:
        """What is counted from now on is another run's, from nought."""
        self._now = self._told = UsageCounted()

    def counted(self, usage: UsageCounted) -> None:
        """The run's figure now. One that goes back is not believed."""
        before = self._now
        self._now = UsageCounted(
            max(before.input_tokens, usage.input_tokens),
            max(before.output_tokens, usage.output_tokens),
            before.dollars if usage.dollars is None else max(before.dollars or 0.0, usage.dollars),
        )
        self._more.set()

    async def end_run(self) -> None:
        """Tell the mesh all of it, before anything else is said of this run."""
        await self._report()

    async def close(self) -> None:
        """Tell what is left, and stop."""
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        await self._report()

    async def _send(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            await self._report()
            await asyncio.sleep(PERIOD)

    async def _report(self) -> None:
        """One report, where there is anything to tell. What could not be told is told next time."""
        async with self._saying:
            now, told = self._now, self._told
            if now == told:
                return
            self._told = now
            try:
                await self._link.request(self._since(told, now))
            except DevMeshError as error:
                _log.warning("what was spent could not be reported: %s", error)

    def _since(self, told: UsageCounted, now: UsageCounted) -> ReportUsage:
        dollars = None if now.dollars is None else max(0.0, round(now.dollars - (told.dollars or 0.0), 9))
        return ReportUsage(
            task=self._task,
            attempt=self._attempt,
            input_tokens=now.input_tokens - told.input_tokens,
            output_tokens=now.output_tokens - told.output_tokens,
            dollars=dollars,
            model=self._model,
            conversation=beginning(self.conversation, 500),
        )
