"""A panel tells its front end what is new for as long as it is looked at, and passes on what is asked of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from comm.base_comm import CommManager

from devmesh.vocabulary.requests import ForceRelease, PauseAgent
from devmesh_widgets import AgentsPanel, Dashboard, LocksPanel, Panel
from devmesh_widgets.panel import ALIVE, RETELL
from devmesh_widgets.presence import KEEP
from devmesh_widgets.rows import Health
from tests.dashboard.recorded import RecordedComm
from tests.dashboard.rows import FrontEnd, Still, agents, locks, view

pytestmark = pytest.mark.usefixtures("comms")


def _no_thread(listener: object) -> None:
    """Take no notice."""


class Bench:
    """A panel on a bench: its clock, its source, and a front end that hears what it sends. No thread beats."""

    def __init__(self, kind: type[Panel] = AgentsPanel) -> None:
        self.now = 1_000_000.0
        self.source = Still(view(agents=agents("a")))
        self.panel = kind(self.source, clock=lambda: self.now)
        self.panel._pump.add = _no_thread  # type: ignore[method-assign]  # the test beats itself
        self.shown = FrontEnd()

    def say(self, **content: Any) -> None:
        """What a browser would send."""
        self.panel._heard(self.panel, content, [])

    def beat(self, seconds: float = 0.25) -> bool:
        """Let time pass, beat once."""
        self.now += seconds
        return self.panel.beat(self.source.view())

    def sent(self) -> list[dict[str, Any]]:
        """The custom messages since the last look, as a browser gets them."""
        comm: RecordedComm = self.panel.comm
        messages: list[dict[str, Any]] = json.loads(json.dumps(comm.custom))
        comm.forget()
        return messages


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A panel of agents."""
    bench = Bench()
    yield bench
    bench.panel.close()


def test_the_state_of_a_panel_holds_the_rows_of_now(bench: Bench) -> None:
    """A page that is loaded again asks for the state and gets today's rows, not those of the panel's birth."""
    bench.source.shown = view(agents=agents("a", "b"))
    beginning = bench.panel.get_state()["beginning"]
    assert [cells[0] for cells in beginning["sections"]["agents"]["rows"]] == ["a", "b"]


def test_nobody_is_told_anything_before_a_view_opens(bench: Bench) -> None:
    """A panel that was made and never shown costs nothing."""
    assert not bench.beat()
    assert bench.sent() == []


def test_an_open_view_is_told_everything_and_then_what_changes(bench: Bench) -> None:
    """One fresh update, then deltas without a gap, and a silent mesh sends nothing."""
    bench.say(kind="open", view="one")
    assert bench.beat()
    bench.source.shown = view(agents=agents("a", "b"))
    assert bench.beat()
    assert bench.beat()
    updates = bench.sent()
    assert [update["v"] for update in updates] == [1, 2]
    for update in updates:
        bench.shown.take(update, "agents")
    assert list(bench.shown.rows) == ["a", "b"]


def test_showing_a_panel_starts_it_without_a_word_from_the_browser(bench: Bench) -> None:
    """While a cell runs the browser's words wait behind it; the panel must move all the same."""
    bench.panel._repr_mimebundle_()
    assert bench.beat()
    assert bench.sent()


def test_a_gap_is_answered_with_a_fresh_start(bench: Bench) -> None:
    """The server dropped a message: everything is told again."""
    bench.say(kind="open", view="one")
    bench.beat()
    bench.sent()
    bench.say(kind="gap")
    bench.beat()
    (update,) = bench.sent()
    assert update["fresh"]
    assert update["sections"]["agents"]["rows"]


def test_a_small_panel_is_told_again_now_and_then(bench: Bench) -> None:
    """A front end that missed something may be unable to say so while a cell runs."""
    bench.say(kind="open", view="one")
    bench.beat()
    bench.sent()
    bench.beat(RETELL)
    assert bench.sent()[0]["fresh"]


def test_a_quiet_mesh_gives_a_sign_of_life(bench: Bench) -> None:
    """So that a dead kernel can be told from a quiet mesh."""
    bench.say(kind="open", view="one")
    bench.beat()
    bench.sent()
    bench.beat(ALIVE)
    assert [update["sections"] for update in bench.sent()] == [{}]


def test_a_closed_panel_and_a_silent_one_are_told_no_more(bench: Bench) -> None:
    """Closed: at once. Silent: after a while, on a free kernel; its next word starts it again."""
    bench.say(kind="open", view="one")
    bench.say(kind="closed", view="one")
    assert not bench.beat()
    bench.say(kind="open", view="two")
    assert bench.beat()
    assert not bench.beat(KEEP + 1)
    bench.sent()
    bench.say(kind="here", view="two")
    assert bench.beat()
    assert bench.sent()[0]["fresh"]


def test_a_long_cell_silences_no_panel() -> None:
    """The loop that brings messages is blocked for an hour; every minute the panel is still told what is new."""

    async def main() -> None:
        bench = Bench()
        try:
            bench.say(kind="open", view="one")
            for minute in range(60):  # this coroutine never yields: the loop is as deaf as behind a long cell
                bench.source.shown = view(agents=agents("a", locks=minute))
                assert bench.beat(60.0)
            await asyncio.sleep(0)  # the cell is over
            bench.beat()
            assert not bench.beat(KEEP + 1) or bench.panel._probing
        finally:
            bench.panel.close()

    asyncio.run(main())


def test_a_button_becomes_a_request_and_is_acknowledged(bench: Bench) -> None:
    """The request is typed and the answer names it."""
    bench.say(kind="ask", id=1, action="agent.pause", key="a")
    assert bench.source.asked == [PauseAgent(agent="a")]
    assert bench.sent() == [{"kind": "answer", "id": 1, "refused": ""}]


def test_a_refusal_reaches_the_person_who_pressed(bench: Bench) -> None:
    """The mesh's own words come back with the number of the request."""
    bench.source.refusal = "no such agent"
    bench.say(kind="ask", id=7, action="agent.pause", key="a")
    assert {"kind": "answer", "id": 7, "refused": "no such agent"} in bench.sent()


def test_a_lock_is_not_taken_away_without_a_reason(bench: Bench) -> None:
    """The rule of the vocabulary holds for buttons too."""
    bench.say(kind="ask", id=1, action="lock.release", key=12)
    assert bench.source.asked == []
    assert "reason" in bench.sent()[0]["refused"]
    bench.say(kind="ask", id=2, action="lock.release", key=12, reason="its agent hangs")
    assert bench.source.asked == [ForceRelease(token=12, reason="its agent hangs")]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "open",
        {},
        {"kind": "open"},
        {"kind": "eval", "view": "x"},
        {"kind": "open", "view": "x" * 1_000},
        {"kind": "ask", "id": 0},
    ],
)
def test_what_is_no_message_of_ours_has_no_effect(bench: Bench, content: object) -> None:
    """A web page may send anything."""
    bench.panel._heard(bench.panel, content, [])
    assert not bench.beat()
    assert bench.sent() == []


@pytest.mark.parametrize(("action", "key"), [("agent.explode", "a"), ("task.pause", "x"), ("agent.pause", "no name!")])
def test_a_button_that_fits_no_request_is_refused_in_words(bench: Bench, action: str, key: str) -> None:
    """Never a traceback, never a request."""
    bench.say(kind="ask", id=1, action=action, key=key)
    assert bench.source.asked == []
    assert bench.sent()[0]["refused"]


def test_the_loss_of_the_coordinator_is_told_by_every_panel() -> None:
    """Also by one that shows locks alone."""
    bench = Bench(LocksPanel)
    bench.say(kind="open", view="one")
    bench.beat()
    bench.source.shown = view(health=Health.LOST)
    bench.beat()
    assert [update["health"][0] for update in bench.sent()] == ["live", "lost"]
    bench.panel.close()


def test_a_closed_panel_leaves_no_comm_and_no_thread(comms: CommManager) -> None:
    """Made, shown, told by the real thread, closed: nothing is left."""
    panel = Dashboard(Still(view(agents=agents("a"), locks=locks(3))))
    panel._repr_mimebundle_()
    assert panel._pump.running
    panel.close()
    assert panel._pump.join(5.0)
    assert not comms.comms


def test_the_representation_is_short(bench: Bench) -> None:
    """It names the project and does not print every trait."""
    assert repr(bench.panel) == "<AgentsPanel of shop>"
