"""Projects with and without git, each with a private repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devmesh.repository import Repository

RunGit = Callable[..., str]


def git_of_a_person(home: Path) -> RunGit:
    """The git of somebody with this home, in a folder given first."""
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(folder: Path, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost", "-c", "init.defaultBranch=main")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture
def person_git(tmp_path: Path) -> RunGit:
    """The person's own git, in a folder given first."""
    return git_of_a_person(tmp_path / "person")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `project` is a copy of."""
    folder = tmp_path_factory.mktemp("once") / "project"
    folder.mkdir()
    person_git = git_of_a_person(folder.parent / "person")
    person_git(folder, "init", "--quiet")
    (folder / "kept.py").write_text("one\ntwo\nthree\n")
    (folder / "edited.py").write_text("before\n")
    (folder / ".gitignore").write_text("*.log\nbuild/\n")
    person_git(folder, "add", ".")
    person_git(folder, "commit", "--quiet", "-m", "The first commit")
    (folder / "edited.py").write_text("after\n")
    (folder / "untracked.py").write_text("new\n")
    (folder / "noise.log").write_text("ignored\n")
    return folder


@pytest.fixture
def project(tmp_path: Path, made_once: Path) -> Path:
    """A git project with one commit, one uncommitted edit, one untracked and one ignored file."""
    return Path(shutil.copytree(made_once, tmp_path / "project", symlinks=True))


@pytest.fixture
def repository(project: Path, tmp_path: Path) -> Repository:
    """The private repository of that project, open."""
    return Repository(project, tmp_path / "state").open()


@pytest.fixture
def workspace(repository: Repository, tmp_path: Path) -> tuple[Path, str]:
    """A work tree of the project as it is, and the commit it shows."""
    commit = repository.snapshot()
    path = tmp_path / "workspaces" / "one"
    repository.worktree_add(path, commit)
    return path, commit
