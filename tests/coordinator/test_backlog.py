"""What one client said and nobody has heard yet."""

from __future__ import annotations

import pytest

from devmesh.coordinator.backlog import MOST_WAITING, MOST_WAITING_BYTES, Backlog


def test_messages_keep_their_order() -> None:
    """The earliest is taken first; there is nothing to take of nothing."""
    backlog = Backlog()
    for text in (b"one", b"two"):
        backlog.add(text)
    assert (len(backlog), backlog.take(), backlog.take(), len(backlog)) == (2, b"one", b"two", 0)
    with pytest.raises(IndexError):
        backlog.take()


@pytest.mark.parametrize("text", [b"x", b"x" * (MOST_WAITING_BYTES // 4)])
def test_it_is_full_with_many_messages_or_with_long_ones(text: bytes) -> None:
    """And not any more once some of it has been heard, or nobody will hear it."""
    backlog, most = Backlog(), min(MOST_WAITING, MOST_WAITING_BYTES // len(text))
    filling = []
    for _ in range(most):
        filling.append(backlog.is_full)
        backlog.add(text)
    assert [*filling, backlog.is_full] == [False] * most + [True]
    backlog.take()
    filling.append(backlog.is_full)
    backlog.add(text)
    backlog.clear()
    assert (filling[-1], backlog.is_full, len(backlog)) == (False, False, 0)
