"""Paging through the record and the project's files: bounded reads for a screen. Knows SQL and folders, no panel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devmesh.audit.database import open_reader
from devmesh.audit.rows import RECORDED_COLUMNS, recorded_of
from devmesh.errors import StorageError
from devmesh.mesh.sentences import sentence
from devmesh.vocabulary.facts import ChangeApplied, OutputReported, WriteFound
from devmesh.vocabulary.record import kind_of

if TYPE_CHECKING:
    from devmesh.vocabulary.codec import Recorded

MOST_FILES = 20_000
FRESH = 10.0
"Seconds for which a listing of the project is good enough."
MOST_OFFERED = 12
LANDINGS = 500
"Landings that are looked through for files written behind the gate, the latest."
_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "target", "venv"})


def page(home: Path, kinds: tuple[str, ...], words: str, before: int, most: int) -> list[Recorded]:
    """The newest facts before a number (0: of all), newest first; with all of `words` in what they say."""
    asked, values = ["sequence < ?" if before else "?"], [before or 1]
    arguments: list[Any] = [*values]
    if kinds:
        asked.append(f"kind IN ({', '.join('?' * len(kinds))})")
        arguments += kinds
    for word in words.split():
        asked.append("(instr(lower(body), lower(?)) OR instr(kind, lower(?)))")
        arguments += [word, word]
    query = f"SELECT {RECORDED_COLUMNS} FROM facts WHERE {' AND '.join(asked)} ORDER BY sequence DESC LIMIT ?"  # noqa: S608
    with open_reader(home) as connection:
        return [recorded_of(row) for row in connection.execute(query, (*arguments, most)).fetchall()]


def line(recorded: Recorded, *, whole: bool = False) -> dict[str, Any]:
    """One fact as a row of the list of events; `whole` output is not cut at its first line."""
    fact = recorded.fact
    text = fact.text if whole and isinstance(fact, OutputReported) else sentence(fact)
    return {
        "sequence": recorded.sequence,
        "at": recorded.at,
        "kind": kind_of(fact),
        "agent": getattr(fact, "agent", None) or "",
        "task": getattr(fact, "task", None),
        "text": text,
    }


def writes_before(home: Path, most: int) -> list[Recorded]:
    """The last writes behind the gate over which nothing has landed since; none where nothing was recorded yet."""
    try:
        writes = page(home, ("write_found",), "", 0, most)
        landed = page(home, ("change_applied",), "", 0, LANDINGS) if writes else []
    except StorageError:
        return []
    last = {
        path: one.sequence for one in reversed(landed) if isinstance(one.fact, ChangeApplied) for path in one.fact.files
    }
    return [one for one in writes if isinstance(one.fact, WriteFound) and one.sequence > last.get(one.fact.path, 0)]


def waited(home: Path, most: int) -> list[tuple[str, float]]:
    """Targets that somebody had to wait for, and for how long, the latest."""
    query = """SELECT body ->> '$.target', body ->> '$.waited' FROM facts
               WHERE kind = 'lock_granted' AND body ->> '$.ticket' IS NOT NULL ORDER BY sequence DESC LIMIT ?"""
    given_up = """SELECT target.value, ended.body ->> '$.waited' FROM facts AS ended
                  JOIN facts AS queued ON queued.kind = 'lock_queued'
                    AND queued.body ->> '$.ticket' = ended.body ->> '$.ticket',
                  json_each(queued.body, '$.targets') AS target
                  WHERE ended.kind = 'lock_wait_ended' ORDER BY ended.sequence DESC LIMIT ?"""
    with open_reader(home) as connection:
        rows = connection.execute(query, (most,)).fetchall() + connection.execute(given_up, (most // 10,)).fetchall()
    return [(str(path), float(seconds or 0.0)) for path, seconds in rows]


_listings: dict[Path, tuple[float, list[str]]] = {}


def paths(project: Path, letters: str) -> list[str]:
    """Files and folders of the project with these letters in their path: the likeliest first."""
    wanted = letters.lower()
    at, listing = _listings.get(project, (0.0, []))
    if not listing or time.monotonic() - at > FRESH:
        listing = list(_walk(project))
        _listings[project] = (time.monotonic(), listing)
    found = [path for path in listing if wanted in path.lower()]
    return sorted(found, key=lambda path: (_rank(path.lower(), wanted), len(path), path))[:MOST_OFFERED]


def _rank(path: str, wanted: str) -> int:
    """0: it begins so; 1: its last part does; 2: it is somewhere in it."""
    if path.startswith(wanted):
        return 0
    return 1 if path.rstrip("/").rpartition("/")[2].startswith(wanted) else 2


def _walk(project: Path) -> Iterator[str]:
    """Relative paths, folders with a slash; nothing hidden, nothing that was built, no link followed."""
    counted = 0
    for folder, folders, files in os.walk(project):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        here = os.path.relpath(folder, project).replace(os.sep, "/")
        prefix = "" if here == "." else f"{here}/"
        for name in [
            *(f"{folder}/" for folder in folders),
            *sorted(name for name in files if not name.startswith(".")),
        ]:
            counted += 1
            if counted > MOST_FILES:
                return
            yield prefix + name
