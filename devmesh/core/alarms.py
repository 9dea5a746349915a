"""Reminders: when to look again at an agent, a task, a bidding or a session.

Moving one later costs nothing until the old time comes up, so a heartbeat is cheap however many agents there are.
"""

from __future__ import annotations

from devmesh.core.deadlines import Deadlines

Key = tuple[str, str]
"What is due: its kind (`agent`, `parked`, `task`, `memory`, `bidding`, `question`, `session`) and its name or number."


class Alarms:
    """One time per key. Ringing early is harmless: whoever is rung looks again."""

    def __init__(self, times: dict[Key, float] | None = None) -> None:
        self.times: dict[Key, float] = dict(times or {})
        self._deadlines: Deadlines[Key] = Deadlines(self.times.get)
        self._deadlines.rebuild(self.times)

    def set(self, kind: str, name: str | int, time: float) -> None:
        """Be due at `time`, instead of whenever it was before."""
        key = (kind, str(name))
        before = self.times.get(key)
        self.times[key] = time
        if before is None or time < before:
            self._deadlines.push(time, key)

    def clear(self, kind: str, name: str | int) -> None:
        """Not be due any more. Clearing twice is harmless."""
        self.times.pop((kind, str(name)), None)

    def next(self) -> float | None:
        """The earliest time."""
        return self._deadlines.next()

    def due(self, now: float) -> list[Key]:
        """Every key whose time has come, sorted. They stay due until set or cleared."""
        return self._deadlines.due(now)
