"""A live view of a mesh in a notebook: the Python half of every panel. Reads a `Source`, never the state behind it.

Messages from the browser arrive on whatever thread the kernel likes; nothing here waits, and nothing here prints.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, assert_never

import anywidget
import msgspec
import traitlets

from devmesh_widgets import picture
from devmesh_widgets.actions import request_of
from devmesh_widgets.assembly import assemble, styles
from devmesh_widgets.feed import Feed
from devmesh_widgets.finding import answer
from devmesh_widgets.messages import Ask, Closed, Do, Gap, Here, Look, Open, Window, understood
from devmesh_widgets.picture import Tables
from devmesh_widgets.presence import Presence
from devmesh_widgets.pump import Pump
from devmesh_widgets.rows import View
from devmesh_widgets.sections import SECTIONS
from devmesh_widgets.source import Source

ALIVE = 5.0
"Seconds after which an update is sent even if nothing changed, so that a dead kernel can be told from a quiet mesh."
RETELL = 30.0
"Seconds after which a small panel is told everything again, should a front end have missed something and be unheard."
DISPLAYED = "displayed"
"The view that is believed in from the moment of display; it is forgotten like any other that stays silent."
SMALL = 400
"Rows up to which telling everything again is cheap."


class Panel(anywidget.AnyWidget):
    """Shows its parts of the mesh, live, for as long as it is displayed; without a kernel, a static table."""

    _esm = assemble("panel.js")
    _css = styles()

    shows: ClassVar[tuple[str, ...]] = ()
    "The panels, in reading order."
    sections: ClassVar[tuple[str, ...]] = ()
    "What they read of a view."
    columns: ClassVar[Tables] = {}
    "The tables of the static picture."

    panels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    fields = traitlets.Dict().tag(sync=True)
    "Section -> names of its cells."
    beginning = traitlets.Dict().tag(sync=True, to_json=lambda _, panel: panel.snapshot())
    "The first update: made anew whenever the state is asked for, so that a reloaded page starts from now."

    def __init__(self, source: Source, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._feed = Feed(self.sections)
        self._presence = Presence()
        self._pump = Pump.of(source)
        self._telling = threading.Lock()
        self._told_at = self._fresh_at = clock()
        self._loop = _loop_of_this_thread()
        self._free_at = self._told_at
        self._probing = False
        super().__init__(panels=list(self.shows), fields={name: list(SECTIONS[name].fields) for name in self.sections})
        self._answer_anywhere()
        self.on_msg(self._heard)

    def snapshot(self) -> dict[str, Any]:
        """The rows of now as one update of bounded size, apart from the numbered ones."""
        update = Feed(self.sections).advance(self._source.view(), even_if_empty=True)
        return {} if update is None else update

    # ---- towards the browser ----

    def beat(self, view: View) -> bool:
        """Send what is new; called by the pump. False when no view is open."""
        now = self._clock()
        if self.comm is None or not self._presence.anybody(now, blocked=self._blocked(now)):
            return False
        with self._telling:
            if now - self._fresh_at >= RETELL and self._feed.rows <= SMALL:
                self._feed.restart()
                self._fresh_at = now
            update = self._feed.advance(view, even_if_empty=now - self._told_at >= ALIVE)
            if update is not None:
                self._told_at = now
                self.send(update)
        return True

    def _blocked(self, now: float) -> bool:
        """Whether the kernel's loop has not run since the last beat: messages of the browser wait behind a cell."""
        if self._loop is None or self._loop.is_closed():
            return False
        if not self._probing:
            self._probing = True
            self._loop.call_soon_threadsafe(self._mark_free)
        return now - self._free_at > 1.0

    def _mark_free(self) -> None:
        self._probing, self._free_at = False, self._clock()

    # ---- from the browser ----

    def _heard(self, _widget: object, content: object, _buffers: object) -> None:
        try:
            said = understood(content)
        except msgspec.ValidationError:
            return  # not ours, or not honest: it gets no answer
        match said:
            case Open(view=view):
                self._presence.heard(view, self._clock())
                self._start_over()
            case Here(view=view):
                if self._presence.heard(view, self._clock()):
                    self._start_over()
            case Closed(view=view):
                self._presence.closed(view)
                with self._telling:
                    self._feed.windows.closed(view)
            case Gap():
                self._start_over()
            case Window():
                with self._telling:
                    self._feed.windows.ask(said.view, said.table, said.section, said.first, said.count)
            case Ask():
                self._ask(said)
            case Look() | Do():
                answer(self._source, said, self._found)
            case _:
                assert_never(said)

    def _start_over(self) -> None:
        with self._telling:
            self._feed.restart()
            self._fresh_at = self._clock()
        self._pump.add(self)

    def _ask(self, ask: Ask) -> None:
        try:
            self._source.ask(request_of(ask), lambda why: self._answer(ask.id, why))
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the person who pressed the button is told
            self._answer(ask.id, str(wrong) or type(wrong).__name__)
        else:
            self._answer(ask.id, "")

    def send(self, content: Any, buffers: Any = None) -> None:
        """Say it to the browser, and let the browser answer on whatever thread it asks for."""
        super().send(content, buffers)
        self._answer_anywhere()

    def _answer_anywhere(self) -> None:
        """Let a button reach us while a cell runs, where Lab and kernel have subshells.

        ipykernel 7.4 sends what a browser says to the thread that last spoke on the comm: for a panel that is the one
        the cell keeps busy. Without that memory it goes where the browser wants it; nothing here minds which thread.
        """
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _answer(self, number: int, refused: str) -> None:
        """Tell the front end that a request was passed on (empty) or refused (why)."""
        if self.comm is not None:
            self.send({"kind": "answer", "id": number, "refused": refused})

    def _found(self, answer: dict[str, Any]) -> None:
        """Tell the front end what was found, or came of a form."""
        if self.comm is not None:
            self.send(answer)

    def close(self) -> None:
        """Close the comm, and that of the layout, which is nobody else's; the pump forgets this panel."""
        self._pump.remove(self)
        super().close()
        self.layout.close()

    # ---- without a front end ----

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._source.project}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and beside it the rows of now as text and as a table for wherever widgets are not shown.

        Updates start here: the front end's own word that it shows the panel would wait behind a running cell.
        """
        self._presence.heard(DISPLAYED, self._clock())
        self._start_over()
        view = self._source.view()
        bundle, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        bundle["text/plain"] = picture.text(view, self.columns)
        bundle["text/html"] = picture.html(view, self.columns)
        return bundle, metadata


def _loop_of_this_thread() -> asyncio.AbstractEventLoop | None:
    """The kernel's loop when a cell makes the panel; None outside of a kernel, where nothing blocks messages."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
