"""Whole changes through the gate: what fits lands, what both changed merges or is sent back, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from devmesh.coordinator.landing import POINTS
from devmesh.coordinator.tree import WriteGate, open_gate
from devmesh.core.effects import ApplyChange
from devmesh.core.events import Applied
from devmesh.repository import blob_id
from devmesh.vocabulary.terms import FileChange, FileKind, PlannedWrite
from tests.coordinator.changing import Edit, Made, land, make, replaced, temporary_files, write

KILLED = Path(__file__).with_name("killed_gate.py")


def test_a_change_that_fits_lands_whole(gate: WriteGate, project: Path) -> None:
    """Modified, added in a new folder, deleted with its folder; nothing else is left behind."""

    def edit(place: Path) -> None:
        write(a_txt="new\n", new__deep__file_py="x = 1\n")(place)
        (place / "src" / "app.py").unlink()

    prepared, applied = land(gate, make(gate.repository, edit))
    assert applied == Applied(change=1)
    assert (project / "a.txt").read_text() == "new\n"
    assert (project / "new" / "deep" / "file.py").read_text() == "x = 1\n"
    assert not (project / "src").exists()
    assert [(planned.path, planned.merged) for planned in prepared.plan] == [
        ("a.txt", False),
        ("new/deep/file.py", False),
        ("src/app.py", False),
    ]
    assert temporary_files(project) == []


def test_both_edits_of_one_file_survive(gate: WriteGate, project: Path) -> None:
    """The person changed line 2 while the agent changed line 29."""
    made = make(gate.repository, lambda place: replaced(place / "a.txt", "line 29\n", "line 29, by an agent\n"))
    replaced(project / "a.txt", "line 2\n", "line 2, by hand\n")
    prepared, applied = land(gate, made)
    assert applied == Applied(change=1)
    assert prepared.plan[0].merged
    text = (project / "a.txt").read_text()
    assert "line 2, by hand\n" in text
    assert "line 29, by an agent\n" in text


def test_what_both_changed_differently_is_a_conflict_and_nothing_is_touched(gate: WriteGate, project: Path) -> None:
    """The other file of the change does not land either; both texts are in the marked blob."""

    def edit(place: Path) -> None:
        replaced(place / "a.txt", "line 2\n", "theirs\n")
        write(b_txt="changed\n")(place)

    made = make(gate.repository, edit)
    replaced(project / "a.txt", "line 2\n", "mine\n")
    prepared, applied = land(gate, made)
    assert applied is None
    (conflict,) = prepared.conflicts
    assert conflict.path == "a.txt"
    assert conflict.marked
    marked = gate.repository.read_blob(conflict.marked)
    assert b"<<<<<<<" in marked
    assert b"mine" in marked
    assert b"theirs" in marked
    assert (project / "b.txt").read_text() == "alpha\nbeta\n"
    assert prepared.current == gate.repository.snapshot()


def test_what_the_project_holds_already_needs_no_write(gate: WriteGate, project: Path) -> None:
    """A duplicate is recognised by content (Rule 8)."""
    made = make(gate.repository, write(a_txt="same\n"))
    (project / "a.txt").write_text("same\n")
    prepared, applied = land(gate, made)
    assert prepared.plan == ()
    assert applied == Applied(change=1)


def test_an_execute_bit_travels_and_somebody_elses_stays(gate: WriteGate, project: Path) -> None:
    """The agent's `chmod` lands; the person's own is not undone by a change of the text."""
    made = make(gate.repository, lambda place: (place / "b.txt").chmod(0o755))
    land(gate, made)
    assert os.access(project / "b.txt", os.X_OK)
    text = make(gate.repository, write(src__app_py="print('bye')\n"))
    (project / "src" / "app.py").chmod(0o755)
    land(gate, text)
    assert os.access(project / "src" / "app.py", os.X_OK)
    assert (project / "src" / "app.py").read_text() == "print('bye')\n"


def test_a_file_may_become_a_folder(gate: WriteGate, project: Path) -> None:
    """The file goes first, then its name is free for the folder."""

    def edit(place: Path) -> None:
        (place / "b.txt").unlink()
        (place / "b.txt").mkdir()
        (place / "b.txt" / "inside.txt").write_text("in\n")

    _, applied = land(gate, make(gate.repository, edit))
    assert applied == Applied(change=1)
    assert (project / "b.txt" / "inside.txt").read_text() == "in\n"


def test_a_change_that_contradicts_itself_is_sent_back(gate: WriteGate, project: Path) -> None:
    """The same path twice, or a file where it needs a folder."""
    made = make(gate.repository, write(a_txt="new\n"))
    twice = Made(made.base, made.head, made.files * 2)
    prepared, _ = land(gate, twice)
    assert prepared.conflicts[0].reason == "the change names it twice"
    blob = gate.repository.write_blob(b"x")
    files = tuple(FileChange(path=path, kind=FileKind.ADDED, after=blob) for path in ("d", "d/e"))
    prepared, _ = land(gate, Made(made.base, made.head, files))
    assert "needs a folder" in prepared.conflicts[0].reason


def test_a_missing_blob_is_a_problem_not_a_crash(gate: WriteGate, project: Path) -> None:
    """Nothing is touched, and the reason is readable."""
    made = make(gate.repository, write(a_txt="new\n"))
    after = made.files[0].after
    assert after
    (gate.repository.directory / "objects" / after[:2] / after[2:]).unlink()
    prepared, applied = land(gate, made)
    assert prepared.problem or (applied and applied.problem)
    assert (project / "a.txt").read_text().startswith("line 1\n")
    assert temporary_files(project) == []


def test_what_is_displaced_is_in_the_private_repository(gate: WriteGate, project: Path) -> None:
    """Also an ignored file, which no snapshot has."""
    (project / ".gitignore").write_text("*.log\n")
    (project / "noise.log").write_text("before\n")
    base = gate.repository.snapshot(include=["*.log"])
    after = gate.repository.write_blob(b"after\n")
    written = PlannedWrite(path="noise.log", expected=blob_id(b"before\n"), after=after)
    head = gate.repository.combined_tree(base, [written])
    _, applied = land(gate, Made(base, head, gate.repository.changes(base, head)))
    assert applied == Applied(change=1)
    assert gate.repository.read_blob(blob_id(b"before\n")) == b"before\n"


def test_a_person_who_edits_all_the_time_loses_no_line(gate: WriteGate, project: Path) -> None:
    """Changes land and merge while an editor saves the same file again and again."""
    file = project / "a.txt"
    stop = threading.Event()
    written: list[str] = []

    def edit() -> None:
        while not stop.is_set() and len(written) < 200:
            line = f"by hand {len(written)}\n"
            fresh = file.with_name("editor~")
            fresh.write_text(file.read_text() + line)
            fresh.replace(file)
            written.append(line)
            stop.wait(0.004)

    person = threading.Thread(target=edit)
    person.start()
    landed = 0
    try:
        for number in range(6):
            old = "line 3\n" if number == 0 else f"agent {number - 1}\n"
            made = make(gate.repository, _swapping(old, f"agent {number}\n"))
            for _attempt in range(20):
                _, applied = land(gate, made)
                if applied is not None and not applied.moved:
                    landed += not applied.problem
                    break
    finally:
        stop.set()
        person.join()
    rescued = "".join(kept.read_text() for kept in (gate.repository.home / "rescued").glob("*"))
    text = file.read_text()
    missing = [line for line in written if line not in text and line not in rescued]
    assert missing == []
    assert landed >= 1
    assert gate.tidy() == 0
    assert temporary_files(project) == []


def _swapping(old: str, new: str) -> Edit:
    """Replace a line where it still is (a stale save of the person's own may have taken it back)."""

    def edit(place: Path) -> None:
        text = (place / "a.txt").read_text()
        (place / "a.txt").write_text(text.replace(old, new) if old in text else new + text)

    return edit


def test_only_what_the_commits_differ_in_lands(gate: WriteGate, project: Path) -> None:
    """Reviewers are shown the commits: a list that says more, less or something else is refused."""
    made = make(gate.repository, write(a_txt="harmless\n"))
    evil = gate.repository.write_blob(b"evil\n")
    (told,) = made.files
    more = FileChange(path="b.txt", kind=FileKind.ADDED, after=evil)
    for files in ((told, more), (msgspec.structs.replace(told, after=evil),), (more,), ()):
        prepared = gate.prepare(replace(made, files=files).to_prepare())
        assert prepared.plan == ()
        assert {conflict.path for conflict in prepared.conflicts} <= {"a.txt", "b.txt"}
        assert {conflict.reason for conflict in prepared.conflicts} == {
            "the change's list and its commits do not agree"
        }
    assert not gate.prepare(made.to_prepare()).conflicts


def kill_at(project: Path, home: Path, made: Made, point: str, hit: int) -> bool:
    """Prepare and apply in another process that is killed at a point; whether it came that far."""
    files = ",".join(f"{file.path}:{file.before or ''}:{file.after or ''}" for file in made.files)
    command = [sys.executable, str(KILLED), str(project), str(home), made.base, made.head, files, point, str(hit)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode in {0, -9}, ended.stderr
    return ended.returncode == -9


@pytest.mark.slow
@pytest.mark.parametrize(("point", "hit"), [(point, hit) for point in POINTS for hit in (1, 2)])
def test_kill_9_at_any_point_leaves_all_or_nothing(project: Path, tmp_path: Path, point: str, hit: int) -> None:
    """After recovery the whole change is there, or nothing of it; applying once more changes nothing."""
    home = tmp_path / "home"
    gate = open_gate(project, home)

    def edit(place: Path) -> None:
        write(a_txt="new a\n", b_txt="new b\n", added_txt="added\n")(place)
        (place / "src" / "app.py").unlink()

    made = make(gate.repository, edit)
    plan = gate.prepare(made.to_prepare()).plan
    killed = kill_at(project, home, made, point, hit)
    if point == "gate_restored_one":
        assert not killed  # nobody wrote in between, so nothing was taken back
    for _again in range(2):
        assert gate.apply(ApplyChange(change=1, plan=plan), resumed=True) == Applied(change=1)
        assert (project / "a.txt").read_text() == "new a\n"
        assert (project / "b.txt").read_text() == "new b\n"
        assert (project / "added.txt").read_text() == "added\n"
        assert not (project / "src").exists()
        assert temporary_files(project) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "hit"), [("gate_exchanged_one", 1), ("gate_exchanged_one", 3), ("gate_exchanged", 1)]
)
def test_a_person_who_edits_after_a_crash_keeps_the_edit(project: Path, tmp_path: Path, point: str, hit: int) -> None:
    """Recovery takes the rest back, says what moved, and the next round merges."""
    home = tmp_path / "home"
    gate = open_gate(project, home)

    def edit(place: Path) -> None:
        replaced(place / "a.txt", "line 29\n", "by the agent\n")
        write(b_txt="new b\n", added_txt="added\n")(place)

    made = make(gate.repository, edit)
    plan = gate.prepare(made.to_prepare()).plan
    assert kill_at(project, home, made, point, hit)
    replaced(project / "a.txt", "line 2\n", "by hand\n")
    applied = gate.apply(ApplyChange(change=1, plan=plan), resumed=True)
    assert applied == Applied(change=1, moved=("a.txt",))
    assert (project / "b.txt").read_text() == "alpha\nbeta\n"
    assert not (project / "added.txt").exists()
    assert temporary_files(project) == []
    assert land(gate, made)[1] == Applied(change=1)
    text = (project / "a.txt").read_text()
    assert "by hand\n" in text
    assert "by the agent\n" in text
    assert (project / "b.txt").read_text() == "new b\n"
