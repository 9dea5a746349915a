"""Locks, bids, attempts and changes: what an agent says while it works."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Request
from devmesh.vocabulary.requests.sizes import MOST_FILES, Targets, Tokens
from devmesh.vocabulary.terms import (
    Blockage,
    Dollars,
    FileChange,
    Line,
    LockMode,
    Number,
    ObjectId,
    Outcome,
    Path,
    Remarks,
    Seconds,
    Share as Fraction,
    Stream,
    Tokens as TokenCount,
    Verdict,
)


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
    """The processes of an attempt that was paused, or is over, have ended: what was set aside for them is free."""

    task: Number
    attempt: Number


class ReportWrite(Request):
    """A write in the project that no lock covered, found in or after the agent's turn. Both versions are kept.

    Said of an attempt of one's own, which is at work or has failed; both versions must be there.
    """

    path: Path
    task: Number | None = None
    attempt: Number | None = None
    before: ObjectId | None = None
    "The content as it was, in the private repository; None: there was no such file."
    after: ObjectId | None = None
    suspected: bool = True
    "Whether the reporter's own tool is thought to have written it."
    left: bool = False
    "Whether it was written under a lock by an attempt that failed, and stays."


class Review(Request):
    """Judge a change: from another connection than its author's (Rule 5), or by the person."""

    change: Number
    verdict: Verdict
    remarks: Remarks = ""
