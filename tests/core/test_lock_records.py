"""The plain values of the lock table."""

from __future__ import annotations

from devmesh.core.lock_records import Blockers, Lock, Waiting
from devmesh.vocabulary.terms import LockMode


def _lock(token: int, agent: str) -> Lock:
    return Lock(token=token, agent=agent, target="x", mode=LockMode.READ, lease=1.0, deadline=1.0, granted_at=0.0)


def _waiting(ticket: int, agent: str) -> Waiting:
    return Waiting(
        ticket=ticket, agent=agent, targets=("x",), mode=LockMode.WRITE, wait=1.0, deadline=1.0, asked_at=0.0
    )


def test_each_agent_in_the_way_is_named_once_and_holders_first() -> None:
    """In the order of their tokens, then of their tickets."""
    blockers = Blockers((_lock(1, "b"), _lock(2, "a"), _lock(3, "b")), (_waiting(4, "c"), _waiting(5, "a")))
    assert blockers.agents == ("b", "a", "c")
    assert Blockers().agents == ()


def test_a_lock_is_numbered_by_its_token_and_a_request_by_its_ticket() -> None:
    """One index holds either."""
    assert (_lock(3, "a").number, _waiting(4, "a").number) == (3, 4)
