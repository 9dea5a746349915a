"""A workspace comes and goes without a trace, and what was done in it is taken as it is."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from devmesh.vocabulary.terms import FileKind

Workspace = tuple[Path, str]


def tool_git(folder: Path, *arguments: str) -> str:
    """The git a tool runs by itself in its workspace."""
    identity = ("-c", "user.name=Tool", "-c", "user.email=tool@localhost")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def kinds(repository: Repository, base: str, head: str) -> dict[str, FileKind]:
    """What became of each file."""
    return {change.path: change.kind for change in repository.changes(base, head)}


def test_edits_additions_and_deletions_become_one_commit(repository: Repository, workspace: Workspace) -> None:
    """Everything in the work tree is in it, on top of the parent given; what is ignored is not."""
    path, base = workspace
    (path / "kept.py").write_text("changed\n")
    (path / "edited.py").unlink()
    (path / "folder").mkdir()
    (path / "folder" / "new.py").write_text("new\n")
    (path / "noise.log").write_text("ignored\n")
    head = repository.commit_worktree(path, "The change", base)
    assert kinds(repository, base, head) == {
        "edited.py": FileKind.DELETED,
        "folder/new.py": FileKind.ADDED,
        "kept.py": FileKind.MODIFIED,
    }
    assert repository.git.line("rev-parse", f"{head}^") == base
    assert repository.commit_worktree(path, "The change", base) == head


def test_nothing_changed_is_the_parent_itself(repository: Repository, workspace: Workspace) -> None:
    """No empty change is made; an edit taken back is none either."""
    path, base = workspace
    assert repository.commit_worktree(path, "Nothing", base) == base
    (path / "kept.py").write_text("x\n")
    (path / "kept.py").write_text("one\ntwo\nthree\n")
    assert repository.commit_worktree(path, "Nothing", base) == base


def test_what_the_tool_committed_itself_counts_too(repository: Repository, workspace: Workspace) -> None:
    """Tools commit, branch and stash as they like; the files that are there are the result."""
    path, base = workspace
    (path / "kept.py").write_text("committed\n")
    (path / "forced.log").write_text("wanted\n")
    tool_git(path, "checkout", "--quiet", "-b", "tool-branch")
    tool_git(path, "add", "--force", ".")
    tool_git(path, "commit", "--quiet", "-m", "By the tool")
    (path / "untracked.py").write_text("and more\n")
    assert kinds(repository, base, repository.commit_worktree(path, "All", base)) == {
        "forced.log": FileKind.ADDED,
        "kept.py": FileKind.MODIFIED,
        "untracked.py": FileKind.MODIFIED,
    }


def test_no_trick_with_the_tools_own_index_hides_an_edit(repository: Repository, workspace: Workspace) -> None:
    """Flags, a lock left behind, a file taken out of the index, even a missing .git: the files count."""
    path, base = workspace
    tool_git(path, "update-index", "--skip-worktree", "kept.py")
    tool_git(path, "update-index", "--assume-unchanged", "edited.py")
    tool_git(path, "rm", "--quiet", "--cached", "untracked.py")
    (path / "kept.py").write_text("hidden\n")
    (path / "edited.py").write_text("hidden\n")
    (Path(tool_git(path, "rev-parse", "--absolute-git-dir").strip()) / "index.lock").touch()
    (path / ".git").unlink()
    assert kinds(repository, base, repository.commit_worktree(path, "All", base)) == {
        "edited.py": FileKind.MODIFIED,
        "kept.py": FileKind.MODIFIED,
    }


def test_ignored_files_the_base_has_stay(project: Path, repository: Repository, tmp_path: Path) -> None:
    """A file included in the snapshot is not deleted by a rule that ignores it, and its edits are seen."""
    base = repository.snapshot(include=["*.log"])
    repository.worktree_add(tmp_path / "workspace", base)
    assert repository.commit_worktree(tmp_path / "workspace", "Nothing", base) == base
    (tmp_path / "workspace" / "noise.log").write_text("edited\n")
    head = repository.commit_worktree(tmp_path / "workspace", "An edit", base)
    assert kinds(repository, base, head) == {"noise.log": FileKind.MODIFIED}


def test_history_can_be_read_in_a_workspace_and_status_is_clean(workspace: Workspace) -> None:
    """The tool finds an ordinary repository."""
    path, _base = workspace
    assert "The first commit" in tool_git(path, "log", "--format=%s")
    assert not tool_git(path, "status", "--porcelain")


def test_removal_leaves_nothing_and_may_be_repeated(repository: Repository, workspace: Workspace) -> None:
    """Locked folders, edits and a second call do not stop it."""
    path, base = workspace
    assert repository.worktrees() == [path]
    (path / "deep").mkdir()
    (path / "deep" / "file").write_text("x")
    (path / "deep").chmod(0o500)
    repository.worktree_remove(path)
    repository.worktree_remove(path)
    assert not path.exists()
    assert repository.worktrees() == []
    repository.worktree_add(path, base)


def test_a_workspace_whose_folder_vanished_can_be_made_again(repository: Repository, workspace: Workspace) -> None:
    """After a crash, or `rm -rf`, the place is free."""
    path, base = workspace
    shutil.rmtree(path)
    assert repository.worktrees() == [path]
    repository.worktree_add(path, base)
    assert (path / "kept.py").exists()


def test_a_folder_that_is_no_workspace_is_refused(repository: Repository, tmp_path: Path) -> None:
    """Neither the project nor any other folder is ever committed or removed as a workspace."""
    commit = repository.snapshot()
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "file").write_text("precious")
    with pytest.raises(RepositoryError, match="no workspace"):
        repository.commit_worktree(stranger, "x", commit)
    with pytest.raises(RepositoryError, match="already exists"):
        repository.worktree_add(stranger, commit)
    repository.worktree_remove(stranger)
    assert (stranger / "file").read_text() == "precious"


def test_several_workspaces_are_made_at_once(repository: Repository, tmp_path: Path) -> None:
    """Threads do not trip over each other's locks."""
    commit = repository.snapshot()
    paths = [tmp_path / "workspaces" / f"{number}" / "same-name" for number in range(4)]
    failures: list[BaseException] = []

    def work(path: Path) -> None:
        try:
            repository.worktree_add(path, commit)
            (path / "kept.py").write_text(str(path))
            assert repository.commit_worktree(path, "x", repository.snapshot()) != commit
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(repository.worktrees()) == sorted(paths)
