"""Whether the mirror says what the database says. Reads both, changes neither, and may do so while they are written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from msgspec import Struct

from devmesh.audit.database import DATABASE, open_reader, problems
from devmesh.audit.mirror import MIRROR, last_mirrored, read_mirror
from devmesh.audit.rows import facts_after, last_sequence
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded

_GLANCE: Final = 0.02
"Seconds between two looks whether the mirror has come further."


class Difference(Struct, frozen=True, kw_only=True):
    """The first place where the two part."""

    sequence: int
    message: str


def verify(home: Path, *, until: int | None = None, patience: float = 0.0) -> Difference | None:
    """The first difference between database and mirror, a fault inside either included; None when they agree.

    Compared is what was committed when it began, or up to the fact `until` of then; what comes meanwhile is not judged.
    Beside a living mesh the mirror may be a moment behind: for `patience` seconds it may say nothing new before that
    is a difference.
    """
    last = 0
    try:
        with open_reader(home) as connection:
            if found := problems(connection):
                return Difference(sequence=0, message=f"{home / DATABASE}: {found[0]}")
            until = last_sequence(connection) if until is None else until
            kept, mirrored = facts_after(connection, 0, until=until), _mirrored(home / MIRROR, until, patience)
            for one, other in zip_longest(kept, mirrored):
                if one != other:
                    return _between(one, other)
                last = one.sequence
            return _ahead(connection, home / MIRROR)
    except StorageError as error:
        return Difference(sequence=last + 1, message=error.message)


def _mirrored(path: Path, until: int, patience: float) -> Iterator[Recorded]:
    """The facts of the mirror up to that one, waiting for those that are not there yet."""
    last, end = 0, time.monotonic() + patience
    while last < until:
        for recorded in read_mirror(path):
            if recorded.sequence > until:
                return
            if recorded.sequence > last:
                last, end = recorded.sequence, time.monotonic() + patience
                yield recorded
        if last < until:
            if time.monotonic() >= end:
                return
            time.sleep(_GLANCE)


def _ahead(connection: sqlite3.Connection, path: Path) -> Difference | None:
    """What is in the mirror was in the database before; whoever looks there later must find it."""
    mirrored = last_mirrored(path)
    last = last_sequence(connection)
    if mirrored <= last:
        return None
    return Difference(sequence=last + 1, message=f"the database ends before fact {last + 1}")


def _between(kept: Recorded | None, mirrored: Recorded | None) -> Difference:
    """zip_longest never pairs nothing with nothing."""
    if kept is None and mirrored is not None:
        return Difference(sequence=mirrored.sequence, message=f"the database ends before fact {mirrored.sequence}")
    if mirrored is None and kept is not None:
        return Difference(sequence=kept.sequence, message=f"the mirror ends before fact {kept.sequence}")
    sequence = min(one.sequence for one in (kept, mirrored) if one is not None)
    return Difference(
        sequence=sequence, message=f"fact {sequence} reads {kept} in the database and {mirrored} in the mirror"
    )
