"""What reaches the core: peers heard, time passed, effects done. Made by the coordinator, never by a peer."""

from __future__ import annotations

from devmesh.errors import Code
from devmesh.vocabulary.record import Record
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Conflict, Limits, PlannedWrite, Resources, Role


class Started(Record):
    """A coordinator takes the project over, with these limits."""

    project: str
    version: str
    limits: Limits


class Stopping(Record):
    """The coordinator says goodbye."""

    reason: str = ""


class Connected(Record):
    """A client passed the door. Role and key come from its credential."""

    connection: int
    role: Role
    key: str
    credential: int | None = None
    "The issued credential it came by, if it was none of the role tokens."


class Objection(Record):
    """What the coordinator found wrong with a request before the rules saw it: a path that leaves the project."""

    code: Code
    message: str
    field: str | None = None


class Heard(Record):
    """A request arrived. Its paths are canonical already, or there is an objection."""

    connection: int
    id: int
    request: AnyRequest
    objection: Objection | None = None


class Lost(Record):
    """The connection ended."""

    connection: int
    reason: str = ""


class Woke(Record):
    """The alarm asked for by `WakeAt` rang, early or late; the rules look at what is due."""


class Stalled(Record):
    """The coordinator's own loop was late by this much."""

    seconds: float
    cause: str = ""


class Sampled(Record):
    """The machine's memory, measured."""

    total: Resources
    used: Resources


class Prepared(Record):
    """The gate compared and merged: a plan that would land now, or the conflicts, with the tree as it is."""

    change: int
    plan: tuple[PlannedWrite, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    current: str | None = None
    "A commit of the project as it was read."
    problem: str = ""
    "Why it could not be prepared at all: disk full, objects missing."
    obeyed: tuple[str, ...] = ()
    "Names that somebody would obey, and by which what the change writes is reached: its own, or through links."


class Checked(Record):
    """The check ran, on the tree as it would be."""

    change: int
    passed: bool
    tree: str | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    tail: str = ""


class Rescued(Record):
    """A version that came between the last look and the exchange."""

    path: str
    before: str | None = None
    after: str | None = None
    "Blobs of the private repository: what the gate expected, and what it found."


class Applied(Record):
    """The exchange ended. `moved` names files somebody changed in between: nothing was landed, prepare again."""

    change: int
    moved: tuple[str, ...] = ()
    problem: str = ""
    rescued: tuple[Rescued, ...] = ()
    "Versions somebody wrote in the very moment of the exchange: put aside, and on record."


Event = Started | Stopping | Connected | Heard | Lost | Woke | Stalled | Sampled | Prepared | Checked | Applied
