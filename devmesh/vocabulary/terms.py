"""The enumerations and small values that requests and facts share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Record

MAX_INTEGER = 2**53 - 1
"The largest integer every JSON reader keeps exact."

Number = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
"The number of a task, change, discovery or session; a fencing token; a request id."
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\w.:@+-]+$(?!\n)")]
"A tool, agent or capability: letters, digits and `_ . : @ + -`."
Tool = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[\w.:@+-]+$(?!\n)")]
"A tool's name; with a number behind it, it is an agent's."
Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=400_000)]
Remarks = Annotated[str, Meta(max_length=20_000)]
Path = Annotated[str, Meta(min_length=1, max_length=4096)]
"A target as it was written: a file, a directory ending in `/`, or a glob."
ObjectId = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$(?!\n)")]
"The name of an object in the mesh's private repository (SHA-1, lower case)."
Seconds = Annotated[float, Meta(ge=0, le=31_536_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Gigabytes = Annotated[float, Meta(ge=0, le=1_048_576)]
Priority = Annotated[int, Meta(ge=1, le=5)]
"1 is the most urgent."
Tokens = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
"Tokens of a language model, as its tool counts them."
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
"US dollars, as the tool says; a tool that names no price costs nothing here."
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"SHA-256, in lower-case hexadecimal."


class Role(StrEnum):
    """What a connection may say. Decided by the credential it came with, never by a field."""

    AGENT = "agent"
    "Works: its own locks, bids, tasks and changes."
    OBSERVER = "observer"
    "Watches, and changes nothing."
    OPERATOR = "operator"
    "The person: posts, pauses, cancels, reviews and overrules."


class LockMode(StrEnum):
    """How a lock is held. Which may be held together is one table, `devmesh.core.locks.COMPATIBLE`."""

    READ = "read"
    "The content must not change under me."
    WRITE = "write"
    "Mine alone, to change."
    INTENT = "intent"
    "I am about to write: others may still start to read, none may write or announce it."
    CO_WRITE = "co_write"
    "Several may write; every landing is compared with its base and merged."


class Lane(StrEnum):
    """How a file is worked on. The policy chooses it per glob."""

    OPTIMISTIC = "optimistic"
    "Work apart, take CO_WRITE to land, merge what others landed meanwhile."
    LOCKED = "locked"
    "Take WRITE before the work starts: for what cannot be merged."


class Badge(StrEnum):
    """What keeps an agent's writes from the project, as found when it joined."""

    ISOLATED = "isolated"
    "It works in a workspace of its own; only the write gate writes the project."
    ENFORCED = "enforced"
    "It works in the project, and its own tool was seen to refuse an edit without a lock."
    WATCHED = "watched"
    "It works in the project and nothing stops it; writes without a lock are found afterwards."


class AgentState(StrEnum):
    """Where an agent is in its life."""

    IDLE = "idle"
    WORKING = "working"
    PAUSED = "paused"
    PARKED = "parked"
    "Its tool's service would not serve it; it is tried again at a stated time."
    AWAY = "away"
    "Its connection dropped; its lease still runs."
    GONE = "gone"
    "It left, was dismissed, or its lease ended."


class TaskState(StrEnum):
    """Where a task is in its life; which fact moves it where is `devmesh.core.transitions.TASK_TRANSITIONS`."""

    QUEUED = "queued"
    "Waiting: for its dependencies, for a bid, or for its back-off to pass."
    CLAIMED = "claimed"
    "Awarded; the agent is preparing (workspace, locks)."
    WORKING = "working"
    "Its tool is running."
    REVIEW = "review"
    "Its change waits for another agent, or the person, to approve."
    PAUSED = "paused"
    "Stopped by the person, to be resumed."
    ABANDONED = "abandoned"
    "Its agent was lost; it is requeued or failed in the same turn."
    COMPLETED = "completed"
    "Its change landed, from the current assignee and attempt."
    FAILED = "failed"
    "Out of attempts, or what it depends on failed."
    CANCELLED = "cancelled"
    "The person called it off."


class TaskKind(StrEnum):
    """What a task asks for."""

    WORK = "work"
    "Change the project."
    REVIEW = "review"
    "Judge another agent's change."


class ChangeState(StrEnum):
    """Where an offered change is on its way through the write gate (`devmesh.core.transitions.CHANGE_TRANSITIONS`)."""

    OFFERED = "offered"
    REVIEWING = "reviewing"
    "Waits for an approval from another connection than its author's."
    WAITING = "waiting"
    "In line for the gate, which lands one change at a time."
    PREPARING = "preparing"
    "The gate compares every file with the change's base, and merges."
    CHECKING = "checking"
    "The task's check runs on the combined tree."
    APPLYING = "applying"
    "The plan is on record; files are being exchanged."
    APPLIED = "applied"
    RETURNED = "returned"
    "Back with its agent: conflict, failed check or remarks. Nothing was touched."
    WITHDRAWN = "withdrawn"
    "Its task ended or went to someone else."


class Verdict(StrEnum):
    APPROVE = "approve"
    CHANGES_WANTED = "changes_wanted"


class Outcome(StrEnum):
    """What an agent says of its attempt. `DONE` is believed only with a landed change or a passed check."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    "The tool's own service would not serve: no fault of the task, which goes back uncounted."


class Blockage(StrEnum):
    """Why a tool's service would not serve."""

    AUTHENTICATION = "authentication"
    "No key, a wrong one, or an expired login: the person must act."
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    "Used up for the day or the account."
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"


class WorkspaceKind(StrEnum):
    """Where an agent's tool works."""

    OWN = "own"
    "A copy of its own for each task; what it changes is offered to the write gate."
    SHARED = "shared"
    "The project itself: each edit asks for its lock first, and a sweep afterwards looks for those that did not."


class QuestionKind(StrEnum):
    """What is asked of the person."""

    QUESTION = "question"
    "Something the tool wants to know."
    PERMISSION = "permission"
    "Something the tool wants to do."


class OverusePolicy(StrEnum):
    """What is done about a task whose processes take more memory than was set aside for it."""

    WARN = "warn"
    PAUSE = "pause"
    STOP = "stop"


class WrittenBehind(StrEnum):
    """How a write that came without the gate's or a lock's leave was found."""

    SWEEP = "sweep"
    "By comparing the tree with the locks after an agent's turn."
    GATE = "gate"
    "By the write gate, in the very moment it exchanged the file: that version was put aside."


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    NOTE = "note"
    "The bridge's own remark: a start, a wait, a retry."


class Resources(Record):
    """RAM and GPU memory, in gigabytes (10^9 bytes)."""

    ram_gb: Gigabytes = 0.0
    vram_gb: Gigabytes = 0.0


class FileKind(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


class FileChange(Record):
    """One file of a change: what it was in the base and what it became, by content."""

    path: Path
    kind: FileKind
    before: ObjectId | None = None
    after: ObjectId | None = None
    mode: Annotated[str, Meta(pattern=r"^(100644|100755|120000)$(?!\n)")] = "100644"
    "git's file mode after the change: plain, executable or symbolic link."


class PlannedWrite(Record):
    """One exchange the gate is about to make; enough to finish it, or take it back, after a crash."""

    path: Path
    expected: ObjectId | None
    "Content the project must hold at that moment; None: no such file."
    after: ObjectId | None
    "Content to put there; None: remove the file."
    mode: str = "100644"
    merged: bool = False
    "Whether `after` is a three-way merge rather than the agent's own text."


class Conflict(Record):
    """A file that could not be merged. The blobs are in the private repository."""

    path: Path
    reason: Line
    current: ObjectId | None = None
    "What the project holds."
    marked: ObjectId | None = None
    "Both texts with conflict markers, where the file is text."


class PlannedTask(Record):
    """One task of an architect's framework. `key` names it inside the framework, for dependencies."""

    key: Name
    title: Line
    prompt: Text
    files: tuple[Path, ...] = ()
    depends_on: tuple[Name, ...] = ()
    priority: Priority = 3


class Budget(Record):
    """What may be spent. None: no limit."""

    dollars: Dollars | None = None
    tokens: Tokens | None = None


class Spending(Record):
    """What was spent: tokens read, tokens written, dollars."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    dollars: Dollars = 0.0


class Probe(Record):
    """One way of editing that was tried on a forbidden scratch file when the agent joined, and what came of it."""

    way: Line
    "edit, write, shell ..."
    refused: bool
    detail: Line = ""


class LanePolicy(Record):
    """Files matching `glob` are worked on in `lane`; the first match wins."""

    glob: Path
    lane: Lane


class Limits(Record):
    """Every number the rules use. Recorded at the start, so that a replay uses the same ones. Times in seconds."""

    lease: Seconds = 30.0
    heartbeat: Seconds = 5.0
    margin: Seconds = 3.0
    "A client stops trusting its lease this long before it ends."
    lock_wait: Seconds = 120.0
    "How long a queued lock request waits when it names no time of its own."
    stall_credit: Seconds = 10.0
    "No lease ends for this long after the coordinator itself was late."
    bid_window: Seconds = 0.4
    "A bidding closes after this long, or as soon as all who may bid have spoken."
    claim_limit: Seconds = 120.0
    "An awarded task must be started within this time, or it is abandoned. Waiting in a lock queue does not count."
    task_limit: Seconds = 3600.0
    attempts: Annotated[int, Meta(ge=1, le=100)] = 3
    deaths: Annotated[int, Meta(ge=1, le=100)] = 2
    "Agents lost during one task before it counts as poison."
    backoff: Seconds = 1.0
    "Before the second attempt; doubles each time, up to 100 s."
    locks_per_agent: Annotated[int, Meta(ge=1)] = 1000
    agents: Annotated[int, Meta(ge=1)] = 1000
    replies: Annotated[int, Meta(ge=1)] = 64
    "Answers kept per session, so that a repeated request has its effect once."
    session_keep: Seconds = 3600.0
    "A dropped session without an agent is forgotten after this long."
    total: Resources = Resources()
    "What the hardware ledger may grant. 0 GB of a kind means: none of it is managed."
    lanes: tuple[LanePolicy, ...] = ()
    overuse: OverusePolicy = OverusePolicy.WARN
    budget: Budget = Budget()
    "What the whole mesh may spend, until another is set."
    question_wait: Seconds = 3600.0
    "How long a question waits for its answer when it names no time of its own."
    park: Seconds = 60.0
    "How long an agent whose service would not serve is parked the first time; doubles, up to an hour."
