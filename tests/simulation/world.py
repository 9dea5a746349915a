"""Deterministic simulation: the real core, simulated agents, project, network and crashes, all from one seed.

A crash loses everything that was not recorded; what was told is always recorded. Invariants hold after every step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from devmesh.core import events
from devmesh.core.apply import apply
from devmesh.core.effects import ApplyChange, Effect, HangUp, PrepareChange, Record, RunCheck, Tell, WakeAt
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.vocabulary import codec, facts, requests
from devmesh.vocabulary.codec import Delivery, Recorded
from devmesh.vocabulary.terms import Budget, Lane, LanePolicy, Limits, Resources, Role, Verdict
from tests.simulation.book import Book
from tests.simulation.client import Client
from tests.simulation.invariants import broken_by, violations
from tests.simulation.project import Project
from tests.simulation.promises import judged
from tests.simulation.spender import Spender, wish
from tests.simulation.strangers import Double, Locker, Rogue

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


class World:
    """One history."""

    def __init__(
        self,
        seed: int,
        *,
        strangers: bool = False,
        doubles: bool = False,
        spending: bool = False,
        step_: Callable[..., list[Effect]] = step,
    ) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.profile = Profile.drawn(self.random)
        self.step = step_
        self.now = BEGINNING
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.project = Project(self.random, ["a.py", "b.py", "c.py", "d.py", "x.lock"])
        self.disk: list[bytes] = []
        self.told_up_to = 0
        self.granted_at: dict[int, float] = {}
        self.state = MeshState()
        self.epoch = 0
        self.up = True
        self.alarm: float | None = None
        self.connections: dict[int, tuple[int, Client | None]] = {}
        self.arrival: dict[int, float] = {}
        self.faults = True
        self.steps = self.turns = 0
        self.effects_of: dict[tuple[int, int], int] = {}
        self.next_connection = 0
        self.book = Book(LIMITS)
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
            self.now, _, action = heapq.heappop(self.heap)
            action()
        self.now = end

    # ---- the coordinator

    def _begin(self) -> None:
        self.feed(events.Started(project="sim", version="0", limits=LIMITS))
        if any(client.credential for client in self.clients):
            self._say(requests.IssueCredential(digest="0f" * 32, role=Role.AGENT))
        for client in self.clients:
            self._connect(client)
            self._beat(client)
        self._operator()
        self._trouble()

    def feed(self, event: events.Event) -> None:
        """One turn: step, record, and only then tell. A crash may come before or after the recording."""
        self.turns += 1
        effects = self.step(self.state, event, self.now)
        if self.faults and self.random.random() < self.profile.crashing:
            if self.random.random() < 0.5:
                self._record(effects)
            self._crash()
            return
        self._record(effects)
        said = [effect.recorded.fact for effect in effects if isinstance(effect, Record)]
        if wrong := broken_by(self, said):
            raise AssertionError(f"{wrong}")
        for effect in effects:
            self._perform(effect)
        self.steps += 1
        if wrong := violations(self):
            raise AssertionError(f"{wrong}")

    def _record(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                self.disk.append(codec.encode(effect.recorded))
                self._had_its_effect(effect.recorded)
                if wrong := judged(self.book, effect.recorded):
                    raise AssertionError(f"{wrong}")
                self.book.enter(effect.recorded)
                if isinstance(effect.recorded.fact, facts.LockGranted):
                    self.granted_at[effect.recorded.fact.token] = self.now

    def _had_its_effect(self, recorded: Recorded) -> None:
        """A request has its effect once: all its facts are of one turn, however often it is sent.

        A heartbeat has none: refused again and again, it changes nothing.
        """
        if isinstance(recorded.fact, facts.RequestRefused) and recorded.fact.request == "heartbeat":
            return
        if recorded.session is not None and recorded.request is not None:
            turn = self.effects_of.setdefault((recorded.session, recorded.request), self.turns)
            if turn != self.turns:
                raise AssertionError(f"request {recorded.request} of session {recorded.session} twice: {recorded}")

    def sent_at(self, fact: facts.LockGranted) -> float:
        """When the grant was made: a client counts its first lease from its own request, which is no later."""
        return self.granted_at.get(fact.token, self.now - LIMITS.lease)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Tell():
                self._tell(effect)
            case WakeAt():
                self._arm(effect.time)
            case HangUp():
                self.break_connection(effect.connection, tell=False)
            case PrepareChange():
                self._gate(lambda: self.feed(self.project.prepare(effect)))
            case RunCheck():
                passed = self.random.random() < 0.8
                self._gate(lambda: self._checked(effect, passed=passed))
            case ApplyChange():
                self._gate(lambda: self._exchange(effect))
            case _:
                pass

    def _exchange(self, effect: ApplyChange) -> None:
        """The files are exchanged; the news of it may be lost in a crash."""
        outcome = self.project.apply(effect)
        if self.faults and self.random.random() < self.profile.crashing * 5:
            self._crash()
            return
        self.feed(outcome)

    def _checked(self, effect: RunCheck, *, passed: bool) -> None:
        """The book hears from the check itself what it said, not from the core."""
        self.book.passed.pop(effect.change, None)
        if passed:
            self.book.passed[effect.change] = effect.plan
        self.feed(events.Checked(change=effect.change, passed=passed, tree="d" * 40))

    def _gate(self, action: Callable[[], None]) -> None:
        """Usually quick; now and then longer than a lease, so that what is landing must be held fast."""
        epoch, longest = self.epoch, 3 * LIMITS.lease if self.random.random() < 0.05 else 2
        self.at(self.random.uniform(0, longest), lambda: action() if epoch == self.epoch else None)

    def _arm(self, time: float | None) -> None:
        self.alarm = time
        if time is not None:
            epoch = self.epoch
            self.at(max(0.0, time - self.now), lambda: self._ring(time, epoch))

    def _ring(self, time: float, epoch: int) -> None:
        if self.alarm == time and epoch == self.epoch:
            self.alarm = None
            self.feed(events.Woke())

    def _crash(self) -> None:
        """Kill -9: memory is gone, connections break, and what was recorded comes back."""
        self.epoch += 1
        self.up = False
        self.alarm = None
        for connection in list(self.connections):
            self.break_connection(connection, tell=False)
        self.state = self.recovered()
        if self.state.sequence < self.told_up_to:
            raise AssertionError(f"told {self.told_up_to}, recovered only {self.state.sequence}")
        self.at(self.random.uniform(0, 5), self._restart)

    def _restart(self) -> None:
        self.up = True
        self.feed(events.Started(project="sim", version="0", limits=LIMITS))

    def recovered(self) -> MeshState:
        """The state as the record alone gives it."""
        state = MeshState()
        for line in self.disk:
            apply(state, codec.decode_recorded(line))
        return state

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
        session = self.state.by_connection.get(connection, 0)
        self.book.asked.setdefault((session, message.id), message.request)
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
        if self._person() is None:
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
            self.feed(events.Stalled(seconds=2.0))
        self.at(1.0, self._trouble)

    def _die(self, client: Client) -> None:
        client.dead = True
        if client.connection is not None:
            self.break_connection(client.connection)
        fresh = type(client)(self, 1000 + self.count)
        self.clients[self.clients.index(client)] = fresh
        self._connect(fresh)
        self._beat(fresh)

    def calm(self) -> None:
        """The liveness phase: nothing goes wrong any more, and the person resumes and approves what waits for that."""
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
        lines = [codec.decode_recorded(line) for line in self.disk[-last:]]
        return "\n".join(f"{line.sequence:5} {line.now - BEGINNING:9.3f} {line.fact}"[:300] for line in lines)

    def log(self) -> list[Recorded]:
        """Everything recorded."""
        return [codec.decode_recorded(line) for line in self.disk]
