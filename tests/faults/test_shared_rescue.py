"""A version that a landing displaced in the instant between its check and its exchange is put aside, and is told of.

The instant is met for certain: a person writes from within the exchange itself, which otherwise is the real one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import devmesh
from devmesh.coordinator.landing import RESCUED
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange
from devmesh.core.events import Rescued
from devmesh.repository import Repository, blob_id, exchange, renaming
from devmesh.vocabulary.terms import WrittenBehind
from tests.coordinator.changing import make, write
from tests.mesh.conftest import script
from tests.mesh.test_at_work import PATIENCE

FIRST, SECOND = "by hand\n", "by hand, and once more\n"


def person_in_the_instant(patch: pytest.MonkeyPatch, file: Path) -> None:
    """A person saves the file after the gate looked at it, and again before the gate could put that back."""
    saving = [FIRST, SECOND]

    def exchanged(*places: Any) -> None:
        if saving:
            file.write_text(saving.pop(0))
        renaming.exchange(*places)

    patch.setattr(exchange, "renaming", type("Renaming", (), {**vars(renaming), "exchange": staticmethod(exchanged)}))


def test_what_was_overtaken_in_the_instant_is_put_aside_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer version is in place, the older one below RESCUED and in the private repository; none of the plan is."""
    project = tmp_path / "project"
    project.mkdir()
    file = project / "notes.txt"
    file.write_text("begin\n")
    gate = WriteGate(Repository(project, tmp_path / "home").open())
    plan = gate.prepare(make(gate.repository, write(notes_txt="of an agent\n")).to_prepare()).plan
    person_in_the_instant(monkeypatch, file)
    applied = gate.apply(ApplyChange(change=1, plan=plan))
    assert applied.moved == ("notes.txt",)
    first = blob_id(FIRST.encode())
    assert applied.rescued == (Rescued(path="notes.txt", before=blob_id(b"begin\n"), after=first),)
    assert file.read_text() == SECOND
    (kept,) = (tmp_path / "home" / RESCUED).iterdir()
    assert kept.read_text() == FIRST
    assert gate.repository.read_blob(first).decode() == FIRST
    assert [path.name for path in project.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_it_is_on_record_and_conflicts_say_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a real mesh: nobody is blamed, both versions are shown, and the file is named; the change lands on top."""
    project = tmp_path / "project"
    project.mkdir()
    file = project / "notes.txt"
    file.write_text("begin\n")
    with devmesh.start(project, ws_port=0, home=tmp_path / "home") as mesh:
        mesh.launch("scripted")
        person_in_the_instant(monkeypatch, file)
        mesh.post(script("append notes.txt", "| of an agent")).result(PATIENCE)
        (number,) = mesh.conflicts.df()["write"]
        conflict = mesh.conflicts[f"write {number}"]
        assert conflict.agent is None
        assert list(mesh.conflicts.df()["found_by"]) == [WrittenBehind.GATE]
        ((path, _, before, after, _),) = conflict.versions()
        assert (path, before, after) == ("notes.txt", "begin\n", FIRST)
        assert conflict.kept_at is not None
        assert conflict.kept_at.read_text() == FIRST
        assert str(conflict.kept_at) in conflict.message
        assert file.read_text().startswith(SECOND[:-1])
