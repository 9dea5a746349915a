"""Whether anybody is looking: which front ends show a panel. Knows no widget; it is told the time.

A page that is reloaded or torn down says nothing, so a view must be heard of now and then. While the kernel's own loop
is blocked by a cell no view *can* be heard, and that time counts for nobody.
"""

from __future__ import annotations

KEEP = 60.0
"Seconds without a word, on a free kernel, after which a view is taken to be gone. Views speak every 20 s."


class Presence:
    """The views of one panel, by the random name each gave itself."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._looked = 0.0

    def heard(self, view: str, now: float) -> bool:
        """Whether this view is new."""
        new = view not in self._heard
        self._heard[view] = now
        return new

    def closed(self, view: str) -> None:
        """The view said that it goes."""
        self._heard.pop(view, None)

    def anybody(self, now: float, *, blocked: bool = False) -> bool:
        """Whether a view is open, after forgetting those silent for too long."""
        if blocked:
            late = now - self._looked
            self._heard = {view: heard + late for view, heard in self._heard.items()}
        self._looked = now
        self._heard = {view: heard for view, heard in self._heard.items() if now - heard < KEEP}
        return bool(self._heard)
