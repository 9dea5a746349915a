"""A simulated agent: the protocol a bridge speaks, with what can go wrong in it. Believes only what it may."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from devmesh.core.overlap import overlap
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Delivery, decode_delivery
from devmesh.vocabulary.terms import LockMode, Outcome, Role, TaskKind, Verdict

if TYPE_CHECKING:
    from tests.simulation.project import Content
    from tests.simulation.world import World


class Client:
    """One bridge. `running` is False while it is stopped (SIGSTOP) or dead."""

    role = Role.AGENT

    def __init__(self, world: World, number: int) -> None:
        self.world, self.random = world, Random(world.random.random())
        self.key = f"client-{number}"
        self.credential: int | None = None
        "The issued credential it comes in by; None: its role's own token."
        self.name: str | None = None
        self.connection: int | None = None
        self.running, self.dead = True, False
        self.last_id = 0
        self.unanswered: dict[int, Any] = {}
        self.beats: dict[int, float] = {}
        self.believed: dict[int, tuple[facts.LockGranted, float]] = {}
        self.lease, self.margin = 30.0, 3.0
        self.work: facts.TaskAwarded | None = None
        self.stage = ""
        self.seen: dict[str, Content] = {}
        self.pending: requests.OfferChange | None = None
        self.tries = 0
        self.backlog: list[tuple[int, bytes]] = []

    # ---- the connection

    def connected(self, connection: int) -> None:
        """A new connection: what was not answered is asked again, under its number."""
        self.connection = connection
        for number, request in sorted(self.unanswered.items()):
            self.world.send(self, number, request)
        if self.name is None and not any(isinstance(r, requests.Join) for r in self.unanswered.values()):
            self.ask(requests.Join(tool="sim"))

    def ask(self, request: Any) -> int:
        """Send a request; it stays unanswered until its reply comes, over however many connections.

        What gives locks back ends the belief in them before it is sent.
        """
        if isinstance(request, requests.Finish) and self.work is not None and request.task == self.work.task:
            self.believed.clear()
        self.last_id += 1
        self.unanswered[self.last_id] = request
        if self.connection is not None:
            self.world.send(self, self.last_id, request)
        return self.last_id

    def heartbeat(self) -> None:
        """Renew what is believed to be held."""
        if self.name is not None and self.connection is not None:
            number = self.ask(requests.Heartbeat(tokens=tuple(sorted(self.believed))))
            self.beats[number] = self.world.now

    def rightly_believes(self) -> list[facts.LockGranted]:
        """The locks it would act on at this moment."""
        now, forced = self.world.now, self.world.forced
        return [lock for lock, until in self.believed.values() if until > now and lock.token not in forced]

    def go_on(self) -> None:
        """Wake up after a stop, and read what came meanwhile, in order."""
        self.running = True
        self.read()

    def read(self) -> None:
        """Hear everything that has arrived, unless stopped."""
        while self.backlog and self.running and not self.dead:
            connection, data = self.backlog.pop(0)
            if connection == self.connection:
                self.hear(decode_delivery(data))

    # ---- what it hears

    def hear(self, delivery: Delivery) -> None:
        """Facts in order; then whether the request they answer has to be followed up."""
        request = self.unanswered.pop(delivery.reply_to, None) if delivery.reply_to else None
        for recorded in delivery.facts:
            handler = getattr(self, f"on_{type(recorded.fact).__name__}", None)
            if handler is not None:
                handler(recorded.fact)
        refused = next((r.fact for r in delivery.facts if isinstance(r.fact, facts.RequestRefused)), None)
        if delivery.reply_to in self.beats:
            self._renewed(self.beats.pop(delivery.reply_to), delivery)
        if request is not None:
            self._answered(request, delivery, refused)

    def _renewed(self, sent: float, delivery: Delivery) -> None:
        renewed = next((r.fact for r in delivery.facts if isinstance(r.fact, facts.LeasesRenewed)), None)
        if renewed is None:
            if any(getattr(r.fact, "code", "") == "NOT_JOINED" for r in delivery.facts):
                self._start_over()
            return
        for token in list(self.believed):
            if token in renewed.tokens:
                lock, until = self.believed[token]
                self.believed[token] = (lock, max(until, sent + self.lease - self.margin))

    def _start_over(self) -> None:
        self.name, self.work, self.stage, self.pending = None, None, "", None
        self.believed.clear()
        self.ask(requests.Join(tool="sim"))

    def _answered(self, request: Any, delivery: Delivery, refused: facts.RequestRefused | None) -> None:
        if isinstance(request, requests.RequestLock) and self.stage == "locking":
            if refused is not None or any(getattr(r.fact, "code", "") for r in delivery.facts):
                self._fail_or_again()
            elif any(isinstance(r.fact, facts.LockGranted) for r in delivery.facts):
                self._offer()
        elif isinstance(request, requests.OfferChange) and refused is not None:
            self._fail_or_again()
        elif isinstance(request, requests.Start) and refused is None and self.stage == "starting":
            self.stage = "working"
            self.world.later(self.random.uniform(0.5, 20), self, "worked")

    def on_AgentJoined(self, fact: facts.AgentJoined) -> None:  # noqa: N802 - named after the fact
        """Told of AgentJoined."""
        self.name, self.lease, self.margin = fact.agent, fact.lease, fact.margin

    def on_LockGranted(self, fact: facts.LockGranted) -> None:  # noqa: N802
        """Told of LockGranted; too late, where the work it was for has been called finished: that gave it back.

        What was granted after a wait is news: it may be replaced already by what was asked for since, and counts for
        nothing until that is answered, as with a real bridge, which waits for its next renewal.
        """
        self.believed.pop(fact.replaces or 0, None)
        if any(isinstance(said, requests.Finish) and said.task == fact.task for said in self.unanswered.values()):
            return
        if fact.ticket is not None and any(
            isinstance(said, requests.RequestLock) and fact.target in said.targets for said in self.unanswered.values()
        ):
            return
        self.believed[fact.token] = (fact, self.world.sent_at(fact) + fact.lease - self.margin)
        if fact.ticket is not None and self.stage == "locking":
            self.world.later(0.0, self, "offer_if_covered")

    def on_LockReleased(self, fact: facts.LockReleased) -> None:  # noqa: N802
        """Told of LockReleased."""
        self.believed.pop(fact.token, None)

    on_LockExpired = on_LockReleased  # noqa: N815

    def on_LockWaitEnded(self, _: facts.LockWaitEnded) -> None:  # noqa: N802
        """Told of LockWaitEnded."""
        if self.stage == "locking":
            self._fail_or_again()

    def on_BiddingOpened(self, fact: facts.BiddingOpened) -> None:  # noqa: N802
        """Told of BiddingOpened."""
        if self.random.random() < 0.1:
            self.ask(requests.Decline(task=fact.task))
        else:
            self.ask(requests.Bid(task=fact.task, confidence=self.random.choice([0.2, 0.5, 0.9])))

    def on_TaskAwarded(self, fact: facts.TaskAwarded) -> None:  # noqa: N802
        """Told of TaskAwarded."""
        if fact.task_kind is TaskKind.REVIEW:
            self.ask(requests.Start(task=fact.task, attempt=fact.attempt))
            verdict = self.random.choice([Verdict.APPROVE, Verdict.APPROVE, Verdict.CHANGES_WANTED])
            self.ask(requests.Review(change=fact.reviews or 1, verdict=verdict, remarks="seen"))
            self.ask(requests.Finish(task=fact.task, attempt=fact.attempt, outcome=Outcome.DONE))
            return
        self.work, self.stage, self.tries = fact, "starting", 0
        self.seen = dict(self.world.project.files)
        if fact.locked:
            self.ask(requests.RequestLock(targets=fact.locked, mode=LockMode.WRITE, task=fact.task, wait=5))
        self.ask(requests.Start(task=fact.task, attempt=fact.attempt))

    def on_ChangeApplied(self, fact: facts.ChangeApplied) -> None:  # noqa: N802
        """Told of ChangeApplied."""
        if self.work is not None and fact.task == self.work.task and fact.agent == self.name:
            self.stage = "finishing"
            self.ask(requests.Finish(task=self.work.task, attempt=self.work.attempt, outcome=Outcome.DONE))

    def on_ChangeReturned(self, fact: facts.ChangeReturned) -> None:  # noqa: N802
        """Told of ChangeReturned."""
        if self.work is not None and (fact.task, fact.attempt) == (self.work.task, self.work.attempt):
            self._fail_or_again()

    def on_TaskCompleted(self, fact: Any) -> None:  # noqa: N802
        """Told of TaskCompleted."""
        if self.work is not None and fact.task == self.work.task:
            self._let_go()

    on_TaskCancelled = on_TaskAbandoned = on_TaskFailed = on_TaskRequeued = on_TaskCompleted  # noqa: N815

    def on_Standing(self, fact: facts.Standing) -> None:  # noqa: N802
        """Back after an absence: believe nothing that does not stand any more, and catch up with what was missed."""
        live = {lock.token: lock for lock in fact.locks}
        for token in [token for token in self.believed if token not in live]:
            del self.believed[token]
        mine = self.work
        if mine is None:
            return
        if fact.task is None or (fact.task.task, fact.task.attempt) != (mine.task, mine.attempt):
            self._let_go()
        elif isinstance(fact.outcome, facts.ChangeApplied) and self.stage != "finishing":
            self.on_ChangeApplied(fact.outcome)
        elif isinstance(fact.outcome, facts.ChangeReturned) and self.stage == "offered":
            self._fail_or_again()
        elif self.stage == "locking" and not fact.tickets:
            self._request_locks()

    # ---- what it does

    def worked(self) -> None:
        """The tool is done: some files have one more hunk."""
        if self.work is None or self.stage != "working":
            return
        if self.random.random() < self.world.profile.failing:
            self.ask(
                requests.Finish(task=self.work.task, attempt=self.work.attempt, outcome=Outcome.FAILED, summary="broke")
            )
            return
        paths = sorted(self.random.sample(self.world.project.paths, self.random.choice([0, 1, 1, 2, 3])))
        hunk = f"{self.key}-{self.work.task}-{self.work.attempt}-{self.tries}"
        files = tuple(self.world.project.difference(self.seen, path, hunk) for path in paths)
        self.pending = requests.OfferChange(
            task=self.work.task, attempt=self.work.attempt, base="a" * 40, head="b" * 40, files=files
        )
        self._request_locks()

    def _request_locks(self) -> None:
        if self.pending is None or self.work is None:
            return
        self.stage = "locking"
        paths = tuple(file.path for file in self.pending.files)
        if not paths:
            self._offer()
            return
        locked = any(overlap(glob, path) for glob in self.work.lock_globs for path in paths)
        mode = LockMode.WRITE if locked else LockMode.CO_WRITE
        for token, (lock, _until) in list(self.believed.items()):
            if lock.target in paths and lock.mode is not mode:  # it may be replaced before we hear of that
                del self.believed[token]
        self.ask(requests.RequestLock(targets=paths, mode=mode, wait=8, task=self.work.task))

    def offer_if_covered(self) -> None:
        """All targets of a queued request are granted together; one offer answers them."""
        if self.stage == "locking":
            self._offer()

    def _offer(self) -> None:
        if self.pending is None:
            return
        self.stage = "offered"
        paths = {file.path for file in self.pending.files}
        held = tuple(sorted(lock.token for lock in self.rightly_believes() if lock.target in paths))
        self.ask(
            requests.OfferChange(
                task=self.pending.task,
                attempt=self.pending.attempt,
                base=self.pending.base,
                head=self.pending.head,
                files=self.pending.files,
                tokens=held,
            )
        )

    def _fail_or_again(self) -> None:
        """Another try on the present tree, a few times."""
        if self.work is None:
            return
        self.tries += 1
        self._release()
        if self.tries > 4:
            self.stage = "failing"
            self.ask(
                requests.Finish(
                    task=self.work.task, attempt=self.work.attempt, outcome=Outcome.FAILED, summary="conflicts"
                )
            )
            return
        self.stage, self.seen = "working", dict(self.world.project.files)
        self.world.later(self.random.uniform(0.1, 3), self, "worked")

    def _release(self) -> None:
        """Belief ends before the release is sent."""
        tokens = tuple(sorted(self.believed))
        self.believed.clear()
        if tokens:
            self.ask(requests.ReleaseLock(tokens=tokens))

    def _let_go(self) -> None:
        self.work, self.stage, self.pending = None, "", None
        self._release()
