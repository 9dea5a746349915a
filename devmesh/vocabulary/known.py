"""Values that are known to be secret, and where they stand in a text. Knows neither where they come from nor what for.

One list for the whole process: whoever makes or reads a secret puts it here, and `plain.redact` goes by it. Tokens of
ours have one form and are looked up by their SHA-256, so that those are known, too, of which only that is kept.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final, TypeVar
from urllib.parse import quote

T = TypeVar("T", str, bytes)

SHORTEST: Final = 6
"Shorter values are not hidden: too much ordinary text would go with them."
MOST: Final = 100_000
"Digests, and beginnings, that are kept; beyond, the oldest are forgotten."
_LENGTH: Final = 43
"Characters of 256 bits in the URL-safe alphabet, as `secrets.token_urlsafe(32)` writes them."
_END = re.compile(rb"[AEIMQUYcgkosw048]")
"The last of them has four bits left to say."
_RUN = re.compile(rf"[A-Za-z0-9_/+-]{{{_LENGTH},}}+")
"Both alphabets of base64: a slash or a plus may as well stand beside a token."
_ONE_ALPHABET: Final = bytes.maketrans(b"+/", b"-_")
_HEX = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")
_SPOKEN: Final = re.compile(r"[A-Za-z0-9_]")
_SURE: Final = 4
"Characters at the end of a line that may begin a value also within a word."
_LONGEST_START: Final = 256


class _Known:
    """Replaced as a whole where it changes, so that any thread may look while another adds."""

    def __init__(self) -> None:
        self.values: tuple[str, ...] = ()
        self.digests: dict[bytes, None] = {}
        self.starts: dict[str, None] = {}


_known = _Known()


def hide(*values: str) -> None:
    """From now on these exact values are secret, as they are, in JSON and in a URL; of several lines, each line is."""
    for value in {line for text in values for line in text.splitlines() if len(line) >= SHORTEST}:
        if _is_token(value):
            _keep(_known.digests, _digest(value))
        else:
            spelled = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, "")}
            _known.values = tuple(sorted({*_known.values, *spelled}, key=lambda one: (-len(one), one)))
        _keep(_known.starts, *(value[:length] for length in range(1, min(len(value), _LONGEST_START))))


def hide_bytes(value: bytes) -> None:
    """The same for 32 bytes, written in hexadecimal or in base64."""
    _keep(_known.digests, _digest(value.hex()), _digest(urlsafe_b64encode(value).decode().rstrip("=")))


def hide_digests(*digests: str) -> None:
    """Whatever has one of these SHA-256 (in hexadecimal) and the form of a token is secret."""
    _keep(_known.digests, *map(bytes.fromhex, digests))


def forget() -> None:
    """All of it: for tests."""
    _known.__init__()  # type: ignore[misc]  # to begin again is what is meant


def spans(text: str) -> list[tuple[int, int]]:
    """Where known values stand, in order, none within another. Takes time linear in the text, and in their number."""
    found = [(at, at + len(value)) for value in _known.values for at in _places(value, text)]
    if _known.digests:
        found += [span for run in _RUN.finditer(text) for span in _tokens(run[0], run.start())]
        found += [each.span() for each in _HEX.finditer(text) if _digest(each[0].lower()) in _known.digests]
    return _merged(found)


def without(text: str, instead: str) -> str:
    """The text with `instead` for every known value."""
    kept, at = [], 0
    for start, end in spans(text):
        kept += [text[at:start], instead]
        at = end
    return "".join((*kept, text[at:])) if kept else text


def may_go_on(line: str) -> bool:
    """Whether the line ends with the beginning of a known value."""
    starts = _known.starts
    for length in range(1, min(len(line), _LONGEST_START) + 1 if starts else 1):
        if line[-length:] in starts and (length >= _SURE or not _SPOKEN.match(line[-length - 1 : -length] or " ")):
            return True
    return False


# ---- inside ----


def _is_token(value: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", value) is not None


def _digest(value: str) -> bytes:
    return sha256(value.encode(errors="surrogatepass")).digest()


def _keep(kept: dict[T, None], *more: T) -> None:
    kept.update(dict.fromkeys(more))
    while len(kept) > MOST:
        del kept[next(iter(kept))]


def _places(value: str, text: str) -> list[int]:
    places, at = [], text.find(value)
    while at >= 0:
        places.append(at)
        at = text.find(value, at + len(value))
    return places


def _tokens(run: str, offset: int) -> list[tuple[int, int]]:
    """A token may stand anywhere in a run: an escaped line end leaves its `n` before it."""
    if run.islower() or run.isupper():
        return []
    signs, digests = run.encode().translate(_ONE_ALPHABET), _known.digests
    ends = [at.end() for at in _END.finditer(signs, _LENGTH - 1)]
    found = [end + offset for end in ends if sha256(signs[end - _LENGTH : end]).digest() in digests]
    return [(end - _LENGTH, end) for end in found]


def _merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
