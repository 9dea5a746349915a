"""Which files tell others what to do."""

from __future__ import annotations

import pytest

from devmesh.vocabulary.delicate import is_delicate


@pytest.mark.parametrize(
    "path",
    [
        *(
            "CLAUDE.md",
            "sub/AGENTS.md",
            "gemini.local.md",
            ".claude/settings.json",
            ".codex/config.toml",
            ".cursorrules",
        ),
        *(".aider.conf.yml", ".github/copilot-instructions.md", ".github/hooks/x.json", ".vscode/tasks.json"),
        *(".mcp.json", "opencode.json", ".husky/pre-commit", ".pre-commit-config.yaml", "sub/.envrc"),
    ],
)
def test_what_tools_editors_and_git_obey_is_delicate(path: str) -> None:
    """In every folder, in every case."""
    assert is_delicate(path)
    assert is_delicate(f"deep/{path.upper()}")


@pytest.mark.parametrize(
    "path", ["README.md", "docs/agents.py", "src/claude.py", ".github/workflows/ci.yml", "claude.md.txt"]
)
def test_everything_else_is_not(path: str) -> None:
    """Names that only look alike."""
    assert not is_delicate(path)
