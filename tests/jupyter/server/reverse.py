"""A small reverse proxy as a hub has one: another port, one prefix, HTTP and WebSockets; all else is not found."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_HEAD = 65_536


class Proxied(NamedTuple):
    """Where it listens, and what it saw."""

    port: int
    refused: list[str]
    "Paths asked for outside the prefix."
    passed: list[str]
    "Paths that were passed on."


@contextmanager
def reverse_proxy(port: int, prefix: str, tls: ssl.SSLContext | None = None) -> Iterator[Proxied]:
    """Pass on what is asked for below `prefix` to `port`, with the `Host` that the client gave."""
    loop = asyncio.new_event_loop()
    refused: list[str] = []
    passed: list[str] = []
    clients: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await _passed_on(reader, writer, port, prefix, Proxied(0, refused, passed))
        finally:
            clients.discard(task)
            writer.close()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(met, "127.0.0.1", 0, ssl=tls, limit=_HEAD)

    async def finish(server: asyncio.Server) -> None:
        server.close()
        for client in tuple(clients):
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever, name="reverse proxy", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        yield Proxied(server.sockets[0].getsockname()[1], refused, passed)
    finally:
        asyncio.run_coroutine_threadsafe(finish(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _passed_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, prefix: str, seen: Proxied
) -> None:
    """One request, and the connection ends with its answer; a WebSocket lasts as long as both sides hold it."""
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split(b" ", 2)[1].decode("latin-1")
    if not path.startswith(prefix):
        seen.refused.append(path)
        writer.write(_NOT_FOUND)
        await writer.drain()
        return
    seen.passed.append(path)
    lines = head.split(b"\r\n")
    if not any(line.lower().startswith(b"upgrade:") for line in lines):
        lines = [line for line in lines if not line.lower().startswith(b"connection:")]
        lines.insert(1, b"Connection: close")
    upstream, onward = await asyncio.open_connection("127.0.0.1", port)
    try:
        onward.write(b"\r\n".join(lines))
        there = asyncio.ensure_future(_copied(reader, onward))
        await _copied(upstream, writer)
        there.cancel()
        await asyncio.gather(there, return_exceptions=True)
    finally:
        onward.close()


async def _copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
