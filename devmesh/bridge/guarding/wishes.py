"""What a wish means for the disk: nothing, these files, or that nobody can tell. Decides nothing.

A wish is what a tool says, so nothing in it is believed to be harmless but what a table says of the tool's own words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.guarding.commands import told
from devmesh.bridge.guarding.names import Names
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
    "Paths from the root's folder on, links followed; a folder with all below it ends in `/`, and stands for its files."
    outside: tuple[str, ...] = ()
    "As they were written."
    untold: str = ""
    "Why it may write more than that."
    named: tuple[str, ...] = ()
    "Every name of theirs, from the root's folder on: as written, through links that lead there, and each file below."

    def never(self) -> str:
        """The first path that no tool writes: git's own folder, and ours."""
        paths = (*self.inside, *self.named)
        return next((path for path in paths if _GIT.search(path) or _OURS_FOLDER.search(path)), "")

    def protected(self) -> tuple[str, ...]:
        """Those that need the person's yes, whichever of its names one is obeyed by."""
        return tuple(filter(is_delicate, dict.fromkeys((*self.inside, *self.named))))


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
    names = Names(place)
    seen = [(path, names.seen(path)) for path in dict.fromkeys(written)]
    return Meaning(
        _without_what_is_below(dict.fromkeys(one for _, found in seen for one in found.real)),
        tuple(path for path, found in seen if not found.real),
        untold,
        tuple(dict.fromkeys(one for _, found in seen for one in (*found.real, *found.names))),
    )


def _without_what_is_below(paths: Iterable[str]) -> tuple[str, ...]:
    """A folder stands for all in it."""
    known = set(paths)
    return tuple(path for path in paths if not any(above in known for above in _above(path)))


def _above(path: str) -> Iterator[str]:
    at = path.find("/")
    while 0 <= at < len(path) - 1:
        yield path[: at + 1]
        at = path.find("/", at + 1)
