"""`devmesh credentials`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devmesh.mesh import Mesh
from devmesh.terminal.app import app
from tests.mesh.conftest import project_at

runner = CliRunner()


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """A mesh without agents, found by the command."""
    import devmesh

    monkeypatch.setenv("DEVMESH_HOME", str(tmp_path / "home"))
    return devmesh.start(project_at(tmp_path / "project"), ws_port=0)


def said(mesh: Mesh, *words: str) -> str:
    """What the command prints; it must succeed."""
    result = runner.invoke(app, ["credentials", *words, "--project", str(mesh.project)])
    assert result.exit_code == 0, result.output
    return result.output


def test_issue_list_and_revoke(mesh: Mesh, tmp_path: Path) -> None:
    """A secret goes into a file of the person's, is listed without it, and is taken back by its number."""
    with mesh:
        into = tmp_path / "build.secret"
        shown = said(mesh, "issue", "--label", "build", "--role", "observer", "--into", str(into))
        secret = into.read_text()
        assert len(secret) > 40
        assert into.stat().st_mode & 0o777 == 0o600
        assert secret not in shown
        listed = json.loads(said(mesh, "--json"))
        assert [(row["credential"], row["role"], row["label"]) for row in listed] == [(1, "observer", "build")]
        said(mesh, "revoke", "1")
        assert json.loads(said(mesh, "--json")) == []


def test_what_is_missing_is_said(mesh: Mesh) -> None:
    """Revoking needs a number; an operator's credential is not for others."""
    with mesh:
        for words in (["revoke"], ["issue", "--role", "operator"]):
            result = runner.invoke(app, ["credentials", *words, "--project", str(mesh.project)])
            assert result.exit_code == 2, result.output
