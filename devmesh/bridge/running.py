"""One run of a tool: started in its workspace, heard, paused, stopped, judged. Knows no task and no mesh."""

from __future__ import annotations

import asyncio
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devmesh.bridge.tools.papers import Papers
from devmesh.bridge.tools.tool import (
    Dialogue,
    Gate,
    Judgement,
    Permission,
    Purpose,
    Reader,
    Said,
    Tool,
    Wants,
    Wish,
)
from devmesh.errors import ToolNotFound
from devmesh.processes import Command, Ended, SupervisedProcess
from devmesh.processes.graphics import graphics
from devmesh.vocabulary.terms import Resources, Stream

GRACE = 3.0
"Seconds between asking a tool to end and ending it."
_NOTHING = Wants()
INTERRUPTED_WITHIN = 2.0
"Seconds a tool one talks with may take to stop its turn in its own way, before it is asked by a signal."
LINGER = 5.0
"Seconds a tool may take to end once the conversation with it is over."
LET_GO = "its conversation was over"
EXCUSED_EVERY = 0.5
"Seconds between two looks at whether the gate has answered."
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what a run says, as it says it."""

    said: Callable[[Said], None] = field(default=lambda _: None)
    complained: Callable[[str], None] = field(default=lambda _: None)
    "Standard error."


async def grant(wish: Wish) -> Permission:
    """The gate of a run that was given none: its workspace is its own, so whatever it wishes is granted."""
    del wish
    return Permission(granted=True)


class Run:
    """A tool at work. It can be paused, resumed and stopped from the moment it is made."""

    def __init__(self, tool: Tool, listeners: Listeners | None = None) -> None:
        self._tool = tool
        self._listeners = listeners or Listeners()
        self._reader: Reader | None = None
        self._process: SupervisedProcess | None = None
        self._paused = False
        self._stopped: str | None = None
        self._complaints = getincrementaldecoder("utf-8")("replace")
        self.seconds = 0.0
        "How long it ran, pauses left out; known once it ended."

    async def to_end(
        self,
        prompt: str,
        workspace: Path,
        purpose: Purpose = Purpose.WORK,
        options: Sequence[str] = (),
        context: Mapping[str, str] | None = None,
        limit: float | None = None,
        wants: Wants = _NOTHING,
        gate: Gate | None = None,
    ) -> Judgement:
        """Run it, for at most `limit` seconds of its own time, and say whether it did what it was asked.

        `context` is added to its environment; `gate` is asked where its transport asks. Cancelling ends the whole tree
        of processes before it returns. Raises DevMeshError for a prompt that the tool cannot take.
        """
        if self._stopped is not None:
            return Judgement(success=False, reason=f"stopped: {self._stopped}")
        invocation = self._tool.invocation(prompt, workspace, purpose, options, wants)
        reader = self._reader = self._tool.reader(prompt, workspace, wants)
        talks = isinstance(reader, Dialogue)
        papers = Papers(wants.papers or workspace)
        papers.make_own(invocation.argv)
        command = Command(
            argv=invocation.argv,
            cwd=workspace,
            env={**invocation.env, **(context or {})},
            stdin=invocation.given or None,
            time_limit=limit,
            silence_limit=self._tool.silence,
            grace=GRACE,
            keep_stdin_open=talks,
            confinement=wants.confined.opening(workspace, papers.own),
        )
        try:
            self._process = await SupervisedProcess.start(command, self._hear)
        except ToolNotFound as missing:
            return Judgement(success=False, reason=str(missing))
        if not isinstance(reader, Dialogue):
            return await self._watched(self._process, reader)
        reader.begin(_Wire(self._process), self._listeners.said, _patient(self._process, gate or grant))
        try:
            return await self._watched(self._process, reader)
        finally:
            await reader.close()

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
        process, reader = self._process, self._reader
        if process is None:
            return
        if isinstance(reader, Dialogue) and not process.paused:
            reader.interrupt()
            asyncio.get_running_loop().call_later(INTERRUPTED_WITHIN, process.stop, reason)
        else:
            process.stop(reason)

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill("in a hurry")

    def used(self) -> Resources:
        """The memory its processes take now."""
        return memory_of(self._process)

    async def _watched(self, process: SupervisedProcess, reader: Reader) -> Judgement:
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
        for said in reader.end():
            self._listeners.said(said)
        return self._judged(ended, reader)

    def _hear(self, stream: Stream, chunk: bytes) -> None:
        if stream is Stream.STDERR:
            self._listeners.complained(self._complaints.decode(chunk))
            return
        for said in self._reader.feed(chunk) if self._reader is not None else ():
            self._listeners.said(said)

    def _judged(self, ended: Ended, reader: Reader) -> Judgement:
        complaints = ended.stderr_tail.decode(errors="replace")
        said = reader.because(complaints)
        last = f"; it said: {said}" if said else ""
        reasons = {
            "stopped": f"stopped: {self._stopped or ended.reason}",
            "time_limit": f"its time was up after {ended.seconds:.0f} s{last}",
            "silence_limit": f"it said nothing for {self._tool.silence:g} s{last}",
        }
        if ended.reason == LET_GO and self._stopped is None:
            return reader.judge(ended.exit_code or 0, complaints)
        why = "stopped" if self._stopped is not None else ended.why
        if why != "exited":
            return Judgement.failed(reasons[why], blocked=reader.blocked(complaints) if why != "stopped" else None)
        if ended.exit_code is None:
            how = f"signal {ended.signal}" if ended.signal else "its supervisor was killed"
            return Judgement(success=False, reason=f"it was ended by {how}")
        return reader.judge(ended.exit_code, complaints)


def _patient(process: SupervisedProcess, gate: Gate) -> Gate:
    """While it waits for the gate, which may take as long as a person does, its silence is not its own."""

    async def asked(wish: Wish) -> Permission:
        answer = asyncio.ensure_future(gate(wish))
        try:
            while not (await asyncio.wait([answer], timeout=EXCUSED_EVERY))[0]:
                process.excuse()
        finally:
            answer.cancel()
        process.excuse()
        return await answer

    return asked


class _Wire:
    """The standard input of a running tool."""

    def __init__(self, process: SupervisedProcess) -> None:
        self._process = process

    def write(self, text: bytes) -> None:
        """Send it."""
        self._process.write(text)

    def close(self) -> None:
        """End of input; a tool that does not end then is ended. It has said all it had to."""
        self._process.close_stdin()
        asyncio.get_running_loop().call_later(LINGER, self._process.stop, LET_GO)


def memory_of(process: SupervisedProcess | None) -> Resources:
    """What its whole tree takes now, in RAM and on all cards; nothing before it began."""
    if process is None:
        return Resources()
    on_cards = graphics().memory_of([each.pid for each in process.tree()])
    return Resources(ram_gb=round(process.memory() / GIGABYTE, 3), vram_gb=round(on_cards / GIGABYTE, 3))
