"""The server's way to its bridge: one connection to the desk for each call, so that calls never wait for each other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from devmesh.errors import DevMeshError, MeshLost

_MOST_BYTES = 1024 * 1024


class DeskClient:
    """Calls tools as the agent whose desk this is. Cancelling a call takes it back."""

    def __init__(self, path: Path, task: int | None = None) -> None:
        self._path = path
        self._task = task

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The tool's result. Raises DevMeshError with its reason, MeshLost when the bridge is gone."""
        asked = {"ask": "tool", "name": name, "arguments": arguments, "task": self._task}
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._path), limit=_MOST_BYTES)
        except OSError as error:
            raise MeshLost(f"the bridge of this agent is gone: {error.strerror or error}") from None
        try:
            writer.write(json.dumps(asked).encode() + b"\n")
            await writer.drain()
            line = await reader.readuntil(b"\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise MeshLost("the bridge of this agent ended before it answered") from None
        finally:
            writer.close()
        return _result(json.loads(line))

    async def close(self) -> None:
        """Nothing is kept open between calls."""


def _result(answer: Any) -> str:
    if isinstance(answer, dict) and isinstance(answer.get("result"), str):
        return str(answer["result"])
    raise DevMeshError(str(answer.get("error", answer)) if isinstance(answer, dict) else "the bridge said nothing")
