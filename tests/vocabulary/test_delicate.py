"""Which files tell others what to do."""

from __future__ import annotations

import pytest

from devmesh.vocabulary.delicate import DELICATE, is_delicate

OBEYED = {
    "agents": (
        *("CLAUDE.md", "sub/AGENTS.md", "gemini.local.md", "AGENTS.override.md", "AGENTS.local.md", "QWEN.md"),
        *(
            ".claude/settings.json",
            ".codex/config.toml",
            ".gemini/settings.json",
            ".qwen/x",
            ".opencode/x",
            ".factory/x",
        ),
        *(".continue/rules/a.md", ".aider.conf.yml", ".kiro/steering/a.md", ".roo/rules/a.md", ".amazonq/rules/a.md"),
        *(".junie/guidelines.md", ".cursorrules", ".cursor/rules/a.mdc", ".windsurfrules", ".windsurf/rules/a.md"),
        *(".clinerules", ".clinerules/a.md", ".rules", ".mcp.json", "opencode.json"),
    ),
    "Copilot and the service it belongs to": (
        *(".github/copilot-instructions.md", ".github/instructions/a.md", ".github/hooks/x.json"),
        ".github/workflows/ci.yml",
    ),
    "editors": (
        *(".vscode/tasks.json", ".vscode/launch.json", ".vscode/settings.json", ".vscode/mcp.json", "x.code-workspace"),
        *(".devcontainer/devcontainer.json", ".devcontainer.json", ".idea/runConfigurations/a.xml", ".zed/tasks.json"),
    ),
    "git and whoever enters the folder": (
        *(".gitattributes", ".gitmodules", ".gitconfig", ".husky/pre-commit", ".pre-commit-config.yaml"),
        *("lefthook.yml", ".lintstagedrc.json", ".envrc", "mise.toml", ".tool-versions", ".npmrc", ".yarnrc.yml"),
    ),
}


@pytest.mark.parametrize("path", [path for paths in OBEYED.values() for path in paths])
def test_what_tools_editors_and_git_obey_is_delicate(path: str) -> None:
    """In every folder, in every case."""
    assert is_delicate(path)
    assert is_delicate(f"deep/{path.upper()}")


@pytest.mark.parametrize("folder", [".vscode", ".github", ".husky", ".claude", ".idea", ".devcontainer", ".config"])
def test_a_folder_of_such_files_is_delicate_by_its_own_name(folder: str) -> None:
    """Whoever makes a link of it decides what is in it."""
    for path in (folder, f"{folder}/", f"deep/{folder.upper()}"):
        assert is_delicate(path)


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "docs/agents.py", "src/claude.py", "claude.md.txt", "notclaude.md", "x.github/workflows/a"),
        *(".github/README.md", ".github/ISSUE_TEMPLATE/a.md", ".gitignore", "Makefile", "package.json", "conftest.py"),
        *("rules/a.md", "vscode/tasks.json", "my.code-workspaces", ".config/app.toml", "github/workflows/ci.yml"),
    ],
)
def test_everything_else_is_not(path: str) -> None:
    """Names that only look alike, what a person runs on purpose, and code."""
    assert not is_delicate(path)


def test_every_row_says_why_and_is_told_by_two_names() -> None:
    """A folder and what is in it: the names that links make are cut to what two of them can tell."""
    for row in DELICATE:
        assert row.why
        assert all(0 < len(name.split("/")) < 3 for name in row.names)
        assert all(is_delicate(name.replace("*", "x")) for name in row.names)
