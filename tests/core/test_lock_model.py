"""The lock rules against a naive model written from the design: plain lists, every pair looked at, files counted out.

The model is told what the real core recorded, fact by fact, and objects to any that is not allowed at that moment;
after every step it objects to whatever should have happened and did not.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from devmesh.core import lock_requests
from devmesh.core.locks import LockTable
from devmesh.core.overlap import overlap
from devmesh.errors import Code
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import Limits, LockMode
from tests.core.lock_desk import Desk

MAY_JOIN = {
    ("read", "read"),
    ("intent", "read"),
    ("co_write", "read"),
    ("co_write", "co_write"),
}
"Held and requested, as the design's matrix says yes; everything else is no."
FILES = ["a/x", "a/y", "a/b/x", "c/x", "c/z", "d", "q", "q/q", "n.ipynb", "n.ipynb#x", "n.ipynb#y"]
"A notebook counts as its cells, and what is in none."
TARGETS: dict[str, set[str]] = {
    "./": set(FILES),
    "a/": {"a/x", "a/y", "a/b/x"},
    "a/b/": {"a/b/x"},
    "n.ipynb": {"n.ipynb", "n.ipynb#x", "n.ipynb#y"},
    "n.ipynb#x": {"n.ipynb#x"},
    "n.ipynb#y": {"n.ipynb#y"},
    "c/": {"c/x", "c/z"},
    "*/x": {"a/x", "c/x"},
    "**/x": {"a/x", "c/x", "a/b/x"},
    "a/x": {"a/x"},
    "a/y": {"a/y"},
    "c/x": {"c/x"},
    "c/z": {"c/z"},
    "d": {"d"},
}
"Each target with its files, counted out by hand."
AGENTS = ["ann", "bob", "cat", "dan"]
LEASE, LIMIT = 30.0, 6


def meet(one: str, other: str) -> bool:
    """Whether two targets have a file in common."""
    return bool(TARGETS[one] & TARGETS[other])


def around(outer: str, inner: str) -> bool:
    """Whether one target contains the other; two globs are not compared for that, nor a glob with a directory."""
    if outer.endswith("/") or (not inner.endswith("/") and "*" not in inner):
        return TARGETS[inner] <= TARGETS[outer]
    return outer == inner


def test_the_models_files_tell_its_targets_apart_as_the_core_does() -> None:
    """Else the model would model something else."""
    for one, other in itertools.product(TARGETS, repeat=2):
        assert meet(one, other) == overlap(one, other), (one, other)


class Held:
    """A lock, in the model."""

    def __init__(self, fact: facts.LockGranted, now: float) -> None:
        self.agent, self.target, self.mode = fact.agent, fact.target, str(fact.mode)
        self.deadline = now + LEASE


class Asked:
    """A request in the queue, in the model."""

    def __init__(self, agent: str, targets: tuple[str, ...], mode: str, deadline: float) -> None:
        self.agent, self.targets, self.mode, self.deadline = agent, targets, mode, deadline


class LockStory(RuleBasedStateMachine):
    """Four agents do anything at any time; so does time."""

    @initialize()
    def begin(self) -> None:
        """An empty mesh, and an empty model of it."""
        self.desk = Desk(Limits(lease=LEASE, lock_wait=40.0, locks_per_agent=LIMIT))
        self.held: dict[int, Held] = {}
        self.queue: dict[int, Asked] = {}
        self.pinned: set[int] = set()
        self.greatest = 0

    # ---- the model's own idea of the rules

    def in_the_way(self, agent: str, targets: tuple[str, ...], mode: str, ticket: int | None = None) -> set[int]:
        """The tokens and tickets that keep the agent from having all of it now."""
        found = set()
        for target in targets:
            own = [lock for lock in self.held.values() if lock.agent == agent and around(lock.target, target)]
            if any(lock.mode == mode for lock in own):
                continue
            for token, lock in self.held.items():
                if lock.agent != agent and meet(lock.target, target) and (lock.mode, mode) not in MAY_JOIN:
                    found.add(token)
            for number, asked in self.queue.items():
                if own or asked.agent == agent or (ticket is not None and number >= ticket):
                    continue
                either_way = {(asked.mode, mode), (mode, asked.mode)} <= MAY_JOIN
                if not either_way and any(meet(each, target) for each in asked.targets):
                    found.add(number)
        return found

    def landing(self, agent: str, targets: tuple[str, ...]) -> bool:
        """Whether a lock that cannot change now would have to."""
        return any(
            lock.agent == agent and lock.target in targets for token, lock in self.held.items() if token in self.pinned
        )

    def grantable(self) -> list[int]:
        """Waiting requests that nothing is in the way of."""
        return [
            ticket
            for ticket, asked in self.queue.items()
            if not self.in_the_way(asked.agent, asked.targets, asked.mode, ticket)
            and not self.landing(asked.agent, asked.targets)
        ]

    def waits_for(self, agent: str) -> set[str]:
        """The agents in the way of any of its requests."""
        numbers = {
            number
            for ticket, asked in self.queue.items()
            if asked.agent == agent
            for number in self.in_the_way(agent, asked.targets, asked.mode, ticket)
        }
        return {self.holder(number) for number in numbers}

    def holder(self, number: int) -> str:
        """Whose lock or request that is."""
        return self.held[number].agent if number in self.held else self.queue[number].agent

    def reach(self, agents: set[str]) -> set[str]:
        """They, and everybody they wait for, through whomever."""
        reached = set(agents)
        while more := {other for agent in reached for other in self.waits_for(agent)} - reached:
            reached |= more
        return reached

    # ---- following the real core

    def follow(self, said: list[Any]) -> None:
        """Take every fact over, objecting to what is not allowed."""
        for index, fact in enumerate(said):
            getattr(self, f"_{type(fact).__name__}")(fact, said[:index])
        assert not self.grantable(), "somebody waits without a cause"
        for agent in AGENTS:
            assert agent not in self.reach(self.waits_for(agent)), "a circle of waiters is left"

    def _LockGranted(self, fact: facts.LockGranted, before: list[Any]) -> None:  # noqa: N802
        assert fact.token > self.greatest
        self.greatest = fact.token
        same = next(
            (token for token, lock in self.held.items() if (lock.agent, lock.target) == (fact.agent, fact.target)), None
        )
        assert fact.replaces == same
        if fact.ticket in self.queue:
            assert fact.ticket == min(self.grantable())
            assert fact.target == self.queue[fact.ticket].targets[0]
            del self.queue[fact.ticket]
        elif fact.ticket is not None:
            assert getattr(before[-1], "ticket", None) == fact.ticket, "one ticket is granted in one go"
        for lock in self.held.values():
            both = {(lock.mode, str(fact.mode)), (str(fact.mode), lock.mode)}
            assert lock.agent == fact.agent or not meet(lock.target, fact.target) or both & MAY_JOIN
        if same is not None:
            del self.held[same]
        self.held[fact.token] = Held(fact, self.desk.now)

    def _LockQueued(self, fact: facts.LockQueued, before: list[Any]) -> None:  # noqa: N802
        assert not before
        assert fact.ticket > self.greatest
        self.greatest = fact.ticket
        self.queue[fact.ticket] = Asked(fact.agent, fact.targets, str(fact.mode), self.desk.now + fact.wait)

    def _LockReleased(self, fact: facts.LockReleased, before: list[Any]) -> None:  # noqa: N802
        assert fact.token not in self.pinned
        assert self.held.pop(fact.token).agent == fact.agent

    def _LockExpired(self, fact: facts.LockExpired, before: list[Any]) -> None:  # noqa: N802
        assert fact.token not in self.pinned
        assert self.desk.now >= self.desk.state.no_expiry_before
        assert self.held.pop(fact.token).deadline <= self.desk.now

    def _LockWaitEnded(self, fact: facts.LockWaitEnded, before: list[Any]) -> None:  # noqa: N802
        if fact.code == Code.LOCK_TIMEOUT:
            assert self.queue[fact.ticket].deadline <= self.desk.now
        if fact.code == Code.DEADLOCK:
            assert fact.agent in self.reach(self.waits_for(fact.agent)), "it was in no circle"
            named = {words.split()[0] for words in fact.message.split(", ")}
            assert all(max(t for t, a in self.queue.items() if a.agent == name) >= 0 for name in named)
        del self.queue[fact.ticket]

    # ---- what can happen

    @rule(
        agent=st.sampled_from(AGENTS),
        wanted=st.lists(st.sampled_from(list(TARGETS)), min_size=1, max_size=3, unique=True).map(sorted).map(tuple),
        mode=st.sampled_from(list(LockMode)),
        wait=st.sampled_from([None, None, 0.0, 15.0]),
    )
    def ask(self, agent: str, wanted: tuple[str, ...], mode: LockMode, wait: float | None) -> None:
        """The answer is the one the model gives."""
        new = [each for each in wanted if not any((k.agent, k.target) == (agent, each) for k in self.held.values())]
        load = sum(lock.agent == agent for lock in self.held.values())
        load += sum(len(asked.targets) for asked in self.queue.values() if asked.agent == agent)
        obstacles = self.in_the_way(agent, wanted, mode)
        circle = agent in self.reach({self.holder(number) for number in obstacles})
        said = self.desk.ask(agent, *wanted, mode=mode, wait=wait)
        first = said[0]
        if new and load + len(new) > LIMIT:
            assert first.code == Code.LIMIT
        elif self.landing(agent, wanted):
            assert first.code == Code.WRONG_STATE
        elif not obstacles:
            granted = [fact for fact in said if isinstance(fact, facts.LockGranted) and fact.ticket is None]
            assert [fact.target for fact in granted] == list(wanted)
        elif wait == 0:
            assert first.code == Code.LOCK_HELD
        elif circle:
            assert first.code == Code.DEADLOCK
        else:
            assert isinstance(first, facts.LockQueued)
            assert set(first.behind) == {self.holder(number) for number in obstacles}
        self.follow([fact for fact in said if not isinstance(fact, facts.RequestRefused)])

    @rule(agent=st.sampled_from(AGENTS), pick=st.lists(st.integers(0, 9), max_size=3))
    def give_back(self, agent: str, pick: list[int]) -> None:
        """Some of any locks: only one's own go."""
        tokens = [list(self.held)[index % len(self.held)] for index in pick if self.held]
        mine = {token for token in tokens if self.held[token].agent == agent} - self.pinned
        said = self.desk.release(agent, *tokens)
        self.follow(said)
        assert mine.isdisjoint(self.held)

    @rule(agent=st.sampled_from(AGENTS))
    def leave(self, agent: str) -> None:
        """Everything goes but what a change is landing under."""
        self.follow(self.desk.turn(lambda turn: lock_requests.withdraw_waiting(turn, agent)))
        self.follow(self.desk.turn(lambda turn: lock_requests.release_all(turn, agent, "left")))
        assert {token for token, lock in self.held.items() if lock.agent == agent} <= self.pinned
        assert agent not in {asked.agent for asked in self.queue.values()}

    @precondition(lambda self: self.held)
    @rule(index=st.integers(0, 9))
    def force(self, index: int) -> None:
        """The person takes a lock away."""
        token = list(self.held)[index % len(self.held)]
        said = self.desk.turn(lambda turn: lock_requests.force_release(turn, token, "because"))
        self.follow([fact for fact in said if not isinstance(fact, facts.RequestRefused)])
        assert (token in self.held) == (token in self.pinned)

    @precondition(lambda self: self.held)
    @rule(index=st.integers(0, 9))
    def land(self, index: int) -> None:
        """A change begins to land under a lock, or has landed."""
        token = list(self.held)[index % len(self.held)]
        if token in self.pinned:
            self.pinned.discard(token)
            self.desk.table.unpin((token,))
            self.follow(self.desk.turn(lock_requests.promote))
        else:
            self.pinned.add(token)
            self.desk.table.pin((token,))

    @rule(agent=st.sampled_from(AGENTS), skip=st.integers(0, 3))
    def beat(self, agent: str, skip: int) -> None:
        """A heartbeat renews what it lists."""
        tokens = [token for token, lock in self.held.items() if lock.agent == agent][skip:]
        self.desk.renew(agent, *tokens, 10**9)
        for token in tokens:
            self.held[token].deadline = self.desk.now + LEASE

    @rule(seconds=st.sampled_from([0.5, 5.0, 14.5, 15.0, 30.0, 100.0]))
    def wait(self, seconds: float) -> None:
        """What is over ends; nothing else does."""
        self.follow(self.desk.sweep(after=seconds))
        assert all(asked.deadline > self.desk.now for asked in self.queue.values())
        if self.desk.now >= self.desk.state.no_expiry_before:
            assert all(lock.deadline > self.desk.now for token, lock in self.held.items() if token not in self.pinned)

    @rule()
    def stall(self) -> None:
        """The coordinator was late."""
        self.desk.state.no_expiry_before = self.desk.now + 10.0

    @rule()
    def crash(self) -> None:
        """The coordinator starts again from what it wrote down; leases and waits begin anew."""
        table = self.desk.table
        self.desk.state.locks = LockTable.rebuild(copy.deepcopy(table.locks), copy.deepcopy(table.waiting))
        self.desk.table.pin(self.pinned)
        self.desk.table.rearm(self.desk.now)
        for lock in self.held.values():
            lock.deadline = self.desk.now + LEASE
        for ticket, asked in self.queue.items():
            asked.deadline = self.desk.now + self.desk.table.waiting[ticket].wait

    @invariant()
    def the_core_and_the_model_agree(self) -> None:
        """On who holds what and who waits for what."""
        if not hasattr(self, "desk"):
            return
        table = self.desk.table
        assert {token: (lock.agent, lock.target, lock.mode, lock.deadline) for token, lock in table.locks.items()} == {
            token: (lock.agent, lock.target, lock.mode, lock.deadline) for token, lock in self.held.items()
        }
        assert {
            ticket: (waiting.agent, waiting.targets, waiting.deadline) for ticket, waiting in table.waiting.items()
        } == {ticket: (asked.agent, asked.targets, asked.deadline) for ticket, asked in self.queue.items()}

    @invariant()
    def the_record_explains_the_table(self) -> None:
        """Folding every fact gives the same locks and queue (renewals and re-arming change only deadlines)."""
        if not hasattr(self, "desk"):
            return
        replayed = LockTable()
        for now, fact in self.desk.story:
            replayed.apply(fact, now)
        assert list(replayed.locks) == list(self.desk.table.locks)
        assert list(replayed.waiting) == list(self.desk.table.waiting)


LockStory.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestLockStory = LockStory.TestCase
