"""The checks of the lock table find what is wrong: each is shown one fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devmesh.core.lock_invariants import check
from devmesh.core.locks import LockTable
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import LockMode


def _granted(token: int, agent: str, target: str, mode: LockMode = LockMode.WRITE) -> facts.LockGranted:
    return facts.LockGranted(token=token, agent=agent, target=target, mode=mode, lease=30.0)


def _queued(ticket: int, agent: str, *targets: str, mode: LockMode = LockMode.WRITE) -> facts.LockQueued:
    return facts.LockQueued(ticket=ticket, agent=agent, targets=targets, mode=mode, wait=60.0)


def _table() -> LockTable:
    table = LockTable()
    for fact in (
        _granted(1, "a", "src/", LockMode.CO_WRITE),
        _granted(2, "b", "src/x", LockMode.READ),
        _granted(3, "b", "docs/*.md"),
        _queued(4, "c", "docs/", "z"),
        _queued(5, "d", "z"),
        _queued(6, "b", "src/x"),
    ):
        table.apply(fact, 0.0)
    return table


def test_nothing_is_wrong_with_a_table_that_the_rules_allow() -> None:
    """A reader beside a co-writer, a queue, an upgrade that waits for another holder, a lock pinned and asked for."""
    table = _table()
    assert check(table) == []
    table.apply(_queued(7, "a", "src/", mode=LockMode.WRITE), 0.0)
    table.pin((1,))
    table.apply(facts.LockReleased(token=2, agent="b", target="src/x", mode=LockMode.READ), 0.0)
    assert check(table) == []
    table.vigil.watch(7, 1)
    assert check(table) == []


def _blind(table: LockTable) -> None:
    table.vigil.watch(5, 3)


def _asleep(table: LockTable) -> None:
    table.vigil.forget(5)


def _unlisted(table: LockTable) -> None:
    table.held_at.remove("src/x", table.locks[2])


def _unqueued(table: LockTable) -> None:
    table.wanted_at.remove("z", table.waiting[5])


def _crowded(table: LockTable) -> None:
    for token in (10, 11):
        table.apply(_granted(token, "h", "src/x", LockMode.READ), 0.0)


def _mislaid(table: LockTable) -> None:
    table.locks[2].agent = "z"


FAULTS: list[tuple[Callable[[LockTable], None], str]] = [
    (lambda table: table.apply(_granted(9, "z", "src/y"), 0.0), "beside"),
    (lambda table: table.apply(_queued(9, "z", "free"), 0.0), "without a cause"),
    (lambda table: table.apply(_queued(9, "a", "src/y", mode=LockMode.CO_WRITE), 0.0), "without a cause"),
    (lambda table: table.locks.update({0: table.locks.pop(1)}), "not greater"),
    (lambda table: table.waiting.update({3: table.waiting[4]}), "token and ticket at once"),
    (lambda table: table.pinned.update({77: None}), "no lock"),
    (_crowded, "twice"),
    (_unlisted, "index of the locks is stale"),
    (_unqueued, "index of the queue is stale"),
    (_mislaid, "not what is listed"),
    (lambda table: setattr(table.locks[2], "deadline", 1.0), "next deadline"),
    (_blind, "ticket 5 watches 3"),
    (_asleep, "ticket 5 watches None"),
]


@pytest.mark.parametrize(("damage", "words"), FAULTS)
def test_a_fault_is_named(damage: Callable[[LockTable], None], words: str) -> None:
    """In words, so that a failing simulation says what it saw."""
    table = _table()
    damage(table)
    assert any(words in problem for problem in check(table)), check(table)
