"""Who looks is known from what the views say, and nobody is forgotten while they cannot be heard."""

from __future__ import annotations

from devmesh_widgets.presence import KEEP, Presence


def test_nobody_looks_until_a_view_says_so() -> None:
    """The first word of a view is news, the second is not."""
    presence = Presence()
    assert not presence.anybody(0.0)
    assert presence.heard("one", 0.0)
    assert not presence.heard("one", 1.0)
    assert presence.anybody(1.0)


def test_a_view_that_closes_is_gone_and_the_others_stay() -> None:
    """Two tabs; one is closed."""
    presence = Presence()
    presence.heard("one", 0.0)
    presence.heard("two", 0.0)
    presence.closed("one")
    assert presence.anybody(1.0)
    presence.closed("two")
    assert not presence.anybody(1.0)


def test_a_view_that_vanished_without_a_word_is_forgotten() -> None:
    """A page that was reloaded never says that it closed."""
    presence = Presence()
    presence.heard("one", 0.0)
    assert presence.anybody(KEEP - 1)
    assert not presence.anybody(KEEP + 1)


def test_time_in_which_no_view_can_be_heard_counts_for_nobody() -> None:
    """An hour's cell blocks every message; the panel goes on, and the count begins after the cell."""
    presence = Presence()
    presence.heard("one", 0.0)
    for second in range(1, 3600):
        assert presence.anybody(float(second), blocked=True)
    assert presence.anybody(3600.0 + KEEP - 2)
    assert not presence.anybody(3600.0 + KEEP + 1)
