"""Facts about the mesh itself and about who is connected."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from devmesh.vocabulary.facts.changes import ChangeApplied, ChangeReturned
from devmesh.vocabulary.facts.locks import LockGranted
from devmesh.vocabulary.facts.questions import QuestionAnswered
from devmesh.vocabulary.facts.tasks import TaskAwarded
from devmesh.vocabulary.record import Fact
from devmesh.vocabulary.terms import ChangeState, Digest, Limits, Line, Name, Number, Role, Seconds, TaskState


class CoordinatorStarted(Fact):
    """A coordinator took the project over. Every connection is gone, every surviving lease runs anew."""

    epoch: Number
    project: str
    version: str = ""
    limits: Limits = Limits()
    clean: bool = True
    "Whether the previous coordinator had said goodbye."


class CoordinatorStopped(Fact):
    reason: Line = ""


class CoordinatorStalled(Fact):
    """The coordinator was late: no lease ends before every agent had the chance to be heard again."""

    seconds: Seconds
    cause: Line = ""


class SessionOpened(Fact):
    session: Number
    connection: Number
    role: Role
    key: str
    "SHA-256 of the secret the client came with; the same key resumes the same session."
    credential: Number | None = None
    "The credential it came in by; None: the role's own token of the connection file."


class SessionResumed(Fact):
    """The client is back. A newer connection ends the older one."""

    session: Number
    connection: Number


class SessionDropped(Fact):
    """The connection is gone; the session, its locks and its tasks are not."""

    session: Number
    reason: Line = ""


class SessionForgotten(Fact):
    session: Number


class CredentialIssued(Fact):
    """Whoever has the secret with this digest is let in, with this role and no other."""

    credential: Number
    role: Role
    digest: Digest
    label: Line = ""


class CredentialRevoked(Fact):
    """It opens nothing any more; the sessions it had opened are ended."""

    credential: Number
    reason: Line = ""


class RequestRefused(Fact):
    """No. `code` is one of `devmesh.errors.Code`; `rule` is the number of the rule, where one speaks."""

    code: str
    message: Line
    request: str = ""
    "The kind of the refused request."
    agent: Name | None = None
    rule: int | None = None
    field: str | None = None
    hint: Line = ""


class RequestMalformed(Fact):
    """What came was no request at all. Told to the peer, not kept: noise must not fill the record."""

    recorded: ClassVar[bool] = False

    code: str
    message: Line
    field: str | None = None


class WatchBegun(Fact):
    """This session is told everything from now on, as long as it is connected."""

    recorded: ClassVar[bool] = False

    session: Number


class WatchStarted(Fact):
    """The state a watcher starts from; every later fact follows it in order."""

    recorded: ClassVar[bool] = False

    sequence: int
    snapshot: msgspec.Raw


class Standing(Fact):
    """How an agent stands, told when its session is resumed: what it may have missed, as the state now is."""

    recorded: ClassVar[bool] = False

    agent: Name
    locks: tuple[LockGranted, ...] = ()
    tickets: tuple[Number, ...] = ()
    "Lock requests still waiting."
    task: TaskAwarded | None = None
    "The task it has, if it still has one."
    task_state: TaskState | None = None
    change: Number | None = None
    "The latest change of this attempt."
    change_state: ChangeState | None = None
    outcome: ChangeApplied | ChangeReturned | None = None
    "How that change ended, if it did."
    paused: bool = False
    parked: bool = False
    answers: tuple[QuestionAnswered, ...] = ()
    "Of its questions, those answered lately: one of them may have been answered while it was away."


class LeasesRenewed(Fact):
    """What a heartbeat renewed. Not kept: after a restart every surviving lease runs anew."""

    recorded: ClassVar[bool] = False

    agent: Name
    tokens: tuple[Number, ...] = ()
    lease: Seconds = 0.0
    ram_gb: float = 0.0
    vram_gb: float = 0.0
