"""One file against the project: every row of what may have happened on both sides."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devmesh.coordinator.comparing import Base, Comparison, impossible
from devmesh.coordinator.tree import WriteGate
from devmesh.repository import blob_id
from devmesh.vocabulary.terms import Conflict, FileChange, FileKind, PlannedWrite
from tests.coordinator.changing import Edit, make, replaced, write

Person = Callable[[Path], object]


def unlink(name: str) -> Edit:
    """Delete a file."""
    return lambda place: (place / name).unlink()


def link(name: str, target: str) -> Edit:
    """Put a symbolic link where a file may be."""

    def edit(place: Path) -> None:
        (place / name).unlink(missing_ok=True)
        (place / name).symlink_to(target)

    return edit


def binary(name: str, content: bytes) -> Edit:
    """Write bytes that are no text."""
    return lambda place: (place / name).write_bytes(content)


def swap_for_folder(place: Path) -> None:
    """A person puts a folder where a file was."""
    (place / "b.txt").unlink()
    (place / "b.txt").mkdir()


def swap_for_pipe(place: Path) -> None:
    """A pipe, which must never be opened."""
    (place / "b.txt").unlink()
    os.mkfifo(place / "b.txt")


def swap_folder_for_link(place: Path) -> None:
    """The folder of the file becomes a link that leads elsewhere."""
    (place / "src" / "app.py").unlink()
    (place / "src").rmdir()
    outside = place.parent / "outside"
    outside.mkdir()
    (outside / "app.py").write_text("not the project's\n")
    (place / "src").symlink_to(outside)


CONFLICTS: dict[str, tuple[Edit, Person, bool, str]] = {
    "both added it": (write(n_txt="theirs\n"), write(n_txt="mine\n"), True, "both added it"),
    "deleted here": (write(b_txt="theirs\n"), unlink("b.txt"), True, "the project has deleted it"),
    "deleted there": (unlink("b.txt"), write(b_txt="mine\n"), True, "the project has modified it"),
    "never merged": (write(b_txt="theirs\n"), write(b_txt="mine\n"), False, "never merged"),
    "not text": (binary("b.txt", b"\0theirs"), binary("b.txt", b"\0mine"), True, "not text"),
    "a link here": (write(b_txt="theirs\n"), link("b.txt", "a.txt"), True, "symbolic link"),
    "a link there": (link("b.txt", "a.txt"), write(b_txt="mine\n"), True, "symbolic link"),
    "a folder here": (write(b_txt="theirs\n"), swap_for_folder, True, "a folder there"),
    "a pipe here": (write(b_txt="theirs\n"), swap_for_pipe, True, "a pipe, socket or device there"),
    "the way became a link": (write(src__app_py="theirs\n"), swap_folder_for_link, True, "symbolic link"),
    "the same lines": (write(b_txt="theirs\n"), write(b_txt="mine\n"), True, "the same lines"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_cannot_be_merged_says_why(gate: WriteGate, project: Path, case: str) -> None:
    """A conflict with its reason, and the project's content kept where there is any."""
    edit, person, mergeable, words = CONFLICTS[case]
    made = make(gate.repository, edit)
    person(project)
    (judged,) = gate.prepare(made.to_prepare(mergeable=mergeable)).conflicts
    assert words in judged.reason
    file = project / judged.path
    if file.is_file() and not file.is_symlink() and "link" not in case:
        assert judged.current == blob_id(file.read_bytes())


@pytest.mark.parametrize(
    "path", [".git/config", "src/.GIT/hooks/x", ".devmesh-x", "a/.devmesh/y", "../x", "/etc/x", "a//b"]
)
def test_what_is_not_the_projects_is_never_written(gate: WriteGate, path: str) -> None:
    """The folder of git, the mesh's own names and whatever leads out."""
    after = gate.repository.write_blob(b"x")
    change = FileChange(path=path, kind=FileKind.ADDED, after=after)
    judged = Comparison(gate.repository).judge(change, Base(dict, frozenset({path})))
    assert isinstance(judged, Conflict)


def test_a_merge_expects_what_the_project_holds(gate: WriteGate, project: Path) -> None:
    """The plan names the content it was merged with, so that a later edit is noticed."""
    made = make(gate.repository, lambda place: replaced(place / "a.txt", "line 29\n", "theirs\n"))
    replaced(project / "a.txt", "line 2\n", "mine\n")
    (planned,) = gate.prepare(made.to_prepare()).plan
    assert isinstance(planned, PlannedWrite)
    assert planned.expected == blob_id((project / "a.txt").read_bytes())
    assert planned.merged


def test_a_change_of_the_mode_alone_is_a_write(gate: WriteGate, project: Path) -> None:
    """Content the same, execute bit new."""
    made = make(gate.repository, lambda place: (place / "b.txt").chmod(0o755))
    (planned,) = gate.prepare(made.to_prepare()).plan
    assert planned.expected == planned.after
    assert planned.mode == "100755"
    del project


def test_possible_changes_are_possible() -> None:
    """A file that goes may make room for a folder of its name."""
    oid = "a" * 40
    gone = FileChange(path="d", kind=FileKind.DELETED, before=oid)
    below = FileChange(path="d/e", kind=FileKind.ADDED, after=oid)
    assert impossible((below,)) is None
    assert impossible((below, FileChange(path="d2", kind=FileKind.ADDED, after=oid))) is None
    assert impossible((below, FileChange(path="d", kind=FileKind.ADDED, after=oid))) is not None
    assert impossible((gone, below)) is None
