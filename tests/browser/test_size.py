"""The dashboard at size in Chromium: a real replica of 1,000 agents and 10,000 locks, 5,000 facts a second arriving."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from devmesh_widgets import Dashboard
from tests.bench.watched import FRAMES, SCROLL, Heap, PackingComm, cpu_of, followed, frames
from tests.browser.screen import Screen
from tests.dashboard.crowd import CrowdSource
from tests.dashboard.recorded import recording

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SECONDS = 6.0
SLIDES, HEAVY = 5, 50
"Frames a second and percent of a core: what re-rendering everything does not reach, on a busy machine either."


@pytest.fixture
def crowd() -> Iterator[CrowdSource]:
    """The mesh, at work until the test is over."""
    with recording(PackingComm):
        source = CrowdSource()
        thread = source.busy()
        yield source
        source.close()
        thread.join()


def test_a_thousand_agents_and_five_thousand_facts_a_second_scroll_smoothly(
    chromium: Browser, crowd: CrowdSource
) -> None:
    """At most 4 updates a second, 100 kB each, few rows in the page, and a page that is drawn all the time.

    How smooth and how cheap it is depends on what else the machine does: `bench_dashboard` measures that.
    """
    screen = Screen(chromium.new_page(viewport={"width": 1400, "height": 1000}))
    panel = Dashboard(crowd)
    panel._repr_mimebundle_()
    screen.show(panel)
    bring(screen, 3.0)
    panel.comm.sizes.clear()
    heap = Heap(screen.page)
    before = heap.megabytes()
    frames_a_second, cpu = measured(screen, panel, crowd)
    assert frames_a_second > SLIDES
    assert cpu < HEAVY
    assert max(panel.comm.sizes) <= 100_000
    assert heap.megabytes() - before < 3
    assert screen.page.locator(".dm-row").count() < 100
    assert screen.page.evaluate("() => document.querySelector('.dm-panel-locks .dm-count').textContent") == "10,000"
    screen.close()
    assert screen.errors == []


def measured(screen: Screen, panel: Dashboard, crowd: CrowdSource) -> tuple[float, float]:
    """Frames a second while the page and its longest table are scrolled, and what that cost the kernel in percent."""
    sent, facts, began, cpu = len(panel.comm.sizes), crowd.heard, time.monotonic(), cpu_of("devmesh-panels")
    screen.page.evaluate(SCROLL)
    with followed(crowd.replica) as following:
        bring(screen, SECONDS)
        spent = cpu_of("devmesh-panels") - cpu + following()
    passed = time.monotonic() - began
    assert len(panel.comm.sizes) - sent <= 4 * passed + 1
    assert crowd.heard - facts > 500 * passed
    return frames(screen.page.evaluate(FRAMES)).per_second, 100 * spent / passed


def bring(screen: Screen, seconds: float) -> None:
    """Bring what the panel sends to the page as it comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        screen.bring(0)
        screen.page.wait_for_timeout(30)
