"""git is run alone: without the notebook's variables, for a limited time, and with one kind of error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import GitMissing
from devmesh.repository.git import EPOCH, Git, scrubbed_environment


def test_no_variable_of_the_notebook_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a secret nor one of git's own; where things are stays."""
    for name in ("GIT_DIR", "GIT_CONFIG_COUNT", "GIT_SSH_COMMAND", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD"):
        monkeypatch.setenv(name, "theirs")
    environment = scrubbed_environment()
    assert "theirs" not in environment.values()
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["GIT_AUTHOR_DATE"] == environment["GIT_COMMITTER_DATE"] == EPOCH


def test_configuration_of_the_person_and_the_project_runs_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their own settings are not read, and those of the repository that would start something are overruled."""
    (tmp_path / ".gitconfig").write_text("[alias]\n\thello = version\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    git = Git(tmp_path)
    git.run("init", "--quiet")
    git.run("config", "core.fsmonitor", "touch sprung; false")
    git.run("status")
    assert git.try_run("hello").code != 0
    assert not (tmp_path / "sprung").exists()


def test_another_place_changes_nothing_but_the_place(tmp_path: Path) -> None:
    """What `at` is not told stays as it was."""
    git = Git(tmp_path, time_limit=7).at(directory=tmp_path / "g")
    moved = git.at(folder=tmp_path / "f", index=tmp_path / "i")
    assert (moved.folder, moved.time_limit) == (tmp_path / "f", 7)
    assert moved.variables == {"GIT_DIR": str(tmp_path / "g"), "GIT_INDEX_FILE": str(tmp_path / "i")}
    assert git.variables == {"GIT_DIR": str(tmp_path / "g")}


def test_a_failure_carries_gits_own_words(tmp_path: Path) -> None:
    """And `try_run` says the same without raising."""
    git = Git(tmp_path).at(directory=tmp_path / "nowhere")
    with pytest.raises(RepositoryError, match=r"git rev-parse failed \(128\): fatal: not a git repository"):
        git.run("rev-parse", "HEAD")
    assert git.try_run("rev-parse", "HEAD").code == 128


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    """It waits for somebody to write to a pipe; its time is over first."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RepositoryError, match="git config took longer than 0 s"):
        Git(tmp_path, time_limit=0.2).run("config", "--list", "--file", "pipe")


def test_missing_git_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="not found on PATH") as missing:
        Git(tmp_path).run("version")
    assert missing.value.hint == "Install git 2.30 or later."


def test_names_are_taken_apart_at_nul_only(project: Path) -> None:
    """Line ends, spaces, and bytes that are no text belong to the name."""
    names = {"a b", "two\nlines", "no\udcfftext"}
    for name in names:
        (project / name).touch()
    assert set(Git(project).names("ls-files", "-z", "--others", "--exclude-standard")) == names | {"untracked.py"}
