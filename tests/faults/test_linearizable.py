"""The checker of histories: it knows good ones from bad ones, or it would prove nothing."""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.linearizable import Operation, linearizable

take, give = "take", "give"

GOOD = {
    "nothing": [],
    "one after the other": [
        Operation("a", take, 0, 1, ok=True), Operation("a", give, 2, 3, ok=True), Operation("b", take, 4, 5, ok=True)
    ],
    "at the same time, one refused": [Operation("a", take, 0, 9, ok=True), Operation("b", take, 1, 2, ok=False)],
    "given back while the other asks": [
        Operation("a", take, 0, 1, ok=True), Operation("a", give, 2, 5, ok=True), Operation("b", take, 3, 4, ok=True)
    ],
    "taken by somebody who never heard": [
        Operation("a", take, 0), Operation("b", take, 5, 6, ok=False), Operation("c", take, 7, 8, ok=False)
    ],
    "never heard, and never happened": [Operation("a", take, 0), Operation("b", take, 5, 6, ok=True)],
    "taken twice by one": [Operation("a", take, 0, 1, ok=True), Operation("a", take, 2, 3, ok=True)],
}  # fmt: skip
BAD = {
    "two hold it": [Operation("a", take, 0, 1, ok=True), Operation("b", take, 2, 3, ok=True)],
    "refused by nobody": [Operation("a", take, 0, 1, ok=False)],
    "refused after it was given back": [
        Operation("a", take, 0, 1, ok=True), Operation("a", give, 2, 3, ok=True), Operation("b", take, 4, 5, ok=False)
    ],
    "given back by another": [Operation("a", take, 0, 1, ok=True), Operation("b", give, 2, 3, ok=True)],
    "taken, refused, taken": [
        Operation("a", take, 0), Operation("b", take, 5, 6, ok=False), Operation("c", take, 7, 8, ok=True)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_could_have_happened(name: str) -> None:
    """Some order explains it."""
    assert linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_what_could_not(name: str) -> None:
    """No order does."""
    assert not linearizable(BAD[name])


@pytest.mark.parametrize("seed", range(20))
def test_histories_of_a_real_lock_and_of_a_broken_one(seed: int) -> None:
    """Four clients at one lock: always explained; with every tenth answer wrong, not any more in most cases."""
    assert linearizable(played(seed, wrong=0.0))
    assert sum(not linearizable(played(seed * 100 + more, wrong=0.1)) for more in range(10)) >= 5


def played(seed: int, *, wrong: float) -> list[Operation]:
    """A hundred operations on a lock that answers at a moment between call and return, wrongly now and then."""
    chance = Random(seed)
    holder: str | None = None
    history = []
    for number in range(100):
        client = chance.choice("abcd")
        kind = give if holder == client and chance.random() < 0.7 else take
        if kind == give:
            ok, holder = True, None
        else:
            ok = holder in {None, client}
            ok = not ok if chance.random() < wrong else ok
            holder = client if ok else holder
        history.append(Operation(client, kind, number - chance.random(), number + chance.random(), ok=ok))
    return history
