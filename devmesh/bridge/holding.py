"""Text that comes in pieces, held back where a piece may end within a secret. Knows no stream and no mesh."""

from __future__ import annotations

import re

from devmesh.vocabulary.plain import plain, redact

LONGEST = 16_000
"Characters held at most, while a line has no end or a key block none."
_MARGIN = 1_000
"Characters held of a line too long to be held, at least: longer than any secret but a key."
_BETWEEN = re.compile(r"[^A-Za-z0-9._~+/=-]")
"No known token contains it."
_TRIES = 32


class Holding:
    """Gives back, in order and harmless, what was added: whole lines, and the rest when told that it is the end."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, text: str) -> str:
        """What may pass now; often nothing, while a line goes on."""
        self._held += text
        at = self._safe_end()
        passed, self._held = self._held[:at], self._held[at:]
        return redact(plain(passed)) if passed else ""

    def end(self) -> str:
        """All that is still held."""
        passed, self._held = self._held, ""
        return redact(plain(passed))

    def _safe_end(self) -> int:
        end = self._held.rfind("\n") + 1
        begun = self._held.rfind("-----BEGIN ")
        if 0 <= begun < end and "-----END " not in self._held[begun:end]:
            end = self._held.rfind("\n", 0, begun) + 1
        return end if len(self._held) - end <= LONGEST else _between_tokens(self._held)


def _between_tokens(text: str) -> int:
    """A place to cut a line that is too long, such that the parts, redacted, are the whole, redacted."""
    whole = redact(plain(text))
    places = [found.end() for found in _BETWEEN.finditer(text, 0, len(text) - _MARGIN)]
    for place in reversed(places[-_TRIES:]):
        if redact(plain(text[:place])) + redact(plain(text[place:])) == whole:
            return place
    return len(text)
