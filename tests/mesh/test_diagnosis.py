"""What the doctor says of each CLI: one line on how it is, one on what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

import devmesh as library
from devmesh.bridge.guarding.dialects import program
from devmesh.bridge.tools.entry import Entry
from devmesh.bridge.tools.probing import Handshake, Probed
from devmesh.mesh import Mesh, diagnosis
from devmesh.mesh.checkup import Verdict, examine
from devmesh.mesh.diagnosis import badges_on_record, finding_of, hook, mesh_tools
from devmesh.settings import Settings

ENTRY = msgspec.convert(
    {
        "title": "Fake",
        "seen": "V 1.2.3",
        "executables": ["fake"],
        "install": "pip install fake",
        "command": ["{executable}", "-p"],
        "talk": {"protocol": "acp", "command": ["{executable}", "--acp"]},
    },
    Entry,
)
SHAKEN = Handshake("acp", answered=True, seconds=0.5)
HOME = Path("/state/of/all")


def fake(**more: object) -> Probed:
    """One that is as it should be, or not."""
    fields = {"executable": "/bin/fake", "version": "1.2.3", "handshake": SHAKEN} | more
    return Probed("fake", ENTRY, **fields)  # type: ignore[arg-type]  # a test may name any field


def test_one_that_is_as_we_know_it_needs_nothing() -> None:
    """Its version, and what it can do for us."""
    found = finding_of(fake(), HOME)
    assert (found.verdict, found.advice) == (Verdict.OK, "")
    assert "1.2.3 at /bin/fake, all our flags in its help" in found.found
    assert "over ACP (answered in 0.5 s)" in found.found
    assert "takes the mesh's tools (MCP)" in found.found


def test_one_that_is_not_here_is_told_how_to_get() -> None:
    """It is no problem: no tool is needed."""
    found = finding_of(fake(executable=None), HOME)
    assert (found.verdict, found.advice) == (Verdict.ABSENT, "To get it: pip install fake")


@pytest.mark.parametrize(
    ("change", "said", "advice"),
    [
        (
            {"missing": ("--gone",)},
            "no longer has --gone",
            "[tools.fake] in /state/of/all/tools.toml, or install 1.2.3",
        ),
        ({"version": ""}, "did not say its version", "Run `fake` once by hand"),
        ({"helpless": True}, "no help", "`fake --help`"),
        ({"handshake": Handshake("acp", answered=False, complaint="login first")}, "login first", "signed in"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(change: dict[str, object], said: str, advice: str) -> None:
    """A note: a mesh works without it."""
    found = finding_of(fake(**change), HOME)
    assert found.verdict is Verdict.NOTE
    assert said in found.found
    assert advice in found.advice


def test_another_version_than_ours_is_named() -> None:
    """Nothing need be wrong with it."""
    found = finding_of(fake(version="2.0"), HOME)
    assert found.verdict is Verdict.OK
    assert "2.0 (our row was run with 1.2.3)" in found.found


def test_the_canary_is_told_where_it_has_flown() -> None:
    """Else what would make it."""
    assert "its canary found it enforced" in finding_of(fake(), HOME, "enforced").found
    assert "--workspace shared" in finding_of(fake(), HOME).found


@pytest.mark.slow
def test_our_own_programs_answer(tmp_path: Path) -> None:
    """The server starts; the hook refuses what nobody allowed."""
    settings = Settings.load(home=tmp_path)
    assert mesh_tools(tmp_path, settings).verdict is Verdict.OK
    assert "refuses" in hook(tmp_path, settings).found


@pytest.mark.slow
def test_a_hook_that_lets_through_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends well without an answer has allowed the edit."""
    agreeing = program("claude", tmp_path)
    monkeypatch.setattr(diagnosis, "program", lambda *_: type(agreeing)((sys.executable, "-c", "pass"), agreeing.env))
    assert hook(tmp_path, Settings.load(home=tmp_path)).verdict is Verdict.PROBLEM


def test_a_server_that_the_person_keeps_from_tools_is_not_started(tmp_path: Path) -> None:
    """It says so."""
    found = mesh_tools(tmp_path, Settings.load(home=tmp_path, mcp=False))
    assert (found.verdict, "DEVMESH_MCP" in found.found) == (Verdict.NOTE, True)


@pytest.mark.slow
def test_a_machine_without_any_cli_is_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tool of the registry has its line all the same."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    findings = examine(tmp_path, Settings.load(home=tmp_path / "state", ws_port=0))
    absent = {finding.about for finding in findings if finding.verdict is Verdict.ABSENT}
    assert findings.healthy
    assert {"claude", "codex", "gemini", "aider"} <= absent
    assert all(finding.advice.startswith("To get it: ") for finding in findings if finding.about in absent)


@pytest.mark.slow
def test_what_the_canary_found_is_on_record(mesh: Mesh) -> None:
    """Of an agent that worked in the project itself, also after it has gone."""
    mesh.launch("scripted", workspace="shared")
    found = badges_on_record(mesh.project, Settings.load(home=mesh.audit.path.parents[1]))
    assert found == {"scripted": "enforced"}


def test_a_record_that_nobody_joined_has_no_badge(tmp_path: Path) -> None:
    """The first minutes of every mesh."""
    project = tmp_path / "project"
    project.mkdir()
    with library.start(project, ws_port=0, home=tmp_path / "state"):
        assert badges_on_record(project, Settings.load(home=tmp_path / "state")) == {}


def test_without_a_record_there_is_no_badge(tmp_path: Path) -> None:
    """Nothing is made where nothing was."""
    assert badges_on_record(tmp_path, Settings.load(home=tmp_path / "state")) == {}
    assert not (tmp_path / "state").exists()
