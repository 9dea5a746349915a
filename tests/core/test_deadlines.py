"""Deadlines in a heap that is mended lazily."""

from __future__ import annotations

from hypothesis import given, strategies as st

from devmesh.core.deadlines import Deadlines


def test_a_deadline_moved_later_is_found_when_the_old_one_comes_up() -> None:
    """Without having been told."""
    times = {1: 5.0, 2: 6.0}
    deadlines = Deadlines(times.get)
    for number, time in times.items():
        deadlines.push(time, number)
    times[1] = 9.0
    assert deadlines.next() == 6.0
    assert deadlines.due(6.0) == [2]
    assert deadlines.due(9.0) == [1, 2]


def test_what_is_due_stays_due_until_it_ends() -> None:
    """Asking changes nothing."""
    times = {1: 5.0}
    deadlines = Deadlines(times.get)
    deadlines.push(5.0, 1)
    assert deadlines.due(4.9) == []
    assert deadlines.due(7.0) == deadlines.due(7.0) == [1]
    del times[1]
    assert deadlines.due(7.0) == []
    assert deadlines.next() is None


def test_a_number_pushed_twice_is_due_once() -> None:
    """As happens to a lock that was pinned for a moment."""
    deadlines = Deadlines({1: 5.0}.get)
    deadlines.push(5.0, 1)
    deadlines.push(5.0, 1)
    assert deadlines.due(5.0) == [1]


def test_the_heap_does_not_grow_with_the_dead() -> None:
    """A lock taken and given back leaves nothing behind for long."""
    times = {0: 1.0}
    deadlines = Deadlines(times.get)
    for number in range(20_000):
        times[number] = 1e6 + number
        deadlines.push(times[number], number)
        if number:
            del times[number]
    assert len(deadlines) < 2_100


def test_renewing_costs_nothing_and_a_sweep_looks_only_at_what_came_up() -> None:
    """However many are held: the actual deadlines asked for are counted."""
    times = {number: 30.0 + number for number in range(10_000)}
    asked: list[int] = []

    def actual(number: int) -> float | None:
        asked.append(number)
        return times.get(number)

    deadlines = Deadlines(actual)
    deadlines.rebuild(times)
    asked.clear()
    times[0] = 90.0
    assert deadlines.due(30.5) == []
    assert len(asked) <= 3


@given(st.lists(st.tuples(st.sampled_from(["push", "later", "end", "due"]), st.integers(0, 5), st.integers(0, 20))))
def test_it_is_as_if_all_were_looked_at_every_time(moves: list[tuple[str, int, int]]) -> None:
    """Against the plain minimum, through any history."""
    times: dict[int, float] = {}
    deadlines = Deadlines(times.get)
    for move, number, time in moves:
        if move == "push" and number not in times:
            times[number] = float(time)
            deadlines.push(float(time), number)
        elif move == "later" and number in times:
            times[number] += time
        elif move == "end":
            times.pop(number, None)
        assert deadlines.next() == min(times.values(), default=None)
        assert deadlines.due(time) == sorted(each for each, end in times.items() if end <= time)
