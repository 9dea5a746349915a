"""The private repository's own files are made once, and brought back to what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.errors import RepositoryError
from devmesh.repository import Repository
from devmesh.repository.borrowing import ProjectGit, find_project_git
from devmesh.repository.git import Git, Ran
from devmesh.repository.opening import BYTE_EXACT, SETTINGS, ignore_rules, renew, settle


def settings(repository: Repository) -> dict[str, str]:
    """What the repository itself says, read by git."""
    listed = repository.git.run("config", "--local", "--list", "-z").decode().split("\0")
    return dict(line.split("\n", 1) for line in listed if line)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Every git command that is run from now on."""
    begun: list[tuple[str, ...]] = []
    try_run = Git.try_run

    def noted(self: Git, *arguments: str, given: bytes = b"") -> Ran:
        begun.append(arguments)
        return try_run(self, *arguments, given=given)

    monkeypatch.setattr(Git, "try_run", noted)
    return begun


def test_a_fresh_one_has_every_setting(repository: Repository) -> None:
    """Written into it, for a tool's own git obeys nothing else; above all, nothing is ever thrown away."""
    wanted = {name.lower(): value for name, value in SETTINGS.items()}
    assert settings(repository).items() >= wanted.items()
    assert settings(repository)["core.bare"] == "true"


def test_no_setting_costs_a_process_of_its_own(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh repository is made by one git, and looked at by another."""
    begun = counted(monkeypatch)
    Repository(project, tmp_path / "state").open()
    assert [arguments[0] for arguments in begun] == ["rev-parse", "init", "config"]


def test_settings_somebody_changed_are_put_right(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next opening, which otherwise reads the settings and writes none."""
    repository.git.run("config", "--local", "gc.auto", "1")
    begun = counted(monkeypatch)
    repository.open()
    repository.open()
    assert [arguments for arguments in begun if arguments[0] == "config"] == [
        ("config", "--local", "--list", "-z"),
        ("config", "--local", "gc.auto", "0"),
        ("config", "--local", "--list", "-z"),
    ]


def test_attributes_and_borrowed_folders_are_renewed(project: Path, repository: Repository) -> None:
    """Whatever became of them; what to borrow is never forgotten for a project whose git is gone."""
    attributes = repository.directory / "info" / "attributes"
    alternates = repository.directory / "objects" / "info" / "alternates"
    attributes.write_text("* text\n")
    alternates.unlink()
    renew(repository.directory, project, find_project_git(project))
    assert attributes.read_text() == BYTE_EXACT
    assert alternates.read_text() == f"{project / '.git' / 'objects'}\n"
    renew(repository.directory, project, None)
    assert alternates.read_text() == f"{project / '.git' / 'objects'}\n"


def test_a_path_git_could_not_borrow_from_is_refused(tmp_path: Path) -> None:
    """Its list of folders is lines; half a name would be another folder."""
    common = tmp_path / "two\nlines" / ".git"
    (common / "objects").mkdir(parents=True)
    borrowed = ProjectGit(Git(tmp_path), tmp_path, "", common, None)
    with pytest.raises(RepositoryError, match="cannot be borrowed from"):
        renew(tmp_path / "state", tmp_path, borrowed)


def test_our_rules_come_last_and_the_persons_first(project: Path, tmp_path: Path) -> None:
    """The last rule wins in git: nobody can bring the mesh's own files into a snapshot."""
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text("*.mine\n!.devmesh-x\n")
    rules = ignore_rules(tmp_path / "state", project, find_project_git(project))
    assert rules == ["*.mine", "!.devmesh-x", ".devmesh*"]
    assert "node_modules/" in ignore_rules(tmp_path / "state", project, None)


def test_a_state_folder_inside_the_project_is_no_part_of_it(project: Path) -> None:
    """By its very name, stars and brackets included."""
    home = project / "my [state] *"
    repository = Repository(project, home)
    assert set(repository.tree_entries(repository.snapshot())) == {
        ".gitignore",
        "edited.py",
        "kept.py",
        "untracked.py",
    }
    assert r"/my\ \[state\]\ \*/" in ignore_rules(home, project, find_project_git(project))


def test_a_file_that_is_right_is_left_alone_and_a_wrong_one_replaced_in_one_step(tmp_path: Path) -> None:
    """Whoever reads meanwhile has the old text or the new one."""
    file = tmp_path / "folder" / "file"
    settle(file, "one\n")
    first = file.stat().st_ino
    settle(file, "one\n")
    assert file.stat().st_ino == first
    with file.open() as reader:
        settle(file, "two\n")
        assert reader.read() == "one\n"
    assert file.read_text() == "two\n"
    assert list(file.parent.iterdir()) == [file]
