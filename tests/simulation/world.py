"""Deterministic simulation: the real core, simulated agents, project, network and crashes, all from one seed.

A crash loses what was not synced, a power cut files too; what was told is on record. Invariants hold after every step.
With `hard`, the shell's own hazards are drawn beside all others: see `hazards`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from random import Random
from typing import Any, NamedTuple

from devmesh.core import events
from devmesh.core.effects import ApplyChange, Effect, HangUp, PrepareChange, RunCheck, Tell, WakeAt
from devmesh.core.events import Applied
from devmesh.core.step import step
from devmesh.vocabulary import codec, facts, requests
from devmesh.vocabulary.codec import Delivery, Recorded
from devmesh.vocabulary.terms import Budget, Resources, Role, Verdict
from tests.simulation.client import Client
from tests.simulation.hazards import Hazards
from tests.simulation.invariants import broken_by, violations
from tests.simulation.project import Project
from tests.simulation.shell import BEGINNING, LIMITS, STARTED
from tests.simulation.spender import Spender, wish
from tests.simulation.strangers import Double, Locker, Rogue
from tests.simulation.weather import Weather


class Profile(NamedTuple):
    """How much goes wrong, as chances per opportunity; drawn anew for every seed."""

    agents: int
    breaking: float
    crashing: float
    stopping: float
    dying: float
    failing: float
    person: float
    delay: float
    stalling: float

    @classmethod
    def drawn(cls, random: Random) -> Profile:
        """Some seeds are calm, some are terrible."""
        bad = random.choice([0.0, 0.3, 1.0])
        return cls(
            agents=random.randint(1, 5),
            breaking=bad * random.choice([0, 0.01, 0.05]),
            crashing=bad * random.choice([0, 0.002, 0.01]),
            stopping=bad * random.choice([0, 0.02, 0.1]),
            dying=bad * random.choice([0, 0.005, 0.02]),
            failing=random.choice([0, 0.1, 0.3]),
            person=random.choice([0, 0.1, 0.4]),
            delay=random.choice([0.001, 0.05, 1.5]),
            stalling=bad * random.choice([0, 0.01]),
        )


class World(Weather):
    """One history."""

    def __init__(
        self,
        seed: int,
        *,
        strangers: bool = False,
        doubles: bool = False,
        spending: bool = False,
        hard: bool = False,
        step_: Callable[..., list[Effect]] = step,
    ) -> None:
        self.random = Random(seed)
        self.profile = Profile.drawn(self.random)
        self.now = BEGINNING
        super().__init__(seed, step_, hard=hard)
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.project = Project(self.random, ["a.py", "b.py", "c.py", "d.py", "x.lock"])
        self.connections: dict[int, tuple[int, Client | None]] = {}
        self.arrival: dict[int, float] = {}
        self.faults = True
        self.next_connection = 0
        self.spending = Random(seed) if spending else None
        kind = Spender if spending else Client
        self.clients = [kind(self, number) for number in range(self.profile.agents)]
        if strangers:
            self.clients += [Locker(self, 500), Locker(self, 501), Rogue(self, 502)]
        if doubles:
            self.clients += [Double(self, 600), Double(self, 601)]
        self.forced: set[int] = set()
        self.operator_ids = 0
        self._begin()

    # ---- time

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later; ties in the order they were asked for."""
        self.count += 1
        heapq.heappush(self.heap, (self.now + delay, self.count, action))

    def later(self, delay: float, client: Client, method: str) -> None:
        """A client's own timer; runs only if the client does, else when it wakes."""
        self.at(delay, lambda: self._timer(client, method))

    def _timer(self, client: Client, method: str) -> None:
        if client.dead:
            return
        if not client.running:
            self.at(1.0, lambda: self._timer(client, method))
            return
        getattr(client, method)()

    def run(self, seconds: float) -> None:
        """Let that much virtual time pass."""
        end = self.now + seconds
        while self.heap and self.heap[0][0] <= end:
            due, _, action = heapq.heappop(self.heap)
            self.now = max(self.now, due)
            action()
        self.now = max(self.now, end)

    # ---- the coordinator

    def _begin(self) -> None:
        self.crashing = self.profile.crashing
        if self.hazards:
            self._restart()
            self.at(1.0, self.weather)
        else:
            self.feed(STARTED)
        if any(client.credential for client in self.clients):
            self._issue()
        for client in self.clients:
            self._connect(client)
            self._beat(client)
        self._operator()
        self._trouble()

    def sent_at(self, fact: facts.LockGranted) -> float:
        """When the grant was made: a client counts its first lease from its own request, which is no later."""
        return self.granted_at.get(fact.token, self.now - LIMITS.lease)

    def _issue(self) -> None:
        """The person hands out one credential; again, if a crash took it back."""
        if not self.up or (not self.state.credentials and self.keeping):
            self.at(0.5, self._issue)
        elif not self.state.credentials:
            self._say(requests.IssueCredential(digest="0f" * 32, role=Role.AGENT))
            if self.hazards:
                self.at(0.5, self._issue)

    def perform(self, effect: Effect, *, resumed: bool) -> None:
        """Tell, hang up, set the alarm, or have the gate work."""
        match effect:
            case Tell():
                self._tell(effect)
            case WakeAt():
                self.arm(effect.time)
            case HangUp():
                self.break_connection(effect.connection, tell=False)
            case PrepareChange():
                self._gate(lambda: self.feed(self.project.prepare(effect)))
            case RunCheck():
                passed = self.random.random() < 0.8
                self._gate(lambda: self._checked(effect, passed=passed))
            case ApplyChange():
                self._gate(lambda: self._exchange(effect, resumed=resumed))
            case _:
                pass

    def broken(self, said: list[facts.AnyFact]) -> list[str]:
        """Every promise that these facts, or the state after them, break."""
        return [*broken_by(self, said), *violations(self)]

    def _exchange(self, effect: ApplyChange, *, resumed: bool) -> None:
        """The files are exchanged; a crash may come at each step of it, and the news of it be lost."""
        landing = self.project.landing(effect, resumed=resumed)
        while (outcome := _next(landing)) is None:
            if self.hazards and self._meddled(self.hazards):
                return
        if self.hazards is None and self.faults and self.random.random() < self.crashing * 5:
            self._crash(None)
            return
        self.feed(outcome)

    def _meddled(self, hazards: Hazards) -> bool:
        """The person saves a file at this very moment; or it all ends."""
        if self.blows and self.hazard.random() < hazards.meddling:
            self.project.edit_as_person()
        if self.blow_falls():
            self._crash(None)
            return True
        return False

    def _checked(self, effect: RunCheck, *, passed: bool) -> None:
        """The book hears from the check itself what it said, not from the core."""
        self.book.passed.pop(effect.change, None)
        if passed:
            self.book.passed[effect.change] = effect.plan
        self.feed(events.Checked(change=effect.change, passed=passed, tree="d" * 40))

    def _gate(self, action: Callable[[], None]) -> None:
        """Usually quick; now and then longer than a lease, so that what is landing must be held fast."""
        longest = 3 * LIMITS.lease if self.random.random() < 0.05 else 2
        self._later(self.random.uniform(0, longest), action)

    def everybody_is_cut_off(self, *, power: bool) -> None:
        """Connections break; without power, so does every agent on the machine."""
        for connection in list(self.connections):
            self.break_connection(connection, tell=False)
        if power and self.hazards and not self.hazards.remote:
            for client in list(self.clients):
                self._die(client)

    # ---- the network: in order within a connection, delayed, and breaking

    def _connect(self, client: Client) -> None:
        if client.dead or client.connection is not None:
            return
        if not client.running or not self.up:
            self.at(self.random.uniform(0.1, 2), lambda: self._connect(client))
            return
        self.next_connection += 1
        number, epoch = self.next_connection, self.epoch
        self.connections[number] = (epoch, client)
        credential = client.credential if client.credential in self.state.credentials else None
        came = events.Connected(connection=number, role=Role.AGENT, key=client.key, credential=credential)
        self.feed(came)
        if number in self.connections:
            client.connected(number)
        elif client.connection is None:
            self.at(0.5, lambda: self._connect(client))

    def send(self, client: Client, number: int, request: Any) -> None:
        """To the coordinator; lost when the connection breaks first."""
        connection = client.connection
        if connection is None:
            return
        if self.faults and self.random.random() < self.profile.breaking:
            self.break_connection(connection)
            return
        data = codec.encode(codec.Message(id=number, request=request))
        self._deliver(connection, lambda: self._hear(connection, data))

    def _hear(self, connection: int, data: bytes) -> None:
        message = codec.decode_message(data)
        self.feed(events.Heard(connection=connection, id=message.id, request=message.request))

    def _tell(self, effect: Tell) -> None:
        held = self.connections.get(effect.connection)
        self.told_up_to = max([self.told_up_to, *(recorded.sequence for recorded in effect.facts)])
        if held is None or held[1] is None:
            return
        data = codec.encode(Delivery(facts=effect.facts, reply_to=effect.reply_to))
        client = held[1]
        self._deliver(effect.connection, lambda: self._receive(client, effect.connection, data))

    def _receive(self, client: Client, connection: int, data: bytes) -> None:
        if client.dead or client.connection != connection:
            return
        client.backlog.append((connection, data))
        client.read()

    def _deliver(self, connection: int, action: Callable[[], None]) -> None:
        moment = max(self.now + self.random.expovariate(1 / self.profile.delay), self.arrival.get(connection, 0.0))
        self.arrival[connection] = moment
        self.at(moment - self.now, lambda: action() if connection in self.connections else None)

    def break_connection(self, connection: int, *, tell: bool = True) -> None:
        """Everything under way on it is lost; the client comes back after a while."""
        held = self.connections.pop(connection, None)
        if held is None:
            return
        client = held[1]
        if client is not None and client.connection == connection:
            client.connection = None
            self.at(self.random.uniform(0.1, 3), lambda: self._connect(client))
        if tell:
            epoch = self.epoch
            self.at(0.0, lambda: self.feed(events.Lost(connection=connection)) if epoch == self.epoch else None)

    # ---- the person, and trouble

    def _beat(self, client: Client) -> None:
        if client.dead:
            return
        if client.running:
            client.heartbeat()
        self.at(LIMITS.heartbeat, lambda: self._beat(client))

    def _operator(self) -> None:
        if self.up and self.faults:
            self._say_as_person()
        if self.random.random() < self.profile.person:
            self.project.edit_as_person()
        self.at(self.random.uniform(0.5, 6), self._operator)

    def _say_as_person(self) -> None:
        self._say(self._wish())

    def _say(self, request: Any) -> None:
        if self._person() is None and not self.keeping:
            self.next_connection += 1
            self.connections[self.next_connection] = (self.epoch, None)
            self.feed(events.Connected(connection=self.next_connection, role=Role.OPERATOR, key="person"))
        connection = self._person()
        if connection is not None:
            self.operator_ids += 1
            data = codec.encode(codec.Message(id=self.operator_ids, request=request))
            self._hear(connection, data)

    def _person(self) -> int | None:
        session = self.state.sessions.get(self.state.by_key.get("person", 0))
        return session.connection if session else None

    def _wish(self) -> Any:
        """What the person wants next."""
        if self.spending is not None and self.spending.random() < 0.3:
            return wish(self, self.spending)
        tasks = list(self.state.tasks)
        if self.random.random() < 0.55 or not tasks:
            depends = tuple(self.random.sample(tasks, 1)) if tasks and self.random.random() < 0.2 else ()
            return requests.PostTask(
                prompt="do",
                priority=self.random.randint(1, 5),
                depends_on=depends,
                review=self.random.random() < 0.2,
                check="test" if self.random.random() < 0.3 else "",
                files=("x.lock",) if self.random.random() < 0.2 else ("a.py",),
                needs=Resources(ram_gb=self.random.choice([0, 4, 9])),
            )
        task = self.random.choice(tasks)
        token = next(iter(self.state.locks.locks), 1)
        return self.random.choice(
            [
                requests.CancelTask(task=task),
                requests.PauseTask(task=task),
                requests.ResumeTask(task=task),
                requests.ResumeTask(task=task),
                requests.RetryTask(task=task),
                requests.ReprioritiseTask(task=task, priority=1),
                self._force(token),
            ]
        )

    def _force(self, token: int) -> requests.ForceRelease:
        """The person overrules a holder, who learns of it a moment later; the gate's fence covers that moment."""
        self.forced.add(token)
        return requests.ForceRelease(token=token, reason="wish")

    def _trouble(self) -> None:
        for client in self.clients if self.faults else ():
            if client.running and self.random.random() < self.profile.stopping:
                client.running = False
                self.at(self.random.uniform(1, 3 * LIMITS.lease), client.go_on)
            elif self.random.random() < self.profile.dying:
                self._die(client)
        if self.faults and self.random.random() < self.profile.stalling and self.up:
            self._stall()
        self.at(1.0, self._trouble)

    def _stall(self) -> None:
        if self.hazards:
            self.freeze(2.0)
        else:
            self.feed(events.Stalled(seconds=2.0))

    def _die(self, client: Client) -> None:
        client.dead = True
        if client.connection is not None:
            self.break_connection(client.connection)
        fresh = type(client)(self, 1000 + self.count)
        self.clients[self.clients.index(client)] = fresh
        self._connect(fresh)
        self._beat(fresh)

    def calm(self) -> None:
        """The liveness phase: nothing goes wrong any more, the last few blows to exchanges apart.

        The person resumes and approves what waits for that.
        """
        self.faults = False
        for client in self.clients:
            client.go_on()
        self._attend()

    def _attend(self) -> None:
        if self.spending is not None and self.up:
            self._say(requests.SetBudget(budget=Budget()))
            for number in list(self.state.open_tasks):
                self._say(requests.SetBudget(budget=Budget(), task=number))
        for number in list(self.state.open_tasks):
            if self.up and self.state.tasks[number].state == "paused":
                self._say(requests.ResumeTask(task=number))
        for change in list(self.state.changes.values()):
            if self.up and change.state == "reviewing":
                self._say(requests.Review(change=change.number, verdict=Verdict.APPROVE))
        self.at(15, self._attend)

    def story(self, last: int = 30) -> str:
        """The end of the history, for whoever reads a failure."""
        lines = [codec.decode_recorded(line) for line in self.written_down()[-last:]]
        told = [f"{line.sequence:5} {line.now - BEGINNING:9.3f} {line.fact}"[:300] for line in lines]
        return "\n".join([f"hazards={self.hazards}", *self.trouble[-10:], *told])

    def log(self) -> list[Recorded]:
        """Everything recorded."""
        return [codec.decode_recorded(line) for line in self.disk]


def _next(landing: Generator[str, None, Applied]) -> Applied | None:
    """One step further; the outcome, when that was the last."""
    try:
        next(landing)
    except StopIteration as ended:
        outcome: Applied = ended.value
        return outcome
    return None
