"""The rows that panels show: made from a real mesh, kept up to date fact by fact, and requests the other way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import devmesh
from devmesh.jupyter.panels import PANELS, MeshSource, panel, source_of
from devmesh.mesh import Mesh
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AnyFact, HardwareReleased, HardwareReserved, HardwareSampled
from devmesh.vocabulary.requests import CancelTask, PauseAgent
from devmesh.vocabulary.terms import AgentState, Resources, TaskState
from devmesh_widgets import Health, Source

pytestmark = pytest.mark.slow


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh without agents."""
    (tmp_path / "project").mkdir()
    with devmesh.start(tmp_path / "project", ws_port=0, home=tmp_path / "home") as started:
        yield started


@pytest.fixture
def source(mesh: Mesh) -> MeshSource:
    """It, as its panels see it."""
    return source_of(mesh._operations)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within a few seconds."""
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_a_mesh_is_a_source(source: MeshSource, mesh: Mesh) -> None:
    """All its panels share one, so that the rows are made once."""
    assert isinstance(source, Source)
    assert source_of(mesh._operations) is source
    assert source.project == str(mesh.project)


def test_a_task_is_a_row_that_changes_only_when_the_task_does(source: MeshSource, mesh: Mesh) -> None:
    """A row at rest is the very same object in every view."""
    first, second = mesh.post("one", priority=1), mesh.post("two", depends_on=1)
    before = source.view()
    assert [(row.task, row.title, row.state, row.waits_for) for row in before.tasks] == [
        (1, "one", TaskState.QUEUED, ()),
        (2, "two", TaskState.QUEUED, (1,)),
    ]
    mesh.pause(second)
    after = source.view()
    assert after.tasks[0] is before.tasks[0]
    assert after.tasks[1].state is TaskState.PAUSED
    assert after.header.queued == 1
    first.cancel()
    over = source.view()
    assert (over.header.queued, over.header.cancelled, over.header.failed) == (0, 1, 1)


def test_a_row_says_what_a_queued_task_waits_for(source: MeshSource, mesh: Mesh) -> None:
    """Tasks not yet completed, or somebody who is not here: also when nothing was said of the task itself."""
    first = mesh.post("Say it.\n```script\nsay done\n```")
    mesh.post("for bob", agents="bob")
    mesh.post("after both", depends_on=[1, 2])
    before = source.view().tasks
    assert [(row.waits_for, row.held_up) for row in before] == [
        ((), "no agent is here"),
        ((), "no agent is here"),
        ((1, 2), ""),
    ]
    mesh.launch("scripted")
    first.result(timeout=30)
    after = source.view().tasks
    assert [(row.waits_for, row.held_up) for row in after[1:]] == [((), "bob is not here"), ((2,), "")]
    mesh.post("another")
    assert source.view().tasks[1] is after[1]


def test_who_judges_anothers_change_is_at_work_too(source: MeshSource, mesh: Mesh) -> None:
    """The header counts as many as the rows show."""
    mesh.launch("scripted", count=2)
    mesh.post("Add it.\n```script\nappend a.txt\n| x\n```\n```script review\nsleep 30\n```", review=True)
    assert eventually(lambda: any(row.title.startswith("Review of") for row in source.view().agents))
    shown = source.view()
    assert shown.header.working == sum(row.state is AgentState.WORKING for row in shown.agents) == 2


def test_events_before_the_panel_are_there_too(mesh: Mesh) -> None:
    """The last facts of the record, then those that follow, each once and in order."""
    mesh.post("before")
    source = MeshSource(mesh._operations)
    mesh.post("after")
    events = source.view().events
    numbers = [event.sequence for event in events]
    assert numbers == sorted(set(numbers))
    assert [event.text for event in events if event.kind == "task_posted"] == ["before", "after"]
    assert all(abs(event.at - time.time()) < 60 for event in events)


def test_a_request_of_a_panel_is_made_as_the_person(source: MeshSource, mesh: Mesh) -> None:
    """Its effect shows in a later view; a refusal comes back as one line."""
    mesh.post("one")
    refusals: list[str] = []
    source.ask(CancelTask(task=1), refusals.append)
    assert eventually(lambda: source.view().tasks[0].state is TaskState.CANCELLED)
    source.ask(PauseAgent(agent="nobody"), refusals.append)
    assert eventually(lambda: len(refusals) == 1)
    assert "nobody" in refusals[0]
    assert "\n" not in refusals[0]


def test_a_stopped_mesh_still_has_its_last_rows(source: MeshSource, mesh: Mesh) -> None:
    """And says that it was stopped; a request is refused at once."""
    mesh.post("one")
    assert source.view().header.health is Health.LIVE
    mesh.stop()
    assert source.view().header.health is Health.STOPPED
    assert [row.title for row in source.view().tasks] == ["one"]


@pytest.mark.parametrize("name", sorted(PANELS))
def test_every_panel_shows_itself_without_a_front_end(mesh: Mesh, name: str) -> None:
    """As text and as escaped HTML beside the widget."""
    mesh.post("<script>alert(1)</script>")
    made = panel(name, mesh._operations)
    try:
        bundle, _ = made._repr_mimebundle_()
        assert "<script>" not in bundle["text/html"]
        assert "DevMesh" in bundle["text/plain"]
    finally:
        made.close()


def test_a_view_costs_little_however_many_tasks_there_were(source: MeshSource, mesh: Mesh) -> None:
    """With nothing new, no row is made again."""
    for number in range(50):
        mesh.post(f"task {number}")
    rows = source.view().tasks
    again = source.view().tasks
    assert all(one is other for one, other in zip(rows, again, strict=True))


def test_a_sample_shows_what_was_set_aside_at_that_moment(source: MeshSource) -> None:
    """Declared beside measured, as the dashed line of the chart: facts in the order they came."""
    reserved = Resources(ram_gb=4.0)
    facts: tuple[AnyFact, ...] = (
        HardwareReserved(agent="a-1", task=1, amount=reserved, free=Resources()),
        HardwareSampled(total=Resources(ram_gb=16.0), used=Resources(ram_gb=2.0)),
        HardwareReleased(agent="a-1", task=1, amount=reserved, free=Resources()),
        HardwareSampled(total=Resources(ram_gb=16.0), used=Resources(ram_gb=2.0)),
    )
    source._views._samples.clear()
    source._views.remember(
        tuple(Recorded(sequence=n, now=float(n), fact=fact) for n, fact in enumerate(facts, start=1))
    )
    assert [sample.ram_reserved_gb for sample in source.view().samples[:2]] == [4.0, 0.0]
