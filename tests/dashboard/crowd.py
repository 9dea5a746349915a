"""A mesh at size: a real replica of a thousand agents that hold ten thousand locks, and facts as they would arrive.

The facts are true and in order, made at once and without a coordinator; the replica applies them as it would any.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from devmesh.core import events
from devmesh.core.snapshot import freeze
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.jupyter.views import Views
from devmesh.mesh.replica import Replica
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.record import Request
from devmesh.vocabulary.terms import Limits, LockMode, Resources, Role
from devmesh_widgets.rows import View

if TYPE_CHECKING:
    from devmesh.mesh.door import Door

BATCHES: Final = 20
"Batches of facts a second, as a coordinator's turns would bring them."
LEASE: Final = 30.0
USAGE_EVERY: Final = 8
"Every so many facts an agent's memory is measured anew: the rows of agents move too."


def crowd(agents: int, locks: int) -> MeshState:
    """So many agents, all joined, holding so many locks between them."""
    state = MeshState()
    step(state, events.Started(project="crowd", version="crowd", limits=Limits()), 0.0)
    each = locks // agents
    for number in range(1, agents + 1):
        step(state, events.Connected(connection=number, role=Role.AGENT, key=str(number)), 0.0)
        joining = requests.Join(tool="claude", declared=Resources(ram_gb=0.001))
        step(state, events.Heard(connection=number, id=1, request=joining), 0.0)
        paths = tuple(f"src/room{number:04}/file{item:03}.py" for item in range(each))
        asked = requests.RequestLock(targets=paths, mode=LockMode.WRITE)
        step(state, events.Heard(connection=number, id=2, request=asked), 0.0)
    return state


class _Door:
    """What `Views` asks of a door."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.project = Path("/crowd")
        self.is_open = True
        self.is_closed = False


class CrowdSource:
    """A source whose replica hears `rate` facts a second while it is busy: locks go and come, memory is measured."""

    project = "crowd"

    def __init__(self, agents: int = 1_000, locks: int = 10_000, rate: int = 5_000) -> None:
        state = crowd(agents, locks)
        self.replica = Replica()
        self.replica.begin(freeze(state))
        self.rate = rate
        self.heard = 0
        self._sequence, self._now = state.sequence, state.now
        self._held = deque((lock.token, lock.agent, lock.target) for lock in state.locks.locks.values())
        self._names = [agent.name for agent in state.present]
        self._memory: dict[str, float] = {}
        self._views = Views(cast("Door", _Door(self.replica)))
        self._over = threading.Event()

    # ---- the contract ----

    def view(self) -> View:
        """The rows as they are now."""
        return self._views.view()

    def ask(self, request: Request, refused: Callable[[str], None], /) -> None:
        """Refuse."""
        refused(f"{type(request).__name__} is not played here")

    # ---- the play ----

    def hear(self, count: int) -> None:
        """Let the replica hear so many facts."""
        batch: list[Recorded] = []
        while len(batch) < count:
            batch += self._turn()
        assert self.replica.take(batch), "the facts do not follow"
        self.heard += len(batch)

    def busy(self) -> threading.Thread:
        """Hear facts at the rate, on a thread of its own, until `rest`."""
        self._over.clear()
        thread = threading.Thread(target=self._play, name="crowd", daemon=True)
        thread.start()
        return thread

    def rest(self) -> None:
        """Hear no more."""
        self._over.set()

    def close(self) -> None:
        """Stop following."""
        self.rest()
        self._views.close()

    def _play(self) -> None:
        began = time.monotonic()
        turns = 0
        while not self._over.is_set():
            turns += 1
            self.hear(self.rate // BATCHES)
            self._over.wait(max(0.0, began + turns / BATCHES - time.monotonic()))

    def _turn(self) -> list[Recorded]:
        """One lock given back, another granted on the same path; now and then a measurement."""
        token, agent, target = self._held.popleft()
        released = self._recorded(facts.LockReleased(token=token, agent=agent, target=target, mode=LockMode.WRITE))
        fresh = self._sequence + 1
        granted = facts.LockGranted(token=fresh, agent=agent, target=target, mode=LockMode.WRITE, lease=LEASE)
        self._held.append((fresh, agent, target))
        made = [released, self._recorded(granted)]
        if self._sequence % (2 * USAGE_EVERY) < 2:  # two facts a turn: once in so many
            made.append(self._recorded(self._sample()))
        return made

    def _sample(self) -> facts.HardwareSampled:
        name = self._names[self._sequence % len(self._names)]
        self._memory[name] = 1.0 + self._sequence % 7
        usage = facts.Usage(agent=name, used=Resources(ram_gb=self._memory[name]))
        return facts.HardwareSampled(total=Resources(ram_gb=64.0), used=Resources(ram_gb=30.0), agents=(usage,))

    def _recorded(self, fact: facts.AnyFact) -> Recorded:
        self._sequence += 1
        self._now += 0.000_2
        return Recorded(sequence=self._sequence, fact=fact, now=self._now, at=1_795_000_000.0 + self._now)
