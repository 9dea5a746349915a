"""One run of a tool: started in its workspace, heard, paused, stopped, judged. Knows no task and no mesh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devmesh.bridge.tools.tool import Invocation, Judgement, Said, Tool
from devmesh.errors import ToolNotFound
from devmesh.processes import Command, Ended, SupervisedProcess
from devmesh.vocabulary.terms import Resources, Stream

GRACE = 3.0
"Seconds between asking a tool to end and ending it."
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what a run says, as it says it."""

    said: Callable[[Said], None] = field(default=lambda _: None)
    complained: Callable[[str], None] = field(default=lambda _: None)
    "Standard error."


class Run:
    """A tool at work. It can be paused, resumed and stopped from the moment it is made."""

    def __init__(self, tool: Tool, listeners: Listeners | None = None) -> None:
        self._tool = tool
        self._listeners = listeners or Listeners()
        self._reader = tool.reader()
        self._process: SupervisedProcess | None = None
        self._paused = False
        self._stopped: str | None = None
        self.seconds = 0.0
        "How long it ran, pauses left out; known once it ended."

    async def to_end(
        self, invocation: Invocation, cwd: Path, context: dict[str, str], limit: float | None
    ) -> Judgement:
        """Run it, for at most `limit` seconds of its own time, and say whether it did what it was asked.

        Cancelling ends the whole tree of processes before it returns.
        """
        command = Command(
            argv=invocation.argv,
            cwd=cwd,
            env={**invocation.env, **context},
            stdin=invocation.given or None,
            time_limit=limit,
            silence_limit=self._tool.silence,
            grace=GRACE,
        )
        if self._stopped is not None:
            return Judgement(success=False, reason=self._stopped)
        try:
            self._process = await SupervisedProcess.start(command, self._hear)
        except ToolNotFound as missing:
            return Judgement(success=False, reason=str(missing))
        return await self._watched(self._process)

    def pause(self) -> None:
        """Stop every process of it where it is; its time stands still."""
        self._paused = True
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._paused = False
        if self._process is not None:
            self._process.resume()

    def stop(self, reason: str) -> None:
        """Have it end, within its grace."""
        self._stopped = reason
        if self._process is not None:
            self._process.stop(reason)

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill("in a hurry")

    def used(self) -> Resources:
        """The memory its processes take now."""
        return Resources(ram_gb=round(self._process.memory() / GIGABYTE, 3)) if self._process else Resources()

    async def _watched(self, process: SupervisedProcess) -> Judgement:
        if self._paused:
            process.pause()
        if self._stopped is not None:
            process.stop(self._stopped)
        try:
            ended = await process.wait()
        except asyncio.CancelledError:
            process.stop("cancelled")
            try:
                await process.wait()
            finally:
                process.kill()
            raise
        self.seconds = ended.seconds
        for said in self._reader.end():
            self._listeners.said(said)
        return self._judged(ended)

    def _hear(self, stream: Stream, chunk: bytes) -> None:
        if stream is Stream.STDERR:
            self._listeners.complained(chunk.decode(errors="replace"))
            return
        for said in self._reader.feed(chunk):
            self._listeners.said(said)

    def _judged(self, ended: Ended) -> Judgement:
        complaints = ended.stderr_tail.decode(errors="replace")
        said = self._reader.because(complaints)
        last = f"; it said: {said}" if said else ""
        reasons = {
            "stopped": f"stopped: {self._stopped or ended.reason}",
            "time_limit": f"its time was up after {ended.seconds:.0f} s{last}",
            "silence_limit": f"it said nothing for {self._tool.silence:g} s{last}",
        }
        if ended.why != "exited":
            return Judgement(success=False, reason=reasons[ended.why])
        if ended.exit_code is None:
            how = f"signal {ended.signal}" if ended.signal else "its supervisor was killed"
            return Judgement(success=False, reason=f"it was ended by {how}")
        return self._reader.judge(ended.exit_code, complaints)
