"""How a registry row becomes a call: placeholders, options, prompts that fit, and what the process may see."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.generic import GenericTool, prompt_file_of
from devmesh.bridge.tools.tool import Purpose, Tool
from devmesh.errors import DevMeshError, ToolNotFound


def tool(name: str, **changes: object) -> GenericTool:
    """A tool of the registry, with Python in the place of its program."""
    known = catalogue.find(name)
    fields = {field: getattr(known.entry, field) for field in known.entry.__struct_fields__}
    entry = catalogue.Entry(**{**fields, "executables": ("{python}",), **changes})
    return GenericTool(known._replace(entry=entry))


def test_the_prompt_goes_the_way_the_cli_takes_it(tmp_path: Path) -> None:
    """To standard input, into an argument, or into a file beside the workspace; never two ways at once."""
    workspace = tmp_path / "w"
    by_stdin = tool("claude").invocation("the prompt", workspace)
    assert (by_stdin.given, "the prompt" in by_stdin.argv) == (b"the prompt", False)
    by_argument = tool("cursor").invocation("the prompt", workspace)
    assert (by_argument.given, by_argument.argv[-1]) == (b"", "the prompt")
    by_file = tool("aider").invocation("the prompt", workspace)
    assert by_file.given == b""
    assert str(prompt_file_of(workspace)) in by_file.argv
    assert prompt_file_of(workspace).read_text() == "the prompt"
    assert prompt_file_of(workspace).parent == workspace.parent


def test_placeholders_are_filled_once(tmp_path: Path) -> None:
    """What a prompt or a path contains is never taken for a placeholder."""
    invocation = tool("cursor").invocation("{workspace} {executable}", tmp_path / "{prompt}")
    assert invocation.argv[0] == sys.executable
    assert invocation.argv[-1] == "{workspace} {executable}"
    assert str(tmp_path / "{prompt}") in invocation.argv


def test_the_persons_options_come_after_ours_and_before_what_must_be_last(tmp_path: Path) -> None:
    """As they were given, word for word."""
    argv = tool("codex").invocation("p", tmp_path, options=["-m", "{model}"]).argv
    assert argv[-3:] == ("-m", "{model}", "-")


def test_a_review_is_called_as_one() -> None:
    """Where the CLI has a way of its own for it."""
    scripted = tool("scripted")
    assert "--kind" not in scripted.invocation("p", Path("/w")).argv
    assert scripted.invocation("p", Path("/w"), Purpose.REVIEW).argv[-2:] == ("--kind", "review")


def test_a_prompt_too_long_for_an_argument_is_refused_in_words(tmp_path: Path) -> None:
    """Instead of an E2BIG from the depths."""
    with pytest.raises(DevMeshError, match="too long"):
        tool("cursor").invocation("x" * 131_072, tmp_path)
    assert len(tool("claude").invocation("x" * 1_000_000, tmp_path).given) == 1_000_000


def test_a_tool_that_is_not_here_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before anything is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolNotFound, match="npm install"):
        GenericTool.find("claude")


def test_a_tool_sees_its_own_keys_and_no_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Claude gets Anthropic's key; the notebook's other secrets stay behind."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a")
    monkeypatch.setenv("OPENAI_API_KEY", "o")
    monkeypatch.setenv("DATABASE_PASSWORD", "d")
    env = tool("claude").invocation("p", tmp_path).env
    assert env["ANTHROPIC_API_KEY"] == "a"
    assert not {"OPENAI_API_KEY", "DATABASE_PASSWORD"} & set(env)
    assert (env["NO_COLOR"], env["CI"]) == ("1", "1")


def test_every_row_of_the_registry_makes_a_tool(tmp_path: Path) -> None:
    """Each has a bid, a badge, a size, and a command without a placeholder left."""
    for name in catalogue.load().tools:
        generic: Tool = tool(name)
        assert 0 <= generic.confidence <= 1
        assert generic.declared.ram_gb > 0
        assert not any("{" in argument for argument in generic.invocation("p", tmp_path / name).argv)


def test_an_argument_holds_no_nul(tmp_path: Path) -> None:
    """The system takes none; a prompt on standard input keeps it."""
    assert tool("cursor").invocation("a\0b", tmp_path / "w").argv[-1] == "ab"
    assert tool("claude").invocation("a\0b", tmp_path / "w").given == b"a\0b"
