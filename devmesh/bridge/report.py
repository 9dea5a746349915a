"""What a tool prints, on its way to the mesh: made harmless, coalesced, and limited. All of it goes to a log file."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import BinaryIO

from devmesh.bridge.holding import Holding
from devmesh.bridge.link import Link
from devmesh.errors import DevMeshError
from devmesh.vocabulary.requests import Report
from devmesh.vocabulary.terms import Stream

_log = logging.getLogger(__name__)

PERIOD = 0.5
"Seconds between two reports, at least."
LARGEST = 16_000
"Characters of one report."
TOTAL = 1_000_000
"Characters reported of one task."
LOG_TOTAL = 32_000_000
"Bytes of one task's log file."


class Reporter:
    """The output of one task. `say` never waits; what is said while the mesh is away is reported when it is back."""

    def __init__(self, link: Link, task: int, attempt: int, log: Path) -> None:
        self._link = link
        self._task = task
        self._attempt = attempt
        self._path = log
        self._log: BinaryIO | None = None
        self._logged = 0
        self._held = {stream: Holding() for stream in Stream}
        self._waiting: list[tuple[Stream, str]] = []
        self._taken = 0
        self._full = False
        self._more = asyncio.Event()
        self._sender = asyncio.create_task(self._send())

    def say(self, stream: Stream, text: str) -> None:
        """Some output, cut anywhere. It passes line by line, so that no secret passes in two halves."""
        self._pass(stream, self._held[stream].add(text))

    def note(self, text: str) -> None:
        """The bridge's own remark, as a line."""
        self.say(Stream.NOTE, f"{text}\n")

    async def close(self) -> None:
        """Report what is left, and stop."""
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        for stream, held in self._held.items():
            self._pass(stream, held.end())
        while self._waiting:
            await self._report()
        self.give_up()

    def give_up(self) -> None:
        """Write nothing any more, told or not."""
        self._sender.cancel()
        if self._log is not None:
            self._log.close()

    async def _send(self) -> None:
        while True:
            await self._more.wait()
            await asyncio.sleep(PERIOD)
            await self._report()
            if not self._waiting:
                self._more.clear()

    async def _report(self) -> None:
        """One report of the oldest output."""
        stream, text = self._waiting[0]
        piece = _piece(text)
        try:
            self._waiting[0] = (stream, text[len(piece) :])
            if not self._waiting[0][1]:
                del self._waiting[0]
            if piece.strip():
                await self._link.ask(Report(task=self._task, attempt=self._attempt, stream=stream, text=piece))
        except DevMeshError as lost:
            _log.info("output could not be reported: %s", lost)

    def _pass(self, stream: Stream, text: str) -> None:
        self._keep(text)
        if self._full or not text:
            return
        if self._taken + len(text) > TOTAL:
            self._full = True
            self._push(Stream.NOTE, f"That was {TOTAL} characters; the rest of the output is in {self._path}\n")
            return
        self._taken += len(text)
        self._push(stream, text)

    def _push(self, stream: Stream, text: str) -> None:
        if self._waiting and self._waiting[-1][0] is stream:
            self._waiting[-1] = (stream, self._waiting[-1][1] + text)
        else:
            self._waiting.append((stream, text))
        self._more.set()

    def _keep(self, text: str) -> None:
        if not text or self._logged >= LOG_TOTAL or (self._log is not None and self._log.closed):
            return
        if self._log is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._log = self._path.open("ab", buffering=0)
        data = text.encode(errors="replace")
        self._logged += len(data)
        self._log.write(data)


def _piece(text: str) -> str:
    """The next report's worth, up to a line end where there is one."""
    part = text[:LARGEST]
    end = part.rfind("\n") + 1
    return part[:end] if end and len(part) < len(text) else part
