"""Facts to bytes: the wire's own form, written once."""

from __future__ import annotations

from devmesh.coordinator.telling import Encoder
from devmesh.vocabulary.codec import Delivery, Recorded, decode_delivery, encode
from devmesh.vocabulary.facts import LockReleased
from devmesh.vocabulary.terms import LockMode


def released(token: int) -> Recorded:
    """Some fact."""
    fact = LockReleased(token=token, agent="a-1", target="ünï.txt", mode=LockMode.READ)
    return Recorded(sequence=token, fact=fact, now=1.5, at=2.5, session=3, request=4)


def test_it_is_what_the_codec_would_write() -> None:
    """Byte for byte, with and without an answer."""
    for reply_to in (None, 7):
        facts = (released(1), released(2))
        written = Encoder().delivery(facts, reply_to)
        assert written == encode(Delivery(facts=facts, reply_to=reply_to))
        assert decode_delivery(written) == Delivery(facts=facts, reply_to=reply_to)
    assert decode_delivery(Encoder().delivery((), 7)) == Delivery(facts=(), reply_to=7)


def test_what_many_are_told_is_written_once() -> None:
    """The very same bytes for the same facts; others for another answer."""
    encoder, facts = Encoder(), [released(1), released(2)]
    once = encoder.delivery(tuple(facts), None)
    assert encoder.delivery(tuple(facts), None) is once
    assert encoder.delivery(tuple(facts), 1) is not once
    assert len(encoder._facts) == 2
