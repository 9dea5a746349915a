"""How long a program may run, and how long it may be silent, on the loop's clock. A pause stands outside of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Limit = Literal["time_limit", "silence_limit"]


class Watch:
    """Calls `overdue` once, with the limit that was passed. All times in seconds."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        time_limit: float | None,
        silence_limit: float | None,
        overdue: Callable[[Limit], None],
    ) -> None:
        self._loop = loop
        self._limits: dict[Limit, float | None] = {"time_limit": time_limit, "silence_limit": silence_limit}
        self._overdue = overdue
        self._since = dict.fromkeys(self._limits, 0.0)
        self._ran = 0.0
        "Time it ran before the present stretch."
        self._running_since: float | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def ran(self) -> float:
        """Seconds it ran so far, pauses left out."""
        return self._ran + (0.0 if self._running_since is None else self._loop.time() - self._running_since)

    def start(self) -> None:
        """Time passes from now on; harmless when it does already."""
        if self._running_since is None:
            self._running_since = self._loop.time()
            self._since["silence_limit"] = self.ran
            self._arm()

    resume = start

    def pause(self) -> None:
        """Time stands still."""
        self._ran = self.ran
        self._running_since = None
        self._disarm()

    end = pause

    def heard(self) -> None:
        """It is not silent. Cheap: the alarm finds out when it rings."""
        self._since["silence_limit"] = self.ran

    def _arm(self) -> None:
        self._disarm()
        left = [limit + self._since[name] - self.ran for name, limit in self._limits.items() if limit is not None]
        if left:
            self._alarm = self._loop.call_later(max(0.0, min(left)), self._ring)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        passed: list[Limit] = [
            name for name, limit in self._limits.items() if limit is not None and self.ran >= limit + self._since[name]
        ]
        if passed:
            self._alarm = None
            self._overdue(passed[0])
        else:
            self._arm()
