"""What happened, as a person asks for it: frames, a task's story and output, a change's diff. Reads files, asks nobody.

The audit is opened read-only and works after the mesh has stopped, too.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devmesh.audit import frames, replay
from devmesh.audit.columns import frame
from devmesh.audit.database import DATABASE, open_reader
from devmesh.audit.rows import RECORDED_COLUMNS, recorded_of
from devmesh.errors import MeshError, StorageError
from devmesh.mesh.differences import Difference, differences
from devmesh.mesh.sentences import sentence
from devmesh.mesh.verifying import Verdict, verified
from devmesh.repository import Repository
from devmesh.vocabulary.codec import Recorded, decode_fact
from devmesh.vocabulary.facts import ChangeApplied, ChangeOffered, DiscoveryShared, WriteFound
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.record import kind_of

if TYPE_CHECKING:
    import pandas as pd

    from devmesh.core.state import MeshState
    from devmesh.repository.objects import LineCount

_TOLD = {"time": "moment", "kind": "category", "agent": "text", "what": "text"}
_FIGURES = "devmesh_widgets.figures"
_GOING_ON = frozenset({"tasks", "locks"})
"What lasts, and is drawn up to the last moment on record."


class Past:
    """The record of one mesh."""

    def __init__(self, home: Path, project: Path) -> None:
        self.home = home
        self.project = project

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.home / DATABASE

    def frame(self, noun: str) -> pd.DataFrame:
        """All of a noun in history: `agents`, `tasks`, `locks`, `bids`, `changes` or `hardware`."""
        made: pd.DataFrame = getattr(frames, noun)(self.home)
        return made

    def events(self, kind: str = "*", *, since: frames.When | None = None, limit: int | None = 10_000) -> pd.DataFrame:
        """Facts whose kind matches the glob, oldest first: the newest `limit`, or all for None."""
        return frames.facts(self.home, kind, since=since, limit=limit)

    def lines(
        self, kind: str = "*", *, since: frames.When | None = None, limit: int | None = 1000
    ) -> list[tuple[datetime, str, str, int | None, str]]:
        """The same facts for reading: local time, kind, agent, task, and one sentence each."""
        numbers = json.dumps([int(number) for number in self.events(kind, since=since, limit=limit)["sequence"]])
        with open_reader(self.home) as connection:
            rows = connection.execute(
                f"SELECT {RECORDED_COLUMNS} FROM facts WHERE sequence IN (SELECT value FROM json_each(?)) "  # noqa: S608
                "ORDER BY sequence",
                (numbers,),
            ).fetchall()
        return [_line(recorded_of(row)) for row in rows]

    def story(self, task: int) -> tuple[Recorded, ...]:
        """Every fact about a task and its changes, in order."""
        return tuple(replay.story(self.home, task=task))

    def told(self, task: int) -> pd.DataFrame:
        """The same for reading: time, kind, agent, and one sentence each."""
        lines = [_line(recorded) for recorded in self.story(task)]
        times, kinds, agents, _tasks, said = zip(*lines, strict=True) if lines else ((),) * 5
        seconds = [moment.timestamp() for moment in times]
        return frame(_TOLD, {"time": seconds, "kind": kinds, "agent": agents, "what": said})

    def at(self, moment: datetime | float) -> MeshState:
        """The state right after the last fact of that moment, to the microsecond, which is how exact frames are."""
        seconds = moment.timestamp() if isinstance(moment, datetime) else moment
        return replay.state_at(self.home, at=seconds + 1e-6)

    def timeline(self, most: int) -> list[tuple[int, float]]:
        """Numbers and moments (Unix seconds) of the first fact, the last, and others evenly between: at most `most`."""
        with open_reader(self.home) as connection:
            first, last = connection.execute("SELECT min(sequence), max(sequence) FROM facts").fetchone()
            if first is None:
                raise StorageError("nothing is on record yet")
            each = max(1, -(-(last - first) // max(1, most - 2)))
            rows = connection.execute(
                "SELECT sequence, at FROM facts WHERE (sequence - ?) % ? = 0 OR sequence = ? ORDER BY sequence",
                (first, each, last),
            ).fetchall()
        return [(int(sequence), float(at)) for sequence, at in rows]

    def differences(self, before: datetime | float, after: datetime | float) -> pd.DataFrame:
        """What changed between two moments: noun, name, aspect, before, after."""
        import pandas as pd

        return pd.DataFrame(differences(self.at(before), self.at(after)), columns=list(Difference._fields))

    def latest(self, number: int) -> tuple[Recorded, ...]:
        """The last facts on record, oldest first; none where nothing was recorded yet."""
        try:
            with open_reader(self.home) as connection:
                rows = connection.execute(
                    f"SELECT {RECORDED_COLUMNS} FROM facts ORDER BY sequence DESC LIMIT ?",  # noqa: S608 - our own text
                    (number,),
                ).fetchall()
        except StorageError:
            return ()
        return tuple(recorded_of(row) for row in reversed(rows))

    def discoveries(self) -> tuple[DiscoveryShared, ...]:
        """Everything that was shared, oldest first."""
        with open_reader(self.home) as connection:
            rows = connection.execute(
                "SELECT body FROM facts WHERE kind = 'discovery_shared' ORDER BY sequence"
            ).fetchall()
        return tuple(fact for (body,) in rows if isinstance(fact := decode_fact(body), DiscoveryShared))

    def output(self, task: int, *, stream: str | None = None) -> str:
        """What a task's tool said, in order, made harmless for a terminal; on one stream where one is named."""
        said = frames.outputs(self.home, task)
        return plain("".join(said["text"] if stream is None else said["text"][said["stream"] == stream]))

    def verify(self, *, head: str = "") -> Verdict:
        """Read the whole record, prove its seals and fold it; say what is wrong, if anything is."""
        return verified(self.home, head=head)

    def landed(self) -> list[tuple[str, str]]:
        """Base and head of every change that landed, in the order in which they did."""
        offered: dict[int, tuple[str, str]] = {}
        landed = []
        with open_reader(self.home) as connection:
            for (body,) in connection.execute(
                "SELECT body FROM facts WHERE kind IN ('change_offered', 'change_applied') ORDER BY sequence"
            ):
                match decode_fact(body):
                    case ChangeOffered() as offer:
                        offered[offer.change] = (offer.base, offer.head)
                    case ChangeApplied() as applied:
                        landed.append(offered[applied.change])
        return landed

    def diff(self, base: str, head: str) -> str:
        """The difference between two commits of the private repository."""
        return Repository(self.project, self.home).diff(base, head)

    def numstat(self, base: str, head: str) -> tuple[LineCount, ...]:
        """Lines added and removed per file between two commits of the private repository."""
        return Repository(self.project, self.home).numstat(base, head)

    def text(self, oid: str | None) -> str | None:
        """The text of a blob of the private repository, as far as it is one; None for none."""
        return None if oid is None else Repository(self.project, self.home).read_blob(oid).decode(errors="replace")

    def text_at(self, commit: str, path: str) -> str | None:
        """The text of a file in a commit of the private repository; None when it is not in it."""
        entry = Repository(self.project, self.home).tree_entries(commit, [path]).get(path)
        return None if entry is None else self.text(entry.oid)

    def writes(self, number: int) -> tuple[WriteFound, ...]:
        """The last writes that came without the gate and without a lock, oldest first."""
        with open_reader(self.home) as connection:
            rows = connection.execute(
                "SELECT body FROM facts WHERE kind = 'write_found' ORDER BY sequence DESC LIMIT ?", (number,)
            ).fetchall()
        return tuple(fact for (body,) in reversed(rows) if isinstance(fact := decode_fact(body), WriteFound))

    def write(self, number: int) -> WriteFound | None:
        """The one of that number; None when there is none."""
        with open_reader(self.home) as connection:
            row = connection.execute(
                "SELECT body FROM facts WHERE kind = 'write_found' AND json_extract(body, '$.write') = ?", (number,)
            ).fetchone()
        fact = decode_fact(row[0]) if row is not None else None
        return fact if isinstance(fact, WriteFound) else None

    def figure(self, noun: str) -> Any:
        """A noun's history, or all `events`, as a plotly figure. Raises MeshError where there is no picture."""
        draw = getattr(import_module(_FIGURES), noun, None)
        if draw is None:
            raise MeshError(f"there is no picture of {noun}", hint=f"mesh.{noun}.df() has them as a DataFrame.")
        if noun == "events":
            return draw(self.events(limit=None))
        return draw(self.frame(noun), self._until()) if noun in _GOING_ON else draw(self.frame(noun))

    def _until(self) -> pd.Timestamp | None:
        """When the last fact was recorded."""
        import pandas as pd

        last = self.latest(1)
        return pd.Timestamp(last[0].at, unit="s", tz="UTC") if last else None


def _line(recorded: Recorded) -> tuple[datetime, str, str, int | None, str]:
    fact = recorded.fact
    moment = datetime.fromtimestamp(recorded.at, UTC).astimezone()
    return moment, kind_of(fact), getattr(fact, "agent", None) or "", getattr(fact, "task", None), sentence(fact)
