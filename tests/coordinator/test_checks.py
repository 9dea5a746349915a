"""A check runs on the project as it would be, sees no secret, ends in time, and leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from devmesh.coordinator.checks import FOLDER, TAIL, Checks
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import RunCheck
from tests.coordinator.changing import make, replaced, write
from tests.coordinator.rig import eventually, looped


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """The gate's one thread."""
    with ThreadPoolExecutor(1) as one:
        yield one


def check(gate: WriteGate, command: str) -> RunCheck:
    """That command, on the project with a changed b.txt."""
    prepared = gate.prepare(make(gate.repository, write(b_txt="changed\n")).to_prepare())
    assert prepared.current
    return RunCheck(change=1, command=command, current=prepared.current, plan=prepared.plan)


@looped
async def test_it_runs_on_the_combined_tree_and_the_project_is_untouched(
    gate: WriteGate, project: Path, executor: ThreadPoolExecutor
) -> None:
    """The change is there beside the person's own uncommitted edit."""
    replaced(project / "a.txt", "line 2\n", "by hand\n")
    checked = await Checks(gate.repository, executor, 20).run(
        check(gate, "grep -q changed b.txt && grep -q 'by hand' a.txt && touch made && echo fine")
    )
    assert checked.passed
    assert (checked.exit_code, checked.tail) == (0, "fine\n")
    assert checked.tree
    assert (project / "b.txt").read_text() == "alpha\nbeta\n"
    assert not (project / "made").exists()
    assert list((gate.repository.home / FOLDER).iterdir()) == []


@looped
async def test_a_failed_check_says_what_it_said(gate: WriteGate, executor: ThreadPoolExecutor) -> None:
    """The end of its output, harmless, with the exit code."""
    command = "printf '\\033[31mred\\033[0m\\n'; yes | head -c 50000; echo token=abcdefgh12345678 >&2; exit 3"
    checked = await Checks(gate.repository, executor, 20).run(check(gate, command))
    assert not checked.passed
    assert checked.exit_code == 3
    assert len(checked.tail) <= TAIL
    assert "abcdefgh12345678" not in checked.tail
    assert "\x1b" not in checked.tail


@looped
async def test_python_is_the_one_we_run_on_and_secrets_stay_behind(
    gate: WriteGate, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python` finds this interpreter; a variable that is not on the list is not seen."""
    monkeypatch.setenv("SOME_API_KEY", "do not tell")
    command = "python -c 'import sys, msgspec; print(sys.prefix)' && env"
    checked = await Checks(gate.repository, executor, 20).run(check(gate, command))
    assert checked.passed, checked.tail
    assert "SOME_API_KEY" not in checked.tail
    assert "PYTHONDONTWRITEBYTECODE=1" in checked.tail


@looped
async def test_a_check_that_takes_too_long_is_ended_with_all_it_started(
    gate: WriteGate, executor: ThreadPoolExecutor
) -> None:
    """And says so."""
    checked = await Checks(gate.repository, executor, 0.3).run(check(gate, "sleep 987 & sleep 987"))
    assert not checked.passed
    assert "longer than its limit" in checked.tail
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "987"]]


@looped
async def test_a_cancelled_check_leaves_nothing(gate: WriteGate, executor: ThreadPoolExecutor) -> None:
    """Neither a process nor a work tree."""
    running = asyncio.create_task(Checks(gate.repository, executor, 20).run(check(gate, "touch begun; sleep 986")))
    await eventually((gate.repository.home / FOLDER / "1" / "begun").exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "986"]]
    assert list((gate.repository.home / FOLDER).iterdir()) == []


@looped
async def test_what_cannot_be_run_is_a_failed_check(gate: WriteGate, executor: ThreadPoolExecutor) -> None:
    """With the reason as its tail."""
    broken = RunCheck(change=1, command="true", current="f" * 40, plan=())
    checked = await Checks(gate.repository, executor, 20).run(broken)
    assert not checked.passed
    assert "could not be run" in checked.tail
