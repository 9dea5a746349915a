"""What a row of the registry can say of a CLI. Knows the shape of that data, and no CLI by name."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, dataclass_transform

import msgspec
from msgspec import Meta

from devmesh.vocabulary.terms import Badge, Blockage, Gigabytes, Name, Share

Scalar = str | bool | int | float
Conditions = dict[str, Scalar | list[Scalar]]
"Dotted path -> the value it must have, or one of several."
Meaning = Literal["session", "text", "delta", "error", "tool_start", "tool_end", "usage", "result", "failure"]
Protocol = Literal["claude", "codex", "acp"]


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the registry: a misspelt key is an error, with its place."""


class EventRule(Table, frozen=True, kw_only=True):
    """What one kind of event of a JSON stream means. All but `means` and the conditions are dotted paths into it."""

    means: Meaning
    when: Conditions = {}
    each: str = ""
    where: Conditions = {}
    success: Conditions = {}
    reason: tuple[str, ...] = ()
    "Where a result that is no success says why: the first of these that is there."
    status: str = ""
    "Where a failure says with which HTTP status the model's service refused."
    session: str = ""
    text: str = ""
    name: str = ""
    paths: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    "What is there is added up: some CLIs count what came from a cache by itself."
    output: tuple[str, ...] = ()
    dollars: str = ""
    adds: bool = False
    "Each of its usage events counts one step; without it, each counts the whole run so far."


class BlockageRule(Table, frozen=True, kw_only=True):
    """A way in which failed runs say that the model's service would not serve."""

    means: Blockage
    pattern: str
    "Searched for in `HTTP <status>`, where a status is known, the reason of a failure, and its complaints."


class Told(Table, frozen=True, kw_only=True):
    """How a CLI is told of a program of ours: of the MCP server, or of the hook it runs before an edit."""

    arguments: tuple[str, ...] = ()
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    "Name -> JSON. They lie beside the workspace, readable by their owner only; what shares a name is merged."


class Talk(Table, frozen=True, kw_only=True):
    """How a CLI is talked with in both directions, so that it asks before it acts."""

    protocol: Protocol
    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    trailing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    "In the place of `{conversation}`; a protocol that names conversations itself needs neither."
    mode: str = ""
    "The mode in which it asks, for agents of the Agent Client Protocol that have several."
    told: bool = False
    "It is told of our MCP server on its command line: what its protocol says of servers, it ignores."
    env: dict[str, str] = {}


class Entry(Table, frozen=True, kw_only=True):
    """One CLI, as the registry describes it; what each key means is said in `registry/README.md`."""

    title: str
    seen: str = ""
    "`V` or `D` and its version, as the registry's README says; nothing for a tool of one's own."
    dated: str = ""
    executables: Annotated[tuple[str, ...], Meta(min_length=1)]
    install: str
    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    trailing: tuple[str, ...] = ()
    "Arguments that must come after the person's own options."
    purposes: dict[Literal["work", "review", "plan"], tuple[str, ...]] = {}
    "Further arguments by what the run is for."
    new: tuple[str, ...] = ()
    "Stands in the place of `{conversation}` when a new conversation begins."
    resume: tuple[str, ...] = ()
    "Stands there when one is continued, by its name {resume}. Empty: this CLI cannot."
    budget: tuple[str, ...] = ()
    "Tells it how many {dollars} it may spend."
    mcp: Told | None = None
    hook: Told | None = None
    talk: Talk | None = None
    version: tuple[str, ...] = ("--version",)
    prompt: Literal["stdin", "argument", "file"] = "stdin"
    output: Literal["text", "json", "json-lines"] = "text"
    dialect: str = ""
    failure_signs: tuple[str, ...] = ()
    "Regular expressions, per line of the answer, that give a failure away which the exit code hides."
    reasons: tuple[str, ...] = ()
    "Regular expressions, per line of what a failed run wrote, that find why; group 1 of the last line that fits."
    usage: tuple[str, ...] = ()
    "Regular expressions, per line of its words, with groups `input`, `output` and perhaps `dollars`; 1.5k is 1500."
    blockages: tuple[BlockageRule, ...] = ()
    "Its own ways to say that the model's service would not serve, before those that all share."
    env: dict[str, str] = {}
    keep: tuple[str, ...] = ()
    model: str = ""
    edits: bool = True
    badge: Badge = Badge.ISOLATED
    capabilities: tuple[Name, ...] = ()
    ram_gb: Gigabytes = 0.0
    vram_gb: Gigabytes = 0.0
    confidence: Share = 0.5
    silence: Annotated[float, Meta(gt=0)] = 1200.0
    "Seconds without output after which it counts as hanging."


class Registry(Table, frozen=True, kw_only=True):
    """All of it."""

    tools: dict[Name, Entry]
    dialects: dict[str, tuple[EventRule, ...]] = {}
    blockages: tuple[BlockageRule, ...] = ()
    "How a refusal of the service is recognised, whatever the CLI: the first that fits."
    retries: tuple[str, ...] = ()
    "Regular expressions that find when the service may be asked again, with groups `number` and perhaps `unit`."


class Refusals(NamedTuple):
    """How a tool's failed runs say that the service would not serve, and when it may be asked again."""

    rules: tuple[BlockageRule, ...] = ()
    retries: tuple[str, ...] = ()


class Known(NamedTuple):
    """One tool of the registry, with what its events mean."""

    name: str
    entry: Entry
    rules: tuple[EventRule, ...]
    refusals: Refusals = Refusals()
