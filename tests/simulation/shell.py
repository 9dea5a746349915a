"""The coordinator of a history, as its shell runs it: inbox, turns, one sync for a turn, effects after it, recovery.

In the order of `devmesh.coordinator.turns` and `loop`, in virtual time; a crash may fall between any two of its steps.
Without hazards a sync takes no time, and a crash falls before the record of a turn or after it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.lateness import LATE
from devmesh.coordinator.turns import AT_ONCE
from devmesh.core import events
from devmesh.core.effects import ApplyChange, Effect, Record, WakeAt
from devmesh.core.state import MeshState
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import ChangeState, Lane, LanePolicy, Limits, Resources
from tests.coordinator.rig import drained
from tests.simulation.disk import Decision, Disk
from tests.simulation.hazards import Hazards, Point
from tests.simulation.machine import Machine

BEGINNING = 4_242_424.0
LIMITS = Limits(
    lease=12.0,
    heartbeat=2.0,
    margin=1.0,
    stall_credit=4.0,
    claim_limit=40.0,
    task_limit=200.0,
    backoff=0.5,
    attempts=6,
    deaths=4,
    total=Resources(ram_gb=16.0),
    lanes=(LanePolicy(glob="*.lock", lane=Lane.LOCKED),),
)
STARTED = events.Started(project="sim", version="0", limits=LIMITS)
BLOWS = 4
"Crashes of a hard history where files are exchanged, at most: so that it ends."
_LATER = 0.001
"Seconds every alarm is late, as in the shell."


class Shell(Disk):
    """Owns the state in memory, and the disk. What it tells and does is the world's."""

    now: float
    random: Random
    faults: bool
    crashing: float

    def __init__(self, seed: int, step: Callable[..., list[Effect]], *, hard: bool) -> None:
        super().__init__(LIMITS)
        self.seed = seed
        self.step = step
        self.hazard = Random(seed * 104_729 + 7)
        self.hazards = Hazards.drawn(self.hazard) if hard else None
        self.state = MeshState()
        self.inbox = Inbox()
        self.epoch = 0
        self.up = not hard
        self.keeping = self.frozen = self.alone = False
        self.held: list[Callable[[], None]] = []
        "What goes on when the coordinator is no longer frozen."
        self.alarm: float | None = None
        self.steps = self.turns = 0
        self.granted_at: dict[int, float] = {}
        self.trouble: list[str] = []
        "What befell the machine, for the story."
        self.looked_at: object = None
        "The lock table as it was when it was last looked through."
        self.machine = Machine(lambda: self.now, counts_sleep=self.hazards is not None and self.hazards.counts_sleep)
        self.blows = BLOWS
        self.was_late = False
        self.credit_until = 0.0
        "Mesh time until which nobody may be lost, because the coordinator could not hear them."
        if hard:
            self.clock, self.lateness = self.machine.take_over(BEGINNING, self.inbox)

    # ---- what the world gives

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later."""
        raise NotImplementedError

    def perform(self, effect: Effect, *, resumed: bool) -> None:
        """Do what the core wants done, or have it done."""
        raise NotImplementedError

    def broken(self, said: list[facts.AnyFact]) -> list[str]:
        """Every promise that these facts, or the state after them, break."""
        raise NotImplementedError

    def everybody_is_cut_off(self, *, power: bool) -> None:
        """The process is gone; with `power`, the machine."""
        raise NotImplementedError

    # ---- time

    def mesh_time(self) -> float:
        """What the coordinator's clock says."""
        return self.clock.now() if self.hazards else self.now

    def wall_time(self) -> float | None:
        """What facts are stamped with, where the machine has clocks."""
        return self.clock.wall() if self.hazards else None

    def arm(self, time: float | None) -> None:
        """Replace the alarm."""
        self.alarm = time
        if time is not None:
            epoch, late = self.epoch, _LATER if self.hazards else 0.0
            self.at(max(0.0, time - self.mesh_time()) + late, lambda: self._ring(time, epoch))

    def _ring(self, time: float, epoch: int) -> None:
        if self.alarm == time and epoch == self.epoch:
            self.alarm = None
            self.feed(events.Woke())

    # ---- turns

    def feed(self, event: events.Event) -> None:
        """An event reaches the inbox; it is decided in the next turn, which may be this moment."""
        if isinstance(event, events.Woke):
            self.inbox.ring()
        else:
            self.inbox.put(event)
        self.take_turns()

    def take_turns(self) -> None:
        """As long as there is something to decide, and nothing is being kept."""
        while not self.keeping and not self.frozen and (len(self.inbox) or self.was_late):
            self._turn()

    def _turn(self) -> None:
        """Decide what is there, keep it, and only then do what follows."""
        if self.was_late:
            self.was_late = False
            self.lateness.check()
        waiting = drained(self.inbox, AT_ONCE)
        if not waiting:
            return
        self.keeping = True
        decided = [self._decide(event) for event in waiting]
        started = STARTED in waiting
        point = self._point(decided, started=started)
        if point is Point.UNWRITTEN:
            self._crash(point)
            return
        self.unsynced = decided
        self.written(decided)
        took = self.hazards.sync(self.hazard) if self.hazards else 0.0
        if point is Point.UNSYNCED:
            self._later(took * self.hazard.random(), lambda: self._crash(Point.UNSYNCED))
        elif took:
            self._later(took, lambda: self._synced(point, took, started=started))
        else:
            self._synced(point, took, started=started)

    def written(self, decided: list[Decision]) -> None:
        """They are on their way to the disk. Nothing is told or done yet: that is what a mutant does here."""

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        """When the process lives still, and is not frozen."""
        epoch = self.epoch

        def act() -> None:
            if epoch == self.epoch and self.frozen:
                self.held.append(act)
            elif epoch == self.epoch:
                action()
                self.take_turns()

        self.at(delay, act)

    def _point(self, decided: list[Decision], *, started: bool) -> Point | None:
        """Where this turn ends in a crash, if it does."""
        if self.hazards is None:
            if not self.faults or self.random.random() >= self.crashing:
                return None
            return Point.SYNCED if self.random.random() < 0.5 else Point.UNWRITTEN
        if any(_is_about_files(decision) for decision in decided):
            crashes = self.blow_falls()
        else:
            chance = self.hazards.again if started and self.crashing else self.crashing
            crashes = self.faults and self.hazard.random() < chance
        return self.hazard.choice(list(Point)) if crashes else None

    def blow_falls(self) -> bool:
        """Whether it crashes here, where files are exchanged; in calm weather too, which is when most are."""
        falls = self.hazards is not None and self.blows > 0 and self.hazard.random() < self.hazards.landing
        self.blows -= falls
        return falls

    def _decide(self, event: events.Event) -> Decision:
        self.turns += 1
        connection = event.connection if isinstance(event, events.Heard) else 0
        session = self.state.by_connection.get(connection, 0)
        effects = self.step(self.state, event, self.mesh_time())
        said = [effect.recorded.fact for effect in effects if isinstance(effect, Record)]
        for fact in said:
            if isinstance(fact, facts.LockGranted):
                self.granted_at[fact.token] = self.now
        self.steps += 1
        self._hold(self.broken(said))
        return Decision(self.turns, event, session, effects)

    def _synced(self, point: Point | None, took: float, *, started: bool) -> None:
        """They are on record for good; now what follows from them."""
        decided, self.unsynced = self.unsynced, []
        self._keep(decided)
        if point is Point.SYNCED:
            self._crash(point)
            return
        wanted = _with_one_alarm([effect for decision in decided for effect in decision.effects])
        until = self.hazard.randrange(len(wanted)) if point is Point.HALF_DONE else len(wanted)
        for effect in wanted[:until]:
            self.perform(effect, resumed=started)
        if point is Point.HALF_DONE:
            self._crash(point)
            return
        self.keeping, self.up = False, True
        if took > LATE:
            self.credit_until = self.mesh_time() + LIMITS.stall_credit
            self.inbox.put_first(events.Stalled(seconds=took, cause="the disk was slow to keep the record"))

    # ---- crash and recovery

    def _crash(self, point: Point | None) -> None:
        """Kill -9, or a power cut: memory is gone, connections break, and what was recorded comes back.

        Of what was not synced any part may be there, from the front: more than SQLite's all or nothing asks for.
        """
        self.epoch += 1
        self.up = self.keeping = self.frozen = self.alone = self.was_late = False
        self.alarm = None
        self.inbox.clear()
        self.held.clear()
        power = self.hazards is not None and self.hazard.random() < self.hazards.power
        self._lose(point, power=power)
        self.everybody_is_cut_off(power=power)
        self.state = self.recovered()
        if self.hazards:
            self.save(self.state)
        if self.state.sequence < self.told_up_to:
            raise AssertionError(f"told {self.told_up_to}, recovered only {self.state.sequence}")
        change = self.state.changes.get(self.state.gate or 0)
        landing = change is not None and change.state is ChangeState.APPLYING
        self._hold(self.project.unexplained(change.plan if change is not None and landing else ()))
        self.at(self.random.uniform(0, 5), self._restart)

    def _lose(self, point: Point | None, *, power: bool) -> None:
        unsynced, self.unsynced = self.unsynced, []
        if self.hazards is None:
            return
        kept = self.hazard.choice([0, len(unsynced), self.hazard.randint(0, len(unsynced))])
        where = point.value if point else "while it exchanged files"
        what = "power cut" if power else "kill -9"
        self.trouble.append(
            f"{self.now - BEGINNING:9.3f} {what} {where}; {kept} of {len(unsynced)} decisions are on disk"
        )
        self._keep(unsynced[:kept])
        if power:
            self.machine.boot()
            self.project.power_cut(self.hazard)

    def _restart(self) -> None:
        """Mesh time goes on from the last moment on record; nobody is let in before the first turn is on record."""
        if self.hazards:
            self.clock, self.lateness = self.machine.take_over(self.state.now or BEGINNING, self.inbox)
            self.credit_until = 0.0
        else:
            self.up = True
        self.inbox.put(STARTED)
        self.take_turns()


def _with_one_alarm(wanted: list[Effect]) -> list[Effect]:
    """Of a turn's alarms the last one is set, after all else is done."""
    alarms: list[Effect] = [effect for effect in wanted if isinstance(effect, WakeAt)]
    return [*(effect for effect in wanted if not isinstance(effect, WakeAt | Record)), *alarms[-1:]]


def _is_about_files(decision: Decision) -> bool:
    """Whether an exchange follows from it, or came before it."""
    return isinstance(decision.event, events.Applied) or any(isinstance(each, ApplyChange) for each in decision.effects)
