"""Every error DevMesh raises, and the codes that say the same on the wire. Knows no other module.

DevMeshError
├── Malformed            they erred: what they said cannot be read (the field is named)
│   └── BadTarget        a path, directory or glob that names nothing lockable
│       └── PathEscapes  it leads out of the project
├── Refused              nobody erred: a rule of the mesh said no
├── IllegalTransition    we erred: a state machine was asked for a move it does not have (brings its story)
├── SettingError         a DEVMESH_* variable does not fit
├── MeshError            the mesh as a whole
│   ├── NoMesh           none runs for this project
│   ├── MeshLost         it ran, and cannot be reached any more
│   ├── AlreadyRunning   another process coordinates this project
│   └── PortTaken        somebody else listens where it should
├── ToolNotFound         the CLI is not on PATH
├── TaskError            waiting for a task ended without its result
│   ├── TaskFailed
│   ├── TaskCancelled
│   └── WaitTimeout      (also a TimeoutError) the wait ended; the task goes on
├── RepositoryError      the mesh's private repository could not do it
└── StorageError         the record could not be written or read
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What went wrong, for a program. A code is never repurposed; new ones may be added."""

    BAD_REQUEST = "BAD_REQUEST"
    "The message cannot be read: wrong JSON, type, range, or an unknown field."
    TOO_LARGE = "TOO_LARGE"
    WRONG_PROTOCOL = "WRONG_PROTOCOL"
    "The peer speaks another version of the vocabulary."
    FORBIDDEN = "FORBIDDEN"
    "This role may not say that."
    UNAUTHENTICATED = "UNAUTHENTICATED"
    NOT_JOINED = "NOT_JOINED"
    ALREADY_JOINED = "ALREADY_JOINED"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    "A request id that is not the next one of its session."
    UNKNOWN = "UNKNOWN"
    "No such task, agent, change or lock."
    NOT_ASSIGNED = "NOT_ASSIGNED"
    "Not your task, or a past attempt of it."
    WRONG_STATE = "WRONG_STATE"
    "It exists, and cannot do that from where it is in its life."
    CONFLICT = "CONFLICT"
    "The project moved under the change and the two cannot be merged."
    LOCK_HELD = "LOCK_HELD"
    LOCK_TIMEOUT = "LOCK_TIMEOUT"
    DEADLOCK = "DEADLOCK"
    "Granting would close a circle of waiters; the youngest request gives way."
    STALE_TOKEN = "STALE_TOKEN"  # noqa: S105 - a name, no secret
    "The fencing token belongs to a lock that has ended."
    NOT_COVERED = "NOT_COVERED"
    "A changed file is under no lock of yours."
    BAD_TARGET = "BAD_TARGET"
    PATH_ESCAPES = "PATH_ESCAPES"
    "The path leads out of the project."
    LIMIT = "LIMIT"
    "More of something than one peer, or the mesh, may have."
    HARDWARE_FULL = "HARDWARE_FULL"
    FRAMEWORK_UNREAD = "FRAMEWORK_UNREAD"
    "Rule 7: the current framework must be read before work."
    NOT_ARCHITECT = "NOT_ARCHITECT"
    OWN_CHANGE = "OWN_CHANGE"
    "Rule 5: a change is never approved by its author."
    UNCHECKED = "UNCHECKED"
    "'Done' was claimed, and the check has not passed."
    STORAGE_FULL = "STORAGE_FULL"
    STORAGE_FAILED = "STORAGE_FAILED"
    TOOL_NOT_FOUND = "TOOL_NOT_FOUND"
    PORT_TAKEN = "PORT_TAKEN"
    ALREADY_RUNNING = "ALREADY_RUNNING"
    NO_MESH = "NO_MESH"
    MESH_LOST = "MESH_LOST"
    TASK_FAILED = "TASK_FAILED"
    TASK_CANCELLED = "TASK_CANCELLED"
    TIMEOUT = "TIMEOUT"
    REPOSITORY = "REPOSITORY"
    SETTING = "SETTING"
    INTERNAL = "INTERNAL"
    "A fault of ours; the story that comes with it is worth reporting."


class DevMeshError(Exception):
    """Any error of ours: catching this catches them all. `str()` is the message, and the hint where there is one."""

    code: Code = Code.INTERNAL

    def __init__(
        self, message: str, *, hint: str | None = None, field: str | None = None, code: Code | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        "What to do next."
        self.field = field
        "The part of the request, or the variable, that is meant."
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        """The message; its hint on a line of its own."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def as_json(self) -> dict[str, str | int | None]:
        """The same as a flat JSON object: `error` (the class), `code`, `message`; `hint` and `field` where known."""
        known: dict[str, str | int | None] = {
            "error": type(self).__name__,
            "code": str(self.code),
            "message": self.message,
            "hint": self.hint,
            "field": self.field,
        }
        return {name: value for name, value in known.items() if value is not None}


class Malformed(DevMeshError):
    """They erred: what they said cannot be read. `field` is the path inside it, like `files[2].mode`."""

    code = Code.BAD_REQUEST


class BadTarget(Malformed):
    """A path, directory or glob that names nothing which could be locked."""

    code = Code.BAD_TARGET


class PathEscapes(BadTarget):
    """The path leads out of the project, directly or through a symbolic link."""

    code = Code.PATH_ESCAPES


class Refused(DevMeshError):
    """Nobody erred: a rule of the mesh said no. Carries the refusal's own `code` and the `rule`'s number (1-10)."""

    code = Code.WRONG_STATE

    def __init__(
        self,
        message: str,
        *,
        code: Code | None = None,
        rule: int | None = None,
        hint: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, field=field, code=code)
        self.rule = rule

    def as_json(self) -> dict[str, str | int | None]:
        """As every error, with the rule's number."""
        return super().as_json() | ({} if self.rule is None else {"rule": self.rule})


class IllegalTransition(DevMeshError):
    """We erred: a state machine was asked for a move it does not have. `story` is what happened to it before."""

    code = Code.INTERNAL

    def __init__(self, message: str, *, story: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.story = story

    def __str__(self) -> str:
        """The message, then the story, oldest first."""
        return "\n  ".join((super().__str__(), *self.story))


class SettingError(DevMeshError):
    """A DEVMESH_* variable does not fit: `field` names it, the message says what it holds and what is allowed."""

    code = Code.SETTING


class MeshError(DevMeshError):
    """Something about the mesh as a whole; always one of its subclasses."""


class NoMesh(MeshError):
    """No mesh runs for this project."""

    code = Code.NO_MESH


class MeshLost(MeshError):
    """The mesh was there and cannot be reached any more."""

    code = Code.MESH_LOST


class AlreadyRunning(MeshError):
    """Another process coordinates this project: `pid`, and `since` (seconds since the epoch), where known."""

    code = Code.ALREADY_RUNNING

    def __init__(
        self,
        message: str,
        *,
        pid: int | None = None,
        since: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.pid = pid
        self.since = since


class PortTaken(MeshError):
    """Somebody else listens on the port; the message says who, where that can be found out."""

    code = Code.PORT_TAKEN


class ToolNotFound(DevMeshError):
    """The CLI is not on PATH, or does not start."""

    code = Code.TOOL_NOT_FOUND


class TaskError(DevMeshError):
    """Waiting for a task ended without its result; always one of its subclasses. `task` is its number."""

    def __init__(self, message: str, *, task: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.task = task

    def as_json(self) -> dict[str, str | int | None]:
        """As every error, with the task's number."""
        return super().as_json() | ({} if self.task is None else {"task": self.task})


class TaskFailed(TaskError):
    """The task failed for good: its attempts are used up, or it is poison."""

    code = Code.TASK_FAILED


class TaskCancelled(TaskError):
    """The task was cancelled. Not asyncio's CancelledError: the waiting code itself was not cancelled."""

    code = Code.TASK_CANCELLED


class WaitTimeout(TaskError, TimeoutError):
    """The wait ended before the task did; the task itself goes on."""

    code = Code.TIMEOUT


class RepositoryError(DevMeshError):
    """The mesh's private repository could not do what was asked. Nothing of the project was touched."""

    code = Code.REPOSITORY


class StorageError(DevMeshError):
    """The record could not be written or read: STORAGE_FULL when the disk is, else STORAGE_FAILED."""

    code = Code.STORAGE_FAILED
