"""What the core wants done. The coordinator does it in order: every Record of a turn in one commit, then the rest."""

from __future__ import annotations

from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.record import Record as Value
from devmesh.vocabulary.terms import FileChange, PlannedWrite


class Record(Value):
    """Keep this fact. Nothing of the turn is told before it is kept."""

    recorded: Recorded


class Tell(Value):
    """Send facts of this turn to one connection, as one delivery."""

    connection: int
    facts: tuple[Recorded, ...]
    reply_to: int | None = None


class SendState(Value):
    """Send the whole state, as of the end of this turn, to a connection that begins to watch."""

    connection: int
    reply_to: int


class HangUp(Value):
    """End this connection."""

    connection: int
    reason: str


class WakeAt(Value):
    """Send `Woke` no earlier than this mesh time; replaces the previous alarm. None: no alarm."""

    time: float | None


class PrepareChange(Value):
    """Compare every file of the change with the project, and merge where it moved on."""

    change: int
    base: str
    head: str
    files: tuple[FileChange, ...]
    mergeable: tuple[str, ...]
    "Paths where a three-way merge is allowed: held in CO_WRITE, or by policy."


class RunCheck(Value):
    """Run the command on the project as it would be with this plan."""

    change: int
    command: str
    current: str
    plan: tuple[PlannedWrite, ...]


class ApplyChange(Value):
    """Exchange the files of the plan, all or none. Its intent is on record already."""

    change: int
    plan: tuple[PlannedWrite, ...]


class Search(Value):
    """Look the query up in the shared knowledge and tell the connection."""

    connection: int
    reply_to: int
    query: str
    limit: int


Effect = Record | Tell | SendState | HangUp | WakeAt | PrepareChange | RunCheck | ApplyChange | Search
