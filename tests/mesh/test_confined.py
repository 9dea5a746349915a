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
