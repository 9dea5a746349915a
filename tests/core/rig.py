"""A mesh without a coordinator: events in, facts out, time by hand.

It begins at an absurd instant, so that nobody assumes zero.
"""

from __future__ import annotations

from typing import Any, TypeVar

from devmesh.core import events
from devmesh.core.effects import ApplyChange, Effect, PrepareChange, Record, RunCheck, Tell, WakeAt
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import FileChange, FileKind, Limits, LockMode, Outcome, PlannedWrite, Role

F = TypeVar("F")

BEGINNING = 7_777.0
ZERO = "0" * 40
BLOB = {name: (name * 40)[:40] for name in "abcdef"}


class Rig:
    """Drives the real core by hand and keeps everything it said."""

    def __init__(self, limits: Limits | None = None, *, begin: bool = True) -> None:
        self.state = MeshState()
        self.now = BEGINNING
        self.kept: list[Recorded] = []
        self.effects: list[Effect] = []
        self.told: dict[int, list[Any]] = {}
        self.alarm: float | None = None
        self.connections: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.limits = limits or Limits()
        if begin:
            self.feed(events.Started(project="rig", version="test", limits=self.limits))

    def feed(self, event: events.Event) -> list[Any]:
        """One step. Returns the facts it recorded."""
        effects = step(self.state, event, self.now)
        self.effects = effects
        recorded = [effect.recorded for effect in effects if isinstance(effect, Record)]
        self.kept += recorded
        self.told = {}
        for effect in effects:
            if isinstance(effect, Tell):
                self.told.setdefault(effect.connection, []).extend(r.fact for r in effect.facts)
            elif isinstance(effect, WakeAt):
                self.alarm = effect.time
        return [r.fact for r in recorded]

    def connect(self, who: str, role: Role = Role.AGENT) -> list[Any]:
        """A connection whose credential is the name."""
        self.connections[who] = len(self.connections) + 1 + sum(self.ids.values()) * 1000
        self.ids.setdefault(who, 0)
        return self.feed(events.Connected(connection=self.connections[who], role=role, key=who))

    def lose(self, who: str) -> list[Any]:
        """Its connection drops."""
        return self.feed(events.Lost(connection=self.connections[who]))

    def say(
        self, who: str, request: Any, *, again: bool = False, objection: events.Objection | None = None
    ) -> list[Any]:
        """A request; `again` repeats the last number."""
        if not again:
            self.ids[who] += 1
        return self.feed(
            events.Heard(connection=self.connections[who], id=self.ids[who], request=request, objection=objection)
        )

    def join(self, *tools: str, **options: Any) -> list[str]:
        """Agents, one per tool named, each on a connection of its own. Returns their names."""
        names = []
        for tool in tools:
            key = f"{tool}/{len(self.connections)}"
            self.connect(key)
            name = only(self.say(key, requests.Join(tool=tool, **options)), facts.AgentJoined).agent
            self.connections[name], self.ids[name] = self.connections.pop(key), self.ids.pop(key)
            names.append(name)
        return names

    def person(self) -> str:
        """The operator's connection."""
        if "person" not in self.connections:
            self.connect("person", Role.OPERATOR)
        return "person"

    def post(self, prompt: str = "do it", **options: Any) -> int:
        """A task from the person. Returns its number."""
        said = self.say(self.person(), requests.PostTask(prompt=prompt, **options))
        return int(only(said, facts.TaskPosted).task)

    def pass_time(self, seconds: float, *, beat: tuple[str, ...] = ()) -> list[Any]:
        """Let time pass, ringing every alarm on its way; the named agents are heard as often as they should be."""
        end, said = self.now + seconds, []
        next_beat = self.now + self.limits.heartbeat
        while True:
            moments = [t for t in (self.alarm, next_beat if beat else None) if t is not None and t <= end]
            if not moments:
                break
            self.now = max(self.now, min(moments))
            if beat and self.now >= next_beat:
                for agent in beat:
                    tokens = tuple(lock.token for lock in self.state.locks.of(agent))
                    said += self.say(agent, requests.Heartbeat(tokens=tokens))
                next_beat += self.limits.heartbeat
            if self.alarm is not None and self.alarm <= self.now:
                said += self.feed(events.Woke())
        self.now = end
        return said

    def award(self, task: int, *bidders: str) -> facts.TaskAwarded:
        """Everyone asked bids or declines, as soon as they are asked; returns the award."""
        for _ in range(20):
            if self.state.tasks[task].bidding is not None or self.alarm is None:
                break
            self.now = max(self.now, self.alarm)
            self.feed(events.Woke())
        bidding = self.state.tasks[task].bidding
        assert bidding is not None, f"no bidding for task {task}"
        said: list[Any] = []
        for agent in bidding.agents:
            wants = not bidders or agent in bidders
            said += self.say(agent, requests.Bid(task=task) if wants else requests.Decline(task=task))
        return only(said, facts.TaskAwarded)

    def begin(self, task: int, agent: str | None = None) -> facts.TaskAwarded:
        """Award the task and start it."""
        award = self.award(task, *((agent,) if agent else ()))
        self.say(award.agent, requests.Start(task=task, attempt=award.attempt))
        return award

    def lock(
        self, agent: str, *targets: str, mode: LockMode = LockMode.CO_WRITE, task: int | None = None
    ) -> tuple[int, ...]:
        """Locks that are granted at once. Returns their tokens."""
        said = self.say(agent, requests.RequestLock(targets=targets, mode=mode, wait=0, task=task))
        return tuple(fact.token for fact in said if isinstance(fact, facts.LockGranted))

    def offer(self, award: facts.TaskAwarded, *paths: str, **options: Any) -> facts.ChangeOffered:
        """A change of these files, under CO_WRITE."""
        tokens = self.lock(award.agent, *paths, task=award.task) if paths else ()
        said = self.say(award.agent, offer_of(award, *paths, tokens=tokens, **options))
        return only(said, facts.ChangeOffered)

    def land(self, change: int) -> list[Any]:
        """The gate finds the project as the change expects it, and lands it."""
        offered = self.state.changes[change].offered
        plan = tuple(PlannedWrite(path=file.path, expected=file.before, after=file.after) for file in offered.files)
        said = self.feed(events.Prepared(change=change, plan=plan, current=ZERO))
        if any(isinstance(effect, RunCheck) for effect in self.effects):
            said += self.feed(events.Checked(change=change, passed=True, tree=ZERO, exit_code=0))
        if any(isinstance(effect, ApplyChange) for effect in self.effects):
            said += self.feed(events.Applied(change=change))
        return said

    def complete(self, task: int, agent: str | None = None, *paths: str) -> facts.TaskCompleted:
        """A task from its open bidding to its end."""
        award = self.begin(task, agent)
        self.land(self.offer(award, *(paths or (f"file-{task}.py",))).change)
        done = requests.Finish(task=task, attempt=award.attempt, outcome=Outcome.DONE)
        return only(self.say(award.agent, done), facts.TaskCompleted)

    def wanted(self, kind: type[F]) -> list[F]:
        """The effects of the last step of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]


def offer_of(
    award: facts.TaskAwarded, *paths: str, tokens: tuple[int, ...] = (), **options: Any
) -> requests.OfferChange:
    """A change in which every file goes from content `a` to content `b`."""
    files = tuple(FileChange(path=path, kind=FileKind.MODIFIED, before=BLOB["a"], after=BLOB["b"]) for path in paths)
    return requests.OfferChange(
        task=award.task, attempt=award.attempt, base=ZERO, head=BLOB["f"], files=files, tokens=tokens, **options
    )


def only(said: list[Any], kind: type[F]) -> F:
    """The one fact of this kind among those said."""
    found = [fact for fact in said if isinstance(fact, kind)]
    assert len(found) == 1, f"one {kind.__name__} expected in {said}"
    return found[0]


__all__ = ["BLOB", "Rig", "offer_of", "only", "PrepareChange"]
