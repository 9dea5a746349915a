"""Whether a record is whole: SQLite's own check, its chain of seals, a fold that succeeds, and a mirror like it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from devmesh.audit.database import open_reader, problems
from devmesh.audit.mirror import follows
from devmesh.audit.proving import prove
from devmesh.audit.rows import facts_after
from devmesh.audit.verify import verify
from devmesh.core.apply import apply
from devmesh.core.state import MeshState
from devmesh.errors import DevMeshError

_PATIENCE = 5.0
"Seconds that a living mesh's mirror may stand still behind its database."


class Verdict(NamedTuple):
    """What reading all of it showed."""

    ok: bool
    facts: int
    problems: tuple[str, ...]
    head: str = ""
    "`NUMBER:SEAL` of the last proven fact. Written down elsewhere and given back later, it proves all before it."

    def __str__(self) -> str:
        if self.ok:
            return f"{self.facts} facts, none missing or changed, and they fold to a state\nhead {self.head}"
        return f"{self.facts} facts; " + "; ".join(self.problems)


def verified(home: Path, *, head: str = "") -> Verdict:
    """Read the whole record of that home; `head`: one seen earlier. Raises StorageError when there is no record.

    A mesh may run and write beside it: judged is what was committed when this began, whatever comes meanwhile.
    """
    number = 0
    proof = prove(home, head=head)
    with open_reader(home) as connection:
        found = list(problems(connection))
        state = MeshState()
        try:
            for recorded in facts_after(connection, 0, until=proof.until):
                if not follows(recorded, state.sequence + 1):
                    found.append(f"facts {state.sequence + 1} to {recorded.sequence - 1} are missing")
                apply(state, recorded)
                number += 1
        except (DevMeshError, LookupError, ValueError) as wrong:
            found.append(f"after fact {state.sequence}: {wrong}")
    if proof.fault is not None:
        found.insert(0, proof.fault.message)
    if not found and (difference := verify(home, until=proof.until, patience=_PATIENCE)):
        found.append(difference.message)
    return Verdict(not found, number, tuple(found), proof.head)
