"""The enumerations that requests and facts share: every word of them is its own name in small letters."""

from __future__ import annotations

from enum import StrEnum


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
    "By comparing the tree with the locks, in and after an agent's turn."
    GATE = "gate"
    "By the write gate, in the very moment it exchanged the file: that version was put aside."
    LEFT = "left"
    "It was written under a lock, by an attempt that failed, and is still there."


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    NOTE = "note"
    "The bridge's own remark: a start, a wait, a retry."


class FileKind(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
