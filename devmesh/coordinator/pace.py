"""How fast one peer may speak, and how often strangers may fail: token buckets. Knows no socket."""

from __future__ import annotations

from dataclasses import dataclass

from devmesh.coordinator.clock import Reading


@dataclass(frozen=True, slots=True)
class Pace:
    """So many a second in the long run, so many at once."""

    rate: float
    burst: float


BURST = 5.0
"Seconds' worth of messages that may come at once."
MESSAGES = Pace(rate=100.0, burst=100.0 * BURST)
"What one connection may say, where no setting says otherwise. Faster ones are read more slowly; nothing is dropped."
BYTES = 4_096
"Bytes of messages that cost a token: what is said is kept for ever."
SECOND = 2_000.0
"Tokens that a second of the coordinator's own work costs, so that few heavy messages count as many light ones."
DEEPEST = 5.0
"Seconds of waiting beyond which nobody gets into debt: a heartbeat must still come through in time."
FAILURES = Pace(rate=8 / 60, burst=8.0)
"Failed handshakes answered with a reason, of all strangers together; beyond it they are told to slow down."


class Bucket:
    """Fills with time, empties with use."""

    def __init__(self, pace: Pace, monotonic: Reading) -> None:
        self._pace = pace
        self._monotonic = monotonic
        self._tokens = pace.burst
        self._at = monotonic()

    def take(self) -> bool:
        """Use one token, if there is one."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def owe(self, tokens: float = 1) -> None:
        """Use tokens that may not be there yet, for what has happened already."""
        self._fill()
        self._tokens = max(self._tokens - tokens, -DEEPEST * self._pace.rate)

    def wait(self) -> float:
        """Seconds until there is a token; 0 when there is one."""
        self._fill()
        return max(0.0, (1 - self._tokens) / self._pace.rate)

    def _fill(self) -> None:
        now = self._monotonic()
        self._tokens = min(self._pace.burst, self._tokens + (now - self._at) * self._pace.rate)
        self._at = now
