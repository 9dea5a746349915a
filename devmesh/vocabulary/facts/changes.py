"""Facts about changes on their way through the write gate."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import (
    Conflict,
    FileChange,
    Line,
    Name,
    Number,
    ObjectId,
    Path,
    PlannedWrite,
    Remarks,
    Seconds,
    Verdict,
    WrittenBehind,
)


class ChangeOffered(Fact):
    change: Number
    task: Number
    attempt: Number
    agent: Name
    base: ObjectId
    head: ObjectId
    files: tuple[FileChange, ...] = ()
    tokens: tuple[Number, ...] = ()
    summary: Remarks = ""


class ReviewRequested(Fact):
    """A second pair of eyes is asked for (Rule 5): `review` is the task others may bid for."""

    change: Number
    task: Number
    agent: Name
    review: Number | None = None
    "None: the person is asked. Of several agents' copies of one task only the person chooses, and of what is obeyed."
    obeyed: tuple[Path, ...] = ()
    "Names that tools, the editor or git would obey, and by which what the change writes is reached."


class ReviewGiven(Fact):
    change: Number
    task: Number
    agent: Name
    "The author, who is told."
    reviewer: Name
    verdict: Verdict
    remarks: Remarks = ""


class GateEntered(Fact):
    """The gate works on this change: one at a time, in the order of offers and approvals."""

    change: Number
    agent: Name
    task: Number


class CheckStarted(Fact):
    change: Number
    task: Number
    command: Line
    current: ObjectId | None = None
    plan: tuple[PlannedWrite, ...] = ()
    "What would be landed, on the project as `current` had it."


class CheckEnded(Fact):
    """What the coordinator's own run of the check said, on the tree as it would be."""

    change: Number
    task: Number
    command: Line
    passed: bool
    tree: ObjectId | None = None
    "The combined tree it ran on."
    exit_code: int | None = None
    seconds: Seconds = 0.0
    tail: Remarks = ""


class ChangeApplying(Fact):
    """The intent, on record before the first byte is exchanged: enough to finish it or take it back."""

    change: Number
    task: Number
    agent: Name
    plan: tuple[PlannedWrite, ...] = ()


class ChangeApplied(Fact):
    """Landed, all of it. Every agent is told which files changed (Rule 9)."""

    change: Number
    task: Number
    agent: Name
    files: tuple[Path, ...] = ()
    merged: tuple[Path, ...] = ()
    "Files where the landing was a three-way merge with what others had landed."
    kind_of_landing: Line = "exact"
    "exact, merged, empty (nothing to do) or duplicate (already there)."
    contents: tuple[ObjectId | None, ...] = ()
    "What the gate made of each of the `files`, in their order; empty where it exchanged nothing."
    displaced: tuple[ObjectId | None, ...] = ()
    "What each of them was, until then."


class ChangeReturned(Fact):
    """Back with its agent for another try; nothing of the project was touched."""

    change: Number
    task: Number
    attempt: Number
    agent: Name
    code: str
    "CONFLICT, CHECK_FAILED, CHANGES_WANTED, STALE_TOKEN or STORAGE_FAILED."
    message: Remarks = ""
    conflicts: tuple[Conflict, ...] = ()
    current: ObjectId | None = None
    "A commit of the project as it is now: the base of the next try."
    resume_from: ObjectId | None = None
    """The commit to continue in: the combined tree whose check failed. None with `current` set: start afresh on that;
    None without: go on in the workspace as it is."""


class WriteFound(Fact):
    """A file of the project was written without the gate and without a lock. Both versions are kept."""

    write: Number
    path: Path
    found_by: WrittenBehind
    agent: Name | None = None
    "Who is thought to have written it; None: nobody knows, a person, a program of theirs or any tool may have."
    task: Number | None = None
    before: ObjectId | None = None
    after: ObjectId | None = None
    holders: tuple[Name, ...] = ()
    "Who held a lock on it then."
    reporter: Name | None = None
    "Whose bridge found it; that alone does not say that its tool wrote it."


class ChangeWithdrawn(Fact):
    change: Number
    reason: Line = ""
