"""Writes behind the gate, as they were found."""

from __future__ import annotations

from devmesh.audit.tables.writes import fold_writes
from devmesh.vocabulary.facts import WriteFound
from tests.audit.samples import ONE, working


def test_a_write_names_both_versions_and_who_held_the_file() -> None:
    """A version that was no file is missing."""
    (row,) = fold_writes(one for one in working().recorded if isinstance(one.fact, WriteFound))
    assert (row.path, row.found_by, row.agent, row.before, row.after, row.holders) == (
        "a.py", "sweep", "claude-1", ONE, None, "codex-1",
    )  # fmt: skip
