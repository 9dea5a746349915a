"""Database and mirror compared, fact by fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.audit.journal import Journal
from devmesh.audit.mirror import MIRROR
from devmesh.audit.verify import verify
from tests.audit.samples import WALL, locking


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A closed record."""
    journal = Journal.open(tmp_path, now_wall=WALL)
    for batch in locking(10):
        journal.append(batch, WALL)
    journal.close()
    return tmp_path


def test_they_agree(home: Path) -> None:
    """Nothing to report."""
    assert verify(home) is None


def test_an_edited_fact_is_found(home: Path) -> None:
    """One letter in one line, still valid JSON: its number is reported."""
    text = (home / MIRROR).read_text()
    lines = text.splitlines(keepends=True)
    lines[6] = lines[6].replace("claude-1", "claude-9")
    (home / MIRROR).write_text("".join(lines))
    difference = verify(home)
    assert difference is not None
    assert difference.sequence == 7
    assert "claude-9" in difference.message


def test_a_short_mirror_and_a_missing_line_are_found(home: Path) -> None:
    """Both with the number of the first fact that is not there."""
    lines = (home / MIRROR).read_text().splitlines(keepends=True)
    (home / MIRROR).write_text("".join(lines[:-1]))
    short = verify(home)
    assert short is not None
    assert short.message == f"the mirror ends before fact {len(lines)}"
    (home / MIRROR).write_text("".join([*lines[:3], *lines[4:]]))
    gap = verify(home)
    assert gap is not None
    assert gap.sequence == 4
    (home / MIRROR).unlink()
    assert verify(home) is not None
