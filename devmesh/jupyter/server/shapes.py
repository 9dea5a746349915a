"""What the HTTP interface takes and gives, as typed values: the schemas of its OpenAPI document come from here."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from devmesh.vocabulary.terms import (
    AgentState,
    Badge,
    Digest,
    Line,
    LockMode,
    Name,
    Number,
    Path,
    Priority,
    Resources,
    Role,
    Seconds,
    TaskState,
    Text,
)


class Shape(Struct, frozen=True, kw_only=True):
    """A JSON object of the interface."""


class Taken(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that is read from a request: a field it does not have is an error."""


class Problem(Shape, frozen=True, kw_only=True):
    """Why a request was not answered."""

    error: str
    code: str
    message: str
    hint: str | None = None
    field: str | None = None


class Health(Shape, frozen=True, kw_only=True):
    """This server answers; and how many meshes of this user run."""

    status: str
    version: str
    projects: int


class Project(Shape, frozen=True, kw_only=True):
    """One running mesh. `id` is its name in every other path."""

    id: str
    project: str
    pid: int
    epoch: int
    version: str


class Agent(Shape, frozen=True, kw_only=True):
    """An agent in the mesh now."""

    agent: str
    tool: str
    state: AgentState
    badge: Badge
    model: str
    task: int | None
    awards: int
    locks: int
    used: Resources
    confined: str = ""
    "What its tool is kept within; `nothing` where nothing is, empty where it does not say."


class Task(Shape, frozen=True, kw_only=True):
    """A task, whatever became of it."""

    task: int
    title: str
    state: TaskState
    priority: int
    agent: str | None
    attempt: int
    held_up: str
    "Why no agent can have it as things are; empty when one can."
    files: tuple[str, ...]
    depends_on: tuple[int, ...]


class Told(Shape, frozen=True, kw_only=True):
    """A fact, and one sentence about it."""

    sequence: int
    at: float
    "Unix seconds."
    kind: str
    agent: str | None
    what: str


class TaskDetail(Shape, frozen=True, kw_only=True):
    """A task with its prompt, its result and its story."""

    task: Task
    prompt: str
    summary: str
    check: str
    review: bool
    change: int | None
    landed: tuple[str, ...]
    "Files that its change brought into the project."
    story: tuple[Told, ...]


class Lock(Shape, frozen=True, kw_only=True):
    """A lock that is held."""

    token: int
    target: str
    mode: LockMode
    agent: str
    task: int | None
    expires_in: float
    "Seconds, unless it is renewed."


class NewTask(Taken, frozen=True, kw_only=True):
    """What is wanted. Only `prompt` must be said."""

    prompt: Annotated[Text, Meta(min_length=1)]
    title: Line = ""
    priority: Priority = 3
    files: tuple[Path, ...] = ()
    depends_on: tuple[Number, ...] = ()
    review: bool = False
    check: Annotated[str, Meta(max_length=4000)] = ""
    agents: tuple[Name, ...] = ()
    capabilities: tuple[Name, ...] = ()
    time_limit: Seconds | None = None


class Posted(Shape, frozen=True, kw_only=True):
    """The number of a task that was posted."""

    task: int


class Credential(Shape, frozen=True, kw_only=True):
    """Who may come in by a secret of its own. The secret itself is known to nobody here."""

    credential: int
    role: Role
    label: str
    digest: Digest


class NewCredential(Taken, frozen=True, kw_only=True):
    """For whom a credential is wanted."""

    label: Line = ""
    role: Annotated[str, Meta(pattern="^(agent|observer)$")] = "agent"
    "An operator's is not given out here."


class Issued(Shape, frozen=True, kw_only=True):
    """A new credential. Its secret is shown this once, and kept nowhere."""

    credential: int
    secret: str
    role: Role


class Revoked(Shape, frozen=True, kw_only=True):
    """This credential opens nothing any more."""

    credential: int
