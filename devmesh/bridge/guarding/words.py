"""The words of a shell command, and the simple commands that they make up. Knows no program and no shell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PLAIN_NAME = re.compile(r"[\w./][\w./-]*")


@dataclass(slots=True)
class Word:
    """One word, its quotes removed."""

    text: str = ""
    dynamic: bool = False
    "Part of it is known only when it runs: a variable, or another command's output."
    glob: bool = False
    "Unquoted wildcards: the shell puts file names in its place."
    quoted: bool = False
    home: bool = False
    "Begins with the `~` of one's own home."
    loose: bool = False
    "A part known only when it runs stands outside of quotes: it may become several words, or none."

    def is_plain_name(self) -> bool:
        """Whether it is a path of letters in which no shell sees anything else."""
        return not (self.dynamic or self.quoted) and _PLAIN_NAME.fullmatch(self.text) is not None


@dataclass(slots=True)
class Simple:
    """One simple command, between operators."""

    before: str
    "The operator in front of it; empty at the start."
    words: list[Word] = field(default_factory=list)
    writes: list[Word] = field(default_factory=list)
    "What its redirections write."
    after: str = ""
    depth: int = 0
    "In how many parentheses it stands."
