"""Plans: all or none, whoever writes in between, and however the process before ended."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devmesh.coordinator.landing import RESCUED, Lander
from devmesh.coordinator.tree import WriteGate
from devmesh.errors import RepositoryError
from devmesh.repository import blob_id
from devmesh.repository.staging import temporary_name
from devmesh.vocabulary.terms import PlannedWrite
from tests.coordinator.changing import temporary_files


def plan(gate: WriteGate, **texts: str | None) -> tuple[PlannedWrite, ...]:
    """Writes of these files, `_` before the ending, as the project holds them now; None deletes."""
    writes = []
    for name, text in texts.items():
        path = name.replace("_", ".")
        file = gate.repository.project / path
        expected = gate.repository.write_blob(file.read_bytes()) if file.exists() else None
        after = None if text is None else gate.repository.write_blob(text.encode())
        writes.append(PlannedWrite(path=path, expected=expected, after=after))
    return tuple(writes)


def at(point: str, do: Callable[[], object]) -> Callable[[str], None]:
    """Do something the first time an instant is reached."""
    done: list[str] = []

    def failpoint(name: str) -> None:
        if name == point and not done:
            done.append(name)
            do()

    return failpoint


def both(one: Callable[[str], None], other: Callable[[str], None]) -> Callable[[str], None]:
    """Two failpoints in one."""

    def failpoint(name: str) -> None:
        one(name)
        other(name)

    return failpoint


class Limit:
    """One of this process's limits: nothing more is allowed, or as much as before."""

    def __init__(self, what: int) -> None:
        self._what = what
        self._before = resource.getrlimit(what)

    def take_all(self) -> None:
        """Not one more."""
        resource.setrlimit(self._what, (0, self._before[1]))

    def give_back(self) -> None:
        """As it was."""
        resource.setrlimit(self._what, self._before)


@contextmanager
def limited(what: int) -> Iterator[Limit]:
    """A limit that is given back at the latest when the block ends."""
    limit = Limit(what)
    try:
        yield limit
    finally:
        limit.give_back()


@pytest.mark.parametrize("point", ["gate_staged", "gate_exchanged_one"])
def test_an_edit_in_between_takes_everything_back(gate: WriteGate, project: Path, point: str) -> None:
    """Before the first exchange or after it: the person's text stays, and nothing of the plan is in place."""
    writes = plan(gate, a_txt="new a\n", b_txt="new b\n", c_txt="new c\n")
    lander = Lander(gate.repository, failpoint=at(point, lambda: (project / "b.txt").write_text("by hand\n")))
    before = (project / "a.txt").read_text()
    assert lander.land(writes) == ("b.txt",)
    assert (project / "a.txt").read_text() == before
    assert (project / "b.txt").read_text() == "by hand\n"
    assert not (project / "c.txt").exists()
    assert temporary_files(project) == []


def test_a_file_that_appears_in_between_is_not_overwritten(gate: WriteGate, project: Path) -> None:
    """It was to be added, and somebody else was faster."""
    writes = plan(gate, new_txt="theirs\n")
    lander = Lander(gate.repository, failpoint=at("gate_staged", lambda: (project / "new.txt").write_text("mine\n")))
    assert lander.land(writes) == ("new.txt",)
    assert (project / "new.txt").read_text() == "mine\n"


def test_an_edit_of_a_file_to_be_deleted_saves_it(gate: WriteGate, project: Path) -> None:
    """What was to go has changed, so it stays."""
    writes = plan(gate, b_txt=None)
    lander = Lander(gate.repository, failpoint=at("gate_staged", lambda: (project / "b.txt").write_text("mine\n")))
    assert lander.land(writes) == ("b.txt",)
    assert (project / "b.txt").read_text() == "mine\n"


def test_a_folder_that_became_a_link_has_moved(gate: WriteGate, project: Path) -> None:
    """Nothing is written through it, in whatever moment it was put there."""
    file = project / "src" / "app.py"
    after = gate.repository.write_blob(b"evil\n")
    writes = (PlannedWrite(path="src/app.py", expected=blob_id(file.read_bytes()), after=after),)
    outside = project.parent / "outside"

    def swap() -> None:
        (project / "src").rename(outside)
        (project / "src").symlink_to(outside)

    lander = Lander(gate.repository, failpoint=at("gate_staged", swap))
    assert lander.land(writes) == ("src/app.py",)
    assert (outside / "app.py").read_text() == "print('hello')\n"


def test_a_disk_that_refuses_leaves_everything_as_it_was(gate: WriteGate, project: Path) -> None:
    """The second file cannot be written: the first is taken back, and the error says so."""
    writes = plan(gate, a_txt="new a\n", b_txt="new b\n")

    def refuse() -> None:
        raise RepositoryError("no space left")

    lander = Lander(gate.repository, failpoint=at("gate_exchanged_one", refuse))
    before = (project / "a.txt").read_text()
    with pytest.raises(RepositoryError):
        lander.land(writes)
    assert (project / "a.txt").read_text() == before
    assert (project / "b.txt").read_text() == "alpha\nbeta\n"
    assert temporary_files(project) == []


def test_a_power_cut_finds_nothing_in_place_that_is_not_on_disk(
    gate: WriteGate, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every content is synced before the first exchange, every folder before what was displaced is thrown away."""
    writes = plan(gate, a_txt="new a\n", b_txt="new b\n", c_txt="new c\n")
    synced: list[int] = []
    seen: dict[str, set[int]] = {}
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(os.fstat(descriptor).st_ino)

    def look(point: str) -> None:
        seen[point] = set(synced)

    monkeypatch.setattr(os, "fsync", recorded)
    assert Lander(gate.repository, failpoint=look).land(writes) == ()
    assert seen["gate_staged"] == {(project / write.path).stat().st_ino for write in writes}
    assert seen["gate_exchanged"] - seen["gate_staged"] == {project.stat().st_ino}


def test_who_writes_into_the_displaced_file_is_not_lost(gate: WriteGate, project: Path) -> None:
    """An editor holds the old file open and writes after the exchange: its version is kept where it can be found."""
    writes = plan(gate, b_txt="new b\n")
    lander = Lander(gate.repository)
    with (project / "b.txt").open("a") as editor:
        assert lander.land(writes) == ()
        assert (project / "b.txt").read_text() == "new b\n"
        assert len(temporary_files(project)) == 1
        editor.write("typed late\n")
    assert lander.linger() == 0
    (kept,) = (gate.repository.home / RESCUED).iterdir()
    assert kept.read_text() == "alpha\nbeta\ntyped late\n"
    assert temporary_files(project) == []


def test_what_cannot_be_cleared_away_yet_says_nothing_about_the_landing(gate: WriteGate, project: Path) -> None:
    """Not one file descriptor is left after the exchange: the change has landed all the same; tidying comes later."""
    writes = plan(gate, a_txt="new a\n", b_txt="new b\n")
    with limited(resource.RLIMIT_NOFILE) as limit:
        failpoint = both(at("gate_exchanged", limit.take_all), at("gate_discarded", limit.give_back))
        lander = Lander(gate.repository, failpoint=failpoint)
        assert lander.land(writes) == ()
    assert (project / "a.txt").read_text() == "new a\n"
    assert (project / "b.txt").read_text() == "new b\n"
    assert len(temporary_files(project)) == 2
    assert lander.linger() == 0
    assert temporary_files(project) == []


def test_a_version_there_is_no_room_for_stays_until_there_is(gate: WriteGate, project: Path) -> None:
    """A person's late write cannot be put aside on a full disk: it waits beside its file, and is told of later."""
    writes = plan(gate, a_txt="new\n")
    with limited(resource.RLIMIT_FSIZE) as limit, (project / "a.txt").open("r+") as editor:
        lander = Lander(gate.repository)
        assert lander.land(writes) == ()
        editor.write("late")
        editor.flush()
        editor.close()
        limit.take_all()
        left = lander.linger()
        limit.give_back()
        assert left == 1
        assert lander.rescued() == ()
    assert lander.linger() == 0
    assert [found.path for found in lander.rescued()] == ["a.txt"]
    assert [kept.read_text()[:4] for kept in (gate.repository.home / RESCUED).iterdir()] == ["late"]
    assert temporary_files(project) == []


def test_what_killed_processes_left_is_found_wherever_it_is(gate: WriteGate, project: Path) -> None:
    """Content that is kept goes; a person's version is put aside and told of; a file of another name is nobody's."""
    gate.repository.write_blob(b"kept\n")
    (project / "src" / temporary_name("src/app.py").rpartition("/")[2]).write_text("kept\n")
    (project / temporary_name("b.txt")).write_text("by hand\n")
    (project / ".devmesh-notes").write_text("mine\n")
    lander = Lander(gate.repository)
    assert lander.linger() == 0
    assert [found.path for found in lander.rescued()] == ["b.txt"]
    assert [kept.read_text() for kept in (gate.repository.home / RESCUED).iterdir()] == ["by hand\n"]
    assert temporary_files(project) == [".devmesh-notes"]


def test_a_displaced_file_that_was_only_open_goes_when_it_is_closed(gate: WriteGate, project: Path) -> None:
    """Nothing was typed, so nothing is kept."""
    lander = Lander(gate.repository)
    with (project / "b.txt").open("a"):
        lander.land(plan(gate, b_txt="new b\n"))
        assert lander.linger() == 1
    assert lander.linger() == 0
    assert temporary_files(project) == []
    assert not (gate.repository.home / RESCUED).exists()


def test_a_version_displaced_by_a_killed_process_goes_back_in_place(gate: WriteGate, project: Path) -> None:
    """It was killed between exchanging and looking: the person's text is in the temporary file, ours in place."""
    (write,) = plan(gate, b_txt="new b\n")
    (project / temporary_name("b.txt")).write_text("by hand\n")
    (project / "b.txt").write_text("new b\n")
    assert Lander(gate.repository).land((write,), resumed=True) == ("b.txt",)
    assert (project / "b.txt").read_text() == "by hand\n"
    assert temporary_files(project) == []


def test_what_somebody_else_wrote_alike_is_not_taken_back(gate: WriteGate, project: Path) -> None:
    """Not resumed: a file that already holds the new text is the person's own, and stays when another one has moved."""
    writes = plan(gate, a_txt="new a\n", b_txt="new b\n")
    (project / "a.txt").write_text("new a\n")
    (project / "b.txt").write_text("by hand\n")
    assert Lander(gate.repository).land(writes) == ("b.txt",)
    assert (project / "a.txt").read_text() == "new a\n"
