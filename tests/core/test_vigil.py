"""Who in the queue is looked at again."""

from __future__ import annotations

from devmesh.core.vigil import Vigil


def test_a_ticket_rests_until_what_it_watches_ends() -> None:
    """And nothing else wakes it."""
    vigil = Vigil()
    vigil.rouse((7, 3))
    assert vigil.first() == 3
    vigil.watch(3, 1)
    vigil.watch(7, 3)
    assert (vigil.first(), vigil.restless) == (None, ())
    vigil.ended(2)
    assert vigil.first() is None
    vigil.ended(1)
    assert (vigil.first(), vigil.restless) == (3, (3,))
    assert vigil.watching == {7: 3}


def test_all_who_watch_the_same_wake_in_the_order_of_their_tickets() -> None:
    """As a queue of readers behind one writer does."""
    vigil = Vigil()
    for ticket in (5, 3, 4):
        vigil.watch(ticket, 1)
    vigil.ended(1)
    assert vigil.restless == (3, 4, 5)
    assert vigil.watchers == {}


def test_a_ticket_that_is_gone_is_forgotten() -> None:
    """Restless or watching, also twice."""
    vigil = Vigil()
    vigil.rouse((3, 3))
    vigil.watch(4, 3)
    vigil.watch(5, 3)
    vigil.forget(3)
    vigil.forget(4)
    vigil.forget(4)
    assert vigil.first() is None
    assert vigil.watchers == {3: {5: None}}


def test_watching_something_else_is_watching_it_alone() -> None:
    """The end of what it watched before does not wake it."""
    vigil = Vigil()
    vigil.watch(5, 1)
    vigil.watch(5, 2)
    vigil.ended(1)
    assert vigil.first() is None
