"""One blocking act on many things, several at a time. Ten files reach the disk together in the time of one alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Thing = TypeVar("Thing")
Made = TypeVar("Made")

AT_ONCE = 8
"Threads: enough for a disk to write together what waits for it, few enough for open files and memory."


def in_parallel(act: Callable[[Thing], Made], things: Iterable[Thing]) -> list[Made]:
    """What `act` makes of each, in their order. Raises the first one's error, once no act runs any more.

    `act` may be called twice for the same thing, and must bear that: while the interpreter goes down, no thread starts.
    """
    waiting = list(things)
    if len(waiting) <= 1:
        return [act(thing) for thing in waiting]
    with ThreadPoolExecutor(min(AT_ONCE, len(waiting))) as pool:
        try:
            begun = [pool.submit(act, thing) for thing in waiting]
        except RuntimeError:
            return [act(thing) for thing in waiting]
        return [one.result() for one in begun]
