"""How a registry row becomes a call: placeholders, options, prompts that fit, and what the process may see."""

from __future__ import annotations

import json
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.generic import GenericTool, prompt_file_of
from devmesh.bridge.tools.tool import Program, Purpose, Tool, Transport, Wants
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


RESUMED = {
    "claude": ("--resume", "s-1"),
    "codex": ("resume", "s-1", "-"),
    "gemini": ("--resume", "s-1"),
    "copilot": ("--resume=s-1",),
    "qwen": ("--resume", "s-1"),
    "opencode": ("-s", "s-1"),
    "cursor": ("--resume", "s-1"),
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_conversation_is_continued_by_its_name(tmp_path: Path, name: str) -> None:
    """In each CLI's own way, in the place of beginning a new one."""
    continued = tool(name).invocation("p", tmp_path / "w", wants=Wants(resume="s-1")).argv
    assert " ".join(RESUMED[name]) in " ".join(continued)
    assert tool(name).resumes
    begun = tool(name).invocation("p", tmp_path / "w").argv
    assert "--resume" not in " ".join(begun)
    assert "--session-id" not in continued


def test_a_tool_that_cannot_continue_begins_anew(tmp_path: Path) -> None:
    """And says so beforehand."""
    assert not tool("aider").resumes
    argv = [tool("sgpt").invocation("p", tmp_path, wants=Wants(resume=name)).argv for name in ("", "s-1")]
    assert argv[0] == argv[1]


def test_a_budget_is_told_where_the_cli_keeps_one(tmp_path: Path) -> None:
    """To others it is not: they would end at an option they do not know."""
    assert "0.2500" in tool("claude").invocation("p", tmp_path, wants=Wants(dollars=0.25)).argv
    assert not any("0.25" in one for one in tool("codex").invocation("p", tmp_path, wants=Wants(dollars=0.25)).argv)


SERVER = Program(("/usr/bin/py thon", "-m", 'ser"ver'), {"DEVMESH_DESK": "/run/d.sock"})
HOOK = Program(("/usr/bin/hook", "--dialect", "x y"), {"DEVMESH_DESK": "/run/d.sock"})


def test_a_cli_is_told_of_the_server_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    """Beside the workspace; a server's name, arguments and variables arrive as they are."""
    workspace = tmp_path / "w"
    argv = tool("claude").invocation("p", workspace, wants=Wants(mcp=SERVER)).argv
    file = Path(argv[argv.index("--mcp-config") + 1])
    assert file.parent == tmp_path
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    server = json.loads(file.read_text())["mcpServers"]["devmesh"]
    assert (server["command"], *server["args"]) == SERVER.argv
    assert server["env"] == SERVER.env


def test_the_server_and_the_hook_share_a_settings_file(tmp_path: Path) -> None:
    """Where a CLI reads both from one."""
    invocation = tool("gemini").invocation("p", tmp_path / "w", wants=Wants(mcp=SERVER, hook=HOOK))
    settings = json.loads(Path(invocation.env["GEMINI_CLI_SYSTEM_SETTINGS_PATH"]).read_text())
    assert settings["mcpServers"]["devmesh"]["command"] == SERVER.argv[0]
    command = settings["hooks"]["BeforeTool"][0]["hooks"][0]["command"]
    assert command == "env DEVMESH_DESK=/run/d.sock /usr/bin/hook --dialect 'x y'"


def test_codex_is_told_in_toml_on_its_command_line(tmp_path: Path) -> None:
    """Which it reads as such."""
    argv = tool("codex").invocation("p", tmp_path / "w", wants=Wants(mcp=SERVER, hook=HOOK)).argv
    told = [one for one in argv if one.startswith(("mcp_servers", "hooks"))]
    server = tomllib.loads(told[0])["mcp_servers"]["devmesh"]
    assert (server["command"], *server["args"]) == SERVER.argv
    assert server["env"] == SERVER.env
    assert "hook" in tomllib.loads(told[1])["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    assert "--dangerously-bypass-hook-trust" in argv


TOLD = {"claude", "codex", "gemini", "copilot", "qwen", "opencode"}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_no_placeholder_is_left_in_what_a_cli_is_told(tmp_path: Path, name: str) -> None:
    """And what should be JSON is."""
    folder = tmp_path / "runs"
    folder.mkdir()
    invocation = tool(name).invocation("p", folder / "w", wants=Wants(mcp=SERVER, hook=HOOK))
    texts = [*invocation.argv, *(value for key, value in invocation.env.items() if key.endswith(("CONTENT", "PATH")))]
    files = [file for file in folder.rglob("*") if file.is_file()]
    texts += [file.read_text() for file in files]
    assert all(json.loads(file.read_text()) for file in files)
    for text in texts:
        assert not any(f"{{{word}}}" in text for word in ("command", "arguments", "env", "argv", "line", "papers"))
    assert any("ser" in text for text in texts)


def test_one_that_is_to_ask_is_called_in_its_two_way_form(tmp_path: Path) -> None:
    """Its prompt waits for the conversation; one that cannot ask is called as ever."""
    asks = Wants(asks=True)
    claude = tool("claude").invocation("the prompt", tmp_path / "w", wants=asks)
    assert "--permission-prompt-tool" in claude.argv
    assert "acceptEdits" not in claude.argv
    assert claude.given == b""
    assert "app-server" in tool("codex").invocation("p", tmp_path / "w", wants=asks).argv
    assert "--acp" in tool("gemini").invocation("p", tmp_path / "w", wants=asks).argv
    assert tool("aider").invocation("p", tmp_path / "w", wants=asks) == tool("aider").invocation("p", tmp_path / "w")


def test_a_transport_is_told_beforehand() -> None:
    """By the registry."""
    known = {name: tool(name).transport for name in catalogue.load().tools}
    assert known["claude"] is known["codex"] is Transport.TWO_WAY
    assert known["gemini"] is known["qwen"] is known["opencode"] is known["copilot"] is Transport.ACP
    assert known["aider"] is known["sgpt"] is Transport.COMMAND
