"""A snapshot is the project's content now: all that is wanted, nothing that is not, and the person's git untouched."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository, blob_id

from .conftest import RunGit


def contents(repository: Repository, commit: str) -> dict[str, bytes]:
    """Every file of a commit with its bytes."""
    return {path: repository.read_blob(entry.oid) for path, entry in repository.tree_entries(commit).items()}


def fingerprint(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Every file below, with its content's hash, mode and time of change."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            status = file.stat()
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            found[str(file)] = (digest, status.st_mode, status.st_mtime_ns if "objects" not in file.parts else 0)
    return found


def test_uncommitted_and_untracked_files_are_in_it_and_ignored_ones_are_not(repository: Repository) -> None:
    """A workspace starts from what the person sees, not from what they committed."""
    assert contents(repository, repository.snapshot()) == {
        ".gitignore": b"*.log\nbuild/\n",
        "edited.py": b"after\n",
        "kept.py": b"one\ntwo\nthree\n",
        "untracked.py": b"new\n",
    }


def test_the_persons_git_is_never_written(
    project: Path, repository: Repository, tmp_path: Path, person_git: RunGit
) -> None:
    """Not a byte below .git changes, and no file appears, through a whole life of snapshots and workspaces."""
    (project / "kept.py").write_text("stashed\n")
    person_git(project, "stash")
    person_git(project, "add", "untracked.py")
    before, status = fingerprint(project / ".git"), person_git(project, "stash", "list")
    commit = repository.snapshot(include=["*.log"])
    workspace = tmp_path / "workspace"
    repository.worktree_add(workspace, commit)
    (workspace / "kept.py").write_text("changed by a tool\n")
    for command in (["add", "."], ["commit", "-qm", "x"], ["stash", "list"], ["checkout", "-qb", "side"], ["gc", "-q"]):
        subprocess.run(["git", *command], cwd=workspace, check=True, capture_output=True)
    changed = repository.commit_worktree(workspace, "The tool's change", commit)
    repository.diff(commit, changed)
    repository.worktree_remove(workspace)
    repository.snapshot()
    assert fingerprint(project / ".git") == before
    assert person_git(project, "stash", "list") == status


def test_the_same_content_is_the_same_commit(project: Path, repository: Repository) -> None:
    """Taking it again, from a fresh index too, names the same commit; an edit another, taken back the first again."""
    first = repository.snapshot()
    assert repository.snapshot() == repository.snapshot(index="another") == first
    (project / "kept.py").write_text("edited\n")
    assert repository.snapshot() != first
    (project / "kept.py").write_text("one\ntwo\nthree\n")
    assert repository.snapshot() == first


def test_a_snapshot_stands_on_the_persons_head(project: Path, repository: Repository, person_git: RunGit) -> None:
    """History is there to read in a workspace; before the first commit there is simply none."""
    head = person_git(project, "rev-parse", "HEAD").strip()
    assert repository.git.line("rev-parse", f"{repository.snapshot()}^") == head


def test_an_edit_of_the_same_size_and_time_is_noticed(project: Path, repository: Repository) -> None:
    """A file rewritten within the clock's tick, with its time put back, is still a changed file."""
    for turn in range(6):
        file = project / "kept.py"
        file.write_text(f"turn {turn:04}\n")
        status = file.stat()
        repository.snapshot()
        file.write_text(f"TURN {turn:04}\n")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert contents(repository, repository.snapshot())["kept.py"] == f"TURN {turn:04}\n".encode()


def test_a_blob_is_the_files_bytes_whatever_the_attributes_say(
    project: Path, repository: Repository, tmp_path: Path
) -> None:
    """No line ending, filter, ident or encoding is converted on the way in or out."""
    (project / ".gitattributes").write_text(
        "* text=auto eol=crlf ident\n*.bin filter=lfs diff=lfs -text\n*.u16 text working-tree-encoding=UTF-16\n"
    )
    files = {"a.txt": b"$Id$ one\r\ntwo\n", "b.bin": b"\0\r\n", "c.u16": "hé\n".encode("utf-16"), "d.txt": b"no\nend"}
    for name, data in files.items():
        (project / name).write_bytes(data)
    commit = repository.snapshot()
    assert {name: entry.oid for name, entry in repository.tree_entries(commit, list(files)).items()} == {
        name: blob_id(data) for name, data in files.items()
    }
    repository.worktree_add(tmp_path / "workspace", commit)
    assert {name: (tmp_path / "workspace" / name).read_bytes() for name in files} == files
    assert repository.commit_worktree(tmp_path / "workspace", "Nothing", commit) == commit


def test_included_globs_bring_ignored_files_and_leave_again(project: Path, repository: Repository) -> None:
    """`include` decides per snapshot; what one took does not stay in the next."""
    plain = repository.snapshot()
    taken = repository.snapshot(include=["*.log", "nothing/**"])
    assert [change.path for change in repository.changes(plain, taken)] == ["noise.log"]
    (project / "noise.log").write_text("more\n")
    assert contents(repository, repository.snapshot(include=["*.log", "nothing/**"]))["noise.log"] == b"more\n"
    assert repository.snapshot() == plain


def test_a_tracked_file_stays_in_although_a_rule_ignores_it(
    project: Path, repository: Repository, person_git: RunGit
) -> None:
    """What the person tracks is theirs to decide; a file that becomes ignored without being tracked leaves."""
    person_git(project, "add", "--force", "noise.log")
    (project / "noise.log").write_text("tracked and edited\n")
    repository.snapshot()
    (project / ".gitignore").write_text("*.log\nuntracked.py\n")
    held = contents(repository, repository.snapshot())
    assert held["noise.log"] == b"tracked and edited\n"
    assert "untracked.py" not in held


def test_symlinks_and_execute_bits_are_kept(project: Path, repository: Repository) -> None:
    """A link is its target's name, never what it points at."""
    (project / "link").symlink_to("/etc/passwd")
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o755)
    entries = repository.tree_entries(repository.snapshot(), ["link", "run.sh"])
    assert {path: entry.mode for path, entry in entries.items()} == {"link": "120000", "run.sh": "100755"}
    assert repository.read_blob(entries["link"].oid) == b"/etc/passwd"


def test_pipes_and_sockets_are_passed_by(
    project: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They never hang a snapshot; one that took a file's place is said to be left out."""
    repository.snapshot()
    monkeypatch.chdir(project)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        (project / "kept.py").unlink()
        os.mkfifo("kept.py")
        taken = repository.take_snapshot()
    assert taken.left_out == ("kept.py",)
    assert set(repository.tree_entries(taken.commit)) == {".gitignore", "edited.py", "untracked.py"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_left_out_and_named(project: Path, repository: Repository) -> None:
    """One file nobody may read does not stop the others."""
    (project / "secret.py").write_text("hidden\n")
    (project / "secret.py").chmod(0)
    taken = repository.take_snapshot()
    assert taken.left_out == ("secret.py",)
    assert "kept.py" in repository.tree_entries(taken.commit)


@pytest.mark.parametrize("commits", [0, 1])
def test_nested_repositories_are_left_out_and_named(
    project: Path, repository: Repository, person_git: RunGit, commits: int
) -> None:
    """Their content belongs to another git; it is neither taken nor lost in silence."""
    (project / "nested").mkdir()
    person_git(project / "nested", "init", "--quiet")
    (project / "nested" / "inner.py").write_text("inner\n")
    for _commit in range(commits):
        person_git(project / "nested", "add", ".")
        person_git(project / "nested", "commit", "--quiet", "-m", "Inner")
    first, second = repository.take_snapshot(), repository.take_snapshot()
    assert first == second
    assert first.left_out == ("nested/",)
    assert "kept.py" in repository.tree_entries(first.commit)


def test_a_project_without_git_works(tmp_path: Path) -> None:
    """No history, and the folders nobody ever wants are left out without being told."""
    folder = tmp_path / "plain"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "node_modules" / "big.js").write_text("big")
    (folder / "a.py").write_text("a\n")
    repository = Repository(folder, tmp_path / "state")
    commit = repository.snapshot()
    assert contents(repository, commit) == {"a.py": b"a\n"}
    repository.worktree_add(tmp_path / "workspace", commit)
    assert (tmp_path / "workspace" / "a.py").read_text() == "a\n"
    assert sorted(path.name for path in folder.iterdir()) == ["a.py", "node_modules"]


def test_an_empty_project_has_a_snapshot(tmp_path: Path) -> None:
    """The empty tree is a tree."""
    (tmp_path / "empty").mkdir()
    repository = Repository(tmp_path / "empty", tmp_path / "state")
    assert contents(repository, repository.snapshot()) == {}


def test_a_project_that_becomes_a_git_project_gets_its_history(tmp_path: Path, person_git: RunGit) -> None:
    """What there is to borrow is looked up each time."""
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text("a\n")
    repository = Repository(folder, tmp_path / "state")
    repository.snapshot()
    person_git(folder, "init", "--quiet")
    person_git(folder, "add", ".")
    person_git(folder, "commit", "--quiet", "-m", "First")
    head = person_git(folder, "rev-parse", "HEAD").strip()
    assert repository.git.line("rev-parse", f"{repository.snapshot()}^") == head


def test_a_folder_of_a_larger_work_tree_obeys_the_rules_above_it(tmp_path: Path, person_git: RunGit) -> None:
    """Paths are the project's own, and what the larger tree ignores is ignored."""
    top, folder = tmp_path / "top", tmp_path / "top" / "packages" / "app"
    (folder / "secrets").mkdir(parents=True)
    person_git(top, "init", "--quiet")
    (top / ".gitignore").write_text("*.tmp\n/packages/*/secrets/\n/packages/app/out\n")
    for name in ("a.py", "b.tmp", "secrets/key", "out"):
        (folder / name).write_text(name)
    person_git(top, "add", ".")
    person_git(top, "commit", "--quiet", "-m", "First")
    repository = Repository(folder, tmp_path / "state")
    commit = repository.snapshot()
    assert contents(repository, commit) == {"a.py": b"a.py"}
    repository.worktree_add(tmp_path / "workspace", commit)
    (tmp_path / "workspace" / "out").write_text("built")
    assert repository.commit_worktree(tmp_path / "workspace", "Nothing wanted", commit) == commit


def test_a_project_its_outer_git_ignores_counts_as_without_git(tmp_path: Path, person_git: RunGit) -> None:
    """A home folder kept in git with `*` ignored does not empty every project in it."""
    folder = tmp_path / "dotfiles" / "project"
    folder.mkdir(parents=True)
    person_git(tmp_path / "dotfiles", "init", "--quiet")
    (tmp_path / "dotfiles" / ".gitignore").write_text("*\n")
    (folder / "a.py").write_text("a\n")
    repository = Repository(folder, tmp_path / "state")
    assert contents(repository, repository.snapshot()) == {"a.py": b"a\n"}


def test_a_linked_work_tree_and_a_clone_that_borrows_are_projects_too(
    project: Path, tmp_path: Path, person_git: RunGit
) -> None:
    """Their objects are found where they are, through the chain of alternates."""
    person_git(project, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    person_git(tmp_path, "clone", "--quiet", "--shared", str(project), "clone")
    for name in ("linked", "clone"):
        repository = Repository(tmp_path / name, tmp_path / f"state-{name}")
        commit = repository.snapshot()
        assert contents(repository, commit)["edited.py"] == b"before\n"
        assert repository.git.line("rev-list", "--count", commit) == "2"


def test_a_shallow_clone_is_a_project_too(project: Path, tmp_path: Path, person_git: RunGit) -> None:
    """History ends where the clone's does."""
    person_git(project, "commit", "--quiet", "--allow-empty", "-m", "The second commit")
    person_git(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), "shallow")
    repository = Repository(tmp_path / "shallow", tmp_path / "state")
    assert repository.git.line("rev-list", "--count", repository.snapshot()) == "2"


def test_the_persons_own_ignore_file_is_obeyed(
    project: Path, tmp_path: Path, person_git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they told git to ignore everywhere is ignored here; nothing else of their configuration applies."""
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "person"))
    (tmp_path / "rules").write_text("*.swp\n")
    person_git(project, "config", "--global", "core.excludesFile", str(tmp_path / "rules"))
    person_git(project, "config", "--global", "core.autocrlf", "input")
    (project / "kept.py.swp").write_text("x")
    (project / "crlf.py").write_bytes(b"a\r\n")
    repository = Repository(project, tmp_path / "state")
    held = contents(repository, repository.snapshot())
    assert "kept.py.swp" not in held
    assert held["crlf.py"] == b"a\r\n"


def test_variables_of_the_environment_do_not_lead_git_astray(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook started from a git hook carries GIT_DIR and GIT_INDEX_FILE; ours must not write there."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(project / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    before = fingerprint(project / ".git")
    repository = Repository(project, tmp_path / "state")
    assert "kept.py" in repository.tree_entries(repository.snapshot())
    assert fingerprint(project / ".git") == before
    assert not (tmp_path / "elsewhere").exists()


def test_a_hook_or_filter_of_the_project_never_runs(project: Path, tmp_path: Path, person_git: RunGit) -> None:
    """Reading a project runs none of its programs."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "filter.trap.clean", "filter.trap.smudge", "core.pager", "diff.external"):
        person_git(project, "config", name, str(trap))
    (project / ".gitattributes").write_text("* filter=trap\n")
    for hook in ("post-checkout", "post-index-change", "pre-commit"):
        (project / ".git" / "hooks").mkdir(exist_ok=True)
        (project / ".git" / "hooks" / hook).symlink_to(trap)
    repository = Repository(project, tmp_path / "state")
    repository.worktree_add(tmp_path / "workspace", repository.snapshot())
    assert not (tmp_path / "sprung").exists()


def test_a_killed_git_does_not_block_the_next_snapshot(repository: Repository) -> None:
    """Its lock file and its torn index are nobody's any more."""
    commit = repository.snapshot()
    (repository.home / "index-snapshot.lock").write_bytes(b"half")
    (repository.home / "index-snapshot").write_bytes(b"DIRC torn")
    assert repository.snapshot() == commit


def test_objects_the_persons_git_threw_away_are_taken_again(
    project: Path, repository: Repository, person_git: RunGit
) -> None:
    """Something staged is borrowed, then unstaged and pruned: we keep a copy of our own."""
    os.utime(project / "untracked.py", (1_000_000_000, 1_000_000_000))  # old: the index need not doubt it
    person_git(project, "add", "untracked.py")
    commit = repository.snapshot()
    person_git(project, "rm", "--quiet", "--cached", "untracked.py")
    oid = blob_id(b"new\n")
    (project / ".git" / "objects" / oid[:2] / oid[2:]).unlink()  # what `git prune` does when it is old enough
    assert repository.snapshot() == commit
    assert contents(repository, commit)["untracked.py"] == b"new\n"


def test_what_was_only_staged_before_the_first_commit_is_kept_too(tmp_path: Path, person_git: RunGit) -> None:
    """There is no commit to compare with: everything borrowed is copied."""
    project = tmp_path / "fresh"
    project.mkdir()
    person_git(project, "init", "--quiet")
    (project / "staged.py").write_text("staged\n")
    os.utime(project / "staged.py", (1_000_000_000, 1_000_000_000))
    person_git(project, "add", ".")
    repository = Repository(project, tmp_path / "state")
    commit = repository.snapshot()
    oid = blob_id(b"staged\n")
    (project / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    assert contents(repository, commit) == {"staged.py": b"staged\n"}


def test_a_broken_project_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    """A folder that is gone is said so in words, not as a traceback of subprocess."""
    with pytest.raises(RepositoryError, match="no such folder"):
        Repository(tmp_path / "gone", tmp_path / "state").snapshot()


def test_file_names_nobody_expects_are_files_all_the_same(project: Path, repository: Repository) -> None:
    """Spaces, newlines, quotes, stars and a leading dash are names, not syntax."""
    names = ["-rf", "a b", "new\nline", 'quo"te', "*", ":(top)", "é", "[x]", "#hash", "tab\there"]
    for name in names:
        (project / name).write_text(name)
    commit = repository.snapshot()
    assert {name: data.decode() for name, data in contents(repository, commit).items() if name in names} == {
        name: name for name in names
    }
    assert set(repository.tree_entries(commit, ["*", "-rf"])) == {"*", "-rf"}
