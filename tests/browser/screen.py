"""A blank page in Chromium that shows a real panel: the page's model talks straight to the panel, without a kernel.

Served from memory under a made-up name; whatever else the page asks for is refused and remembered.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from devmesh_widgets.panel import Panel
from tests.dashboard.recorded import RecordedComm

HERE = Path(__file__).parent
ADDRESS = "http://panel.test/"


class Screen:
    """One page and the panels on it. `theme` is light or dark."""

    def __init__(self, page: Page, *, theme: str = "light") -> None:
        self.page = page
        self.foreign: list[str] = []
        "Requests to anywhere else."
        self.errors: list[str] = []
        "What the page complained of."
        self.said: list[Any] = []
        "What the front end sent."
        self._panels: list[Panel] = []
        page.route("**/*", self._serve)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        page.expose_function("toKernel", self._hear)
        page.goto(f"{ADDRESS}?theme={theme}")

    def show(self, panel: Panel) -> int:
        """Put a panel on the page; its number on it."""
        self._panels.append(panel)
        state = {name: value for name, value in panel.get_state().items() if name in {"panels", "fields", "beginning"}}
        number = len(self._panels) - 1
        self.page.evaluate(
            "([number, state, esm, css]) => window.mount(number, state, esm, css)",
            [number, state, str(panel._esm), str(panel._css)],
        )
        self.deliver()
        return number

    def deliver(self) -> None:
        """Let every panel say what is new, and bring it to the page; wait until it is painted."""
        for number, panel in enumerate(self._panels):
            panel.beat(panel._source.view())
            self.bring(number)
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def bring(self, number: int) -> None:
        """Bring what a panel has sent to the page."""
        comm: RecordedComm = self._panels[number].comm
        messages = json.loads(json.dumps(comm.custom))
        comm.forget()
        self.page.evaluate("([number, messages]) => window.receive(number, messages)", [number, messages])

    def close(self) -> None:
        """Take the panels off the page, and close them."""
        self.page.evaluate("() => window.unmountAll()")
        for panel in self._panels:
            panel.close()

    def _hear(self, number: int, content: Any) -> None:
        self.said.append(content)
        self._panels[number]._heard(self._panels[number], content, [])

    def _serve(self, route: Route) -> None:
        if route.request.url.startswith(ADDRESS) and route.request.resource_type == "document":
            route.fulfill(path=HERE / "blank.html", content_type="text/html")
        elif route.request.url.startswith((ADDRESS, "blob:", "data:")):
            route.fulfill(status=204, body="")
        else:
            self.foreign.append(route.request.url)
            route.abort()


def settled(thread_name: str = "devmesh-panels") -> bool:
    """Whether no pump runs."""
    return all(thread.name != thread_name for thread in threading.enumerate())
