"""Stamps tell that something may have been written: to a known file, or a new one beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devmesh.bridge.guarding.footprint import Footprint


def replaced(project: Path) -> None:
    """As an editor saves: a new file in the old one's place."""
    (project / "fresh").write_text("longer than it was\n")
    (project / "fresh").replace(project / "src" / "a.txt")


@pytest.mark.parametrize(
    "write",
    [
        lambda project: (project / "src" / "a.txt").write_text("longer than it was\n"),
        lambda project: (project / "src" / "a.txt").unlink(),
        lambda project: (project / "src" / "new.txt").write_text("new\n"),
        lambda project: (project / "new.txt").write_text("new\n"),
        replaced,
    ],
    ids=["written", "removed", "a new one beside it", "a new one above it", "replaced"],
)
def test_what_is_written_shows_once(tmp_path: Path, write: Callable[[Path], object]) -> None:
    """Then it is known."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.txt").write_text("a\n")
    footprint = Footprint(tmp_path)
    footprint.tread(["src/a.txt"])
    assert not footprint.changed()
    write(tmp_path)
    assert footprint.changed()
    assert not footprint.changed()
