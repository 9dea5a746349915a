"""Whether the mirror says what the database says. Reads both, changes neither."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

from msgspec import Struct

from devmesh.audit.database import DATABASE, open_reader, problems
from devmesh.audit.mirror import MIRROR, read_mirror
from devmesh.audit.rows import facts_after
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded


class Difference(Struct, frozen=True, kw_only=True):
    """The first place where the two part."""

    sequence: int
    message: str


def verify(home: Path) -> Difference | None:
    """The first difference between database and mirror, a fault inside either included; None when they agree.

    Beside a living mesh the mirror may be a moment behind, and that is reported as well: ask again.
    """
    last = 0
    try:
        with open_reader(home) as connection:
            if found := problems(connection):
                return Difference(sequence=0, message=f"{home / DATABASE}: {found[0]}")
            for kept, mirrored in zip_longest(facts_after(connection, 0), read_mirror(home / MIRROR)):
                if kept != mirrored:
                    return _between(kept, mirrored)
                last = kept.sequence
    except StorageError as error:
        return Difference(sequence=last + 1, message=error.message)
    return None


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
