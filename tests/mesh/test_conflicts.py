"""What there are two versions of: writes behind the gate, and changes in review, each to look at and to decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.errors import Refused
from devmesh.jupyter.deciding import conflict_rows
from devmesh.mesh import Mesh
from devmesh.repository import Repository
from devmesh.vocabulary.facts import WriteFound
from devmesh.vocabulary.requests import ReportWrite
from devmesh.vocabulary.terms import WorkspaceKind
from tests.mesh.conftest import script
from tests.mesh.test_at_work import PATIENCE, until
from tests.mesh.visitor import Visitor

pytestmark = pytest.mark.slow


def test_a_write_behind_the_gate_is_shown_in_both_versions_and_either_can_be_saved(mesh: Mesh, tmp_path: Path) -> None:
    """Nothing of the project is touched by looking, and nothing is overwritten by saving."""
    before, after = Repository(mesh.project, mesh.home).write_blobs([b"hello\n", b"hello\nthere\n"])
    visitor = Visitor(mesh, workspace=WorkspaceKind.SHARED)
    visitor.begin(mesh.post("work").number)
    found = visitor.ask(WriteFound, ReportWrite(path="notes.md", task=1, attempt=1, before=before, after=after))
    conflict = mesh.conflicts[f"write {found.write}"]
    assert (conflict.sort, conflict.agent, conflict.files) == ("write", "visitor-1", ("notes.md",))
    assert "without a lock" in conflict.message
    assert "+there" in conflict.diff()
    (version,) = conflict.versions()
    assert (version.ours, version.theirs) == ("hello\n", "hello\nthere\n")
    conflict.save(tmp_path / "mine.md", "ours")
    assert (tmp_path / "mine.md").read_text() == "hello\n"
    with pytest.raises(FileExistsError):
        conflict.save(tmp_path / "mine.md")
    with pytest.raises(Refused, match="no version"):
        conflict.save(tmp_path / "base.md", "base")
    with pytest.raises(Refused, match="in the project already"):
        conflict.approve()
    assert list(mesh.conflicts.df()["path"]) == ["notes.md"]
    assert "notes.md" in repr(mesh.conflicts)
    visitor.leave()


def test_a_change_in_review_is_approved_from_its_conflict(busy: Mesh) -> None:
    """The base and the agent's version, then it lands."""
    task = busy.post(script("append notes.md", "| - from review"), to=2)
    assert until(lambda: len(busy.conflicts) == 2)
    conflict = next(each for each in busy.conflicts if each.task == task.number)
    assert conflict.sort == "review"
    (version,) = conflict.versions()
    assert version.path == "notes.md"
    assert "+- from review" in conflict.diff()
    conflict.approve("the better one")
    assert task.result(PATIENCE).files == ("notes.md",)
    assert until(lambda: len(busy.conflicts) == 0)


def test_the_person_is_told_who_would_obey_what_waits_for_them(busy: Mesh) -> None:
    """Also where only a link says so: by its own name nobody would be asked about the file."""
    (busy.project / "CLAUDE.md").symlink_to("notes.md")
    task = busy.post(script("append notes.md", "| - obey"))
    assert until(lambda: len(busy.conflicts) == 1)
    (conflict,) = busy.conflicts
    assert "would obey CLAUDE.md" in conflict.message
    (row,) = busy._operations.door.replica.read(lambda state: conflict_rows(state, ()))
    assert "would obey CLAUDE.md" in row.message
    conflict.approve("fine")
    assert task.result(PATIENCE).files == ("notes.md",)


def test_there_is_no_conflict_of_an_unknown_name(mesh: Mesh) -> None:
    """KeyError, and an empty table."""
    with pytest.raises(KeyError, match="no conflict 'write 9'"):
        mesh.conflicts["write 9"]
    assert repr(mesh.conflicts) == "conflicts: none"
