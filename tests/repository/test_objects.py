"""What changed between two commits, said exactly, and a change applied on paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import LineCount, Repository, TreeEntry, blob_id
from devmesh.vocabulary.terms import FileChange, FileKind, PlannedWrite


def test_changes_name_both_contents_and_the_mode(project: Path, repository: Repository) -> None:
    """Edits, additions, deletions, execute bits and links, each by content; a rename is two."""
    before = repository.snapshot()
    (project / "kept.py").rename(project / "renamed.py")
    (project / "edited.py").chmod(0o755)
    (project / "untracked.py").unlink()
    (project / "untracked.py").symlink_to("renamed.py")
    (project / "binary").write_bytes(b"\0\1\2")
    kept = blob_id(b"one\ntwo\nthree\n")
    edited = blob_id(b"after\n")
    assert repository.changes(before, repository.snapshot()) == (
        FileChange(path="binary", kind=FileKind.ADDED, after=blob_id(b"\0\1\2")),
        FileChange(path="edited.py", kind=FileKind.MODIFIED, before=edited, after=edited, mode="100755"),
        FileChange(path="kept.py", kind=FileKind.DELETED, before=kept),
        FileChange(path="renamed.py", kind=FileKind.ADDED, after=kept),
        FileChange(
            path="untracked.py",
            kind=FileKind.MODIFIED,
            before=blob_id(b"new\n"),
            after=blob_id(b"renamed.py"),
            mode="120000",
        ),
    )


def test_a_diff_is_for_people_and_can_be_narrowed(project: Path, repository: Repository) -> None:
    """Binaries are one line, bytes that are no text do not stop it, and paths are names, not patterns."""
    before = repository.snapshot()
    (project / "kept.py").write_bytes(b"one\n\xff\nthree\n")
    (project / "*.py").write_text("star\n")
    (project / "binary").write_bytes(b"\0")
    after = repository.snapshot()
    text = repository.diff(before, after)
    assert "-two\n+\ufffd\n" in text
    assert "Binary files" in text
    assert "kept.py" not in repository.diff(before, after, paths=["*.py"])
    assert repository.numstat(before, after) == (
        LineCount("*.py", 1, 0),
        LineCount("binary", None, None),
        LineCount("kept.py", 1, 1),
    )


@pytest.mark.parametrize("oid", ["--version", "HEAD", "", "a" * 39, "A" * 40, "refs/heads/x"])
def test_only_object_ids_are_taken_as_such(repository: Repository, oid: str) -> None:
    """What comes over the wire as an id is never an option or an expression of git's."""
    for ask in (repository.read_blob, repository.tree_entries):
        with pytest.raises(RepositoryError, match="not an object id"):
            ask(oid)


def test_a_missing_object_is_an_error_of_ours(repository: Repository) -> None:
    """It carries what git said."""
    with pytest.raises(RepositoryError, match="cat-file"):
        repository.read_blob("0" * 39 + "1")


def test_writes_are_applied_to_a_commit_on_paper(project: Path, repository: Repository) -> None:
    """Edits, additions and removals, a file that becomes a folder and a folder that becomes a file."""
    (project / "folder").mkdir()
    (project / "folder" / "inner.py").write_text("inner\n")
    base = repository.snapshot()
    one = repository.write_blob(b"1\n")
    writes = (
        PlannedWrite(path="kept.py", expected=None, after=one, mode="100755"),
        PlannedWrite(path="edited.py/now-a-folder", expected=None, after=one),
        PlannedWrite(path="edited.py", expected=None, after=None),
        PlannedWrite(path="folder", expected=None, after=one),
        PlannedWrite(path="folder/inner.py", expected=None, after=None),
        PlannedWrite(path="never-there", expected=None, after=None),
    )
    combined = repository.combined_tree(base, writes)
    assert combined == repository.combined_tree(base, writes)
    entries = repository.tree_entries(combined)
    assert entries["kept.py"] == TreeEntry("100755", one)
    assert set(entries) == {".gitignore", "edited.py/now-a-folder", "folder", "kept.py", "untracked.py"}
    assert (project / "folder" / "inner.py").read_text() == "inner\n"


def test_links_are_told_from_files(project: Path, repository: Repository) -> None:
    """All of a commit; and what became of them between two, a file in the place of one included."""
    (project / "one").symlink_to("kept.py")
    (project / "folder").mkdir()
    (project / "folder" / "two").symlink_to("../one")
    before = repository.snapshot()
    assert repository.links(before) == {"one": blob_id(b"kept.py"), "folder/two": blob_id(b"../one")}
    (project / "one").unlink()
    (project / "one").write_text("kept.py")
    (project / "folder" / "two").unlink()
    (project / "three").symlink_to("one")
    after = repository.snapshot()
    assert repository.links(after) == {"three": blob_id(b"one")}
    assert repository.links_changed(before, after) == {"one": None, "folder/two": None, "three": blob_id(b"one")}
    assert repository.links_changed(after, after) == {}


def test_a_name_that_is_no_text_is_said_so(project: Path, repository: Repository) -> None:
    """A snapshot carries such a file; a change to it cannot be said to anybody, and names it."""
    before = repository.snapshot()
    Path(str(project).encode().decode(), "bad\udcff.py").write_text("x")
    after = repository.snapshot()
    assert after != before
    with pytest.raises(RepositoryError, match=r"not UTF-8: bad\\xff\.py"):
        repository.changes(before, after)


def test_what_an_object_is_is_known_without_its_content(project: Path, repository: Repository) -> None:
    """Ours, git's own, packed or borrowed; and what there is not is said to be missing, where every other is found."""
    commit, blob = repository.snapshot(), repository.write_blob(b"ours" * 100_000)
    tree = repository.git.line("rev-parse", f"{commit}^{{tree}}")
    named: dict[str, str | None] = {commit: "commit", tree: "tree", blob: "blob"}
    assert repository.kinds(named) == named
    repository.git.run(
        "pack-objects", "-q", f"{repository.directory}/objects/pack/pack", given="\n".join(named).encode()
    )
    repository.git.run("prune-packed")
    assert not repository.keeps(blob)
    assert repository.kinds(["e" * 40, *reversed(named)]) == named | {"e" * 40: None}
    assert repository.kinds([]) == {}
    with pytest.raises(RepositoryError, match="not an object id"):
        repository.kinds(["--all"])
