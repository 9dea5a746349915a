"""What agents, the notebook and the terminal may ask for. Who may say which is `devmesh.core.sessions.MAY_SAY`.

None carries its speaker: identity and role come from the connection.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.terms import (
    Badge,
    Blockage,
    Budget,
    Digest,
    Dollars,
    FileChange,
    Line,
    LockMode,
    Name,
    Number,
    ObjectId,
    Outcome,
    Path,
    PlannedTask,
    Priority,
    Probe,
    QuestionKind,
    Remarks,
    Resources,
    Role,
    Seconds,
    Share as Fraction,
    Stream,
    Text,
    Tokens as TokenCount,
    Tool,
    Verdict,
    WorkspaceKind,
)

PROTOCOL = 1
"Raised when a meaning changes; a peer with another number is refused with a clear error."

MOST_FILES = 1000
"Files of one change, and targets of one lock request."

Targets = Annotated[tuple[Path, ...], Meta(min_length=1, max_length=MOST_FILES)]
Tokens = Annotated[tuple[Number, ...], Meta(max_length=1000)]


# ---- agents ----


class Join(Request):
    """Become an agent of the mesh. Answered by `AgentJoined`, or the same again when the session is resumed."""

    tool: Tool
    protocol: int = PROTOCOL
    model: Line = ""
    capabilities: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    host: Line = ""
    pid: Annotated[int, Meta(ge=0)] = 0
    badge: Badge = Badge.WATCHED
    declared: Resources = Resources()
    "What one task of this agent takes while it runs."
    workspace: WorkspaceKind = WorkspaceKind.OWN
    probes: Annotated[tuple[Probe, ...], Meta(max_length=20)] = ()
    "What the canary found: the badge is what was measured."
    works: bool = True
    "False: it holds locks and talks with the others, and is never asked to work, to review or to plan."


class Leave(Request):
    """Go, cleanly: locks are freed and unfinished work is requeued at once."""

    reason: Line = ""


class Heartbeat(Request):
    """Renew the session and the listed locks. The answer lists what was renewed; anything missing is gone."""

    tokens: Tokens = ()
    used: Resources = Resources()
    "RAM and GPU memory of the agent's process tree, measured."


class RequestLock(Request):
    """Ask for all the targets or none. Answered by `LockGranted` per target, `LockQueued`, or `RequestRefused`."""

    targets: Targets
    mode: LockMode
    wait: Seconds | None = None
    "0: refuse at once; None: the mesh's own limit."
    task: Number | None = None


class ReleaseLock(Request):
    """Give back locks by their tokens. Tokens no longer held are ignored: releasing twice is harmless."""

    tokens: Tokens


class Bid(Request):
    """Offer to do a task. The coordinator, not the bidder, computes the fitness."""

    task: Number
    confidence: Fraction = 0.5
    reason: Line = ""


class Decline(Request):
    """Say that one will not bid, so that the bidding need not wait."""

    task: Number
    reason: Line = ""


class ReadFramework(Request):
    """Confirm that a version of the framework was given to the tool (Rule 7)."""

    version: Number


class Start(Request):
    """The workspace is ready and the locks are held: the tool starts now."""

    task: Number
    attempt: Number
    workspace: Path | None = None


class Report(Request):
    """A piece of the tool's output, coalesced by the bridge."""

    task: Number
    attempt: Number
    stream: Stream
    text: Annotated[str, Meta(max_length=32_768)]


class OfferChange(Request):
    """Hand a finished change to the write gate: two commits of the private repository and the locks that cover it."""

    task: Number
    attempt: Number
    base: ObjectId
    head: ObjectId
    files: Annotated[tuple[FileChange, ...], Meta(max_length=MOST_FILES)] = ()
    tokens: Tokens = ()
    summary: Remarks = ""


class Finish(Request):
    """End an attempt. `done` without a landed change is refused when the task demanded one to be checked."""

    task: Number
    attempt: Number
    outcome: Outcome
    summary: Remarks = ""
    blockage: Blockage | None = None
    "With `blocked`: why. The agent is parked, and the task goes to another."
    retry_in: Seconds | None = None
    "With `blocked`: when the service said it may be asked again."


class ReportUsage(Request):
    """What the tool spent since the last such report of this attempt."""

    task: Number
    attempt: Number
    input_tokens: TokenCount = 0
    output_tokens: TokenCount = 0
    dollars: Dollars | None = None
    "None: the tool names no price."
    model: Line = ""
    conversation: Line = ""
    "The tool's own name for the conversation, by which it can be resumed."


class StandDown(Request):
    """The paused task's processes have ended: its memory is free until the task is resumed."""

    task: Number
    attempt: Number


class Ask(Request):
    """Ask the person, or with `agents_may_answer` another agent. Answered by `QuestionAsked`, later by the answer."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    question_kind: QuestionKind = QuestionKind.QUESTION
    options: Annotated[tuple[Line, ...], Meta(max_length=20)] = ()
    "Empty: any text will do."
    default: Line = ""
    "The answer when nobody gives one in time."
    wait: Seconds | None = None
    "Until the default counts; None: the mesh's own limit."
    task: Number | None = None
    agents_may_answer: bool = False


class AnswerQuestion(Request):
    """Answer it, once. An agent answers only others' questions that allow it, and never a permission."""

    question: Number
    answer: Annotated[str, Meta(max_length=20_000)]


class ReportWrite(Request):
    """A write in the project that no lock covered, found after the agent's turn. Both versions are kept."""

    path: Path
    task: Number | None = None
    attempt: Number | None = None
    before: ObjectId | None = None
    "The content as it was, in the private repository; None: there was no such file."
    after: ObjectId | None = None


class Review(Request):
    """Judge a change: from another connection than its author's (Rule 5), or by the person."""

    change: Number
    verdict: Verdict
    remarks: Remarks = ""


class ProposeFramework(Request):
    """The architect's plan for the goal (Rule 1): an overview and a task graph."""

    overview: Text
    tasks: Annotated[tuple[PlannedTask, ...], Meta(max_length=200)] = ()


class ShareDiscovery(Request):
    """Leave something found out for the others. Handed on as quoted data, never as instructions."""

    title: Line
    text: Annotated[str, Meta(min_length=1, max_length=65_536)]
    task: Number | None = None


class SearchKnowledge(Request):
    """Full-text search over the shared discoveries. Answered by `DiscoveriesFound`."""

    query: Annotated[str, Meta(min_length=1, max_length=500)]
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class Look(Request):
    """How the mesh stands now, once and in short. Answered by `BoardShown`."""


# ---- the person ----


class Watch(Request):
    """Receive the state once (`WatchStarted`), then every fact as it happens."""


class PostTask(Request):
    """Ask for work. All eligible agents may bid."""

    prompt: Annotated[str, Meta(min_length=1, max_length=400_000)]
    title: Line = ""
    priority: Priority = 3
    files: Annotated[tuple[Path, ...], Meta(max_length=1000)] = ()
    "Where the work is expected. Files of the locked lane are locked before it starts."
    depends_on: Annotated[tuple[Number, ...], Meta(max_length=200)] = ()
    capabilities: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    agents: Annotated[tuple[Name, ...], Meta(max_length=200)] = ()
    "Only these may bid; empty: anyone."
    needs: Resources | None = None
    "Memory it takes; None: what the agent declared when it joined."
    review: bool = False
    check: Line = ""
    "A command the coordinator runs on the combined tree before the change lands."
    time_limit: Seconds | None = None
    budget: Budget = Budget()
    "What it may spend, all attempts together; it is paused before it spends more."
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    "So many agents do it, each on its own; the person compares, and approves one."


class CancelTask(Request):
    task: Number
    reason: Line = ""


class PauseTask(Request):
    task: Number


class ResumeTask(Request):
    task: Number


class RetryTask(Request):
    """Queue a failed or cancelled task again; none of its attempts is held against it, and none is numbered again."""

    task: Number


class ReprioritiseTask(Request):
    task: Number
    priority: Priority


class PauseAgent(Request):
    """Stop the agent's tool where it is and give it no new work."""

    agent: Name


class ResumeAgent(Request):
    agent: Name


class DismissAgent(Request):
    """Tell the bridge to stop its tool and leave."""

    agent: Name
    reason: Line = ""


class ForceRelease(Request):
    """Take a lock away from its holder. The reason is on record and the holder is told."""

    token: Number
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class SetBudget(Request):
    """What the whole mesh may spend from now on, or one task."""

    budget: Budget
    task: Number | None = None


class SetAnswerRule(Request):
    """Answer by rule: a question whose text matches the glob gets this answer at once. The first that fits counts."""

    pattern: Annotated[str, Meta(min_length=1, max_length=500)]
    answer: Annotated[str, Meta(max_length=20_000)]
    question_kind: QuestionKind | None = None
    "None: of either kind."


class DropAnswerRule(Request):
    rule: Number


class IssueCredential(Request):
    """Let a client in by a secret of its own; only the SHA-256 of it is said and kept."""

    digest: Digest
    role: Role
    label: Line = ""
    "For whom, in the person's words."


class RevokeCredential(Request):
    """Let that client in no more, and end its session now."""

    credential: Number
    reason: Line = ""


class SetGoal(Request):
    """Ask the architect for a framework towards a goal."""

    text: Annotated[str, Meta(min_length=1, max_length=100_000)]


AnyRequest = (
    Join
    | Leave
    | Heartbeat
    | RequestLock
    | ReleaseLock
    | Bid
    | Decline
    | ReadFramework
    | Start
    | Report
    | OfferChange
    | Finish
    | ReportUsage
    | StandDown
    | Ask
    | AnswerQuestion
    | ReportWrite
    | Review
    | ProposeFramework
    | ShareDiscovery
    | SearchKnowledge
    | Look
    | Watch
    | PostTask
    | CancelTask
    | PauseTask
    | ResumeTask
    | RetryTask
    | ReprioritiseTask
    | PauseAgent
    | ResumeAgent
    | DismissAgent
    | ForceRelease
    | SetBudget
    | SetAnswerRule
    | DropAnswerRule
    | IssueCredential
    | RevokeCredential
    | SetGoal
)
