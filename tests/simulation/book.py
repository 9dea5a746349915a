"""What can be known from the recorded facts alone, kept apart from the core and sharing no code with its decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from devmesh.core.overlap import overlap
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import Limits, LockMode, PlannedWrite, Resources, Role

READ, WRITE, INTENT, CO_WRITE = LockMode.READ, LockMode.WRITE, LockMode.INTENT, LockMode.CO_WRITE

ALLOWED: dict[LockMode, set[LockMode]] = {READ: {READ}, WRITE: set(), INTENT: {READ}, CO_WRITE: {READ, CO_WRITE}}
"Held -> what another may be granted beside it: the matrix of the design, written down a second time."


def side_by_side(one: LockMode, other: LockMode) -> bool:
    """Whether there is an order in which both may have been granted."""
    return one in ALLOWED[other] or other in ALLOWED[one]


@dataclass
class KnownTask:
    """A task as the record tells it."""

    posted: facts.TaskPosted
    agent: str | None = None
    attempt: int = 0
    forgiven: int = 0
    deaths: int = 0
    ended: type[Any] | None = None
    invited: tuple[str, ...] = ()
    closes_at: float = 0.0
    spoken: set[str] = field(default_factory=set)
    bids: dict[str, facts.BidPlaced] = field(default_factory=dict)
    budget: float | None = None
    spent: float = 0.0


class Book:
    """Kept fact by fact, in the order of the record."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.roles: dict[int, Role] = {}
        self.agent_of: dict[int, str] = {}
        "By session."
        self.credential_of: dict[int, int | None] = {}
        "By session: the one issued for it."
        self.came_by: dict[str, int] = {}
        "By agent: the one issued for whoever joined under this name."
        self.since: dict[str, float] = {}
        "When an agent joined, until it is gone."
        self.started_at = 0.0
        self.no_expiry_before = 0.0
        self.highest = 0
        "The highest token ever granted."
        self.locks: dict[int, facts.LockGranted] = {}
        self.granted_at: dict[int, float] = {}
        self.waiting: dict[int, facts.LockQueued] = {}
        self.tasks: dict[int, KnownTask] = {}
        self.reserved: dict[int, Resources] = {}
        self.offers: dict[int, facts.ChangeOffered] = {}
        self.reviews: dict[int, int | None] = {}
        self.verdicts: dict[int, facts.ReviewGiven] = {}
        self.exchanging: dict[int, tuple[int, ...]] = {}
        "Changes whose files are being exchanged, with the tokens that cover them."
        self.landed: set[int] = set()
        self.passed: dict[int, tuple[PlannedWrite, ...]] = {}
        "What the check was seen to pass, told by whoever ran it."
        self.asked: dict[tuple[int | None, int | None], Any] = {}
        "The first request of each number in each session, told by whoever carried it."
        self.paused: set[str] = set()
        self.parked: set[str] = set()
        self.budget: float | None = None
        self.spent = 0.0
        "Dollars."
        self.questions: dict[int, facts.QuestionAsked] = {}
        self.answered: set[int] = set()
        self.wrote: set[int] = set()
        "Tasks of which a change landed."
        self.connected: set[int] = set()
        "Sessions."

    def enter(self, recorded: Recorded) -> None:
        """Write a fact down. Facts that are not mentioned here prove nothing."""
        fact: Any = recorded.fact
        handler = getattr(self, f"_enter_{kind_of(fact)}", None)
        if handler is not None:
            handler(fact, recorded.now)

    # ---- questions

    def free(self, agent: str) -> bool:
        """Whether it is there and has nothing to do."""
        connected = {self.agent_of.get(session) for session in self.connected}
        there = agent in self.since and agent not in self.paused | self.parked and agent in connected
        return there and all(task.agent != agent or task.ended for task in self.tasks.values())

    def own_around(self, agent: str, target: str) -> list[facts.LockGranted]:
        """What the agent holds on any part of the target."""
        return [lock for lock in self.locks.values() if lock.agent == agent and overlap(lock.target, target)]

    def circle(self) -> list[str]:
        """Agents that wait for each other for ever; empty if there are none."""
        waits: dict[str, set[str]] = {}
        for waiting in self.waiting.values():
            waits.setdefault(waiting.agent, set()).update(self._holders(waiting))
        while free := [agent for agent, others in waits.items() if not others & waits.keys()]:
            for agent in free:
                del waits[agent]
        return sorted(waits)

    def _holders(self, waiting: facts.LockQueued) -> set[str]:
        """Those whose locks alone keep the request waiting."""
        return {
            lock.agent
            for target in waiting.targets
            if not any(own.mode is waiting.mode for own in self.own_around(waiting.agent, target))
            for lock in self.locks.values()
            if lock.agent != waiting.agent and waiting.mode not in ALLOWED[lock.mode] and overlap(lock.target, target)
        }

    # ---- the mesh

    def _enter_coordinator_started(self, _: facts.CoordinatorStarted, now: float) -> None:
        self.started_at, self.no_expiry_before = now, 0.0
        self.connected.clear()

    def _enter_coordinator_stalled(self, _: facts.CoordinatorStalled, now: float) -> None:
        self.no_expiry_before = now + self.limits.stall_credit

    def _enter_session_opened(self, fact: facts.SessionOpened, _: float) -> None:
        self.roles[fact.session] = fact.role
        self.credential_of[fact.session] = fact.credential
        self.connected.add(fact.session)

    def _enter_session_resumed(self, fact: facts.SessionResumed, _: float) -> None:
        self.connected.add(fact.session)

    def _enter_session_dropped(self, fact: facts.SessionDropped, _: float) -> None:
        self.connected.discard(fact.session)

    def _enter_agent_joined(self, fact: facts.AgentJoined, now: float) -> None:
        self.agent_of[fact.session], self.since[fact.agent] = fact.agent, now
        if (issued := self.credential_of.get(fact.session)) is not None:
            self.came_by[fact.agent] = issued

    def _enter_agent_lost(self, fact: facts.AgentLost, _: float) -> None:
        self.since.pop(fact.agent, None)

    def _enter_agent_parked(self, fact: facts.AgentParked, _: float) -> None:
        self.parked.add(fact.agent)

    def _enter_agent_unparked(self, fact: facts.AgentUnparked, _: float) -> None:
        self.parked.discard(fact.agent)

    def _enter_agent_paused(self, fact: facts.AgentPaused, _: float) -> None:
        self.paused.add(fact.agent)

    # ---- locks

    def _enter_lock_granted(self, fact: facts.LockGranted, now: float) -> None:
        self.highest = max(self.highest, fact.token)
        self.locks.pop(fact.replaces or 0, None)
        self.waiting.pop(fact.ticket or 0, None)
        self.locks[fact.token], self.granted_at[fact.token] = fact, now

    def _enter_lock_released(self, fact: facts.LockReleased | facts.LockExpired, _: float) -> None:
        self.locks.pop(fact.token, None)

    _enter_lock_expired = _enter_lock_released

    def _enter_lock_queued(self, fact: facts.LockQueued, _: float) -> None:
        self.waiting[fact.ticket] = fact

    def _enter_lock_wait_ended(self, fact: facts.LockWaitEnded, _: float) -> None:
        self.waiting.pop(fact.ticket, None)

    # ---- tasks

    def _enter_task_posted(self, fact: facts.TaskPosted, _: float) -> None:
        self.tasks[fact.task] = KnownTask(fact, budget=fact.budget.dollars)

    def _enter_bidding_opened(self, fact: facts.BiddingOpened, now: float) -> None:
        task = self.tasks[fact.task]
        task.invited, task.closes_at, task.bids, task.spoken = fact.agents, now + fact.window, {}, set()

    def _enter_bid_placed(self, fact: facts.BidPlaced, _: float) -> None:
        self.tasks[fact.task].bids[fact.agent] = fact
        self.tasks[fact.task].spoken.add(fact.agent)

    def _enter_bid_declined(self, fact: facts.BidDeclined, _: float) -> None:
        self.tasks[fact.task].bids.pop(fact.agent, None)
        self.tasks[fact.task].spoken.add(fact.agent)

    def _enter_task_awarded(self, fact: facts.TaskAwarded, _: float) -> None:
        self.tasks[fact.task].agent, self.tasks[fact.task].attempt = fact.agent, fact.attempt

    def _enter_task_abandoned(self, fact: facts.TaskAbandoned, _: float) -> None:
        self.tasks[fact.task].deaths += fact.death

    def _enter_task_requeued(self, fact: facts.TaskRequeued, _: float) -> None:
        task = self.tasks[fact.task]
        task.agent = None
        if task.ended:
            task.ended, task.forgiven, task.deaths = None, task.attempt, 0
        elif fact.blameless:
            task.forgiven += 1

    def _enter_task_completed(self, fact: Any, _: float) -> None:
        self.tasks[fact.task].ended = type(fact)

    _enter_task_failed = _enter_task_cancelled = _enter_task_completed

    def _enter_hardware_reserved(self, fact: facts.HardwareReserved, _: float) -> None:
        self.reserved[fact.task] = fact.amount

    def _enter_hardware_released(self, fact: facts.HardwareReleased, _: float) -> None:
        self.reserved.pop(fact.task, None)

    def _enter_usage_reported(self, fact: facts.UsageReported, _: float) -> None:
        self.spent += fact.dollars or 0.0
        self.tasks[fact.task].spent += fact.dollars or 0.0

    def _enter_budget_set(self, fact: facts.BudgetSet, _: float) -> None:
        if fact.task is None:
            self.budget = fact.budget.dollars
        else:
            self.tasks[fact.task].budget = fact.budget.dollars

    def _enter_question_asked(self, fact: facts.QuestionAsked, _: float) -> None:
        self.questions[fact.question] = fact

    def _enter_question_answered(self, fact: facts.QuestionAnswered, _: float) -> None:
        self.answered.add(fact.question)

    # ---- changes

    def _enter_change_offered(self, fact: facts.ChangeOffered, _: float) -> None:
        self.offers[fact.change] = fact

    def _enter_review_requested(self, fact: facts.ReviewRequested, _: float) -> None:
        self.reviews[fact.change] = fact.review

    def _enter_review_given(self, fact: facts.ReviewGiven, _: float) -> None:
        self.verdicts[fact.change] = fact

    def _enter_change_applying(self, fact: facts.ChangeApplying, _: float) -> None:
        self.exchanging[fact.change] = self.offers[fact.change].tokens

    def _enter_change_applied(self, fact: facts.ChangeApplied, _: float) -> None:
        self.exchanging.pop(fact.change, None)
        self.landed.add(fact.change)
        if fact.files:
            self.wrote.add(fact.task)

    def _enter_gate_entered(self, fact: facts.GateEntered | facts.ChangeReturned, _: float) -> None:
        self.exchanging.pop(fact.change, None)

    _enter_change_returned = _enter_gate_entered
