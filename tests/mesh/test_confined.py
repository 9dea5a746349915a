"""A bridge whose tool the kernel keeps from the project: its work still lands, through the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

import devmesh
from devmesh.processes.landlock import version
from tests.mesh.conftest import project_at, script

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not version(), reason="this kernel has no Landlock"),
]


def test_work_lands_though_the_tool_itself_cannot_write_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it writes in its workspace is offered and applied; what it writes beside it is refused by the kernel."""
    monkeypatch.setenv("DEVMESH_TOOL_CONFINE", "on")
    project = project_at(tmp_path / "project")
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as mesh:
        mesh.launch("scripted")
        kept = mesh.post(script("append notes.md", "| - confined", "answer Done."))
        (known,) = mesh.agents.df()["confined"]
        assert known == f"landlock {version()}"
        assert kept.result(timeout=40).files == ("notes.md",)
        assert (project / "notes.md").read_text().endswith("- confined\n")
        beside = mesh.post(script(f"outside {project}/notes.md", "| stolen"))
        with pytest.raises(devmesh.errors.TaskFailed):
            beside.result(timeout=50)
        assert "stolen" not in (project / "notes.md").read_text()


TRIES = """
for place in {places}; do
  (echo stolen > "$place") 2>> refused.txt && echo "$place" >> written.txt
done
mkdir -p deep/er && echo mine > deep/er/own.txt
git log --oneline > /dev/null && git diff > /dev/null && git status --short >> seen.txt
git add written.txt 2>> refused.txt && echo "git add" >> written.txt
true
"""


def test_a_tool_writes_its_own_workspace_and_nothing_of_anybody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not another agent's, nor beside them, nor the repository that all have in common; git still shows it its work."""
    monkeypatch.setenv("DEVMESH_TOOL_CONFINE", "on")
    project = project_at(tmp_path / "project")
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as mesh:
        other = mesh.home / "workspaces" / "other-1-1"
        other.mkdir(parents=True)
        (other / "theirs.py").write_text("theirs\n")
        repository = mesh.home / "repository.git"
        forbidden = [
            *(other / "theirs.py", other / "new.py", other.with_name("other-1-1.mcp.json"), other.with_name("new")),
            *(repository / name for name in ("config", "info/attributes", "objects/new", "refs/new", "worktrees/new")),
            *(mesh.home / name for name in ("audit.db", "tools.toml", "logs/new", "new")),
        ]
        own_git = ("$(git rev-parse --git-dir)/gitdir", "$(git rev-parse --git-dir)/new")
        places = " ".join(f'"{place}"' for place in ("allowed.txt", *forbidden, *own_git))
        (project / "tries.sh").write_text(TRIES.format(places=places))
        mesh.launch("scripted")
        landed = mesh.post(script("run sh tries.sh", "append notes.md", "| - tried", "answer Done.")).result(timeout=60)
        assert (project / "written.txt").read_text().split("\n") == ["allowed.txt", ""]
        assert (project / "refused.txt").read_text().lower().count("permission denied") == len(forbidden) + 3
        assert "written.txt" in (project / "seen.txt").read_text()
        assert "deep/er/own.txt" in landed.files
        assert (other / "theirs.py").read_text() == "theirs\n"
