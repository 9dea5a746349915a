"""What a live widget costs where it is made and where it is seen: CPU of its thread, bytes as sent, frames.

The kernel's half is real: messages are packed and signed by Jupyter's own session. The page is Chromium, without a
server.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psutil
from jupyter_client.session import Session
from playwright.sync_api import Page

from tests.dashboard.recorded import RecordedComm

SCROLL = """() => {
  const deltas = [], mine = { deltas, over: false };  // the next run's must not keep this one going
  window.frames60 = mine;
  let before = performance.now(), step = 0;
  const frame = (now) => {
    deltas.push(now - before);
    before = now;
    step += 1;
    window.scrollTo(0, Math.abs((step * 12) % 1600 - 800));
    const grid = document.querySelector('.dm-panel-locks .dm-grid, .plain');
    if (grid) grid.scrollTop = (step * 40) % 100_000;
    if (!mine.over) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
FRAMES = "() => { window.frames60.over = true; return window.frames60.deltas.slice(5); }"


class PackingComm(RecordedComm):
    """Packs and signs what it publishes, as a kernel does before it writes to its socket; counts the bytes."""

    session = Session(key=b"a key", username="bench")
    sizes: list[int]

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        """Pack, count, keep."""
        content = {"data": data or {}, "comm_id": self.comm_id}
        parts = self.session.serialize(self.session.msg(msg_type, content=content, metadata=metadata or {}))
        self.__dict__.setdefault("sizes", []).append(sum(len(part) for part in parts))
        super().publish_msg(msg_type, data, metadata, buffers, **keys)


class Frames(NamedTuple):
    """How smoothly a page scrolled."""

    per_second: float
    slowest_ms: float
    late_share: float
    "Of the time, what went by in frames longer than 50 ms."


def frames(deltas: list[float]) -> Frames:
    """From the milliseconds between frames."""
    total = sum(deltas) or 1.0
    late = sum(delta for delta in deltas if delta > 50)  # a frame that is felt
    return Frames(1000 * len(deltas) / total, max(deltas, default=0.0), late / total)


def cpu_of(name: str) -> float:
    """CPU seconds so far of the thread of that name; 0 where there is none."""
    for thread in threading.enumerate():
        if thread.name == name and thread.ident is not None:
            return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return 0.0


def resident() -> float:
    """Megabytes of memory of this process."""
    return float(psutil.Process(os.getpid()).memory_info().rss) / 1e6


class Heap:
    """The memory of a page's script, after what is garbage was collected."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("HeapProfiler.enable")

    def megabytes(self) -> float:
        """Now."""
        self._tools.send("HeapProfiler.collectGarbage")
        return float(self._tools.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def slope(samples: list[tuple[float, float]]) -> float:
    """Growth a minute of `(second, megabytes)`: the line that fits best."""
    if len(samples) < 3:  # two points always fit
        return 0.0
    seconds, megabytes = zip(*samples, strict=True)
    return statistics.linear_regression(seconds, megabytes).slope * 60


@contextmanager
def followed(replica: Any) -> Iterator[Callable[[], float]]:
    """CPU seconds that the replica's listeners have taken since."""
    taken = [0.0]

    def timed(listener: Callable[[Any], None]) -> Callable[[Any], None]:
        def listen(facts: Any) -> None:
            began = time.thread_time()
            listener(facts)
            taken[0] += time.thread_time() - began

        return listen

    listeners = list(replica._listeners)
    replica._listeners[:] = [timed(listener) for listener in listeners]
    yield lambda: taken[0]
    replica._listeners[:] = listeners
