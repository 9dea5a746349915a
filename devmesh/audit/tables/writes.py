"""One row per write that came without the gate or a lock: where, whose, and both versions' names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from devmesh.audit.columns import Count, Moment, Prose, Word
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded


class WriteRow(Struct):
    """`before` and `after` name contents in the mesh's private repository; missing where there was no file."""

    write: Count
    time: Moment
    path: Prose
    found_by: Word
    agent: Word = None
    task: Count = None
    before: Prose = None
    after: Prose = None
    holders: Prose = None
    "Who held a lock on it then, separated by commas."
    reporter: Word = None
    "In whose bridge's watch it was found."


def fold_writes(recorded: Iterable[Recorded]) -> list[WriteRow]:
    """Every such write, oldest first."""
    return [_row(one, one.fact) for one in recorded]


def _row(one: Recorded, fact: Any) -> WriteRow:
    return WriteRow(
        write=fact.write,
        time=one.at,
        path=fact.path,
        found_by=fact.found_by.value,
        agent=fact.agent,
        task=fact.task,
        before=fact.before,
        after=fact.after,
        holders=", ".join(fact.holders) or None,
        reporter=fact.reporter,
    )


WRITE_FACTS: Final[tuple[type[Any], ...]] = (facts.WriteFound,)
"All that a write's row is made of."
