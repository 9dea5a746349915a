"""A front end is told what changed, in numbered updates of bounded size, and ends up with the rows of the view."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given, settings, strategies as st

from devmesh.vocabulary.terms import AgentState
from devmesh_widgets.feed import Feed
from devmesh_widgets.rows import Health, TaskRow
from devmesh_widgets.sections import WHOLE, cells_of
from tests.dashboard.rows import FrontEnd, agents, events, locks, view


def test_the_first_update_begins_and_ends_every_section() -> None:
    """A front end that knows nothing is told everything, marked fresh."""
    update = Feed(["agents"]).advance(view(agents=agents("a")))
    assert update is not None
    assert update["fresh"]
    assert update["v"] == 1
    section = update["sections"]["agents"]
    assert (section["begin"], section["end"], len(section["rows"])) == (True, True, 1)


def test_nothing_new_is_no_update() -> None:
    """A mesh at rest costs no message, unless one is asked for as a sign of life."""
    feed, rows = Feed(["agents"]), agents("a")
    feed.advance(view(agents=rows))
    assert feed.advance(view(now=2.0, agents=rows)) is None
    alive = feed.advance(view(now=3.0, agents=rows), even_if_empty=True)
    assert alive == {"kind": "update", "v": 2, "now": 3.0, "health": ("live", 0.0), "sections": {}}


def test_only_the_cells_that_differ_are_sent() -> None:
    """A change of state is its key, the place of the cell, and the new value."""
    feed = Feed(["agents"])
    feed.advance(view(agents=agents("a", "b")))
    update = feed.advance(view(agents=(*agents("a"), *agents("b", state=AgentState.WORKING))))
    assert update is not None
    assert update["sections"] == {"agents": {"edits": [["b", 5, "working"]]}}


def test_a_row_that_went_is_told_by_its_key() -> None:
    """Only the key is sent."""
    feed = Feed(["agents"])
    feed.advance(view(agents=agents("a", "b")))
    update = feed.advance(view(agents=agents("b")))
    assert update is not None
    assert update["sections"] == {"agents": {"gone": ["a"]}}


def test_a_row_that_comes_back_before_its_going_was_told_does_not_flicker() -> None:
    """There was no room to say that they went; they are back: nothing is said."""
    names, feed, shown = [f"agent-{number}" for number in range(100)], Feed(["agents"], budget=2_500), FrontEnd()
    while (update := feed.advance(view(agents=agents(*names)))) is not None:
        shown.take(update, "agents")
    shown.take(feed.advance(view()), "agents")
    told = len(shown.rows)
    assert 0 < told < 100
    update = feed.advance(view(agents=agents(*names)))
    assert update is not None
    assert "gone" not in update["sections"]["agents"]


def test_a_change_of_health_is_told_even_to_a_panel_without_a_header() -> None:
    """A panel of locks alone must say that the coordinator is lost."""
    feed = Feed(["locks"])
    feed.advance(view())
    update = feed.advance(view(health=Health.LOST))
    assert update is not None
    assert update["health"] == ("lost", 0.0)


def test_no_update_is_larger_than_the_budget_and_all_rows_arrive() -> None:
    """Three hundred locks and their renewal take several updates when there is room for few."""
    feed, shown = Feed(["locks"], budget=4_000), FrontEnd()
    for until in (30.0, 35.0):
        rows = locks(WHOLE, until=until)
        updates = 0
        while (update := feed.advance(view(locks=rows))) is not None:
            assert len(msgspec.json.encode(update)) <= 4_000
            shown.take(update, "locks")
            updates += 1
        assert updates > 1
        assert list(shown.rows.values()) == [cells_of(row) for row in rows]


def test_rows_that_wait_are_not_overtaken_for_ever() -> None:
    """With more changes than fit, each row still gets its turn."""
    feed, shown = Feed(["locks"], budget=4_000), FrontEnd()
    for turn in range(400):
        shown.take(feed.advance(view(locks=locks(100, until=float(turn)))), "locks")
    assert min(cells[5] for cells in shown.rows.values()) > 300


def test_of_a_long_table_only_the_places_in_sight_are_told() -> None:
    """Ten thousand locks are one small update, with the number of all; another window brings other rows."""
    feed, shown = Feed(["locks"]), FrontEnd()
    rows = sorted(locks(10_000), key=lambda row: row.target)
    for first in (0, 5_000, 9_990):
        feed.windows.ask("a view", "table", "locks", first, 50)
        update = feed.advance(view(locks=tuple(rows)))
        assert len(msgspec.json.encode(update)) < 10_000
        shown.take(update, "locks")
        seen = rows[first : first + 50]
        assert shown.total == 10_000
        assert shown.places == {first + at: row.token for at, row in enumerate(seen)}
        assert list(shown.rows) == [row.token for row in seen]
    assert feed.advance(view(locks=tuple(rows))) is None


def test_a_table_that_grows_long_and_short_again_is_right_at_every_length() -> None:
    """Told whole, by places, and whole again."""
    feed, shown = Feed(["locks"]), FrontEnd()
    for count in (5, WHOLE + 1, 5):
        shown.take(feed.advance(view(locks=locks(count))), "locks")
        assert (shown.total or len(shown.rows)) == count
    assert len(shown.rows) == 5
    assert shown.total is None


def test_whatever_is_in_the_budget_jupyter_sends_less_than_100_kb() -> None:
    """Escaped and with spaces, as Jupyter's own session packs it."""
    feed = Feed(["events", "tasks"])
    tasks = tuple(TaskRow(task=n, title="ä" * 300, files=("f",) * 20) for n in range(1, WHOLE))
    for _ in range(4):
        update = feed.advance(view(tasks=tasks, events=events(1, 1_000, "ä" * 200)))
        assert len(json.dumps(update, ensure_ascii=False).encode()) < 100_000


def test_a_burst_of_events_keeps_the_newest_and_counts_the_rest() -> None:
    """A thousand long events do not fit into one update: the newest are shown, the others counted, none is owed."""
    feed, shown = Feed(["events"]), FrontEnd()
    shown.take(feed.advance(view(events=events(1, 3))), "events")
    shown.take(feed.advance(view(events=events(1, 1_003, "x" * 200))), "events")
    assert max(shown.rows) == 1_003
    assert len(shown.rows) + shown.skipped == 1_003
    assert feed.advance(view(events=events(1, 1_003, "x" * 200))) is None


def test_events_that_left_the_view_unseen_are_counted() -> None:
    """The view holds the last few: those that came and went between two updates were skipped."""
    feed, shown = Feed(["events"]), FrontEnd()
    shown.take(feed.advance(view(events=events(1, 10))), "events")
    shown.take(feed.advance(view(events=events(51, 60))), "events")
    assert shown.skipped == 40


def test_events_do_not_starve_tables_nor_tables_events() -> None:
    """In one update, a flood of both brings some of both."""
    feed = Feed(["locks", "events"])
    update = feed.advance(view(locks=locks(10_000), events=events(1, 1_000, "x" * 200)))
    assert update is not None
    assert update["sections"]["locks"]["rows"]
    assert update["sections"]["events"]["rows"]


def test_a_restart_tells_everything_again_and_leaves_no_ghost() -> None:
    """A second page holds a row that went while it was not listening: after the restart it is gone."""
    feed, late = Feed(["agents"]), FrontEnd()
    late.take(feed.advance(view(agents=agents("a", "b"))), "agents")
    feed.advance(view(agents=agents("a")))  # this one did not reach it
    feed.restart()
    late.take(feed.advance(view(agents=agents("a"))), "agents")
    assert list(late.rows) == ["a"]


def test_what_is_remembered_is_bounded_by_the_rows_of_the_view() -> None:
    """Ten thousand rows came and went; none is kept."""
    feed = Feed(["agents"])
    for number in range(10_000):
        feed.advance(view(agents=agents(f"agent-{number}")))
    assert feed.rows == 1
    table = feed._feeds["agents"]
    assert not vars(table)["_owed"]
    assert not vars(table)["_leaving"]


@settings(max_examples=60)
@given(
    steps=st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), max_size=6), max_size=12),
    budget=st.integers(2_400, 4_000),
)
def test_whatever_happens_the_front_end_ends_with_the_rows_of_the_view(
    steps: list[dict[str, int]], budget: int
) -> None:
    """Rows come, change and go under a tight budget; once the view rests, the front end holds exactly it."""
    feed, shown, rows = Feed(["agents"], budget), FrontEnd(), agents()
    for step in steps:
        rows = tuple(agents(name, locks=held)[0] for name, held in step.items())
        shown.take(feed.advance(view(agents=rows)), "agents")
    while (update := feed.advance(view(agents=rows))) is not None:
        shown.take(update, "agents")
    assert shown.rows == {row.agent: cells_of(row) for row in rows}
