"""One piece of work at a time, in order; an unwanted check makes way; an exchange is always finished."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from devmesh.coordinator.gatework import GateLine
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange, RunCheck
from devmesh.core.events import Applied, Checked, Event, Prepared
from devmesh.vocabulary.terms import PlannedWrite
from tests.coordinator.changing import make, write
from tests.coordinator.rig import drained, eventually, looped


async def outcome(inbox: Inbox) -> Event:
    """The next one."""
    await asyncio.wait_for(inbox.wait(), 20)
    return drained(inbox, 1)[0]


@looped
async def test_work_is_done_in_the_order_it_came(gate: WriteGate, project: Path) -> None:
    """Compared, checked, applied: three outcomes, in order."""
    inbox = Inbox()
    line = GateLine(gate, inbox, 20)
    made = make(gate.repository, write(b_txt="new b\n"))
    line.begin(made.to_prepare(), resumed=False)
    prepared = await outcome(inbox)
    assert isinstance(prepared, Prepared)
    assert prepared.current
    line.begin(RunCheck(change=1, command="true", current=prepared.current, plan=prepared.plan), resumed=False)
    checked = await outcome(inbox)
    assert isinstance(checked, Checked)
    assert checked.passed
    line.begin(ApplyChange(change=1, plan=prepared.plan), resumed=False)
    assert await outcome(inbox) == Applied(change=1)
    assert (project / "b.txt").read_text() == "new b\n"
    await line.close()


@looped
async def test_a_check_makes_way_for_other_work(gate: WriteGate, project: Path) -> None:
    """Its change was withdrawn, or the core would not ask for another: no outcome of it is told."""
    inbox = Inbox()
    line = GateLine(gate, inbox, 60)
    made = make(gate.repository, write(b_txt="new b\n"))
    current = gate.repository.snapshot()
    line.begin(RunCheck(change=1, command="touch begun; sleep 985", current=current, plan=()), resumed=False)
    await eventually((gate.repository.home / "checks" / "1" / "begun").exists)
    line.begin(made.to_prepare(number=2), resumed=False)
    prepared = await outcome(inbox)
    assert isinstance(prepared, Prepared)
    assert prepared.change == 2
    assert not len(inbox)
    await line.close()
    del project


@looped
async def test_closing_finishes_an_exchange_that_has_begun(gate: WriteGate, project: Path) -> None:
    """Half a change is never left to chance."""
    inbox = Inbox()
    line = GateLine(gate, inbox, 20)
    prepared = gate.prepare(make(gate.repository, write(a_txt="new a\n", b_txt="new b\n")).to_prepare())
    line.begin(ApplyChange(change=1, plan=prepared.plan), resumed=False)
    await asyncio.sleep(0)
    await line.close()
    assert drained(inbox) == [Applied(change=1)]
    assert (project / "a.txt").read_text() == "new a\n"


@looped
async def test_a_fault_of_our_own_does_not_shut_the_gate(gate: WriteGate) -> None:
    """It is said as a problem, and the next piece of work is done."""
    inbox = Inbox()
    line = GateLine(gate, inbox, 20)
    no_write = cast("PlannedWrite", None)
    line.begin(ApplyChange(change=1, plan=(no_write,)), resumed=False)
    failed = await outcome(inbox)
    assert isinstance(failed, Applied)
    assert "AttributeError" in failed.problem
    line.begin(ApplyChange(change=2, plan=()), resumed=False)
    assert await outcome(inbox) == Applied(change=2)
    await line.close()
