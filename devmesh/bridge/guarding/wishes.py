"""What a wish means for the disk: nothing, these files, or that nobody can tell. Decides nothing.

A wish is what a tool says, so nothing in it is believed to be harmless but what a table says of the tool's own words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.programs import patched
from devmesh.bridge.tools.tool import Wish
from devmesh.vocabulary.delicate import is_delicate

READING = frozenset(
    {
        *("read", "read_file", "readfile", "read_many_files", "view", "view_image", "show_file", "notebookread"),
        *("glob", "grep", "rg", "ls", "list", "list_directory", "find_files", "grep_search", "search_file_content"),
        *("search", "webfetch", "web_fetch", "fetchurl", "websearch", "web_search", "google_web_search"),
        *("todowrite", "todoread", "todo_write", "write_todos", "update_todo", "update_plan", "report_intent"),
        *("task", "agent", "skill", "toolsearch", "tool_search", "exitplanmode", "askuserquestion", "ask_user"),
        *("bashoutput", "taskoutput", "read_bash", "list_bash", "stop_bash", "killshell", "killbash", "taskstop"),
        *("fetch_copilot_cli_documentation", "sql", "lsp", "think", "codesearch", "question", "complete_task"),
    }
)
"What the tools call that which writes no file of the project, in lower case."
OURS = re.compile(r"(?:mcp_{1,2})?devmesh[-_.]", re.IGNORECASE)
"Tools of our own MCP server."
_GIT = re.compile(r"(?:^|/)\.git(?:/|$)", re.IGNORECASE)
_OURS_FOLDER = re.compile(r"(?:^|/)\.devmesh", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a wish would write."""

    inside: tuple[str, ...] = ()
    "Paths from the root's folder on, links followed; a folder with all below it ends in `/`."
    outside: tuple[str, ...] = ()
    "As they were written."
    untold: str = ""
    "Why it may write more than that."

    def never(self) -> str:
        """The first path that no tool writes: git's own folder, and ours."""
        return next((path for path in self.inside if _GIT.search(path) or _OURS_FOLDER.search(path)), "")

    def protected(self) -> tuple[str, ...]:
        """Those that need the person's yes."""
        return tuple(filter(is_delicate, self.inside))


def meaning(wish: Wish, root: Path) -> Meaning:
    """What it would write, seen from `root`, where the tool runs."""
    if not wish.command and (wish.name.casefold() in READING or OURS.match(wish.name)):
        return Meaning()
    place = os.path.realpath(root)
    written = list(wish.paths)
    untold = ""
    if wish.command.startswith("*** Begin Patch"):
        written += patched(wish.command)
    elif wish.command:
        command = told(wish.command, Path(place))
        written += command.writes
        untold = command.untold
    elif not written:
        untold = f"what {wish.name[:60]!r} writes is not known"
    return Meaning(
        tuple(dict.fromkeys(inside for path in written for inside in _inside(path, place))),
        tuple(dict.fromkeys(path for path in written if not any(True for _ in _inside(path, place)))),
        untold,
    )


def _inside(path: str, root: str) -> Iterator[str]:
    """The path seen from the root, once or not at all: with its folder's links followed, and its own."""
    text = os.fspath(path).rstrip("/")
    if "\0" in text:
        return
    joined = os.path.normpath(os.path.join(root, text))  # noqa: PTH118 - a text, which may be no path
    real = os.path.realpath(joined)
    if real != root and real.startswith(f"{root}/"):
        yield real[len(root) + 1 :] + ("/" if path.endswith("/") or os.path.isdir(real) else "")  # noqa: PTH112
