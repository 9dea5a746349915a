"""A task's own copy of the project: complete, apart, renewed, and gone afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

from devmesh.bridge.workspace import Workspaces, context
from devmesh.repository import Repository
from devmesh.vocabulary.terms import FileKind
from tests.coordinator.rig import looped


@looped
async def test_a_workspace_is_the_project_as_it_is_now(project: Path, home: Path) -> None:
    """What is changed in it is a change, and nothing of it is in the project."""
    workspace = await Workspaces(Repository(project, home)).open("me", 1, 2)
    assert workspace.path == home / "workspaces" / "me-1-2"
    assert (workspace.path / "a.txt").read_text() == (project / "a.txt").read_text()
    (workspace.path / "a.txt").write_text("mine\n")
    head = await workspace.commit("a change")
    assert [(file.path, file.kind) for file in await workspace.changes(head)] == [("a.txt", FileKind.MODIFIED)]
    assert "+mine" in await workspace.diff(head)
    assert "mine" not in (project / "a.txt").read_text()


@looped
async def test_an_untouched_workspace_is_no_change(project: Path, home: Path) -> None:
    """Its commit is its base."""
    workspace = await Workspaces(Repository(project, home)).open("me", 1, 1)
    assert await workspace.commit("nothing") == workspace.base


@looped
async def test_a_renewed_workspace_starts_over(project: Path, home: Path) -> None:
    """At the project of today; or at one commit with changes counted from another."""
    workspaces = Workspaces(Repository(project, home))
    workspace = await workspaces.open("me", 1, 1)
    first = workspace.base
    (workspace.path / "a.txt").write_text("mine\n")
    mine = await workspace.commit("mine")
    await workspace.renew(first)
    assert (workspace.path / "a.txt").read_text() == (project / "a.txt").read_text()
    await workspace.renew(mine, base=first)
    assert (workspace.path / "a.txt").read_text() == "mine\n"
    assert len(await workspace.changes(await workspace.commit("again"))) == 1


@looped
async def test_what_a_crash_left_is_in_nobodys_way(project: Path, home: Path) -> None:
    """A workspace of the same name is replaced; removing is complete, and harmless when repeated."""
    workspaces = Workspaces(Repository(project, home))
    workspace = await workspaces.open("me", 1, 1)
    (workspace.path / "left.txt").write_text("over\n")
    workspace.path.with_name("me-1-1.prompt").write_text("the prompt")
    again = await workspaces.open("me", 1, 1)
    assert not (again.path / "left.txt").exists()
    for _ in range(2):
        await workspaces.remove("me", 1, 1)
    assert list((home / "workspaces").iterdir()) == []


def _keep_with_git(project: Path) -> None:
    git = ["git", "-C", str(project), "-c", "user.name=p", "-c", "user.email=p@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)


@looped
async def test_the_persons_git_is_never_written(project: Path, home: Path) -> None:
    """Its files are the same before and after, byte for byte."""
    _keep_with_git(project)
    before = {path: path.read_bytes() for path in (project / ".git").rglob("*") if path.is_file()}
    workspaces = Workspaces(Repository(project, home))
    workspace = await workspaces.open("me", 1, 1)
    (workspace.path / "a.txt").write_text("mine\n")
    await workspace.changes(await workspace.commit("mine"))
    await workspaces.remove("me", 1, 1)
    assert before == {path: path.read_bytes() for path in (project / ".git").rglob("*") if path.is_file()}


def test_a_tool_is_told_where_it_is() -> None:
    """Enough to tell a repeated attempt from a first."""
    told = context(Path("/p"), "claude-1", 3, 2, Path("/w"))
    assert told["DEVMESH_TASK_ID"] == "3"
    assert told["DEVMESH_TASK_ATTEMPT"] == "2"
    assert told["DEVMESH_AGENT"] == "claude-1"


@looped
async def test_a_task_may_be_named_by_what_git_does_not_take(project: Path, home: Path) -> None:
    """A title is as the person wrote it, with a NUL in it, too."""
    workspace = await Workspaces(Repository(project, home)).open("me", 1, 1)
    (workspace.path / "a.txt").write_text("mine\n")
    assert await workspace.commit("Task 1: a\0b\n") != workspace.base
