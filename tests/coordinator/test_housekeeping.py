"""Old work trees go at the next start; living ones, and everything outside the mesh's own folder, stay."""

from __future__ import annotations

from pathlib import Path

from devmesh.coordinator.housekeeping import live_workspaces, tidy_home
from devmesh.coordinator.tree import WriteGate
from devmesh.core.state import MeshState, Task
from devmesh.vocabulary.facts import TaskPosted
from devmesh.vocabulary.terms import TaskState


def test_only_workspaces_of_living_tasks_stay(gate: WriteGate, project: Path) -> None:
    """Checks always go; what a link points to is not looked at."""
    repository, home = gate.repository, gate.repository.home
    commit = repository.snapshot()
    for place in ("checks/7", "workspaces/claude-1-1", "workspaces/codex-2-1"):
        repository.worktree_add(home / place, commit)
    (home / "workspaces" / "half-made").mkdir()
    (home / "workspaces" / "link").symlink_to(project)
    removed = tidy_home(repository, frozenset({home / "workspaces" / "codex-2-1"}))
    assert removed == ("checks/7", "workspaces/claude-1-1", "workspaces/half-made")
    assert repository.worktrees() == [home / "workspaces" / "codex-2-1"]
    assert (project / "a.txt").exists()
    assert tidy_home(repository, frozenset({home / "workspaces" / "codex-2-1"})) == ()


def test_what_a_living_tasks_tool_keeps_beside_its_workspace_stays(gate: WriteGate) -> None:
    """Whether that workspace is one of ours or the project itself; of an ended task's it goes."""
    workspaces = gate.repository.home / "workspaces"
    for name in ("claude-1-1.own", "claude-1-10.own", "codex-2-1.plugin", "gemini-3-1.own"):
        (workspaces / name).mkdir(parents=True)
    removed = tidy_home(gate.repository, frozenset({workspaces / "claude-1-1", Path("codex-2-1")}))
    assert removed == ("workspaces/claude-1-10.own", "workspaces/gemini-3-1.own")


def test_an_empty_home_needs_no_tidying(gate: WriteGate) -> None:
    """The first start."""
    assert tidy_home(gate.repository, frozenset()) == ()


def test_a_workspace_lives_as_long_as_its_task(tmp_path: Path) -> None:
    """Working and paused ones; not those that ended."""
    state = MeshState()
    for number, condition in enumerate((TaskState.WORKING, TaskState.PAUSED, TaskState.COMPLETED, TaskState.QUEUED), 1):
        workspace = None if condition is TaskState.QUEUED else str(tmp_path / str(number))
        posted = TaskPosted(task=number, prompt="x")
        state.tasks[number] = Task(posted=posted, posted_at=0.0, state=condition, workspace=workspace)
    assert live_workspaces(state) == {tmp_path / "1", tmp_path / "2"}
    state.tasks[2].agent, state.tasks[2].attempt = "claude-1", 3
    assert live_workspaces(state) == {tmp_path / "1", tmp_path / "2", Path("claude-1-2-3")}
