"""More kinds of agent: one that locks in every mode, one that says what it may not say, and two with one credential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Delivery
from devmesh.vocabulary.terms import LockMode, Outcome, Stream, Verdict
from tests.simulation.client import Client

if TYPE_CHECKING:
    from tests.simulation.world import World

TARGETS = ("a.py", "b.py", "c.py", "*.py", "x.lock", "src/", "src/m.py", "./")


class Locker(Client):
    """Takes, changes and gives back locks of every mode on files, directories and globs, by the protocol.

    One request at a time: who asks for a second mode while the first is on its way does not know which will come last.
    """

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.tickets: set[int] = set()
        world.later(self.random.uniform(1, 5), self, "act")

    def on_BiddingOpened(self, fact: facts.BiddingOpened) -> None:  # noqa: N802
        """Told of BiddingOpened: it has no tool."""
        self.ask(requests.Decline(task=fact.task))

    def on_LockQueued(self, fact: facts.LockQueued) -> None:  # noqa: N802
        """Told of LockQueued."""
        self.tickets.add(fact.ticket)

    def on_LockGranted(self, fact: facts.LockGranted) -> None:  # noqa: N802
        """Told of LockGranted."""
        self.tickets.discard(fact.ticket or 0)
        super().on_LockGranted(fact)

    def on_LockWaitEnded(self, fact: facts.LockWaitEnded) -> None:  # noqa: N802
        """Told of LockWaitEnded."""
        self.tickets.discard(fact.ticket)

    def on_Standing(self, fact: facts.Standing) -> None:  # noqa: N802
        """Back after an absence."""
        self.tickets = set(fact.tickets)
        super().on_Standing(fact)

    def on_AgentJoined(self, fact: facts.AgentJoined) -> None:  # noqa: N802
        """Told of AgentJoined."""
        self.tickets.clear()
        super().on_AgentJoined(fact)

    def act(self) -> None:
        """Ask for something, or give everything back. In calm weather only the latter."""
        asked = self.tickets or any(isinstance(each, requests.RequestLock) for each in self.unanswered.values())
        if self.name is not None and self.world.faults and self.random.random() < 0.7:
            if not asked:
                self._ask_for_some()
        else:
            self._release()
        self.world.later(self.random.uniform(0.5, 8), self, "act")

    def _ask_for_some(self) -> None:
        """The belief in what is to change its mode ends before that is asked for."""
        targets = tuple(self.random.sample(TARGETS, self.random.choice([1, 1, 2])))
        mode = self.random.choice(list(LockMode))
        for token, (lock, _) in list(self.believed.items()):
            if lock.target in targets and lock.mode is not mode:
                del self.believed[token]
        self.ask(requests.RequestLock(targets=targets, mode=mode, wait=self.random.choice([0, 5, 100])))


class Rogue(Client):
    """Works like any other, and beside it speaks for others, for the person, out of turn and out of order."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.said: list[tuple[int, Any]] = []
        world.later(self.random.uniform(1, 5), self, "act")

    def ask(self, request: Any) -> int:
        """As any other, but it keeps what it said."""
        number = super().ask(request)
        self.said.append((number, request))
        return number

    def hear(self, delivery: Delivery) -> None:
        """Answers to what it only said again tell it nothing."""
        if delivery.reply_to is None or delivery.reply_to in self.unanswered:
            super().hear(delivery)

    def act(self) -> None:
        """Say something it has no right to say."""
        if self.name is not None and self.world.up and self.world.faults:
            if self.said and self.random.random() < 0.3:
                self.world.send(self, *self.random.choice(self.said))
            elif (wrong := self._wrong()) is not None:
                self.ask(wrong)
        self.world.later(self.random.uniform(0.5, 4), self, "act")

    def _wrong(self) -> Any:
        return self.random.choice(
            [self._for_another, self._as_the_person, self._of_locks, self._of_reviews, self._too_late]
        )()

    def _for_another(self) -> Any:
        """Speak of a task that is somebody else's."""
        others = [task for task in self.world.state.tasks.values() if task.agent not in (None, self.name)]
        if not others:
            return None
        task = self.random.choice(others)
        what: dict[str, Any] = {"task": task.number, "attempt": max(1, task.attempt)}
        return self.random.choice(
            [
                requests.Start(**what),
                requests.Report(**what, stream=Stream.NOTE, text="mine"),
                requests.Finish(**what, outcome=Outcome.DONE),
                requests.Finish(**what, outcome=Outcome.FAILED),
                requests.OfferChange(**what, base="a" * 40, head="b" * 40),
            ]
        )

    def _as_the_person(self) -> Any:
        """Speak as if it were the operator."""
        task = self.random.choice([*self.world.state.tasks, 1])
        token = self.random.choice([*self.world.state.locks.locks, 1])
        return self.random.choice(
            [
                requests.PostTask(prompt="mine"),
                requests.CancelTask(task=task),
                requests.ReprioritiseTask(task=task, priority=1),
                requests.PauseAgent(agent=self.name or ""),
                requests.ForceRelease(token=token, reason="mine"),
                requests.SetGoal(text="mine"),
            ]
        )

    def _of_locks(self) -> Any:
        """Give back, or renew, what others hold."""
        tokens = tuple(lock.token for lock in self.world.state.locks.locks.values() if lock.agent != self.name)[:5]
        return self.random.choice([requests.ReleaseLock(tokens=tokens), requests.Heartbeat(tokens=tokens)])

    def _of_reviews(self) -> Any:
        """Judge its own change, or another's that it was not asked to judge."""
        state = self.world.state
        mine = {task.posted.reviews for task in state.tasks.values() if task.agent == self.name}
        changes = [n for n, change in state.changes.items() if change.state == "reviewing" and n not in mine]
        return requests.Review(change=self.random.choice(changes), verdict=Verdict.APPROVE) if changes else None

    def _too_late(self) -> Any:
        """End an attempt that is over or not done, bid without being asked."""
        wrongs: list[Any] = [requests.Bid(task=number) for number in self._not_asked_about()]
        if self.work is not None:
            wrongs.append(requests.Finish(task=self.work.task, attempt=self.work.attempt, outcome=Outcome.DONE))
        wrongs += [
            requests.Finish(task=task.number, attempt=task.attempt, outcome=Outcome.DONE)
            for task in self.world.state.tasks.values()
            if task.agent == self.name and task.ended and task.attempt
        ]
        ended = ((number, request) for number, request in self.said if number not in self.unanswered)
        wrongs += [request for _, request in ended if isinstance(request, requests.Finish)]
        return self.random.choice(wrongs) if wrongs else None

    def _not_asked_about(self) -> list[int]:
        """Open tasks whose bidding does not concern it, or is over."""
        tasks = self.world.state.tasks
        return [n for n in self.world.state.open_tasks if (b := tasks[n].bidding) and self.name not in b.agents]


class Double(Client):
    """Works like any other, by a credential that another has as well, and tries to come in beside it or in its place.

    Now and then it hangs up for a while in the middle of its work.
    """

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.credential = 1
        world.later(self.random.uniform(1, 5), self, "act")

    def act(self) -> None:
        """Knock again if it was turned away; else perhaps hang up."""
        knocking = any(isinstance(each, requests.Join) for each in self.unanswered.values())
        if self.connection is not None and self.world.up:
            if self.name is None and not knocking:
                self.ask(requests.Join(tool="sim"))
            elif self.name is not None and self.world.faults and self.random.random() < 0.3:
                self.world.break_connection(self.connection)
        self.world.later(self.random.uniform(0.5, 4), self, "act")
