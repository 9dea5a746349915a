"""A write without the gate or a lock is on record, with both versions and with who held the file."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from devmesh.core import events, writes
from devmesh.core.snapshot import freeze, thaw
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Outcome, PlannedWrite, WrittenBehind
from tests.core.rig import BLOB, ZERO, Rig, only


def written(award: facts.TaskAwarded, path: str = "src/x.py", **options: Any) -> requests.ReportWrite:
    """A write that was found in that attempt."""
    return requests.ReportWrite(
        path=path, task=award.task, attempt=award.attempt, before=BLOB["a"], after=BLOB["b"], **options
    )


def test_an_agents_sweep_is_on_record() -> None:
    """With others who held the file; its own lock does not make it a stranger's."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    (token,) = rig.lock("b-1", "src/", mode=LockMode.WRITE)
    found = only(rig.say("a-1", written(award)), facts.WriteFound)
    assert (found.write, found.agent, found.holders) == (1, "a-1", ("b-1",))
    assert found.found_by is WrittenBehind.SWEEP
    rig.say("b-1", requests.ReleaseLock(tokens=(token,)))
    rig.lock("a-1", "src/", mode=LockMode.WRITE)
    own = only(rig.say("a-1", written(award, "src/[x].py")), facts.WriteFound)
    assert (own.write, own.holders) == (2, ())


def test_nobody_reports_writes_of_no_work_of_its_own() -> None:
    """Without a task, of another's, of an attempt that never was, of what is completed: nothing is left to decide."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    said = {
        "b-1": written(award),
        "a-1": replace(written(award), attempt=2),
    }
    for agent, request in said.items():
        refused = only(rig.say(agent, request), facts.RequestRefused)
        assert (refused.code, refused.field) == (Code.NOT_ASSIGNED, "attempt")
    for task in (None, 99):
        refused = only(rig.say("a-1", replace(written(award), task=task)), facts.RequestRefused)
        assert (refused.code, refused.field) == (Code.UNKNOWN, "task")
    assert only(rig.say("a-1", replace(written(award), attempt=None)), facts.RequestRefused).code == Code.NOT_ASSIGNED
    rig.land(rig.offer(award, "a.py").change)
    rig.say("a-1", requests.Finish(task=award.task, attempt=1, outcome=Outcome.DONE))
    assert only(rig.say("a-1", written(award)), facts.RequestRefused).code == Code.NOT_ASSIGNED
    assert "write" not in rig.state.counted


def test_what_an_attempt_leaves_is_said_after_it_was_taken_away() -> None:
    """Cancelled, failed and awarded again, or by an agent that was given up and has joined again meanwhile."""
    rig = Rig()
    rig.join("a", "b")
    award = rig.begin(rig.post(), "a-1")
    rig.say(award.agent, requests.Finish(task=award.task, attempt=1, outcome=Outcome.FAILED))
    rig.begin(award.task, "b-1")
    left = only(rig.say("a-1", written(award, left=True)), facts.WriteFound)
    assert (left.found_by, left.reporter) == (WrittenBehind.LEFT, "a-1")
    rig.say(rig.person(), requests.CancelTask(task=award.task))
    only(rig.say("a-1", written(award, left=True)), facts.WriteFound)
    rig.say("a-1", requests.Leave())
    again = only(rig.say("a-1", requests.Join(tool="a")), facts.AgentJoined).agent
    assert only(rig.say("a-1", written(award, left=True)), facts.WriteFound).reporter == again
    assert thaw(freeze(rig.state)).tasks[award.task].given == {1: 1, 2: 2}


def test_one_attempt_reports_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one begins anew."""
    monkeypatch.setattr(writes, "MOST_WRITES", 3)
    rig = Rig()
    rig.join("a")
    award = rig.begin(rig.post())
    for number in range(3):
        only(rig.say("a-1", written(award, f"{number}.py")), facts.WriteFound)
    assert only(rig.say("a-1", written(award)), facts.RequestRefused).code == Code.LIMIT
    rig.say("a-1", requests.Finish(task=award.task, attempt=1, outcome=Outcome.FAILED))
    only(rig.say("a-1", written(rig.begin(award.task))), facts.WriteFound)


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
