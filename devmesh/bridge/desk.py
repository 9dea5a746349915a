"""The desk of a bridge: a Unix socket where its own tool's hook and MCP server ask. Knows no question's meaning.

One JSON object a line each way. Who is answered here speaks as this agent, so nobody is but what this bridge started.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from devmesh.errors import DevMeshError
from devmesh.processes.peer import why_not_ours

_log = logging.getLogger(__name__)

SOCKET = "DEVMESH_DESK"
"The variable in which a program of ours finds the socket."
FOLDER = "desk"
MOST_BYTES = 1024 * 1024
"Of one message."
MOST_CLIENTS = 64
MOST_STRANGERS = 8
"Who are told at once that they are not answered here; more are not even told."
MOST_LOGGED = 100
"Strangers, of one desk."
PATIENCE = 1.0
"Seconds a stranger may take to ask what it is not answered."
LONGEST_PATH = 100
"Bytes of a socket's path that every system takes, about."

Message = dict[str, Any]
Handler = Callable[[Message], Awaitable[Message]]


class Desk:
    """Answers what is asked at its socket, each kind of question by its own handler.

    Questions of one connection are answered in their order; who wants several at once opens several connections.
    A client that goes away takes its question with it: the handler is cancelled.
    """

    def __init__(self, home: Path) -> None:
        """`home` is the mesh's folder; when its path is too long for a socket, a private temporary folder serves."""
        self._home = home
        self._handlers: dict[str, Handler] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[Any]] = set()
        self._strangers = 0
        "Of the clients."
        self._seen = 0
        "Strangers so far."
        self._path: Path | None = None
        self._temporary: Path | None = None

    def on(self, ask: str, handler: Callable[[Message], Awaitable[Message]]) -> None:
        """Have this kind of question answered so. A DevMeshError it raises is told as `error`, anything else hidden."""
        self._handlers[ask] = handler

    async def open(self) -> Path:
        """Listen; returns the socket's path. Opening twice is harmless."""
        if self._path is not None:
            return self._path
        path = self._place()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(path))
            path.chmod(0o600)
            self._server = await asyncio.start_unix_server(self._met, sock=listener, limit=MOST_BYTES)
        except BaseException:
            listener.close()
            raise
        self._path = path
        return path

    async def close(self) -> None:
        """Nobody is answered any more; nothing is left on the disk."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _place(self) -> Path:
        name = f"{os.getpid()}-{token_hex(3)}.sock"
        folder = self._home / FOLDER
        if len(os.fsencode(folder / name)) >= LONGEST_PATH:
            self._temporary = folder = Path(tempfile.mkdtemp(prefix="devmesh-"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _remove_left(folder)
        return folder / name

    # ---- one client ----

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs every connection as a task
        self._clients.add(task)
        try:
            if why := why_not_ours(writer.get_extra_info("socket")):
                await self._turn_away(reader, writer, why)
            elif len(self._clients) - self._strangers <= MOST_CLIENTS:
                await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            return  # it went away, or we did
        finally:
            self._clients.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _turn_away(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, why: str) -> None:
        """Say why, in the log and to whoever asks; strangers take no place of those who are answered."""
        self._seen += 1
        if self._seen <= MOST_LOGGED:
            _log.warning("somebody at the desk is not answered: %s", why)
        if self._strangers >= MOST_STRANGERS:
            return
        self._strangers += 1
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(_line(reader), PATIENCE)
            refusal = {"error": f"only what this agent's bridge started is answered here: {why}"}
            writer.write(json.dumps(refusal).encode() + b"\n")
            await writer.drain()
        finally:
            self._strangers -= 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ahead = asyncio.ensure_future(_line(reader))
        try:
            while (line := await ahead) is not None:
                ahead = asyncio.ensure_future(_line(reader))
                answer = await self._unless_gone(line, ahead)
                if answer is None:
                    return
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        finally:
            ahead.cancel()
            await asyncio.wait([ahead])

    async def _unless_gone(self, line: bytes, ahead: asyncio.Future[bytes | None]) -> Message | None:
        """The answer; None when the client went away before it was there."""
        answering = asyncio.ensure_future(self._answer(line))
        try:
            await asyncio.wait((answering, ahead), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() and ahead.result() is None:
                return None
            return await answering
        finally:
            answering.cancel()
            await asyncio.wait([answering])

    async def _answer(self, line: bytes) -> Message:
        try:
            message = json.loads(line)
            handler = self._handlers[message["ask"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"error": "a question is a JSON object whose `ask` names what is wanted"}
        try:
            return await handler(message)
        except DevMeshError as error:
            return {"error": str(error)}
        except Exception:  # noqa: BLE001 - a fault of ours costs this answer, not the bridge
            _log.exception("a question at the desk failed by a fault of ours")
            return {"error": "the bridge could not answer; its log says why"}


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """The next message; None at the end, and for one that is too long or torn."""
    try:
        return await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None


def _remove_left(folder: Path) -> None:
    """What bridges that were killed left behind."""
    for left in folder.glob("*.sock"):
        pid = left.name.partition("-")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
