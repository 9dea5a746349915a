"""The state of a mesh: plain values, one owner, changed only by `apply`.

Everything here can be written out and read back (`snapshot.py`); nothing here decides anything.
"""

from __future__ import annotations

from msgspec import Struct, field

from devmesh.core.alarms import Alarms
from devmesh.core.locks import LockTable
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import (
    AgentJoined,
    AgentParked,
    AnswerRuleSet,
    BidPlaced,
    ChangeApplied,
    ChangeOffered,
    ChangeReturned,
    CredentialIssued,
    FrameworkProposed,
    QuestionAnswered,
    QuestionAsked,
    TaskAwarded,
    TaskPosted,
)
from devmesh.vocabulary.terms import (
    AgentState,
    Budget,
    ChangeState,
    Limits,
    PlannedWrite,
    Resources,
    Role,
    Spending,
    TaskState,
    Verdict,
)


class Session(Struct):
    """A client known by its key, connected or not."""

    number: int
    role: Role
    key: str
    connection: int | None = None
    agent: str | None = None
    "The name it joined under, while that agent is in the mesh."
    highest: int = 0
    "The highest request number that had an effect."
    replies: dict[int, list[Recorded]] = field(default_factory=dict)
    credential: int | None = None
    "The credential it came in by; None: the role's own token."


class Agent(Struct):
    """An agent, from its joining on. Its own words are in `joined`."""

    joined: AgentJoined
    joined_at: float
    deadline: float
    "Mesh time at which it is lost unless heard before."
    heard_at: float
    task: int | None = None
    "The work it has."
    reviewing: int | None = None
    "The review it has; taken beside work that itself waits for review."
    paused: bool = False
    gone: bool = False
    away: bool = False
    framework_read: int = 0
    served: float = 0.0
    "Seconds of work given to it and ended: who was served least comes first among equals."
    awards: int = 0
    landed: dict[str, None] = field(default_factory=dict)
    "Files it landed, oldest first, bounded: what it is familiar with."
    used: Resources = Resources()
    parked: AgentParked | None = None
    "Why its service would not serve, while it is parked."
    parked_until: float = 0.0
    blocked: int = 0
    "Times in a row that its service would not serve."
    spent: Spending = Spending()

    @property
    def name(self) -> str:
        """Tool and number."""
        return self.joined.agent

    @property
    def state(self) -> AgentState:
        """Derived, so that it can never disagree with what it is derived from."""
        if self.gone:
            return AgentState.GONE
        if self.away:
            return AgentState.AWAY
        if self.paused:
            return AgentState.PAUSED
        if self.parked is not None:
            return AgentState.PARKED
        return AgentState.IDLE if self.task is None and self.reviewing is None else AgentState.WORKING


class Bidding(Struct):
    """An open call for bids on one attempt of a task."""

    attempt: int
    agents: tuple[str, ...]
    closes_at: float
    bids: dict[str, BidPlaced] = field(default_factory=dict)
    declined: dict[str, None] = field(default_factory=dict)

    @property
    def all_spoke(self) -> bool:
        """Whether nobody is left to wait for."""
        return len(self.bids) + len(self.declined) >= len(self.agents)


class Task(Struct):
    """A task, from its posting on. What was asked is in `posted`."""

    posted: TaskPosted
    posted_at: float
    state: TaskState = TaskState.QUEUED
    priority: int = 3
    attempt: int = 0
    "Counted before dispatch, and never used again: a late word of an earlier attempt can always be told."
    forgiven: int = 0
    "Attempts that no longer count against it: those before the person had it retried."
    deaths: int = 0
    unbid: int = 0
    "Biddings in a row that nobody answered."
    agent: str | None = None
    not_before: float = 0.0
    bidding: Bidding | None = None
    award: TaskAwarded | None = None
    "What its present agent was told."
    awarded_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    paused_from: TaskState | None = None
    change: int | None = None
    "The latest change of this attempt."
    workspace: str | None = None
    needs: Resources = Resources()
    "Set aside for this attempt."
    failed_by: dict[str, None] = field(default_factory=dict)
    summary: str = ""
    "The result, or why it failed."
    budget: Budget = Budget()
    spent: Spending = Spending()
    this_run: Spending = Spending()
    "Spent since its tool was last set to work."
    dearest_run: Spending = Spending()
    short_of_money: bool = False
    "Paused because its budget, or the mesh's, would not do for one more run."
    given: dict[int, int] = field(default_factory=dict)
    "The sessions of its latest attempts: what one of them leaves may be said after it is over."
    writes: int = 0
    "Writes behind the gate that were reported since it was awarded last."

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.posted.task

    @property
    def counted(self) -> int:
        """Attempts that count towards the limit."""
        return self.attempt - self.forgiven

    @property
    def ended(self) -> bool:
        """Whether only the person can bring it back."""
        return self.state in ENDED


ENDED = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED})


class Change(Struct):
    """A change on its way through the gate. What was offered is in `offered`."""

    offered: ChangeOffered
    offered_at: float
    state: ChangeState = ChangeState.OFFERED
    review: int | None = None
    "The review task."
    obeyed: tuple[str, ...] = ()
    "Names that somebody would obey, for which the person is asked."
    verdict: Verdict | None = None
    reviewer: str | None = None
    plan: tuple[PlannedWrite, ...] = ()
    current: str | None = None
    "The project as the gate read it."
    rounds: int = 0
    "How often the gate began anew because the project had moved."
    outcome: ChangeApplied | ChangeReturned | None = None

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.offered.change


class Question(Struct):
    """A question in the inbox. What was asked is in `asked`."""

    asked: QuestionAsked
    asked_at: float
    answer: QuestionAnswered | None = None

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.asked.question


class SetAside(Struct):
    """Memory that others cannot have: of one attempt, until its tool has stopped."""

    agent: str
    amount: Resources
    over: bool = False
    "Whether the attempt itself is."


class MeshState:
    """All of it. Dictionaries keep insertion order, which is the order of history: deterministic."""

    def __init__(self) -> None:
        self.epoch = 0
        self.project = ""
        self.version = ""
        self.limits = Limits()
        self.sequence = 0
        self.now = 0.0
        self.running = False
        self.no_expiry_before = 0.0
        self.sessions: dict[int, Session] = {}
        self.agents: dict[str, Agent] = {}
        self.names: dict[str, int] = {}
        "Agents ever named, per tool."
        self.architect: str | None = None
        self.goal = ""
        self.framework: FrameworkProposed | None = None
        self.locks = LockTable()
        self.tasks: dict[int, Task] = {}
        self.open_tasks: dict[int, None] = {}
        "Those not ended: decisions never look at history."
        self.changes: dict[int, Change] = {}
        self.gate: int | None = None
        "The change the gate works on."
        self.gate_queue: list[int] = []
        self.reserved: dict[int, SetAside] = {}
        "Hardware set aside, by task."
        self.measured_total = Resources()
        self.measured_used = Resources()
        self.counted: dict[str, int] = {}
        "The last number given, per kind."
        self.budget: Budget | None = None
        "What the person set; None: what the limits say."
        self.spent = Spending()
        self.dearest_run = Spending()
        self.short_of_money = False
        self.questions: dict[int, Question] = {}
        "Those open, and the latest answered ones."
        self.answer_rules: dict[int, AnswerRuleSet] = {}
        self.credentials: dict[int, CredentialIssued] = {}
        "Those that still open the door."
        self.contests: dict[int, list[int]] = {}
        "Tasks that ask the same of several agents, by the first of them; until the last has ended."
        self.alarms = Alarms()
        self.watchers: dict[int, None] = {}
        "Sessions told everything."
        self.by_key: dict[str, int] = {}
        self.by_connection: dict[int, int] = {}

    def number(self, kind: str) -> int:
        """The next number of a kind. Counting happens when the fact that uses it is applied."""
        return self.counted.get(kind, 0) + 1

    @property
    def present(self) -> list[Agent]:
        """The agents in the mesh, in the order they joined."""
        return [agent for agent in self.agents.values() if not agent.gone]
