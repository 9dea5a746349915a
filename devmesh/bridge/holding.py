"""Text that comes in pieces, held back where a piece may end within a secret. Knows no stream and no mesh."""

from __future__ import annotations

import re

from devmesh.vocabulary.plain import MARGIN, goes_on, plain, redact

LONGEST = 16_000
"Characters held at most, while a line has no end or a key block none."
_LINES = 8
"Lines held at most because a secret may go on in the next."
_BEGIN, _END = "-----BEGIN ", "-----END "
_OF_A_KEY = re.compile(r"[ \t]*+[A-Za-z0-9+/=\\]*+\s*+")
_BETWEEN = re.compile(r"[^A-Za-z0-9._~+/=-]")
"No known token contains it."
_TRIES = 32


class Holding:
    """Gives back, in order and harmless, what was added: whole lines, and the rest when told that it is the end."""

    def __init__(self) -> None:
        self._held = ""
        self._in_key = False
        "Within a key block too long to be held: what looks like more of it is dropped."

    def add(self, text: str) -> str:
        """What may pass now; often nothing, while a line goes on."""
        self._held += text
        if self._in_key:
            self._drop_key()
        at = self._safe_end()
        passed, self._held = self._held[:at], self._held[at:]
        return redact(plain(passed)) if passed else ""

    def end(self) -> str:
        """All that is still held."""
        if self._in_key:
            self._drop_key()
        passed, self._held = self._held, ""
        return redact(plain(passed))

    def _drop_key(self) -> None:
        """Drop what is still of the key: up to its end, or to a line that is none of it."""
        *lines, rest = self._held.split("\n")
        while lines and self._in_key and (_END in lines[0] or _OF_A_KEY.fullmatch(lines[0])):
            self._in_key = _END not in lines.pop(0)
        self._in_key = self._in_key and not lines
        if self._in_key and _OF_A_KEY.fullmatch(rest):
            rest = ""
        self._held = "\n".join([*lines, rest])

    def _safe_end(self) -> int:
        end = self._held.rfind("\n") + 1
        for _line in range(_LINES):
            if not end or not goes_on(plain(self._held[max(0, end - MARGIN) : end])):
                break
            end = self._held.rfind("\n", 0, end - 1) + 1
        begun = self._held.rfind(_BEGIN)
        if 0 <= begun < end and _END not in self._held[begun:end]:
            end = self._held.rfind("\n", 0, begun) + 1
        if len(self._held) - end <= LONGEST:
            return end
        if begun >= 0 and _END not in self._held[begun:] and "PRIVATE KEY" in self._held[begun : begun + 64]:
            self._in_key = True
            return len(self._held)
        return _between_tokens(self._held)


def _between_tokens(text: str) -> int:
    """A place to cut a line that is too long, such that the parts, redacted, are the whole, redacted."""
    whole = redact(plain(text))
    places = [found.end() for found in _BETWEEN.finditer(text, 0, len(text) - MARGIN)]
    for place in reversed(places[-_TRIES:]):
        if redact(plain(text[:place])) + redact(plain(text[place:])) == whole:
            return place
    return len(text)
