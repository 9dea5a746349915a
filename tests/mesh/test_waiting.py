"""Waiting for another thread's loop, plainly and awaited."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

import pytest

from devmesh.mesh.waiting import Done, Several, awaited, settled


def test_a_plain_wait_gives_the_value_or_the_error() -> None:
    """What the future holds is what the caller gets."""
    good, bad = Future[int](), Future[int]()
    good.set_result(3)
    bad.set_exception(KeyError("no"))
    assert settled(good) == 3
    with pytest.raises(KeyError):
        settled(bad)


def test_a_plain_wait_ends_with_its_timeout() -> None:
    """TimeoutError after about so many seconds, and the future is left as it was."""
    future = Future[int]()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        settled(future, 0.05)
    assert time.monotonic() - began < 1.0
    assert not future.done()


def test_progress_is_shown_by_the_waiting_thread() -> None:
    """`beat` runs on the caller's own thread, again and again, until the value is there."""
    future, threads = Future[int](), set[int]()

    def beat() -> None:
        threads.add(threading.get_ident())
        if not future.done():
            future.set_result(1)

    assert settled(future, 5.0, beat=beat) == 1
    assert threads == {threading.get_ident()}


def test_cancelling_who_awaits_does_not_cancel_what_is_awaited() -> None:
    """The work goes on when nobody waits for it any more."""
    future = Future[int]()

    async def impatient() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(awaited(future), 0.01)

    asyncio.run(impatient())
    assert not future.cancelled()
    future.set_result(1)


def test_what_plain_calls_return_can_be_awaited() -> None:
    """`await mesh.pause(3)` is as good as `mesh.pause(3)`."""

    async def both() -> Several[int]:
        await Done("paused task 3")
        return await Several((1, 2))

    assert asyncio.run(both()) == (1, 2)
    assert repr(Done("paused task 3")) == "paused task 3"
