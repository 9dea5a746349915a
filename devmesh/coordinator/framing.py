"""Websocket frames as bytes, for the one kind that is nearly all there is: whole text messages. Knows no connection.

Whatever else comes is left to the websockets library as it came: control frames, pieces, long messages, nonsense.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

_WHOLE_TEXT = 0x81
_FINAL = 0x80
_OPCODE = 0x0F
_MASKED = 0x80
_SHORT, _MIDDLE = 126, 127
"Lengths up to 125 are their own; these two say that two or eight bytes of length follow."
_LONGEST = 0xFFFF
_END_OF_REQUEST = b"\r\n\r\n"

_short, _middle, _long = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")


class Divider:
    """Divides what a client sends into the texts of whole messages and into what the library has to read.

    The library gets all bytes of a frame or none, so the two never disagree about where one begins.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._requested = False
        self._head = b""
        "The beginning of a frame of which not even the length has come."
        self._owed = 0
        "Bytes still to come of a frame that the library is reading."
        self._given_up = False
        "From here on the library reads everything."

    def early(self, data: bytes) -> None:
        """Look on while the library reads the handshake. Whoever says more before it is answered is not divided."""
        seen = self._tail + data
        end = seen.find(_END_OF_REQUEST)
        if self._requested or 0 <= end < len(seen) - len(_END_OF_REQUEST):
            self._given_up = True
        self._requested = self._requested or end >= 0
        self._tail = seen[1 - len(_END_OF_REQUEST) :]

    def divide(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """In their order: (True, the text of a message) and (False, bytes for the library)."""
        if self._given_up:
            yield False, data
            return
        data, self._head = self._head + data, b""
        place, end = self._owed, len(data)
        if place:
            self._owed = max(0, place - end)
            yield False, data[:place]
        while place < end:
            start, length = _extent(data, place)
            if start < 0:
                self._head = data[place:]
                return
            first, stop = data[place], start + length
            if not (first & _FINAL and first & _OPCODE):  # a message in pieces, which only one of us can join
                self._given_up = True
                yield False, data[place:]
                return
            if first == _WHOLE_TEXT and stop <= end and length <= _LONGEST and data[place + 1] & _MASKED:
                yield True, apply_mask(data[start:stop], data[start - 4 : start])
            else:
                self._owed = max(0, stop - end)
                yield False, data[place:stop]
            place = stop


def _extent(data: bytes, place: int) -> tuple[int, int]:
    """Where the payload of the frame at this place begins, and its length; (-1, 0) while its head is not all there."""
    if place + 2 > len(data):
        return -1, 0
    length = data[place + 1] & ~_MASKED
    start = place + 6 if data[place + 1] & _MASKED else place + 2
    if length >= _SHORT:
        more = 2 if length == _SHORT else 8
        length = int.from_bytes(data[place + 2 : place + 2 + more], "big")
        start += more
    return (start, length) if start <= len(data) else (-1, 0)


def framed(text: bytes) -> bytes:
    """A message of ours as one frame: a server's are not masked."""
    length = len(text)
    if length < _SHORT:
        return _short.pack(_WHOLE_TEXT, length) + text
    if length <= _LONGEST:
        return _middle.pack(_WHOLE_TEXT, _SHORT, length) + text
    return _long.pack(_WHOLE_TEXT, _MIDDLE, length) + text
