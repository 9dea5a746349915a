"""Facts to bytes, each once, however many are told. Knows the wire's form; not who is told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from devmesh.vocabulary.codec import Recorded, encode
from devmesh.vocabulary.record import Record


class _Envelope(Record):
    """A `Delivery` whose facts are written already."""

    facts: tuple[msgspec.Raw, ...]
    reply_to: int | None = None


class Encoder:
    """For the deliveries of one turn: a fact told to a thousand is written once, and so is a delivery they share."""

    def __init__(self) -> None:
        self._facts: dict[int, tuple[Recorded, msgspec.Raw]] = {}
        self._deliveries: dict[tuple[int | None, ...], bytes] = {}

    def delivery(self, facts: Sequence[Recorded], reply_to: int | None) -> bytes:
        """The wire form of a `Delivery`. Raises Malformed for a fact no reader could take back."""
        key = (reply_to, *map(id, facts))
        text = self._deliveries.get(key)
        if text is None:
            text = encode(_Envelope(facts=tuple(map(self._fact, facts)), reply_to=reply_to))
            self._deliveries[key] = text
        return text

    def _fact(self, recorded: Recorded) -> msgspec.Raw:
        """Kept together with its fact, so that its identity stays its own while this encoder lives."""
        held = self._facts.get(id(recorded))
        if held is None:
            held = self._facts[id(recorded)] = (recorded, msgspec.Raw(encode(recorded)))
        return held[1]
