"""Token buckets under a clock moved by hand."""

from __future__ import annotations

from devmesh.coordinator.pace import DEEPEST, Bucket, Pace


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 7_777.0

    def __call__(self) -> float:
        """The time it shows."""
        return self.at


def test_a_burst_is_taken_at_once_and_no_more() -> None:
    """Five tokens are five."""
    bucket = Bucket(Pace(rate=10, burst=5), Hand())
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


def test_what_is_owed_is_waited_for() -> None:
    """Three beyond the burst are three tenths of a second at 10/s, and the next one after that."""
    hand = Hand()
    bucket = Bucket(Pace(rate=10, burst=5), hand)
    for _ in range(8):
        bucket.owe()
    assert round(bucket.wait(), 6) == 0.4
    hand.at += 0.401
    assert bucket.take()


def test_tokens_come_back_with_time_and_never_beyond_the_burst() -> None:
    """A tenth of a second is one token at 10/s; an hour is still no more than the burst."""
    hand = Hand()
    bucket = Bucket(Pace(rate=10, burst=5), hand)
    while bucket.take():
        pass
    assert 0 < bucket.wait() <= 0.1
    hand.at += bucket.wait()
    assert bucket.take()
    hand.at += 3_600
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


def test_nobody_owes_more_than_a_few_seconds() -> None:
    """However much work was done for a peer, its next heartbeat is read in time."""
    bucket = Bucket(Pace(rate=10, burst=5), Hand())
    bucket.owe(1_000_000)
    assert DEEPEST <= bucket.wait() <= DEEPEST + 0.1
