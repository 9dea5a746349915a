"""The dashboard at size: 1,000 agents, 10,000 locks, 5,000 facts a second; beside `ipywidgets.HTML` of the same rows.

`python -m tests.bench.bench_dashboard [SECONDS]` prints the figures; `make bench` runs it with the others. Kernel CPU
is that of the panels' thread and of following the facts, in percent of a core.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
from playwright.sync_api import Page, sync_playwright

from devmesh_widgets import Dashboard, Panel, View
from devmesh_widgets.sections import SECTIONS, cells_of
from tests.bench.watched import FRAMES, SCROLL, Heap, PackingComm, cpu_of, followed, frames, resident, slope
from tests.browser.chromium import LAUNCH, PROGRAM
from tests.browser.screen import Screen
from tests.dashboard.crowd import CrowdSource
from tests.dashboard.recorded import recording

SECONDS = 20.0
"Of each measurement."
SETTLING = 6.0
"Until all rows have been told for the first time."
PERIOD = 0.25
SPACER = "document.body.insertAdjacentHTML('beforeend', '<div style=\"height: 1600px\"></div>')"


@contextmanager
def busy_mesh() -> Iterator[CrowdSource]:
    """The crowd at work."""
    source = CrowdSource()
    thread = source.busy()
    yield source
    source.close()
    thread.join()


@contextmanager
def blank_page() -> Iterator[Page]:
    """A page in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        yield browser.new_page(viewport={"width": 1400, "height": 1000})
        browser.close()


def kernel(source: CrowdSource, views: int, seconds: float) -> dict[str, float]:
    """What so many open views cost the kernel, in percent of a core, and what they send."""
    panels = [shown(source) for _ in range(views)]
    time.sleep(SETTLING)
    for panel in panels:
        panel.comm.sizes.clear()
    facts, began, cpu = source.heard, time.monotonic(), cpu_of("devmesh-panels")
    with followed(source.replica) as following:
        time.sleep(seconds)
        spent = cpu_of("devmesh-panels") - cpu + following()
    passed = time.monotonic() - began
    sizes = [size for panel in set(panels) for size in panel.comm.sizes]
    for panel in set(panels):
        panel.close()
    while cpu_of("devmesh-panels"):
        time.sleep(0.05)
    return {
        "cpu_percent": 100 * spent / passed,
        "updates_per_s": len(sizes) / passed / len(set(panels)),
        "update_kb_max": max(sizes) / 1e3,
        "update_kb_mean": sum(sizes) / len(sizes) / 1e3,
        "facts_per_s": (source.heard - facts) / passed,
    }


def shown(source: CrowdSource) -> Panel:
    """A dashboard that somebody looks at."""
    panel = Dashboard(source)
    panel._repr_mimebundle_()
    return panel


def seen(source: CrowdSource, page: Page, seconds: float) -> dict[str, float]:
    """How smoothly the page scrolls, and what memory does meanwhile, on both sides."""
    screen = Screen(page)
    panel = shown(source)
    screen.show(panel)
    page.evaluate(SPACER)
    heap = Heap(page)
    bring(screen, SETTLING)
    browser, here, deltas, began = [], [], [], time.monotonic()
    while time.monotonic() - began < seconds:
        page.evaluate(SCROLL)
        bring(screen, max(2.0, seconds / 12))
        deltas += page.evaluate(FRAMES)
        browser.append((time.monotonic() - began, heap.megabytes()))
        here.append((time.monotonic() - began, resident()))
    smooth = frames(deltas)
    rows = page.locator(".dm-row").count()
    screen.close()
    assert not screen.errors, screen.errors
    return {
        "fps": smooth.per_second,
        "slowest_frame_ms": smooth.slowest_ms,
        "late_percent": 100 * smooth.late_share,
        "rows_in_page": rows,
        "page_mb": browser[-1][1],
        "page_mb_per_min": slope(browser),
        "kernel_mb_per_min": slope(here),
    }


def bring(screen: Screen, seconds: float) -> None:
    """Bring what the panel sends to the page as it comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        screen.bring(0)
        screen.page.wait_for_timeout(30)


def plain(source: CrowdSource, page: Page | None, seconds: float) -> dict[str, float]:
    """The usual way: one `ipywidgets.HTML`, its tables rendered anew for each update, four times a second if it can."""
    widget = ipywidgets.HTML()  # type: ignore[attr-defined]  # no types
    comm: PackingComm = widget.comm
    if page is not None:
        page.goto("about:blank")
        page.set_content("<div id='a' class='plain' style='height: 900px; overflow: auto'></div>")
        page.evaluate(SPACER)
        page.evaluate(SCROLL)
    began, spent, updates = time.monotonic(), 0.0, 0
    while (passed := time.monotonic() - began) < seconds:
        cpu = time.thread_time()
        widget.value = tables(source.view())
        spent += time.thread_time() - cpu
        updates += 1
        if page is not None:
            page.evaluate("(text) => { document.getElementById('a').innerHTML = text; }", widget.value)
            page.wait_for_timeout(30)
        time.sleep(max(0.0, passed // PERIOD * PERIOD + PERIOD - (time.monotonic() - began)))
    found = {"html_cpu_percent": 100 * spent / updates / PERIOD, "html_update_kb": max(comm.sizes) / 1e3}
    for part in (widget.style, widget.layout, widget):
        part.close()
    if page is not None:
        found["html_fps"] = frames(page.evaluate(FRAMES)).per_second
    return found


def tables(view: View) -> str:
    """The rows of a dashboard as tables of HTML."""
    return "".join(f"<table>{body(name, view)}</table>" for name in ("agents", "locks", "events"))


def body(name: str, view: View) -> str:
    """The rows of one section."""
    rows = (cells_of(row) for row in SECTIONS[name].take(view))
    return "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)


def bench(seconds: float = SECONDS) -> dict[str, float]:
    """Every figure by name."""
    found: dict[str, Any] = {}
    with recording(PackingComm), busy_mesh() as source:
        one = kernel(source, 1, seconds)
        found |= {f"dash_{name}": figure for name, figure in one.items()}
        found["dash_four_views_over_one"] = kernel(source, 4, seconds)["cpu_percent"] / one["cpu_percent"]
        if PROGRAM is None:
            return found | plain(source, None, seconds)
        with blank_page() as page:
            found |= {f"dash_{name}": figure for name, figure in seen(source, page, seconds).items()}
        with blank_page() as page:
            return found | plain(source, page, seconds)


if __name__ == "__main__":
    for name, figure in bench(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS).items():
        print(f"{name:<32}{figure:>14,.2f}")  # noqa: T201 - a bench prints
