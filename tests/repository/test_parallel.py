"""Several at a time, in order, and all of them, whatever happens to one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from devmesh.repository.parallel import AT_ONCE, in_parallel


def test_several_are_under_way_at_once_and_come_back_in_order() -> None:
    """Each waits here until all others have come; one after the other they would wait for ever."""
    before = threading.active_count()
    meeting = threading.Barrier(AT_ONCE, timeout=10)

    def meet(number: int) -> int:
        meeting.wait()
        return number

    assert in_parallel(meet, range(2 * AT_ONCE)) == list(range(2 * AT_ONCE))
    assert threading.active_count() == before


def test_an_error_is_told_when_nothing_runs_any_more() -> None:
    """The first one's, and the others are done all the same."""
    done: list[int] = []

    def fail_at_three(number: int) -> None:
        if number == 3:
            raise OSError(number, "no")
        done.append(number)

    with pytest.raises(OSError, match="no"):
        in_parallel(fail_at_three, range(20))
    assert sorted(done) == [number for number in range(20) if number != 3]


def test_nothing_is_left_undone_when_no_thread_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the interpreter goes down an exchange is still finished, or taken back."""

    def refuse(*_arguments: object) -> None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert in_parallel(str, [1, 2, 3]) == ["1", "2", "3"]
