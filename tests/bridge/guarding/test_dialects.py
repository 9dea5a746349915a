"""What real CLIs tell their hooks, read as wishes. The inputs are those of runs of the programs named beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devmesh.bridge.guarding.dialects import answering, permitting, wish_of
from devmesh.bridge.tools.tool import Permission, Wish
from devmesh.errors import Malformed
from tests.coordinator.rig import looped

PATCH = "*** Begin Patch\n*** Update File: held.txt\n@@\n-a\n+b\n*** Add File: new.txt\n+x\n*** End Patch"
HEAD = {"session_id": "s", "transcript_path": "/t", "cwd": "/p", "hook_event_name": "PreToolUse"}

SEEN: dict[str, tuple[dict[str, Any], Wish]] = {
    "claude edit": (
        {**HEAD, "tool_name": "Edit", "tool_input": {"file_path": "/p/a.py", "old_string": "x", "new_string": "y"}},
        Wish("Edit", ("/p/a.py",)),
    ),
    "claude notebook": (
        {**HEAD, "tool_name": "NotebookEdit", "tool_input": {"notebook_path": "/p/n.ipynb", "new_source": "x"}},
        Wish("NotebookEdit", ("/p/n.ipynb",)),
    ),
    "claude shell": (
        {**HEAD, "tool_name": "Bash", "tool_input": {"command": "echo x > a.txt", "description": "write"}},
        Wish("Bash", (), "cd /p && echo x > a.txt"),
    ),
    "codex patch": (
        {**HEAD, "turn_id": "1", "model": "m", "tool_name": "apply_patch", "tool_input": {"command": PATCH}},
        Wish("apply_patch", ("/p/held.txt", "/p/new.txt")),
    ),
    "codex shell": (
        {**HEAD, "tool_name": "Bash", "tool_input": {"command": "echo x >> held.txt"}},
        Wish("Bash", (), "cd /p && echo x >> held.txt"),
    ),
    "gemini replace": (
        {**HEAD, "tool_name": "replace", "tool_input": {"file_path": "a.py", "old_string": "x", "new_string": "y"}},
        Wish("replace", ("/p/a.py",)),
    ),
    "gemini shell": (
        {**HEAD, "tool_name": "run_shell_command", "tool_input": {"command": "rm a.py", "dir_path": "sub"}},
        Wish("run_shell_command", (), "cd /p/sub && rm a.py"),
    ),
    "copilot edit": (
        {"sessionId": "s", "timestamp": 1, "cwd": "/p", "toolName": "edit", "toolArgs": {"path": "/p/a.py"}},
        Wish("edit", ("/p/a.py",)),
    ),
    "copilot shell, as a text": (
        {"sessionId": "s", "cwd": "/p", "toolName": "bash", "toolArgs": json.dumps({"command": "touch a"})},
        Wish("bash", (), "cd /p && touch a"),
    ),
    "copilot patch, as a text": (
        {"sessionId": "s", "cwd": "/p", "toolName": "apply_patch", "toolArgs": PATCH},
        Wish("apply_patch", ("/p/held.txt", "/p/new.txt")),
    ),
    "qwen edit": (
        {**HEAD, "tool_name": "edit", "tool_input": {"file_path": "/p/a.py", "old_string": "x", "new_string": "y"}},
        Wish("edit", ("/p/a.py",)),
    ),
    "droid create": (
        {**HEAD, "tool_name": "Create", "tool_input": {"file_path": "/p/free.txt", "content": "free\n"}},
        Wish("Create", ("/p/free.txt",)),
    ),
    "opencode write": (
        {"tool_name": "write", "tool_input": {"filePath": "/p/n.txt", "content": "ok\n"}, "cwd": "/p"},
        Wish("write", ("/p/n.txt",)),
    ),
    "opencode patch": (
        {"tool_name": "apply_patch", "tool_input": {"patchText": PATCH}, "cwd": "/p"},
        Wish("apply_patch", ("/p/held.txt", "/p/new.txt")),
    ),
    "several edits in one": (
        {**HEAD, "tool_name": "MultiEdit", "tool_input": {"edits": [{"file_path": "a"}, {"file_path": "b"}]}},
        Wish("MultiEdit", ("/p/a", "/p/b")),
    ),
    "a command in words": (
        {**HEAD, "tool_name": "shell", "tool_input": {"command": ["bash", "-lc", "echo x > a.txt"], "workdir": "/p/w"}},
        Wish("shell", (), "cd /p/w && bash -lc 'echo x > a.txt'"),
    ),
    "of another's server": (
        {**HEAD, "tool_name": "mcp__other__write", "tool_input": {"what": "x"}},
        Wish("mcp__other__write"),
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_every_dialect_is_understood(case: str) -> None:
    """The tool's name, its files from the root on, and its command where it runs."""
    told, wish = SEEN[case]
    assert wish_of(told) == wish


@pytest.mark.parametrize("told", [None, [], "text", {}, {"tool_name": "Edit"}, {"tool_name": "x", "tool_input": 7}])
def test_what_is_no_wish_is_an_error(told: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(Malformed):
        wish_of(told)


@looped
async def test_the_desk_answers_both_kinds() -> None:
    """A hook's own words, and those of a program of ours."""
    heard: list[Wish] = []

    async def gate(wish: Wish) -> Permission:
        heard.append(wish)
        return Permission(granted=False, reason="no")

    no = {"granted": False, "reason": "no"}
    assert await answering(gate)({"ask": "hook", "input": SEEN["claude edit"][0]}) == no
    asked = {"ask": "permission", "name": "x", "paths": ["a", 7], "command": None}
    assert await permitting(gate)(asked) == no
    assert heard == [Wish("Edit", ("/p/a.py",)), Wish("x", ("a",))]
