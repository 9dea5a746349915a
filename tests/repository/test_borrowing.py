"""What the mesh takes from the project's own git: where it is, what it tracks, and which rules it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.repository.borrowing import ProjectGit, find_project_git, object_folders

from .conftest import RunGit


def found(project: Path) -> ProjectGit:
    """The git that keeps it; there must be one."""
    borrowed = find_project_git(project)
    assert borrowed is not None
    return borrowed


def test_it_is_found_from_any_folder_of_the_work_tree(project: Path, person_git: RunGit) -> None:
    """With the way down to the project, and the commit the person stands on."""
    (project / "packages" / "app").mkdir(parents=True)
    head = person_git(project, "rev-parse", "HEAD").strip()
    whole, part = found(project), found(project / "packages" / "app")
    assert (whole.top, whole.prefix, whole.head) == (project, "", head)
    assert (part.top, part.prefix, part.head) == (project, "packages/app/", head)
    assert whole.common == part.common == project / ".git"


def test_before_the_first_commit_there_is_no_head(tmp_path: Path, person_git: RunGit) -> None:
    """And one that names a commit nobody has is none either."""
    person_git(tmp_path, "init", "--quiet")
    assert found(tmp_path).head is None
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("1" * 40 + "\n")
    assert found(tmp_path).head is None


@pytest.mark.parametrize("why", ["no git", "another kind of names", "ignored by its own git"])
def test_nothing_is_borrowed_where_it_could_not_be_used(tmp_path: Path, person_git: RunGit, why: str) -> None:
    """The project then counts as one without git."""
    folder = tmp_path / "home" / "project"
    folder.mkdir(parents=True)
    if why == "another kind of names":
        person_git(tmp_path / "home", "init", "--quiet", "--object-format=sha256")
    if why == "ignored by its own git":
        person_git(tmp_path / "home", "init", "--quiet")
        (tmp_path / "home" / ".gitignore").write_text("*\n")
    assert find_project_git(folder) is None


def test_tracked_files_are_known_although_a_rule_ignores_them(project: Path, person_git: RunGit) -> None:
    """Only those the person added in spite of it."""
    assert found(project).tracked_although_ignored() == set()
    person_git(project, "add", "--force", "noise.log")
    (project / "other.log").touch()
    assert found(project).tracked_although_ignored() == {"noise.log"}


RULES = {
    "*.tmp": "*.tmp",
    "!*.tmp": "!*.tmp",
    "build/": "build/",
    "**/cache": "**/cache",
    "/packages/app/out": "/out",
    "packages/app/out/": "/out/",
    "!/packages/app/out": "!/out",
    "/packages/other/out": None,
    "/elsewhere": None,
    "# a comment": None,
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_above_is_said_from_inside(project: Path, rule: str) -> None:
    """Each row of the table, for a project in `packages/app`; what cannot match there is left out."""
    (project / "packages" / "app").mkdir(parents=True)
    (project / ".gitignore").write_text(f"{rule}\n")
    said = RULES[rule]
    assert found(project / "packages" / "app").rules_above() == ([] if said is None else [said])


def test_what_patterns_above_ignore_now_is_named(project: Path, person_git: RunGit) -> None:
    """Those no rule from inside could say, as far as it exists, be the whole project tracked by nobody yet."""
    folder = project / "packages" / "app"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "key").touch()
    (folder / "plain").touch()
    (project / ".gitignore").write_text("/packages/*/secrets/\n")
    assert found(folder).ignored_here() == ["secrets/"]
    person_git(project, "add", ".")
    assert found(folder).ignored_here() == ["secrets/"]
    assert found(project).ignored_here() == []


def test_object_folders_are_followed_from_lender_to_lender_each_once(tmp_path: Path) -> None:
    """Relative ones, missing ones and a circle included."""
    for name in ("a", "b", "c"):
        (tmp_path / name / "objects" / "info").mkdir(parents=True)
    (tmp_path / "a" / "objects" / "info" / "alternates").write_text(f"../../b/objects\n# no\n{tmp_path}/gone\n")
    (tmp_path / "b" / "objects" / "info" / "alternates").write_text(f"{tmp_path}/c/objects\n{tmp_path}/a/objects\n")
    assert object_folders(tmp_path / "a") == [tmp_path / name / "objects" for name in ("a", "b", "c")]
