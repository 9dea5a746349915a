"""A slider through what is over, and the dashboard below it. Knows moments and a source; not where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import ipywidgets

from devmesh_widgets import agents, events, hardware, locks, tasks
from devmesh_widgets.panel import Panel
from devmesh_widgets.picture import Tables
from devmesh_widgets.source import Source

widgets: Any = ipywidgets
"It ships no types."

STEP = 200
"Milliseconds between two places while it plays."


class Moment(NamedTuple):
    """A place on the slider."""

    sequence: int
    at: float
    "Unix seconds."


class PastDashboard(Panel):
    """The panels that have a past: nothing is asked, answered or looked up there."""

    shows = ("header", "agents", "tasks", "locks", "hardware", "events")
    sections = ("header", "agents", "tasks", "tally", "locks", "waits", "hardware", "samples", "events")
    columns: ClassVar[Tables] = {**agents.TABLES, **tasks.TABLES, **locks.TABLES, **hardware.TABLES, **events.TABLES}


class Replay(widgets.VBox):  # type: ignore[misc]
    """Plays a run again: a play button, a slider over its facts, the time, and the panels as they were."""

    def __init__(self, source: Source, moments: Sequence[Moment], go: Callable[[int], None]) -> None:
        if not moments:
            raise ValueError("there is nothing to replay yet")
        self._moments = tuple(moments)
        self._go = go
        last = len(moments) - 1
        self.play = widgets.Play(min=0, max=last, interval=STEP, step=max(1, last // 300))
        self.slider = widgets.IntSlider(
            min=0, max=last, readout=False, layout={"flex": "1 1 auto"}, description="Moment",
            style={"description_width": "initial"},
        )  # fmt: skip
        self.words = widgets.Label(layout={"min_width": "15em"})
        self.dashboard = PastDashboard(source)
        self._link = widgets.jslink((self.play, "value"), (self.slider, "value"))
        self.slider.observe(self._moved, "value")
        bar = widgets.HBox(
            [self.play, self.slider, self.words], layout={"align_items": "center", "flex_flow": "row wrap"}
        )
        super().__init__([bar, self.dashboard])
        self.show(last)
        self._moved()

    def show(self, place: int) -> None:
        """Go to that place of the slider; negative ones count from the end."""
        self.slider.value = self.play.value = place if place >= 0 else len(self._moments) + place

    def _moved(self, _change: object = None) -> None:
        moment = self._moments[self.slider.value]
        self._go(moment.sequence)
        clock = datetime.fromtimestamp(moment.at).astimezone().strftime("%H:%M:%S")
        passed = moment.at - self._moments[0].at
        self.words.value = f"{clock}, +{passed:,.0f} s, fact {moment.sequence:,} of {self._moments[-1].sequence:,}"

    def close(self) -> None:
        """Close it and all its parts."""
        self.dashboard.close()
        self._link.close()
        for part in (self.play, self.slider, self.words, self.children[0]):
            for piece in (getattr(part, "style", None), part.layout, part):
                if piece is not None:
                    piece.close()
        super().close()
        self.layout.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widgets, and the moment's rows as text and table for wherever widgets are not shown."""
        made = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = made if isinstance(made, tuple) else (made or {}, {})
        still, _ = self.dashboard._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": still["text/plain"], "text/html": still["text/html"]}, metadata
