"""Circles of agents that wait for each other."""

from __future__ import annotations

from devmesh.core.deadlock import ENOUGH, circle, circle_through, told, youngest
from devmesh.core.locks import LockTable
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import LockMode


def _table(held: dict[str, str], waits: list[tuple[str, str]]) -> LockTable:
    """Locks by target, then requests in their order, without any rule having looked at them."""
    table = LockTable()
    number = 0
    for target, agent in held.items():
        number += 1
        table.apply(facts.LockGranted(token=number, agent=agent, target=target, mode=LockMode.WRITE, lease=1.0), 0.0)
    for agent, target in waits:
        number += 1
        table.apply(facts.LockQueued(ticket=number, agent=agent, targets=(target,), mode=LockMode.WRITE, wait=1.0), 0.0)
    return table


def test_waiting_for_somebody_who_waits_for_me_is_a_circle() -> None:
    """Directly, or through others; the requests come in the order of the circle."""
    table = _table({"x": "a", "y": "b", "z": "c"}, [("b", "x"), ("c", "y")])
    way = circle(table, "a", ["c"])
    assert way is not None
    assert [waiting.agent for waiting in way] == ["c", "b"]
    assert youngest(way).agent == "c"
    assert told(("a", "c", "b")) == "a waits for c, c waits for b, b waits for a"


def test_a_line_is_no_circle() -> None:
    """Nor are two ways to the same agent."""
    table = _table({"x": "a", "y": "b", "w": "d"}, [("b", "x"), ("c", "x"), ("c", "y")])
    assert circle(table, "d", ["c", "b"]) is None
    assert all(circle_through(table, agent) is None for agent in "abcd")


def test_who_holds_nothing_and_waits_for_nothing_closes_no_circle() -> None:
    """Nobody can be waiting for it: nothing is looked at."""
    table = _table({"x": "a"}, [("b", "x")])
    table.held_at.visits = 0
    assert circle(table, "new", ["a", "b"]) is None
    assert table.held_at.visits == 0


def test_a_place_in_line_is_waited_for_like_a_lock() -> None:
    """Those who asked earlier come first."""
    table = _table({"x": "h", "y": "b"}, [("a", "x"), ("b", "x"), ("a", "y")])
    way = circle_through(table, "a")
    assert way is not None
    assert [(waiting.agent, waiting.targets) for waiting in way] == [("a", ("y",)), ("b", ("x",))]


def test_an_agent_with_several_requests_is_in_a_circle_through_any_of_them() -> None:
    """The first of them may lead nowhere."""
    table = _table({"x": "free", "y": "b", "z": "a"}, [("a", "x"), ("a", "y"), ("b", "z")])
    way = circle_through(table, "a")
    assert way is not None
    assert [waiting.agent for waiting in way] == ["a", "b"]


def test_a_circle_may_lead_through_any_request_of_those_in_the_way() -> None:
    """Their first may be waiting for somebody else altogether."""
    table = _table({"x": "free", "y": "b", "z": "a"}, [("b", "x"), ("b", "z")])
    way = circle(table, "a", ["b"])
    assert way is not None
    assert [waiting.targets for waiting in way] == [("z",)]


def test_a_tangle_of_thousands_is_not_looked_at_to_the_end() -> None:
    """Forty agents that wait for each other in forty places: what one search looks at does not grow with that."""
    agents = [f"a{number}" for number in range(40)]
    places = [f"d{number}/{part}/**" for number in range(40) for part in range(20)]
    table = _table(
        {f"h{number}": agent for number, agent in enumerate(agents)},
        [(agent, place) for place in places for agent in agents[:-1]],
    )
    before = table.wanted_at.visits
    assert circle(table, agents[-1], agents[:-1]) is None
    assert table.wanted_at.visits - before < 2 * ENOUGH


def test_a_short_circle_is_found_first_however_many_wait_elsewhere() -> None:
    """Two that wait for each other, among hundreds that wait for a third."""
    crowd = [(f"c{number}", "busy") for number in range(300)]
    table = _table({"x": "a", "busy": "z"}, [("b", "x"), *crowd])
    way = circle(table, "a", ["b", *(agent for agent, _ in crowd)])
    assert way is not None
    assert [waiting.agent for waiting in way] == ["b"]
