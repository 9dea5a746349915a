"""The simulated tree goes the way of the real one: same steps, same syncs, same files in the end, killed or not."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from devmesh.coordinator.landing import Lander
from devmesh.core.effects import ApplyChange
from devmesh.repository import Repository
from devmesh.vocabulary.terms import PlannedWrite
from tests.simulation.project import Project, name_of

PATHS = ["a.txt", "b.txt"]
STEPS = {
    "gate_staged": "staged",
    "gate_exchanged_one": "exchanged one",
    "gate_restored_one": "restored one",
    "gate_exchanged": "exchanged",
}
"The failpoints of the real one, as the simulated one calls them."


class Killed(BaseException):
    """What no clean-up of ours catches."""


class Case(NamedTuple):
    """What befalls a plan of two files: `at` its so-manyth step somebody writes b.txt, or the process is killed."""

    write_at: int = -1
    kill_at: int = -1
    write_between: bool = False
    "Whether b.txt is written between the kill and the next process."


CASES = {
    "calm": Case(),
    "written before": Case(write_at=0),
    "written in between": Case(write_at=1),
    "killed before": Case(kill_at=0),
    "killed in between": Case(kill_at=1),
    "killed in between, then written": Case(kill_at=1, write_between=True),
}


class Ran(NamedTuple):
    """What was seen."""

    steps: list[str]
    moved: tuple[str, ...]
    contents: dict[str, bool]
    "Whether each file has its new content."


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_simulated_tree_goes_the_way_of_the_real_one(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step for step, whoever writes in between and wherever the process is killed."""
    assert simulated(case) == really(case, tmp_path, monkeypatch)


@pytest.mark.parametrize("kill_at", [2, 3])
def test_what_a_killed_process_exchanged_is_synced_by_the_next(
    kill_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut after the kill takes back what was acknowledged in between."""
    case = Case(kill_at=kill_at)
    assert simulated(case) == really(case, tmp_path, monkeypatch)


def play(case: Case, steps: list[str], write: Callable[[], None]) -> Callable[[str], None]:
    """What happens at each step, of the first process only."""

    def reach(step: str) -> None:
        number = sum(one != "sync" for one in steps)
        steps.append(step)
        if number == case.write_at:
            write()
        if number == case.kill_at:
            raise Killed

    return reach


def simulated(case: Case) -> Ran:
    """By the simulated project."""
    project = Project(Random(0), PATHS)
    old = {path: name_of(content) for path, content in project.files.items()}
    new = {path: project.keep(content | {"new"}) for path, content in project.files.items()}
    effect = ApplyChange(
        change=1, plan=tuple(PlannedWrite(path=path, expected=old[path], after=new[path]) for path in PATHS)
    )
    steps: list[str] = []
    real = project.sync_exchanged

    def sync(paths: list[str]) -> None:
        real(paths)
        steps.extend(["sync"] if paths else [])

    project.sync_exchanged = sync  # type: ignore[method-assign]

    def write() -> None:
        project.files["b.txt"] |= {"typed"}

    def land(reach: Callable[[str], None], *, resumed: bool) -> tuple[str, ...]:
        landing = project.landing(effect, resumed=resumed)
        try:
            while True:
                reach(next(landing))
        except StopIteration as ended:
            return tuple(ended.value.moved)

    moved: tuple[str, ...] = ()
    try:
        moved = land(play(case, steps, write), resumed=False)
    except Killed:
        if case.write_between:
            write()
        moved = land(steps.append, resumed=True)
    return Ran(steps, moved, {path: name_of(project.files[path]) == new[path] for path in PATHS})


def really(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """By the real one, in a real folder."""
    root = folder / "project"
    root.mkdir()
    for path in PATHS:
        (root / path).write_text("old\n")
    repository = Repository(root, folder / "home").open()
    blobs = [repository.write_blob(text) for text in (b"old\n", b"new\n")]
    plan = [PlannedWrite(path=path, expected=blobs[0], after=blobs[1]) for path in PATHS]
    steps: list[str] = []
    fsync, inode = os.fsync, root.stat().st_ino

    def noticed(descriptor: int) -> None:
        fsync(descriptor)
        if os.fstat(descriptor).st_ino == inode:
            steps.append("sync")

    def write() -> None:
        with (root / "b.txt").open("a") as file:
            file.write("typed\n")

    def land(reach: Callable[[str], None], *, resumed: bool) -> tuple[str, ...]:
        def failpoint(name: str) -> None:
            if name in STEPS:
                reach(STEPS[name])

        return Lander(repository, failpoint=failpoint).land(plan, resumed=resumed)

    moved: tuple[str, ...] = ()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noticed)
        try:
            moved = land(play(case, steps, write), resumed=False)
        except Killed:
            with suppress(OSError):
                if case.write_between:
                    write()
            moved = land(steps.append, resumed=True)
    return Ran(steps, moved, {path: (root / path).read_text() == "new\n" for path in PATHS})
