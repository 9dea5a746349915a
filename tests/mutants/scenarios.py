"""Directed scenarios for what a history of random trouble meets too rarely: short stories on the real core."""

from __future__ import annotations

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode
from tests.core.rig import Rig, only


def a_circle_closed_by_a_grant_is_broken() -> None:
    """An upgrade past the queue can make somebody wait who did not before: nobody is left waiting for ever."""
    rig = Rig()
    first, second, third = rig.join("one", "two", "three")
    rig.lock(first, "f", mode=LockMode.CO_WRITE)
    rig.lock(second, "g", mode=LockMode.WRITE)
    rig.lock(third, "z", mode=LockMode.WRITE)
    rig.say(first, requests.RequestLock(targets=("g",), mode=LockMode.WRITE, wait=60))
    rig.say(second, requests.RequestLock(targets=("f", "z"), mode=LockMode.READ, wait=60))
    said = rig.say(first, requests.RequestLock(targets=("f",), mode=LockMode.WRITE, wait=60))
    assert [fact.agent for fact in said if isinstance(fact, facts.LockWaitEnded)] == [second]


def a_heartbeat_renews_only_what_is_held() -> None:
    """The answer lists neither what was given back nor what is another's: whoever believes in it stops (S7)."""
    rig = Rig()
    first, second = rig.join("one", "two")
    (gone,) = rig.lock(first, "a.py")
    (kept,) = rig.lock(first, "b.py")
    (foreign,) = rig.lock(second, "c.py")
    rig.say(first, requests.ReleaseLock(tokens=(gone,)))
    rig.say(first, requests.Heartbeat(tokens=(gone, kept, foreign)))
    renewed = only(rig.told[rig.connections[first]], facts.LeasesRenewed)
    assert renewed.tokens == (kept,)
