"""Every setting, read once from `DEVMESH_*`. Nothing else in the package looks at those variables.

Knows names, ranges and meanings; not what is done with them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from platformdirs import user_state_path
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from devmesh.errors import SettingError
from devmesh.vocabulary.terms import Budget, Lane, LanePolicy, Limits, OverusePolicy, Resources

PREFIX = "DEVMESH_"

#: What cannot be merged by lines, and is therefore locked before the work on it starts.
LOCKED_LANES = (
    *(f"**/{name}" for name in ("*.lock", "package-lock.json", "pnpm-lock.yaml", "go.sum", "migrations/**")),
    *(
        f"**/*.{ending}"
        for ending in ("png", "jpg", "jpeg", "gif", "webp", "ico", "pdf", "woff", "woff2", "mp3", "mp4")
    ),
    *(
        f"**/*.{ending}"
        for ending in ("zip", "gz", "xz", "whl", "jar", "db", "sqlite", "sqlite3", "parquet", "npy", "npz")
    ),
    *(f"**/*.{ending}" for ending in ("pkl", "pt", "onnx", "safetensors")),
)

_MARGIN = 0.1
"The share of a lease during which its holder no longer trusts it."

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]
Gigabytes = Annotated[float, Field(ge=0, le=1_048_576, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Globs = Annotated[tuple[str, ...], NoDecode]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class Settings(BaseSettings):
    """A frozen value. `Settings.load()` reads the environment; keyword arguments override it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    ws_host: str = Field("127.0.0.1", description="Address the coordinator listens on. Only loopback is accepted.")
    ws_port: Port = Field(7700, description="Its WebSocket port. 0 takes any free one.")
    ws_transport: Literal["tcp", "unix"] = Field(
        "tcp",
        description="How clients of this machine connect: tcp, or unix, a socket file that only this user can reach.",
    )
    http_port: Port = Field(7701, description="Port of the HTTP interface; set, `devmesh serve` starts it.")
    http_host: str = Field("127.0.0.1", description="Its address. Any but loopback needs a certificate.")
    http_certificate: Path | None = Field(None, description="Its TLS certificate, a PEM file.")
    http_key: Path | None = Field(None, description="The key of that certificate, a PEM file.")
    dashboard_port: Port = Field(7702, description="Port of the stand-alone dashboard, where one is started.")
    host: Literal["thread", "process", "kernel"] = Field(
        "thread",
        description="What carries the coordinator that a notebook starts: a thread, a process of its own "
        "(for cells that compute for seconds without a pause), or the kernel's own loop (for debugging).",
    )
    port_fallback: bool = Field(default=True, description="When a port is in use, take another and publish it.")
    ram_gb: Gigabytes | None = Field(None, description="RAM to grant, in GB. Unset: measured. 0: not managed.")
    gpu_vram_gb: Gigabytes | None = Field(None, description="GPU memory to grant, likewise.")
    lock_ttl_sec: Positive = Field(30.0, ge=0.5, description="How long a lock outlives its last heartbeat.")
    lock_wait_sec: Positive = Field(120.0, description="How long a lock request waits in the queue.")
    heartbeat_sec: Positive = Field(5.0, description="Between heartbeats. At most a third of LOCK_TTL_SEC.")
    heartbeat_grace_sec: Positive = Field(
        10.0,
        description="After the coordinator itself was held up (a long cell, a suspended laptop) no lease ends for this "
        "long, so that heartbeats already under way can arrive.",
    )
    orphan_sec: Positive = Field(120.0, description="A bridge without its coordinator ends itself after this.")
    bid_window_sec: Positive = Field(0.4, description="A bidding closes after this, or once all have spoken.")
    task_limit_sec: Positive = Field(3600.0, description="For one attempt, unless the task says otherwise.")
    check_limit_sec: Positive = Field(600.0, description="How long a task's check command may run.")
    max_attempts: int = Field(3, ge=1, le=100, description="Attempts at a task before it counts as failed.")
    max_agents: int = Field(1000, ge=1, description="Agents in the mesh at a time.")
    max_connections: int = Field(8192, ge=1, description="Connections of all kinds at a time.")
    credential_connections: int = Field(8, ge=1, description="Of them, those of one issued credential.")
    messages_per_sec: Positive = Field(
        100.0, le=1e6, description="What one connection may say in the long run, after five times as many at once."
    )
    budget_usd: Dollars | None = Field(None, description="What all tools together may spend, as they count it.")
    budget_tokens: Count | None = Field(None, description="Likewise, in tokens read and written.")
    overuse: OverusePolicy = Field(
        OverusePolicy.WARN, description="About a task that takes more memory than was set aside: warn, pause or stop."
    )
    question_wait_sec: Positive = Field(3600.0, description="How long a question waits before its default counts.")
    park_sec: Positive = Field(
        60.0, description="How long an agent whose service refuses it is left alone, the first time; doubles."
    )
    tool_memory_gb: Gigabytes = Field(0.0, description="Address space of each process of a tool. 0: no limit.")
    tool_processes: int = Field(0, ge=0, description="Processes of this user beyond which a tool starts none. 0: any.")
    tool_file_gb: Gigabytes = Field(0.0, description="The largest file a tool may write. 0: no limit.")
    tool_confine: Literal["off", "auto", "on"] = Field(
        "off",
        description="Have the kernel (Landlock) keep tools from writing the project and the mesh's own folder: off, "
        "auto (where it can), on (else none starts).",
    )
    locked_lanes: Globs = Field(
        LOCKED_LANES,
        description="Globs, separated by commas, of files locked (WRITE) before work on them starts. All others are "
        "worked on in parallel, and merged.",
    )
    work_in: Literal["own", "shared"] = Field(
        "own",
        description="Where the tools of bridges work: in copies of their own, or in the project itself (`shared`), "
        "where each edit takes its lock first.",
    )
    canary: bool = Field(
        default=True,
        description="Before a tool works in the project itself, run it once in a scratch folder and see what it "
        "refuses.",
    )
    workspace_include: Globs = Field((), description="Globs of git-ignored files wanted in workspaces.")
    mcp: bool = Field(
        default=True, description="Give each tool that takes one an MCP server: locks, board, knowledge, questions."
    )
    home: Path = Field(
        default_factory=lambda: user_state_path("devmesh", appauthor=False),
        description="Folder of all state: records, private repositories, connection files.",
    )
    log_level: Level = Field("INFO", description="DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    log_file: Path | None = Field(
        None, description="Where to log as JSON lines. Unset, a notebook logs to devmesh.log in the mesh's folder."
    )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """The settings of this process. Raises SettingError naming the variable, what it holds and what is allowed."""
        try:
            return cls(**overrides)
        except ValidationError as invalid:
            raise _explained(invalid) from None

    @field_validator("locked_lanes", "workspace_include", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Text becomes a tuple at its commas."""
        if not isinstance(value, str):
            return value
        return tuple(glob.strip() for glob in value.split(",") if glob.strip())

    @field_validator("log_level", mode="before")
    @classmethod
    def _shouted(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("home", "log_file", "http_certificate", "http_key")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("ws_host")
    @classmethod
    def _loopback(cls, value: str) -> str:
        """The mesh is for one machine: it never listens where another could reach it."""
        if value not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("must be 127.0.0.1, ::1 or localhost: a mesh is never reachable from another machine")
        return value

    @model_validator(mode="after")
    def _beats_in_time(self) -> Self:
        """Two heartbeats may be lost before a lock is."""
        if self.heartbeat_sec * 3 > self.lock_ttl_sec:
            beat, lease = self.heartbeat_sec, self.lock_ttl_sec
            raise ValueError(f"HEARTBEAT_SEC ({beat:g}) must be at most a third of LOCK_TTL_SEC ({lease:g})")
        return self

    def limits(self, total: Resources) -> Limits:
        """The numbers the rules go by, for a machine with `total` to grant."""
        return Limits(
            lease=self.lock_ttl_sec,
            heartbeat=self.heartbeat_sec,
            margin=self.lock_ttl_sec * _MARGIN,
            lock_wait=self.lock_wait_sec,
            stall_credit=self.heartbeat_grace_sec,
            bid_window=self.bid_window_sec,
            task_limit=self.task_limit_sec,
            attempts=self.max_attempts,
            agents=self.max_agents,
            total=total,
            overuse=self.overuse,
            budget=Budget(dollars=self.budget_usd, tokens=self.budget_tokens),
            question_wait=self.question_wait_sec,
            park=self.park_sec,
            lanes=tuple(LanePolicy(glob=glob, lane=Lane.LOCKED) for glob in self.locked_lanes),
        )


class Variable(NamedTuple):
    """One row of the configuration table."""

    name: str
    default: str
    meaning: str


def _variables() -> tuple[Variable, ...]:
    rows = []
    for name, field in Settings.model_fields.items():
        default = "the user's state folder" if field.default_factory else _shown(field.default)
        rows.append(Variable(PREFIX + name.upper(), default, field.description or ""))
    return tuple(rows)


def _shown(default: object) -> str:
    match default:
        case None | ():
            return "unset"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case tuple():
            return "lock files, migrations, common binaries"
    return str(default)


def _explained(invalid: ValidationError) -> SettingError:
    """All that does not fit, one line each; `field` names the first."""
    problems = invalid.errors(include_url=False)
    message = "\n".join(_line(problem) for problem in problems)
    return SettingError(message, field=_variable(problems[0]), hint="The README lists every variable and its range.")


def _line(problem: ErrorDetails) -> str:
    name, reason = _variable(problem), problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    if not problem["loc"]:
        return f"{PREFIX}*: {reason}"
    return f"{name}={str(problem['input'])[:100]!r}: {reason[0].lower()}{reason[1:]}"


def _variable(problem: ErrorDetails) -> str:
    return PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else f"{PREFIX}HEARTBEAT_SEC"


VARIABLES = _variables()
"Every variable with its default and meaning: the README's table, `devmesh doctor` and their test read this."

_OURS = frozenset(
    PREFIX + name
    for name in ("RUN", "TASK_ID", "TASK_ATTEMPT", "AGENT", "PROJECT", "WORKSPACE", "CHECK", "DEMO_PROJECT", "DESK")
)
"Variables of other uses: what tools and checks are told, and how a run is marked."


def unknown_variables() -> tuple[str, ...]:
    """The `DEVMESH_*` of this process that mean nothing: misspelt, most likely."""
    known = _OURS.union(variable.name for variable in VARIABLES)
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))
