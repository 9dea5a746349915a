"""What one client said and nobody has heard yet: little, or it is not read on. Knows no meaning."""

from __future__ import annotations

from collections import deque

MOST_WAITING = 16
MOST_WAITING_BYTES = 64 * 1024
"With either of them waiting, no more is read."


class Backlog:
    """Messages in their order."""

    __slots__ = ("_bytes", "_texts")

    def __init__(self) -> None:
        self._texts: deque[bytes] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def is_full(self) -> bool:
        """Whether no more should be read for now. What has been read already is taken all the same."""
        return len(self._texts) >= MOST_WAITING or self._bytes >= MOST_WAITING_BYTES

    @property
    def next_size(self) -> int:
        """Bytes of the earliest. Raises IndexError when there is none."""
        return len(self._texts[0])

    def add(self, text: bytes) -> None:
        """The latest."""
        self._texts.append(text)
        self._bytes += len(text)

    def take(self) -> bytes:
        """The earliest. Raises IndexError when there is none."""
        text = self._texts.popleft()
        self._bytes -= len(text)
        return text

    def clear(self) -> None:
        """Nobody will hear it."""
        self._texts.clear()
        self._bytes = 0
