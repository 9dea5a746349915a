"""Inputs made from good ones: bytes bent at random, and JSON with one value in it exchanged. All from one seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

INTERESTING: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
    b"\r\n",
    b"\n",
    b"\t",
    b"\x1b[2J",
    b"\\ud800",
    b"\\u0000",
    b"\\",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"NaN",
    b"-0",
    b"1e999",
    b"9" * 400,
    b"9007199254740993",
    b"-1",
    b"0.1",
    b"..",
    b"../",
    b"/",
    b"//",
    b"./",
    b"**",
    b"*",
    b"?",
    b"[!",
    b"[a-",
    b"C:\\",
    b"::$DATA",
    b".git",
    b".ipynb#",
    b"#",
    b"%00",
    b"$(",
    b"`",
    b"<<EOF\n",
    b"&&",
    b"> ",
    b"| ",
    b";",
    b"~",
    b"$HOME",
    "é".encode(),
    "e\u0301".encode(),
    "\u202e".encode(),
    "\u200b".encode(),
    "\U0001f600".encode(),
    b"A" * 300,
)
"What has broken parsers before."

NASTY: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53,
    2**63,
    -(2**63),
    10**40,
    0.5,
    -0.0,
    1e308,
    "",
    " ",
    "\x00",
    "x" * 5000,
    "\u202e",
    "../x",
    "/etc/passwd",
    "a/./b",
    "**",
    "[",
    "NaN",
    [],
    [None],
    [[]],
    {},
    {"kind": "join"},
    {"": 1},
    ["a"] * 1100,
    "2**53",
    [1, "a", None],
)
"Values for any place in a JSON document."


class Mutator:
    """Makes one input after the other. The same seed makes the same ones."""

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        self.random = Random(seed)
        self._corpus = list(corpus)
        self._documents = [document for document in map(_decoded, corpus) if isinstance(document, dict | list)]
        self._moves: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._insert,
            self._insert,
            self._delete,
            self._repeat,
            self._splice,
            self._replace,
        )

    def make(self) -> bytes:
        """The next input."""
        if self._documents and self.random.random() < 0.4:
            return self._document()
        made = bytearray(self.random.choice(self._corpus))
        for _ in range(1 + int(self.random.expovariate(0.7))):
            self.random.choice(self._moves)(made)
        return bytes(made)

    # ---- JSON

    def _document(self) -> bytes:
        document = deepcopy(self.random.choice(self._documents))
        for _ in range(1 + (self.random.random() < 0.3)):
            document = self._bent(document)
        return json.dumps(document, ensure_ascii=self.random.random() < 0.5).encode("utf-8", "surrogatepass")

    def _bent(self, document: Any) -> Any:
        """One place in it holds something else, is gone, or is there twice under another name."""
        places = list(_places(document))
        if not places:
            return deepcopy(self.random.choice(NASTY))
        holder, key = self.random.choice(places)
        dice = self.random.random()
        if dice < 0.7:
            holder[key] = deepcopy(self.random.choice(NASTY))
        elif dice < 0.85:
            del holder[key]
        elif isinstance(holder, dict):
            holder[self.random.choice(["extra", "kind", "", "role", "\x00"])] = holder[key]
        else:
            holder.append(holder[key])
        return document

    # ---- bytes

    def _at(self, made: bytearray) -> int:
        return self.random.randint(0, len(made))

    def _flip(self, made: bytearray) -> None:
        if made:
            made[self.random.randrange(len(made))] ^= 1 << self.random.randrange(8)

    def _insert(self, made: bytearray) -> None:
        at = self._at(made)
        made[at:at] = self.random.choice(INTERESTING)

    def _replace(self, made: bytearray) -> None:
        at = self._at(made)
        made[at : at + self.random.randint(1, 8)] = self.random.choice(INTERESTING)

    def _delete(self, made: bytearray) -> None:
        at = self._at(made)
        del made[at : at + self.random.randint(1, 20)]

    def _repeat(self, made: bytearray) -> None:
        at = self._at(made)
        made[at:at] = made[at : at + self.random.randint(1, 20)] * self.random.choice([1, 2, 30])

    def _splice(self, made: bytearray) -> None:
        other = self.random.choice(self._corpus)
        at, end = self._at(made), self.random.randint(0, len(other))
        made[at:] = other[end:]


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every key and index in it, with what holds it."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            waiting.append(holder[key])
    return found
