"""A write without the gate or a lock is on record, with both versions and with who held the file."""

from __future__ import annotations

from devmesh.core import events
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, PlannedWrite, WrittenBehind
from tests.core.rig import BLOB, ZERO, Rig, only


def test_an_agents_sweep_is_on_record() -> None:
    """With others who held the file; its own lock does not make it a stranger's."""
    rig = Rig()
    rig.join("a", "b")
    rig.lock("b-1", "src/", mode=LockMode.WRITE)
    found = only(
        rig.say("a-1", requests.ReportWrite(path="src/x.py", before=BLOB["a"], after=BLOB["b"])), facts.WriteFound
    )
    assert (found.write, found.agent, found.holders) == (1, "a-1", ("b-1",))
    assert found.found_by is WrittenBehind.SWEEP
    own = only(rig.say("b-1", requests.ReportWrite(path="src/[x].py")), facts.WriteFound)
    assert (own.write, own.holders) == (2, ())


def test_what_the_gate_met_is_on_record_and_the_landing_goes_on() -> None:
    """Nobody is blamed for it."""
    rig = Rig()
    rig.join("a")
    change = rig.offer(rig.begin(rig.post()), "x.py").change
    plan = (PlannedWrite(path="x.py", expected=BLOB["a"], after=BLOB["b"]),)
    rig.feed(events.Prepared(change=change, plan=plan, current=ZERO))
    said = rig.feed(
        events.Applied(change=change, rescued=(events.Rescued(path="x.py", before=BLOB["a"], after=BLOB["c"]),))
    )
    found = only(said, facts.WriteFound)
    assert (found.found_by, found.agent, found.after) == (WrittenBehind.GATE, None, BLOB["c"])
    assert only(said, facts.ChangeApplied).change == change
