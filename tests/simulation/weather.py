"""What befalls the machine of a hard history: it freezes, sleeps, and has its clock set.

How late the coordinator was it hears from its own `Lateness`; what that is worth, the core decides.
"""

from __future__ import annotations

from devmesh.coordinator.lateness import LATE
from tests.simulation.hazards import JUMPS, NAPS
from tests.simulation.shell import BEGINNING, LIMITS, Shell


class Weather(Shell):
    """Over a coordinator that may be frozen."""

    def freeze(self, seconds: float, *, alone: bool = False) -> None:
        """The process does nothing for so long; `alone`: its machine sleeps, and the agents are elsewhere."""
        if self.frozen or not self.up:
            return
        epoch, self.frozen, self.alone = self.epoch, True, alone
        self.lateness._look()
        self.at(seconds, lambda: self._thaw(seconds) if epoch == self.epoch else None)

    def _thaw(self, seconds: float) -> None:
        """What was begun goes on; what came meanwhile is heard in one turn, after how late it is."""
        if self.alone:
            self.machine.sleep(seconds, alone=True)
        self.trouble.append(f"{self.now - BEGINNING:9.3f} woke after {seconds:g} s{' of sleep' * self.alone}")
        self.frozen = self.alone = False
        self._was_away(seconds)
        held, self.held = self.held, []
        for action in held:
            action()
        self.take_turns()

    def nap(self, seconds: float) -> None:
        """The machine sleeps with everybody on it."""
        assert self.hazards is not None
        if self.frozen:
            return
        self.trouble.append(f"{self.now - BEGINNING:9.3f} all sleep for {seconds:g} s")
        if self.up:
            self.lateness._look()
        self.machine.sleep(seconds, alone=False)
        if self.hazards.counts_sleep:
            self.now += seconds
        if self.up:
            self._was_away(seconds)
            self.at(0.0, self.take_turns)

    def _was_away(self, seconds: float) -> None:
        self.was_late = True
        if seconds >= LATE:
            self.credit_until = self.mesh_time() + LIMITS.stall_credit

    def weather(self) -> None:
        """Once a second: the clock is set, or the machine falls asleep."""
        assert self.hazards is not None
        if self.faults and self.hazard.random() < self.hazards.clocks:
            by = self.hazard.choice(JUMPS)
            self.trouble.append(f"{self.now - BEGINNING:9.3f} the wall clock is set by {by:+g} s")
            self.machine.set_clock(by)
        if self.faults and self.hazard.random() < self.hazards.naps:
            seconds = self.hazard.choice(NAPS)
            if self.hazards.remote:
                self.freeze(min(seconds, 60.0), alone=True)
            else:
                self.nap(seconds)
        self.at(1.0, self.weather)
