"""Facts about locks. A lock is named by its fencing token; a waiting request by its ticket."""

from __future__ import annotations

from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import Line, LockMode, Name, Number, Path, Seconds


class LockGranted(Fact):
    """One target is held. `token` is greater than any token ever granted in the project."""

    token: Number
    agent: Name
    target: Path
    mode: LockMode
    lease: Seconds
    task: Number | None = None
    ticket: Number | None = None
    "The waiting request this answers, if it had to wait."
    waited: Seconds = 0.0
    replaces: Number | None = None
    "The token this one supersedes: an upgrade or downgrade in place (Rule 3)."


class LockQueued(Fact):
    """Nothing is held yet. All targets will be granted together, first come first served."""

    ticket: Number
    agent: Name
    targets: tuple[Path, ...]
    mode: LockMode
    wait: Seconds
    behind: tuple[Name, ...] = ()
    "Who holds, or waits for, what stands in the way."
    task: Number | None = None


class LockWaitEnded(Fact):
    """A waiting request ended without a grant: `code` is LOCK_TIMEOUT, DEADLOCK or WITHDRAWN."""

    ticket: Number
    agent: Name
    code: str
    waited: Seconds = 0.0
    message: Line = ""


class LockReleased(Fact):
    token: Number
    agent: Name
    target: Path
    mode: LockMode
    held: Seconds = 0.0
    reason: Line = ""
    "Empty when the holder gave it back; else why it was taken: left, lost, forced."


class LockExpired(Fact):
    """Its lease ended. The token is stale from here on."""

    token: Number
    agent: Name
    target: Path
    mode: LockMode
    held: Seconds = 0.0
