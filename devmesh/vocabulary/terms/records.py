"""Small records that requests and facts share: memory, files, conflicts, planned tasks, probes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devmesh.vocabulary.record import Record
from devmesh.vocabulary.terms.kinds import FileKind
from devmesh.vocabulary.terms.values import Gigabytes, Line, Name, ObjectId, Path, Priority, Text


class Resources(Record):
    """RAM and GPU memory, in gigabytes (10^9 bytes)."""

    ram_gb: Gigabytes = 0.0
    vram_gb: Gigabytes = 0.0


class FileChange(Record):
    """One file of a change: what it was in the base and what it became, by content."""

    path: Path
    kind: FileKind
    before: ObjectId | None = None
    after: ObjectId | None = None
    mode: Annotated[str, Meta(pattern=r"^(100644|100755|120000)$(?!\n)")] = "100644"
    "git's file mode after the change: plain, executable or symbolic link."


class PlannedWrite(Record):
    """One exchange the gate is about to make; enough to finish it, or take it back, after a crash."""

    path: Path
    expected: ObjectId | None
    "Content the project must hold at that moment; None: no such file."
    after: ObjectId | None
    "Content to put there; None: remove the file."
    mode: str = "100644"
    merged: bool = False
    "Whether `after` is a three-way merge rather than the agent's own text."


class Conflict(Record):
    """A file that could not be merged. The blobs are in the private repository."""

    path: Path
    reason: Line
    current: ObjectId | None = None
    "What the project holds."
    marked: ObjectId | None = None
    "Both texts with conflict markers, where the file is text."


class PlannedTask(Record):
    """One task of an architect's framework. `key` names it inside the framework, for dependencies."""

    key: Name
    title: Line
    prompt: Text
    files: tuple[Path, ...] = ()
    depends_on: tuple[Name, ...] = ()
    priority: Priority = 3


class Probe(Record):
    """One way of editing that was tried on a forbidden scratch file when the agent joined, and what came of it."""

    way: Line
    "edit, write, shell ..."
    refused: bool
    detail: Line = ""
