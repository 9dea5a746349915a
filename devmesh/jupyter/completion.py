"""What Tab offers after `%devmesh`: sub-commands, options, choices, and the names of what is in the mesh right now.

Never waits: it reads the replica this process has, and offers nothing where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from devmesh import mesh as meshes
from devmesh.errors import DevMeshError
from devmesh.jupyter.commands import BY_NAME, COMMANDS, Argument, Command
from devmesh.vocabulary.facts import AnyFact
from devmesh.vocabulary.record import kind_of

_LINE = re.compile(r"(?:^|=\s*|\s)%{1,2}devmesh[ \t]+(?P<rest>[^\n]*)$")
_MOST_PATHS = 200


@context_matcher(identifier="devmesh", priority=50)  # type: ignore[untyped-decorator,unused-ignore]
def match(context: CompletionContext) -> SimpleMatcherResult:
    """IPython's matcher: everything when the cursor is behind `%devmesh`, nothing elsewhere."""
    found = offers(context.line_with_cursor[: context.cursor_position])
    if found is None:
        return SimpleMatcherResult(completions=[], suppress=False)
    offered, fragment = found
    completions = [SimpleCompletion(text=text, type="devmesh") for text in offered]
    return SimpleMatcherResult(completions=completions, matched_fragment=fragment, suppress=True)


def offers(before: str) -> tuple[list[str], str] | None:
    """What may come next, and the started word it replaces; None when the cursor is not behind `%devmesh`."""
    line = _LINE.search(before)
    if line is None:
        return None
    *said, fragment = re.split(r"[ \t]+", line["rest"])
    if not said:
        return _beginning(fragment, [command.name for command in COMMANDS]), fragment
    command = BY_NAME.get(said[0])
    if command is None or "--" in said:
        return [], fragment
    return _beginning(fragment, _next(command, said[1:], fragment)), fragment


def _next(command: Command, said: list[str], fragment: str) -> Iterable[str]:
    """What that sub-command takes at this point."""
    if fragment.startswith("-"):
        return _options(command, said)
    option = _open_option(command, said)
    if option is not None:
        return _values(option, fragment)
    positional = [each for each in command.arguments if not each.names[0].startswith("-")]
    return [text for each in positional for text in _values(each, fragment)] or _options(command, said)


def _options(command: Command, said: list[str]) -> list[str]:
    names = [each.names[0] for each in command.arguments if each.names[0].startswith("--")]
    return [name for name in (*names, "--help") if name not in said]


def _open_option(command: Command, said: list[str]) -> Argument | None:
    """The option whose value is being written, if one is."""
    for back, word in enumerate(reversed(said)):
        for each in command.arguments:
            if word in each.names and word.startswith("-"):
                takes = "action" not in each.options
                return each if takes and (back == 0 or each.options.get("nargs") in {"+", "*"}) else None
    return None


def _values(argument: Argument, fragment: str) -> Iterable[str]:
    if choices := argument.options.get("choices"):
        return [str(choice) for choice in choices]
    return OFFERS[argument.completes](fragment) if argument.completes else ()


def _beginning(fragment: str, words: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(fragment)]


# ---- where the words come from ----


def _of_mesh(read: Callable[[Any], Iterable[object]]) -> Callable[[str], list[str]]:
    def look(_: str) -> list[str]:
        try:
            return [str(key) for key in read(meshes.current())]
        except DevMeshError:
            return []

    return look


def _tools(_: str) -> list[str]:
    from devmesh.bridge.tools.catalogue import load

    return sorted(load().tools)


def _kinds(_: str) -> list[str]:
    return sorted(kind_of(kind) for kind in AnyFact.__args__)


def _files(fragment: str) -> list[str]:
    """Paths of the project, wherever the notebook is."""
    try:
        return _paths(fragment, meshes.current().project)
    except DevMeshError:
        return _paths(fragment)


def _paths(fragment: str, below: Path = Path()) -> list[str]:
    folder, _, start = fragment.rpartition("/")
    place = below / (folder or ("/" if fragment.startswith("/") else "."))
    before = f"{folder}/" if "/" in fragment else ""
    try:
        entries = sorted(place.iterdir())[:_MOST_PATHS]
    except OSError:
        return []
    return [
        before + entry.name + ("/" if entry.is_dir() else "")
        for entry in entries
        if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
    ]


_agents = _of_mesh(lambda mesh: mesh.agents.keys())
_tasks = _of_mesh(lambda mesh: mesh.tasks.keys())

_changes = _of_mesh(
    lambda mesh: [name.removeprefix("change ") for name in list(mesh.conflicts.keys()) if name.startswith("change ")]
)
_questions = _of_mesh(lambda mesh: mesh.inbox.keys())
_rules = _of_mesh(lambda mesh: [rule.number for rule in mesh.inbox.rules])
_answers = _of_mesh(lambda mesh: [option for question in mesh.inbox for option in question.options])

OFFERS: Final[dict[str, Callable[[str], Iterable[str]]]] = {
    "agent": _agents,
    "answer": _answers,
    "conflict": _of_mesh(lambda mesh: mesh.conflicts.keys()),
    "change": _changes,
    "either": lambda fragment: [*_tasks(fragment), *_agents(fragment)],
    "file": _files,
    "kind": _kinds,
    "path": _paths,
    "question": _questions,
    "rule": _rules,
    "task": _tasks,
    "tool": _tools,
}
