"""The registry: complete, consistent, overridable, and clear about what is wrong with it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.errors import SettingError, ToolNotFound

README_TOOLS = {"claude", "cursor", "gemini", "codex", "aider", "continue", "cody", "ollama", "sgpt", "copilot"}


def override(home: Path, text: str) -> Path:
    """A user's own table."""
    home.mkdir(exist_ok=True)
    (home / catalogue.OVERRIDES).write_text(text)
    return home


def test_every_cli_we_speak_of_is_described() -> None:
    """The README's ten, those beside them, and the one without a model; each says how it was seen."""
    tools = catalogue.load().tools
    assert set(tools) >= README_TOOLS | {"qwen", "opencode", "droid", "scripted"}
    assert all(entry.seen[0] in "VD" and entry.install and entry.capabilities for entry in tools.values())


def test_the_users_table_wins_key_by_key(tmp_path: Path) -> None:
    """One key changes, the rest stays; a tool of one's own is added."""
    home = override(
        tmp_path / "home",
        '[tools.claude]\nconfidence = 0.1\n[tools.mine]\ntitle = "Mine"\nexecutables = ["mine"]\n'
        'install = "-"\ncommand = ["{executable}"]\n',
    )
    ours, theirs = catalogue.load(), catalogue.load(home)
    assert theirs.tools["claude"].confidence == 0.1
    assert theirs.tools["claude"].command == ours.tools["claude"].command
    assert theirs.tools["mine"].output == "text"
    assert theirs.tools["gemini"] == ours.tools["gemini"]


WRONG = {
    "an unknown key": ("[tools.claude]\ncomand = []\n", "tools.claude"),
    "a wrong type": ('[tools.claude]\nconfidence = "high"\n', "tools.claude.confidence"),
    "out of range": ("[tools.codex]\nconfidence = 1.5\n", "tools.codex.confidence"),
    "an unknown dialect": ('[tools.claude]\ndialect = "klingon"\n', "tools.claude.dialect"),
    "a prompt that goes nowhere": ('[tools.claude]\nprompt = "argument"\n', "tools.claude.command"),
    "a pattern that is none": ('[tools.aider]\nfailure_signs = ["("]\n', "tools.aider.failure_signs"),
    "a reason that catches nothing": ("[tools.sgpt]\nreasons = ['Error']\n", "tools.sgpt.reasons"),
    "no model where one is named": ('[tools.ollama]\nmodel = ""\n', "tools.ollama.model"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_named_with_file_table_and_key(tmp_path: Path, mistake: str) -> None:
    """So that it can be found and mended."""
    text, field = WRONG[mistake]
    with pytest.raises(SettingError) as caught:
        catalogue.load(override(tmp_path / "home", text))
    assert catalogue.OVERRIDES in str(caught.value)
    assert field in str(caught.value)


def test_a_table_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """With its file."""
    with pytest.raises(SettingError, match=catalogue.OVERRIDES):
        catalogue.load(override(tmp_path / "home", "[tools"))


def test_an_unknown_tool_is_answered_with_those_there_are() -> None:
    """So that a typing error is seen at once."""
    with pytest.raises(ToolNotFound) as caught:
        catalogue.find("claud")
    assert "claude" in str(caught.value)


@pytest.mark.slow
def test_what_is_installed_is_found_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs on PATH, asked all at once; one that hangs is there, without a version, and holds nobody up for long."""
    for name, script in (("claude", "echo 9.8.7 claude"), ("codex", "sleep 60"), ("sgpt", "echo python3.11.7; exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(catalogue, "_VERSION_LIMIT", 0.5)
    found = {tool.name: tool for tool in asyncio.run(catalogue.installed())}
    assert (found["claude"].executable, found["claude"].version) == (str(tmp_path / "claude"), "9.8.7")
    assert (found["codex"].executable, found["codex"].version) == (str(tmp_path / "codex"), "")
    assert (found["sgpt"].executable, found["sgpt"].version) == (str(tmp_path / "sgpt"), "")
    assert (found["gemini"].executable, found["gemini"].version) == (None, "")
    assert found["scripted"].version
