"""Reads a script out of a prompt. Knows the shape of the language, not what its words do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

_FENCE = re.compile(r"^(?P<margin>[> \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
_SCRIPT = re.compile(r"script(?:[ \t]+(?P<kind>\w+))?")

#: What a script may be for. A block without a word is for work.
KINDS = ("work", "review", "plan")
#: What to do when a conversation is continued whose script was done.
AGAIN = "again"


class ScriptError(Exception):
    """The script cannot be read; the message names the line."""


@dataclass(frozen=True)
class Grammar:
    """What follows a verb: how many blocks of text, and whether an argument is needed."""

    blocks: tuple[int, ...]
    argument: bool


@dataclass(frozen=True)
class Step:
    """One thing to do; `otherwise` are tried in order when it cannot be done."""

    verb: str
    argument: str
    blocks: tuple[tuple[str, ...], ...]
    line: int
    otherwise: tuple[Step, ...] = ()

    @property
    def text(self) -> str:
        """The argument and the lines of every block, as one text."""
        lines = (line for block in self.blocks for line in block)
        return "\n".join((self.argument, *lines) if self.argument else lines)

    @property
    def choices(self) -> tuple[Step, ...]:
        """The step itself, then its alternatives."""
        return (self, *self.otherwise)


@dataclass
class _Draft:
    """A step that is still being read."""

    verb: str
    argument: str
    line: int
    alternative: bool
    blocks: list[list[str]] = field(default_factory=list)


def find_script(prompt: str, kind: str | None = None) -> str | None:
    """The text of the prompt's blocks of that kind, joined; None without one.

    Without a kind, work goes first, and else whatever single kind there is. A block may stand in a quotation (`> `).
    """
    blocks: dict[str, list[str]] = {}
    for found, text in _fenced(prompt.splitlines()):
        blocks.setdefault(found, []).append(text)
    if kind is None:
        kind = "work" if "work" in blocks or len(blocks) != 1 else next(iter(blocks))
    return "\n".join(blocks[kind]) if kind in blocks else None


def _fenced(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each script with its kind. One inside another block is only text; one that is never closed reaches the end."""
    opening: re.Match[str] | None = None
    inside: list[str] = []
    for line in [*lines, None]:
        if opening is None:
            opening, inside = _FENCE.match(line) if line is not None else None, []
        elif line is None or _closes(line, opening):
            script = _SCRIPT.fullmatch(opening["info"].strip())
            if script:
                yield script["kind"] or "work", "\n".join(inside)
            opening = None
        else:
            inside.append(line.removeprefix(opening["margin"]))


def _closes(line: str, opening: re.Match[str]) -> bool:
    """A line of nothing but the same sign, at least as often."""
    text = line.removeprefix(opening["margin"]).strip()
    return len(text) >= len(opening["fence"]) and set(text) == {opening["fence"][0]}


def parse(text: str, grammar: Mapping[str, Grammar]) -> tuple[Step, ...]:
    """The steps of a script. Raises ScriptError naming the first line that does not fit the grammar."""
    drafts: list[_Draft] = []
    for number, line in enumerate(text.splitlines(), start=1):
        _read_line(line, number, drafts, grammar)
    return _gathered([_checked(draft, grammar) for draft in drafts], [draft.alternative for draft in drafts])


def _read_line(line: str, number: int, drafts: list[_Draft], grammar: Mapping[str, Grammar]) -> None:
    word = line.strip()
    if line.lstrip().startswith("|"):
        if not drafts:
            raise ScriptError(f"line {number}: text before the first verb")
        if not drafts[-1].blocks:
            drafts[-1].blocks.append([])
        drafts[-1].blocks[-1].append(_without_margin(line))
    elif word == "with":
        if not drafts or not drafts[-1].blocks:
            raise ScriptError(f"line {number}: 'with' needs a text above it")
        drafts[-1].blocks.append([])
    elif word and not word.startswith("#"):
        drafts.append(_opened(word, number, grammar))


def _without_margin(line: str) -> str:
    """`| text` and `|text` are both `text`; `|` alone is an empty line."""
    return line.lstrip()[1:].removeprefix(" ")


def _opened(word: str, number: int, grammar: Mapping[str, Grammar]) -> _Draft:
    alternative = word.startswith("or ")
    verb, _, argument = word.removeprefix("or ").strip().partition(" ")
    if verb not in grammar:
        raise ScriptError(f"line {number}: no such verb: {verb!r} (there are: {', '.join(sorted(grammar))})")
    return _Draft(verb, argument.strip(), number, alternative)


def _checked(draft: _Draft, grammar: Mapping[str, Grammar]) -> Step:
    rule = grammar[draft.verb]
    if rule.argument and not draft.argument:
        raise ScriptError(f"line {draft.line}: {draft.verb} needs to be told what")
    if len(draft.blocks) not in rule.blocks:
        wanted = " or ".join(str(count) for count in rule.blocks)
        raise ScriptError(f"line {draft.line}: {draft.verb} takes {wanted} texts, and has {len(draft.blocks)}")
    return Step(draft.verb, draft.argument, tuple(tuple(block) for block in draft.blocks), draft.line)


def _gathered(steps: list[Step], alternative: list[bool]) -> tuple[Step, ...]:
    """Alternatives moved into the step they belong to."""
    if alternative and alternative[0]:
        raise ScriptError(f"line {steps[0].line}: 'or' needs a step above it")
    firsts = [index for index, other in enumerate(alternative) if not other]
    return tuple(
        Step(steps[a].verb, steps[a].argument, steps[a].blocks, steps[a].line, tuple(steps[a + 1 : b]))
        for a, b in pairwise([*firsts, len(steps)])
    )
