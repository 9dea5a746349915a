"""Tables that rows come to and go from while somebody reads them, in a blank page in Chromium: nothing slips away."""

from __future__ import annotations

import msgspec
import pytest

from devmesh.vocabulary.terms import Badge, TaskState
from devmesh_widgets import AgentsPanel, EventsPanel, LocksPanel, TasksPanel
from devmesh_widgets.rows import AgentRow, TaskRow
from tests.browser.screen import Screen
from tests.browser.test_panels import OpenScreen, shown, words
from tests.dashboard.rows import Still, events, locks, view

pytestmark = pytest.mark.browser


def top_of(screen: Screen, selector: str) -> float:
    """Where something is on the page."""
    box = screen.page.locator(selector).first.bounding_box()
    assert box is not None
    return box["y"]


def painted(screen: Screen) -> None:
    """Bring what is new, and wait until it is drawn."""
    screen.deliver()
    screen.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_an_event_that_is_read_stays_where_it_is(open_screen: OpenScreen) -> None:
    """New ones come in above it; who is at the top sees the newest."""
    screen, source = open_screen(), Still(view(events=events(1, 100)))
    shown(screen, EventsPanel, source)
    screen.page.locator(".dm-grid").first.evaluate("(grid) => { grid.scrollTop = 40 * 28; }")
    painted(screen)
    row = ".dm-body [role=row]:has([title='Fact 58'])"
    before = top_of(screen, row)
    source.shown = view(events=events(1, 117))
    painted(screen)
    assert top_of(screen, row) == pytest.approx(before, abs=1)
    screen.page.locator(".dm-grid").first.evaluate("(grid) => { grid.scrollTop = 0; }")
    source.shown = view(events=events(1, 120))
    painted(screen)
    assert screen.page.locator(".dm-body [role=row]").first.locator("[title='Fact 120']").count() == 1


def test_the_active_row_is_the_same_one_wherever_it_goes(open_screen: OpenScreen) -> None:
    """A key pressed on a task is never pressed on the one that took its place."""
    rows = [TaskRow(task=n, title=f"job {n}") for n in (1, 2, 3)]
    screen, source = open_screen(), Still(view(tasks=tuple(rows)))
    shown(screen, TasksPanel, source)
    screen.page.locator(".dm-grid").focus()
    screen.page.keyboard.press("ArrowDown")
    rows[2] = msgspec.structs.replace(rows[2], state=TaskState.WORKING)
    source.shown = view(tasks=tuple(rows))
    painted(screen)
    assert words(screen, ".dm-body .dm-row > :nth-child(2)") == ["job 3", "job 1", "job 2"]
    assert words(screen, ".dm-active > :nth-child(2)") == ["job 2"]


def test_a_table_keeps_its_room_for_a_while(open_screen: OpenScreen) -> None:
    """What stands below does not jump up the moment a few locks are released; it does come up in the end."""
    screen, source = open_screen(), Still(view(locks=locks(7)))
    shown(screen, LocksPanel, source)
    below = ".dm-contention"
    before = top_of(screen, below)
    source.shown = view(locks=locks(1))
    painted(screen)
    assert top_of(screen, below) == before
    screen.page.evaluate(
        "() => { const was = performance.now; performance.now = () => was.call(performance) + 11000; }"
    )
    painted(screen)
    screen.page.wait_for_function(f"() => document.querySelector('{below}').getBoundingClientRect().top < {before}")


def test_what_a_narrow_table_has_no_room_for_is_a_press_away(open_screen: OpenScreen) -> None:
    """Every column in words, with what was measured; it follows the row, and says when that is gone."""
    agent = AgentRow(
        agent="a", tool="claude", model="opus", badge=Badge.WATCHED, tokens=1_200, probes=("edit: not refused",)
    )
    screen, source = open_screen(width=420), Still(view(agents=(agent,)))
    shown(screen, AgentsPanel, source)
    assert "Guard" not in words(screen, "[role=columnheader]")
    screen.page.locator(".dm-grid").focus()
    screen.page.keyboard.press("Enter")
    card = screen.page.get_by_label("a", exact=True)
    assert all(word in card.inner_text() for word in ("claude · opus", "watched", "edit: not refused", "1,200 tokens"))
    source.shown = view(agents=(msgspec.structs.replace(agent, tokens=2_000),))
    painted(screen)
    assert "2,000 tokens" in card.inner_text()
    source.shown = view()
    painted(screen)
    assert "a (gone)" in card.inner_text()
    screen.page.keyboard.press("Escape")
    assert card.is_hidden()
