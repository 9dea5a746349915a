"""A lock's row, from its grant to its end."""

from __future__ import annotations

from devmesh.audit.tables.locks import LockRow, fold_locks
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import LockMode
from tests.audit.samples import History


def grant(token: int, mode: LockMode = LockMode.READ, replaces: int | None = None) -> facts.LockGranted:
    """A lock on one file."""
    return facts.LockGranted(token=token, agent="a", target="x", mode=mode, lease=30.0, replaces=replaces, waited=0.5)


def rows(told: History) -> list[LockRow]:
    """The rows of a history."""
    return fold_locks(told.recorded)


def test_a_lock_is_held_until_it_is_given_back() -> None:
    """Missing while it is held, then what the mesh measured."""
    told = History()
    told.add(grant(1))
    assert [(row.held, row.ended, row.ended_by) for row in rows(told)] == [(None, None, None)]
    told.add(facts.LockReleased(token=1, agent="a", target="x", mode=LockMode.READ, held=1.0))
    (row,) = rows(told)
    assert (row.held, row.ended_by, row.waited, row.mode) == (1.0, "released", 0.5, "read")


def test_each_end_has_its_word() -> None:
    """Expired, taken away, replaced by an upgrade."""
    told = History()
    told.add(grant(1), seconds=3.0)
    told.add(grant(2, LockMode.WRITE, replaces=1), seconds=2.0)
    told.add(facts.LockReleased(token=2, agent="a", target="x", mode=LockMode.WRITE, held=2.0, reason="forced"))
    told.add(grant(4))
    told.add(facts.LockExpired(token=4, agent="a", target="x", mode=LockMode.READ, held=1.0))
    assert [(row.token, row.held, row.ended_by) for row in rows(told)] == [
        (1, 3.0, "replaced"),
        (2, 2.0, "forced"),
        (4, 1.0, "expired"),
    ]


def test_an_end_without_a_beginning_is_passed_over() -> None:
    """A token nobody heard of makes no row."""
    told = History()
    told.add(facts.LockExpired(token=4, agent="a", target="x", mode=LockMode.READ))
    assert rows(told) == []
