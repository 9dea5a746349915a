"""How a plain call waits for another thread's loop, and how its value can still be awaited.

Knows futures and nothing of a mesh. Ctrl-C ends the waiting, never what is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, TimeoutError as NotYet, wait
from typing import Any, TypeVar

from devmesh.coordinator.loop_host import carried_here, enter_again

T = TypeVar("T")

_SLICE = 0.5
"Seconds. Where a lock's wait cannot be interrupted (Windows), Ctrl-C takes at most this long."


def settled(future: Future[T], timeout: float | None = None, *, beat: Callable[[], None] | None = None) -> T:
    """The future's value. Raises TimeoutError after `timeout` seconds; KeyboardInterrupt passes through at once.

    `beat` is called every 0.2 s while waiting: a place to show progress, on the caller's own thread.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    carried = carried_here()
    while not future.done():
        span = 0.2 if beat else _SLICE
        if deadline is not None:
            span = min(span, max(0.0, deadline - time.monotonic()))
        if carried is not None:
            enter_again(carried, future, span)
        elif wait((future,), span).done:
            break
        if beat is not None:
            beat()
        if deadline is not None and time.monotonic() >= deadline:
            raise NotYet
    return future.result()


def rest(seconds: float) -> None:
    """Sleep; a loop of this thread that carries a coordinator goes on meanwhile."""
    carried = carried_here()
    if carried is None:
        time.sleep(seconds)
    else:
        enter_again(carried, Future(), seconds)


async def awaited(future: Future[T]) -> T:
    """The same for asyncio, on whatever loop runs here. Cancelling the waiter does not cancel what it waits for."""
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return await asyncio.shield(waiting)


class Done:
    """What a plain call returns that has nothing to return: shown, it says what was done. Can be awaited."""

    def __init__(self, said: str) -> None:
        self.said = said

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()

    def __repr__(self) -> str:
        return self.said


class Several(tuple[T, ...]):
    """A tuple that can be awaited, too: what plain calls return that return several things."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Several[T]]:
        yield from ()
        return self
