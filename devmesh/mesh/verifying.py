"""Whether a record is whole: SQLite's own check, no gaps, a fold that succeeds, and a mirror that says the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from devmesh.audit.database import open_reader, problems
from devmesh.audit.rows import facts_after
from devmesh.audit.verify import verify
from devmesh.core.apply import apply
from devmesh.core.state import MeshState
from devmesh.errors import DevMeshError

_MOMENT = 0.5


class Verdict(NamedTuple):
    """What reading all of it showed."""

    ok: bool
    facts: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        if self.ok:
            return f"{self.facts} facts, none missing, and they fold to a state"
        return f"{self.facts} facts; " + "; ".join(self.problems)


def verified(home: Path) -> Verdict:
    """Read the whole record of that home. Raises StorageError when there is none."""
    number = 0
    with open_reader(home) as connection:
        found = list(problems(connection))
        state = MeshState()
        try:
            for recorded in facts_after(connection, 0):
                if recorded.sequence != state.sequence + 1:
                    found.append(f"facts {state.sequence + 1} to {recorded.sequence - 1} are missing")
                apply(state, recorded)
                number += 1
        except (DevMeshError, LookupError, ValueError) as wrong:
            found.append(f"after fact {state.sequence}: {wrong}")
    if not found and (difference := _mirrored(home)):
        found.append(difference)
    return Verdict(not found, number, tuple(found))


def _mirrored(home: Path) -> str:
    """Where the mirror parts from the database; asked twice, as it may be a moment behind a living mesh."""
    if verify(home) is None:
        return ""
    time.sleep(_MOMENT)
    difference = verify(home)
    return difference.message if difference else ""
