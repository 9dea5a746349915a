"""One task for several agents: its copies are compared, one is approved, and the others end."""

from __future__ import annotations

import pytest

from devmesh.errors import Malformed
from devmesh.mesh import Mesh
from devmesh.vocabulary.terms import TaskState
from tests.mesh.conftest import script
from tests.mesh.test_at_work import PATIENCE, until

pytestmark = pytest.mark.slow


def test_copies_are_compared_and_the_one_approved_lands(busy: Mesh) -> None:
    """Each agent does it on its own; nothing lands before the person has chosen."""
    task = busy.post(script("append chosen.txt", "| chosen"), to="all")
    assert [copy.number for copy in task.copies] == [task.number, task.number + 1]
    assert until(lambda: list(busy.compare(task)["stands"]) == ["to be chosen"] * 2)
    rows = busy.compare(task)
    assert set(rows["agent"]) == {"scripted-1", "scripted-2"}
    assert list(rows["files"]) == [["chosen.txt"]] * 2
    assert list(rows["added"]) == [1, 1]
    assert not (busy.project / "chosen.txt").exists()
    assert {conflict.sort for conflict in busy.conflicts} == {"review"}
    chosen, other = task.copies[1], task.copies[0]
    busy.approve(chosen)
    assert chosen.result(PATIENCE).files == ("chosen.txt",)
    assert until(lambda: other.state is TaskState.CANCELLED)
    assert list(busy.compare(chosen)["stands"]) == ["withdrawn", "landed"]
    assert len(busy.conflicts) == 0


def test_a_task_for_one_has_one_copy(mesh: Mesh) -> None:
    """Itself; and `to` is a number of agents or "all"."""
    task = mesh.post("alone")
    assert [copy.number for copy in task.copies] == [1]
    assert len(mesh.compare(task)) == 1
    assert [copy.number for copy in mesh.post("both", to="2").copies] == [2, 3]
    for wrong in ("some", 0, -1):
        with pytest.raises(Malformed, match="to"):
            mesh.post("x", to=wrong)
