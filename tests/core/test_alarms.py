"""The reminders."""

from __future__ import annotations

from hypothesis import given, strategies as st

from devmesh.core.alarms import Alarms

NAMES = st.sampled_from(["a", "b", "c"])


def test_the_earliest_deadline_comes_next() -> None:
    """`next` is the smallest time set, whatever the order of setting."""
    alarms = Alarms()
    alarms.set("task", 2, 20.0)
    alarms.set("agent", "x", 10.0)
    assert alarms.next() == 10.0
    assert alarms.due(15.0) == [("agent", "x")]
    assert alarms.due(20.0) == [("agent", "x"), ("task", "2")]


def test_a_deadline_moved_later_does_not_ring_early() -> None:
    """Setting a later time leaves the old heap entry behind, and it is mended when it comes up."""
    alarms = Alarms()
    alarms.set("agent", "x", 10.0)
    alarms.set("agent", "x", 30.0)
    assert alarms.due(10.0) == []
    assert alarms.next() == 30.0


def test_a_cleared_deadline_never_rings() -> None:
    """Clearing is final until set again, and clearing twice is harmless."""
    alarms = Alarms()
    alarms.set("bidding", 1, 5.0)
    alarms.clear("bidding", 1)
    alarms.clear("bidding", 1)
    assert alarms.next() is None
    assert alarms.due(99.0) == []


@given(st.lists(st.tuples(NAMES, st.one_of(st.none(), st.floats(0, 100)))), st.floats(0, 100))
def test_alarms_agree_with_a_plain_dictionary(moves: list[tuple[str, float | None]], now: float) -> None:
    """Any sequence of settings and clearings is due exactly as a dictionary of times says."""
    alarms, plain = Alarms(), dict[str, float]()
    for name, time in moves:
        if time is None:
            alarms.clear("k", name)
            plain.pop(name, None)
        else:
            alarms.set("k", name, time)
            plain[name] = time
    expected = sorted(("k", name) for name, time in plain.items() if time <= now)
    assert alarms.due(now) == expected
    assert alarms.next() == min(plain.values(), default=None)
    assert Alarms(alarms.times).due(now) == expected
