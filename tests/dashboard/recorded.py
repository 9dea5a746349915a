"""Comms that keep what is sent through them: a kernel's side of a widget without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import comm
from comm.base_comm import BaseComm, CommManager


class RecordedComm(BaseComm):
    """Publishes into a list."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.published: list[dict[str, Any]] = []
        super().__init__(*arguments, **options)

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        """Keep it."""
        self.published.append({"type": msg_type, **(data or {})})

    @property
    def custom(self) -> list[dict[str, Any]]:
        """The custom messages so far."""
        return [message["content"] for message in self.published if message.get("method") == "custom"]

    def forget(self) -> None:
        """Forget what was published so far."""
        self.published.clear()


@contextmanager
def recording(kind: type[RecordedComm] = RecordedComm) -> Iterator[CommManager]:
    """Every comm made inside is recorded. None may be open before, and none may be left open."""
    manager = CommManager()
    with patch.object(comm, "create_comm", kind), patch.object(comm, "get_comm_manager", lambda: manager):
        assert not manager.comms
        yield manager
        assert not manager.comms, "a test left comms open"
