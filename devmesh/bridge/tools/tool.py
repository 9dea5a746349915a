"""What a tool is to a bridge: how to call it, and what it says, in one form for all. Knows no particular CLI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol, Self, runtime_checkable

from devmesh.processes.confinement import Confinement
from devmesh.vocabulary.terms import Badge, Blockage, Resources


class Purpose(StrEnum):
    """What a run is for. A tool may be called differently for each."""

    WORK = "work"
    REVIEW = "review"
    PLAN = "plan"


# ---- what it says ----


@dataclass(frozen=True, slots=True)
class SessionNamed:
    """The tool's own name for its conversation, by which it could be resumed."""

    session: str


@dataclass(frozen=True, slots=True)
class TextSaid:
    """What the model, or the tool, tells the person."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """An edit or a command begins. Paths are as the CLI wrote them."""

    name: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """It ended."""

    name: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageCounted:
    """What this run cost so far, in all, where the CLI says."""

    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = None


@dataclass(frozen=True, slots=True)
class ResultGiven:
    """The terminal event: the CLI's own claim, which is believed only together with its exit code."""

    success: bool
    text: str = ""


Said = SessionNamed | TextSaid | ToolStarted | ToolEnded | UsageCounted | ResultGiven


# ---- what it asks before it acts ----


@dataclass(frozen=True, slots=True)
class Wish:
    """Something the tool wants leave for before it does it, or wants to know."""

    name: str
    "The CLI's name for it: `Edit`, `apply_patch`, `Bash`."
    paths: tuple[str, ...] = ()
    "Files it would write, as the CLI wrote them."
    command: str = ""
    "The shell command it would run."
    question: str = ""
    "A question to the person, with no act behind it."
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer to a wish."""

    granted: bool
    reason: str = ""
    "For the model: who holds the file, until when; or the answer to its question."


Gate = Callable[[Wish], Awaitable[Permission]]
"Decides about a wish. It may wait for a lock or a person, and never raises."


# ---- how it is called, and judged ----


class Transport(StrEnum):
    """How a tool is talked with."""

    TWO_WAY = "two_way"
    "Its own protocol over standard input and output: it asks before it acts."
    ACP = "acp"
    "The Agent Client Protocol."
    COMMAND = "command"
    "One prompt, one process, one stream of output."


@dataclass(frozen=True, slots=True)
class Program:
    """A program of ours that a tool is told to start: the MCP server, or the hook it runs before an edit."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wants:
    """What a run is given besides its prompt. What a tool cannot take, it is not given."""

    resume: str = ""
    "Continue this conversation, by the tool's own name for it; empty: begin a new one."
    mcp: Program | None = None
    hook: Program | None = None
    asks: bool = False
    "Have it ask before each edit and command, where its transport can."
    dollars: float | None = None
    "What this run may spend, for tools that can be told."
    papers: Path | None = None
    "Where files written for it begin; None: beside the workspace."
    confined: Confinement = field(default_factory=Confinement)
    "What its processes may take, and where they may not write."


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call, complete: nothing is left for a shell to interpret."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    "Added to the surroundings; never a secret of the mesh."
    given: bytes = b""
    "For its standard input, which is closed afterwards."


class Blocked(NamedTuple):
    """The model's service would not serve."""

    blockage: Blockage
    retry_in: float | None
    "Seconds, where it said."


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether it did what it was asked, and if not, why, in one line."""

    success: bool
    reason: str = ""
    answer: str = ""
    "Its last words: the result's text, or all it said."
    blockage: Blockage | None = None
    "Set when the tool's own service would not serve: the task is not to blame."
    retry_in: float | None = None
    "Seconds after which the service said it may be asked again."

    @classmethod
    def failed(cls, reason: str, because: str = "", *, answer: str = "", blocked: Blocked | None = None) -> Self:
        """A failure, in its own words where it had any, and with what kept it from being served where that was it."""
        blockage, retry_in = blocked or (None, None)
        return cls(False, f"{reason}: {because}" if because else reason, answer, blockage, retry_in)


_NOTHING = Wants()


class Wire(Protocol):
    """The way to a running tool's standard input."""

    def write(self, text: bytes) -> None:
        """Send it. Once the tool has ended, this does nothing."""
        ...

    def close(self) -> None:
        """End of input: a tool at rest ends then."""
        ...


class Reader(Protocol):
    """Takes a run's standard output apart. One per run."""

    def feed(self, chunk: bytes) -> list[Said]:
        """What the next bytes say. Memory stays bounded, whatever comes."""
        ...

    def end(self) -> list[Said]:
        """What the last, unfinished line says."""
        ...

    def judge(self, exit_code: int, complaints: str) -> Judgement:
        """The verdict on the whole run; `complaints` is the tail of its standard error."""
        ...

    def because(self, complaints: str) -> str:
        """What it said went wrong, on one line; also of a run that had to be ended. Empty when it said nothing."""
        ...

    def blocked(self, complaints: str) -> Blocked | None:
        """Whether the model's service was what would not serve; also of a run that had to be ended."""
        ...


@runtime_checkable
class Dialogue(Reader, Protocol):
    """A reader that also speaks: a two-way protocol over standard input and output. One per run.

    It sends the prompt itself, asks the gate before it grants anything, and closes the wire when the turn is over.
    """

    def begin(self, wire: Wire, hear: Callable[[Said], None], gate: Gate) -> None:
        """The process stands. `hear` is for what is said while no bytes come: `feed` returns the rest."""
        ...

    def interrupt(self) -> None:
        """Ask the tool, in its own words, to stop its turn; the wire is closed when it has."""
        ...

    async def close(self) -> None:
        """Give up whatever still waits for an answer. The process has ended."""
        ...


class Tool(Protocol):
    """One CLI, found on this machine."""

    @property
    def name(self) -> str:
        """Its name in the mesh: `claude`."""
        ...

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What tasks may ask for."""
        ...

    @property
    def declared(self) -> Resources:
        """What one run takes."""
        ...

    @property
    def badge(self) -> Badge:
        """What keeps its writes from the project."""
        ...

    @property
    def edits(self) -> bool:
        """False for one that only answers."""
        ...

    @property
    def confidence(self) -> float:
        """Its bid, 0 to 1."""
        ...

    @property
    def silence(self) -> float:
        """Seconds without any output after which a run counts as hanging."""
        ...

    @property
    def model(self) -> str:
        """The model it is known to use, or empty."""
        ...

    @property
    def transport(self) -> Transport:
        """How it is talked with."""
        ...

    @property
    def resumes(self) -> bool:
        """Whether a conversation can be continued by its name."""
        ...

    @property
    def takes_mcp(self) -> bool:
        """Whether it can be given an MCP server."""
        ...

    def invocation(
        self,
        prompt: str,
        workspace: Path,
        purpose: Purpose = Purpose.WORK,
        options: Sequence[str] = (),
        wants: Wants = _NOTHING,
    ) -> Invocation:
        """The call for one prompt in one workspace. Raises ToolNotFound when it is no longer there."""
        ...

    def reader(self, prompt: str, workspace: Path, wants: Wants = _NOTHING) -> Reader | Dialogue:
        """A fresh reader for one run; a Dialogue where the transport goes both ways."""
        ...
