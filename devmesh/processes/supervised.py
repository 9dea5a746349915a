"""One supervised program as asyncio sees it: started, heard, paused, stopped, ended. Knows not whom it works for."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from devmesh.errors import ToolNotFound
from devmesh.processes.command import Command, Ended, Why, found, standard_input
from devmesh.processes.orphans import MARK, end_marked
from devmesh.processes.output import OutputReader, widen
from devmesh.processes.watch import Limit, Watch
from devmesh.vocabulary.plain import ending
from devmesh.vocabulary.terms import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

SUPERVISOR = (
    "import os, sys; sys.path.append(sys.argv[1]); import supervisor; supervisor.main(sys.argv[2:]); os._exit(0)"
)
"Run as an import, it need not be compiled each time: 6 ms of 20."
ROOM = str(Path(__file__).parent)
DRAIN = 1.0
"Seconds the pipes may stay open after the supervisor ended, held by a process nobody could kill."
HURRY = 10.0
"Seconds beyond its grace a supervisor may take to end a tree, before it is killed itself and the tree by us."


class SupervisedProcess:
    """A running program whose whole tree of processes ends when it does, when it is stopped, or when we die.

    Belongs to the event loop it was started on; its methods are to be called there.
    """

    def __init__(self, command: Command, on_output: Callable[[Stream, bytes], None] | None) -> None:
        """Use `start` instead."""
        loop = asyncio.get_running_loop()
        self.command = command
        self.paused = False
        self._on_output = on_output
        self._readers = [OutputReader(stream, self._heard) for stream in (Stream.STDOUT, Stream.STDERR, Stream.NOTE)]
        self._status = self._readers[2]
        self._unread = b""
        self._said: dict[str, int] = {}
        self._started: asyncio.Future[None] = loop.create_future()
        self._why: Why = "exited"
        self._reason = ""
        self._failure: Exception | None = None
        self._mark = secrets.token_hex(8)
        self._watch = Watch(loop, command.time_limit, command.silence_limit, self._overdue)
        self._stdin: asyncio.WriteTransport | None = None
        self._supervisor: subprocess.Popen[bytes]
        self._control = -1
        self._end: asyncio.Task[Ended]

    @classmethod
    async def start(
        cls, command: Command, on_output: Callable[[Stream, bytes], None] | None = None
    ) -> SupervisedProcess:
        """Start the program and return once it runs. `on_output` is called with every chunk of output as it comes.

        Raises ToolNotFound when there is no such program, or it, or its folder, cannot be used.
        """
        process = cls(command, on_output)
        await process._spawn(found(command))
        try:
            await asyncio.shield(process._started)
        except asyncio.CancelledError:
            process.kill()
            raise
        if not process.pid:
            ended = await process.wait()
            failed = process._said.get("failed")
            said = os.strerror(failed) if failed else ending(ended.stderr_tail.decode(errors="replace"), 500)
            msg = f"{command.argv[0]} does not start: {said}"
            raise ToolNotFound(msg)
        process._watch.start()
        return process

    @property
    def pid(self) -> int:
        """The program's own process."""
        return self._said.get("started", 0)

    @property
    def supervisor_pid(self) -> int:
        """The supervisor's process: with its creation time, what to note for a later clean-up."""
        return self._supervisor.pid

    @property
    def heard(self) -> int:
        """Bytes of output so far, of both streams."""
        return self._readers[0].tail.passed + self._readers[1].tail.passed

    def pause(self) -> None:
        """Stop every process of the tree where it is. Its time stands still."""
        self.paused = True
        self._watch.pause()
        self._tell("pause")

    def resume(self) -> None:
        """Let the tree go on; its silence starts anew."""
        self.paused = False
        self._watch.resume()
        self._tell("resume")

    def interrupt(self) -> None:
        """What Ctrl-C does: SIGINT to the program's process group."""
        self._tell("interrupt")

    def stop(self, reason: str = "") -> None:
        """SIGTERM to the tree, SIGKILL to what is left after the grace. Returns at once; `wait` says how it ended."""
        self._finish("stopped", reason)

    def kill(self, reason: str = "") -> None:
        """SIGKILL to the tree at once."""
        self._finish("stopped", reason, command="kill")

    def write(self, data: bytes) -> None:
        """Send more to the program's standard input. Silently lost when it does not listen any more."""
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write(data)

    def close_stdin(self) -> None:
        """Tell the program that nothing more will come, after what was written went out."""
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.write_eof()

    def excuse(self) -> None:
        """It is silent for a reason: its silence starts anew."""
        self._watch.heard()

    async def wait(self) -> Ended:
        """How it ended, once the whole tree has. Cancelling this waits no longer, and stops nothing."""
        return await asyncio.shield(self._end)

    def tree(self) -> list[psutil.Process]:
        """Every living process of the program, orphans included; empty once it ended."""
        with suppress(psutil.Error):
            return psutil.Process(self._supervisor.pid).children(recursive=True)
        return []

    def memory(self) -> int:
        """Bytes of RAM the tree occupies now; memory its processes share is counted for each."""
        return sum(map(_resident, self.tree()))

    async def _spawn(self, program: str) -> None:
        control, self._control = os.pipe()
        status_pipe, status = os.pipe()
        os.set_blocking(self._control, False)
        given = standard_input(self.command)
        try:
            self._supervisor = _started(self._arguments(program, control, status), self.command, given, self._mark)
        except OSError as error:
            os.close(self._control)
            os.close(status_pipe)
            msg = f"{self.command.argv[0]} does not start in {self.command.cwd}: {error.strerror}"
            raise ToolNotFound(msg) from None
        finally:
            for descriptor in (control, status, given):
                if descriptor >= 0:
                    os.close(descriptor)
        self._end = asyncio.get_running_loop().create_task(self._ending(status_pipe))

    def _arguments(self, program: str, control: int, status: int) -> tuple[tuple[str, ...], tuple[int, int]]:
        script = (sys.executable, "-I", "-S", "-c", SUPERVISOR, ROOM, str(control), str(status), str(os.getpid()))
        return (*script, *self.command.words(), "--", program, *self.command.argv[1:]), (control, status)

    async def _connect(self, status_pipe: int) -> None:
        loop = asyncio.get_running_loop()
        if self._supervisor.stdin is not None:
            self._stdin, _protocol = await loop.connect_write_pipe(asyncio.BaseProtocol, self._supervisor.stdin)
            self.write(self.command.stdin if isinstance(self.command.stdin, bytes) else b"")
            if not self.command.keep_stdin_open:
                self.close_stdin()
        pipes = (self._supervisor.stdout, self._supervisor.stderr, os.fdopen(status_pipe, "rb", 0))
        for reader, pipe in zip(self._readers, pipes, strict=True):
            await loop.connect_read_pipe(partial(OutputReader.itself, reader), pipe)

    async def _ending(self, status_pipe: int) -> Ended:
        """Runs from start to end. Closing the control pipe on the way out ends the tree, whatever happened to us."""
        try:
            await self._connect(status_pipe)
            await self._status.closed
        except asyncio.CancelledError:  # the loop ends
            self._close()
            raise
        finally:
            os.close(self._control)
            self._control = -1
            self._watch.end()
            if not self._started.done():
                self._started.set_result(None)
        await self._reaped()
        unkillable = self._said.get("unkillable", 0)
        if self._supervisor.returncode < 0:
            unkillable = await asyncio.to_thread(end_marked, self._mark)
        await self._drain()
        if self._failure is not None:
            raise self._failure
        return self._ended(unkillable)

    async def _reaped(self) -> None:
        """Its status pipe closed, so it is on its way out: microseconds, as a rule."""
        while self._supervisor.poll() is None:  # noqa: ASYNC110 - there is nothing else to wait for
            await asyncio.sleep(0.001)

    async def _drain(self) -> None:
        await asyncio.wait([reader.closed for reader in self._readers], timeout=DRAIN)
        self._close()

    def _close(self) -> None:
        for reader in self._readers:
            reader.give_up()
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.abort()

    def _ended(self, unkillable: int) -> Ended:
        out, err = self._readers[0].tail, self._readers[1].tail
        return Ended(
            exit_code=self._said.get("exit"),
            signal=self._said.get("signal"),
            why=self._why,
            seconds=self._watch.ran,
            stdout_tail=bytes(out),
            stderr_tail=bytes(err),
            dropped=out.dropped + err.dropped,
            leftover=self._said.get("leftover", 0),
            unkillable=unkillable,
            reason=self._reason,
        )

    def _heard(self, stream: Stream, chunk: bytes) -> None:
        if stream is Stream.NOTE:
            self._told(chunk)
            return
        self._watch.heard()
        if self._on_output is not None and self._failure is None:
            try:
                self._on_output(stream, chunk)
            except Exception as error:  # noqa: BLE001 - whatever the listener raises belongs to whoever waits
                self._failure = error
                self.kill(f"the listener failed: {type(error).__name__}")

    def _told(self, chunk: bytes) -> None:
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            word, number = line.decode().split()
            self._said[word] = int(number)
        if ("started" in self._said or "failed" in self._said) and not self._started.done():
            self._started.set_result(None)

    def _overdue(self, limit: Limit) -> None:
        self._finish(limit, "")

    def _finish(self, why: Why, reason: str, command: str | None = None) -> None:
        if self._why == "exited" and "exit" not in self._said and "signal" not in self._said:
            self._why, self._reason = why, reason
            asyncio.get_running_loop().call_later(self.command.grace + HURRY, self._lose_patience)
        self._tell(command or f"stop {self.command.grace}")

    def _lose_patience(self) -> None:
        if self._supervisor.poll() is None:
            self._supervisor.kill()

    def _tell(self, command: str) -> None:
        if self._control >= 0:
            with suppress(BrokenPipeError):
                os.write(self._control, f"{command}\n".encode())


async def run(command: Command, on_output: Callable[[Stream, bytes], None] | None = None) -> Ended:
    """Run a program to its end. Cancelling stops its whole tree first, with its grace; cancelling again kills it.

    Raises ToolNotFound when it cannot be started.
    """
    process = await SupervisedProcess.start(command, on_output)
    try:
        return await process.wait()
    except asyncio.CancelledError:
        process.stop("cancelled")
        try:
            await process.wait()
        finally:
            process.kill()
        raise


def _started(
    arguments: tuple[tuple[str, ...], tuple[int, int]], command: Command, given: int, mark: str
) -> subprocess.Popen[bytes]:
    argv, kept = arguments
    supervisor = subprocess.Popen(
        argv,
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=command.cwd,
        env={**command.env, MARK: mark},
        pass_fds=kept,
        bufsize=0,
    )
    widen(supervisor.stdin, supervisor.stdout)
    return supervisor


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
