"""Whatever well-formed clients say, in whatever order: the core answers. A step that fails stops a mesh."""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from time import perf_counter
from typing import Any, Final, get_args

import pytest
from msgspec import inspect

from devmesh.core import effects, events
from devmesh.core.lock_invariants import check
from devmesh.core.sessions import MAY_SAY
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.vocabulary import requests
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Limits, PlannedWrite, Resources, Role

REQUESTS: Final[tuple[type[Any], ...]] = get_args(AnyRequest)
SAYINGS = 120_000
HISTORY = 400
"Events in a history, after which another begins."
SEED = 20_261_122
OFTEN: Final = (
    requests.PostTask, requests.Bid, requests.Bid, requests.Bid, requests.Start, requests.Start, requests.OfferChange,
    requests.OfferChange, requests.OfferChange,
    requests.Finish, requests.Finish, requests.Review, requests.RequestLock, requests.Heartbeat,
)  # fmt: skip
"Said more often, so that tasks come far."
WORDS: Final = ("sim-1", "sim-2", "sim-3", "person", "a.py", "b.py", "src/", "**/*.py", "nb.ipynb#x", "done", "")


class Babble:
    """Clients of every role that say anything, and a gate that answers anything."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.state = MeshState()
        self.now = 1_000.0
        self.connections = 0
        self.ids: dict[int, int] = {}
        self.said = 0
        self._task = 0
        limits = Limits(total=Resources(ram_gb=16.0), backoff=0.1, attempts=4, claim_limit=20.0, task_limit=60.0)
        self.feed(events.Started(project="p", version="0", limits=limits))
        for role in (Role.OPERATOR, Role.AGENT, Role.AGENT, Role.AGENT, Role.OBSERVER):
            self._connect(role)
            if role is Role.AGENT:
                self._hear(self.connections, requests.Join(tool="sim"))

    def feed(self, event: events.Event) -> None:
        """One turn, and now and then what its effects come to."""
        for effect in step(self.state, event, self.now):
            if isinstance(effect, effects.PrepareChange) and self.random.random() < 0.9:
                self.feed(self._prepared(effect))
            elif isinstance(effect, effects.RunCheck) and self.random.random() < 0.9:
                self.feed(events.Checked(change=effect.change, passed=self.random.random() < 0.7, tree="d" * 40))
            elif isinstance(effect, effects.ApplyChange) and self.random.random() < 0.9:
                moved = ("a.py",) if self.random.random() < 0.2 else ()
                self.feed(events.Applied(change=effect.change, moved=moved))

    def babble(self) -> None:
        """One more event."""
        dice = self.random.random()
        self.now += self.random.choice([0.0, 0.0, 0.1, 1.0, 5.0])
        self.said += 1
        if dice < 0.9:
            kind = self.random.choice(OFTEN if self.random.random() < 0.85 else REQUESTS)
            request = self._any(inspect.type_info(kind))
            self._hear(self._speaker(request), request)
        elif dice < 0.95:
            self.feed(events.Woke())
        elif dice < 0.97:
            connection = self.random.choice(list(self.ids))
            self.feed(events.Lost(connection=connection))
        else:
            self._connect(self.random.choice(list(Role)))
            if self.random.random() < 0.7:
                self._hear(self.connections, requests.Join(tool="sim"))

    def _speaker(self, request: Any) -> int:
        """Mostly somebody who may say it, and whose task it is."""
        live = list(self.state.by_connection)
        fitting = [
            connection
            for connection in live
            if self.state.sessions[self.state.by_connection[connection]].role in MAY_SAY[type(request)]
        ]
        task = self.state.tasks.get(getattr(request, "task", None) or 0)
        own = [
            connection
            for connection in fitting
            if task is not None and self.state.sessions[self.state.by_connection[connection]].agent == task.agent
        ]
        wanted = own if own and self.random.random() < 0.8 else fitting
        return self.random.choice(wanted if wanted and self.random.random() < 0.9 else list(self.ids))

    def _known(self, name: str, kind: inspect.Type) -> Any:  # noqa: PLR0911 - one case per name
        """A value that means something in this history; None: any."""
        state, chance = self.state, self.random
        if chance.random() < 0.1:
            return None
        if name == "task" and state.open_tasks:
            self._task = chance.choice(list(state.open_tasks))
            return self._task
        if name == "attempt" and self._task in state.tasks:
            return max(1, state.tasks[self._task].attempt)
        if name == "change" and state.changes:
            return chance.choice(list(state.changes))
        if name == "tokens" and isinstance(kind, inspect.VarTupleType):
            return tuple(chance.sample(list(state.locks.locks), min(2, len(state.locks.locks)))) or None
        if name == "agent" and state.agents:
            return chance.choice(list(state.agents))
        if name == "depends_on" and chance.random() < 0.8:
            self._task = 0
        return Resources() if name == "needs" else None

    def _connect(self, role: Role) -> None:
        self.connections += 1
        key = f"{role}-{self.random.randint(1, 4)}"
        self.ids[self.connections] = 0
        self.feed(events.Connected(connection=self.connections, role=role, key=key))

    def _hear(self, connection: int, request: Any) -> None:
        session = self.state.sessions.get(self.state.by_connection.get(connection, 0))
        number = (session.highest if session else 0) + self.random.choice([1, 1, 1, 1, 1, 1, 1, 0, 2])
        self.feed(events.Heard(connection=connection, id=max(1, number), request=request))

    def _prepared(self, effect: effects.PrepareChange) -> events.Prepared:
        if self.random.random() < 0.2:
            return events.Prepared(change=effect.change, problem="the disk")
        plan = tuple(
            PlannedWrite(path=file.path, expected=file.before, after=file.after, mode=file.mode)
            for file in effect.files
        )
        return events.Prepared(change=effect.change, plan=plan, current="c" * 40)

    # ---- any value of a type, from what the history has in it

    def _any(self, kind: inspect.Type) -> Any:  # noqa: C901, PLR0911 - one case per kind of type
        chance = self.random
        match kind:
            case inspect.Metadata():
                return self._any(kind.type)
            case inspect.StructType():
                return kind.cls(
                    **{
                        field.name: self._known(field.name, field.type) or self._any(field.type)
                        for field in kind.fields
                        if field.required or chance.random() < 0.4
                    }
                )
            case inspect.StrType(pattern=pattern) if pattern is not None and "{40}" in pattern:
                return chance.choice("abcd") * 40
            case inspect.StrType(pattern=pattern) if pattern is not None and "{64}" in pattern:
                return chance.choice("ef") * 64
            case inspect.StrType(pattern=pattern) if pattern is not None and "100644" in pattern:
                return "100644"
            case inspect.StrType():
                return chance.choice(WORDS if not kind.min_length and kind.pattern is None else WORDS[:-1])
            case inspect.IntType():
                return max(kind.ge or 0, min(chance.randint(1, 6), kind.le or 6))
            case inspect.FloatType():
                return float(max(kind.ge or 0, min(chance.choice([0.1, 1.0, 30.0]), kind.le or 30)))
            case inspect.BoolType():
                return chance.random() < 0.5
            case inspect.EnumType():
                return chance.choice(list(kind.cls))
            case inspect.VarTupleType():
                most = min(3, kind.max_length or 3)
                return tuple(self._any(kind.item_type) for _ in range(chance.randint(kind.min_length or 0, most)))
            case inspect.UnionType():
                return self._any(chance.choice(kind.types))
        return None


def babbled(seed: int, sayings: int) -> Counter[str]:
    """How far so many events came, in histories from one seed on; a failure names the seed and the event."""
    reached: Counter[str] = Counter()
    for history in range(max(1, sayings // HISTORY)):
        talk = Babble(seed * 10_000 + history)
        try:
            for _ in range(HISTORY):
                talk.babble()
            assert not check(talk.state.locks)
        except Exception as error:
            error.add_note(f"seed={seed * 10_000 + history} event={talk.said}")
            raise
        reached.update(str(task.state) for task in talk.state.tasks.values())
        reached["changes"] += talk.state.counted.get("change", 0)
    return reached


def test_the_core_answers_whatever_is_said() -> None:
    """Some histories, in every check; and they come somewhere."""
    reached = babbled(SEED, 8_000)
    assert reached["changes"] >= 2
    assert reached["completed"] + reached["cancelled"] >= 2


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("part", range(4))
def test_the_core_answers_much_more(part: int) -> None:
    """The same, for longer."""
    begun = perf_counter()
    babbled(SEED + 1 + part, SAYINGS // 4)
    sys.stdout.write(f"{SAYINGS // 4} sayings, {perf_counter() - begun:.1f} s\n")
