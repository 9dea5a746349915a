"""Reads a program's words by a list of the options it may be given; what is not on the list cannot be told.

Knows no program. An abbreviation of a long option counts as what it abbreviates, where it can abbreviate nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devmesh.bridge.guarding.shell import CannotTell
from devmesh.bridge.guarding.words import Word

_LETTER = re.compile(r"(.)(::|:)?")
_LONG = re.compile(r"(!?)--([\w-]+)(=|\[=\])?")
_NONE, _NEXT, _ATTACHED = "", ":", "::"
_VALUES = {None: _NONE, "": _NONE, "=": _NEXT, "[=]": _ATTACHED}
_NUMBER = re.compile(r"-[\d.]+")
_WILD = frozenset("*?[")


@dataclass(slots=True)
class Read:
    """The words of one run of a program."""

    operands: list[Word] = field(default_factory=list)
    "Those that are neither options nor their values."
    given: list[tuple[str, str]] = field(default_factory=list)
    "The options, as a letter or in full, each with its value."


@dataclass(frozen=True, slots=True)
class Options:
    """The options that a program may be given; anything else with a hyphen in front of it raises CannotTell."""

    letters: Mapping[str, str]
    "Each with how it takes a value: not at all, from the next word too (`:`), attached only (`::`)."
    names: Mapping[str, str]
    refused: frozenset[str] = frozenset()
    "Names known to mean harm, so that no abbreviation of theirs is taken for another."
    free: bool = False
    "None of its options, of any name, writes or runs anything: words may be known only when it runs."
    shortened: bool = True
    "Whether it takes abbreviations."

    def read(self, name: str, words: Sequence[Word], *, leading: bool = False) -> Read:
        """Every word of it, understood; with `leading`, options end at the first operand. Raises CannotTell."""
        found = Read()
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if self._is_unknown(name, word):
                found.operands.append(word)
            elif word.text == "--":
                return _ended(self, name, found, rest)
            elif not word.text.startswith("-") or word.text == "-":
                found.operands.append(word)
                if leading:
                    return _ended(self, name, found, rest)
            elif word.text.startswith("--"):
                self._long(name, word.text, rest, found)
            else:
                self._cluster(name, word.text[1:], rest, found)
        return found

    def _is_unknown(self, name: str, word: Word) -> bool:
        """Whether it may be an option once it runs. Raises CannotTell where that matters."""
        if not word.dynamic and not (word.glob and word.text[:1] in _WILD and word.text != "["):
            return False
        if self.free:
            return True
        if word.dynamic:
            raise CannotTell(f"the arguments of {name!r} are known only when it runs")
        raise CannotTell(f"a file could be called like an option of {name!r}; put `--` in front of {word.text[:60]!r}")

    def _long(self, name: str, text: str, rest: list[Word], found: Read) -> None:
        spelled, equals, value = text[2:].partition("=")
        full = self._full(name, spelled)
        taking = self.names[full]
        if equals and taking == _NONE:
            raise _unknown(name, text)
        if not equals and taking == _NEXT:
            value = self._next(name, text, rest)
        found.given.append((full, value))

    def _full(self, name: str, spelled: str) -> str:
        known = {*self.names, *self.refused}
        meant = [spelled] if spelled in known else [one for one in known if self.shortened and one.startswith(spelled)]
        if len(meant) != 1 or meant[0] in self.refused:
            raise _unknown(name, f"--{spelled}")
        return meant[0]

    def _cluster(self, name: str, letters: str, rest: list[Word], found: Read) -> None:
        for at, letter in enumerate(letters):
            taking = self.letters.get(letter)
            if taking is None:
                raise _unknown(name, f"-{letters}")
            value = letters[at + 1 :] if taking else ""
            if taking == _NEXT and not value:
                value = self._next(name, f"-{letters}", rest)
            found.given.append((letter, value))
            if taking:
                return

    def _next(self, name: str, option: str, rest: list[Word]) -> str:
        """The value in the next word; one that could be an option is none, lest a list's error hide it."""
        if not rest:
            raise CannotTell(f"the option {option[:40]!r} of {name!r} has no value")
        word = rest.pop(0)
        hidden = word.text.startswith("-") and len(word.text) > 1 and not _NUMBER.fullmatch(word.text)
        if not self.free and (hidden or word.dynamic or word.glob):
            raise CannotTell(f"the value of {option[:40]!r} of {name!r} cannot be told")
        return word.text


def options(text: str, *, free: bool = False, shortened: bool = True) -> Options:
    """A list as the tables write it: letters (`n`, `n:`, `n::`), and `--name`, `--name=`, `--name[=]`, `!--name`."""
    letters: dict[str, str] = {}
    names: dict[str, str] = {}
    refused: set[str] = set()
    for word in text.split():
        if long := _LONG.fullmatch(word):
            names[long[2]] = _VALUES[long[3]]
            if long[1]:
                refused.add(long[2])
        else:
            letters.update((one[1], one[2] or _NONE) for one in _LETTER.finditer(word))
    return Options(
        letters, {name: how for name, how in names.items() if name not in refused}, frozenset(refused), free, shortened
    )


def _ended(known: Options, name: str, found: Read, rest: Sequence[Word]) -> Read:
    """The rest are operands."""
    if not known.free and any(word.dynamic for word in rest):
        raise CannotTell(f"the arguments of {name!r} are known only when it runs")
    found.operands.extend(rest)
    return found


def _unknown(name: str, option: str) -> CannotTell:
    return CannotTell(f"what the option {option[:40]!r} of {name!r} does is not known")
