"""The past on the same panels: any moment of a record, forwards and backwards; and what changed between two moments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import devmesh
from devmesh.jupyter.replaying import PastSource
from devmesh.mesh import Mesh
from devmesh.vocabulary.requests import CancelTask
from devmesh.vocabulary.terms import TaskState
from devmesh_widgets import Health
from tests.dashboard.recorded import recording

pytestmark = pytest.mark.slow

SCRIPT = "Do this.\n```script\nappend notes.md\n| one more line\nsay done\n```"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mesh, list[float]]]:
    """A run of two tasks, one done and one cancelled, and the moments before, between and after."""
    folder = tmp_path_factory.mktemp("replay")
    (folder / "project").mkdir()
    (folder / "project" / "notes.md").write_text("# Notes\n")
    moments = []
    with devmesh.start(folder / "project", ws_port=0, home=folder / "home") as mesh:
        moments.append(time.time())
        mesh.launch("scripted")
        mesh.post(SCRIPT, title="first").result(timeout=60)
        time.sleep(0.05)
        moments.append(time.time())
        mesh.post("nobody will", agents="nobody", title="second").cancel()
        time.sleep(0.05)
        moments.append(time.time())
        yield mesh, moments


@pytest.fixture
def source(run: tuple[Mesh, list[float]]) -> PastSource:
    """The run, at its first fact."""
    mesh, _ = run
    return PastSource(mesh.home, mesh.project, mesh._operations.record.timeline(10)[0][0])


def test_every_moment_of_a_run_is_shown_as_it_was(run: tuple[Mesh, list[float]], source: PastSource) -> None:
    """Forwards, backwards and forwards again: the same fact is the same view, and the last one is the mesh of now."""
    mesh, _ = run
    stops = [sequence for sequence, _ in mesh._operations.record.timeline(25)]
    seen: dict[int, Any] = {}
    for sequence in [*stops, *reversed(stops), *stops]:
        source.go(sequence)
        view = source.view()
        assert view.header.health is Health.PAST
        told = (view.now, view.agents, view.tasks, view.locks, [event.sequence for event in view.events])
        assert seen.setdefault(sequence, told) == told
        assert all(event.sequence <= sequence for event in view.events)
    assert [task.state for task in source.view().tasks] == [TaskState.COMPLETED, TaskState.CANCELLED]


def test_the_past_cannot_be_changed(source: PastSource) -> None:
    """A button is answered with a refusal that says where the live ones are."""
    said: list[str] = []
    source.ask(CancelTask(task=1), said.append)
    assert said == ["this is the past; the live dashboard is mesh.dashboard()"]


def test_a_timeline_has_both_ends_and_no_more_stops_than_asked_for(run: tuple[Mesh, list[float]]) -> None:
    """In order, without repeats."""
    record = run[0]._operations.record
    whole = record.timeline(1_000_000)
    some = record.timeline(7)
    assert len(some) <= 7
    assert (some[0], some[-1]) == (whole[0], whole[-1])
    assert [sequence for sequence, _ in whole] == sorted({sequence for sequence, _ in whole})


def test_a_replay_is_a_slider_over_the_panels(run: tuple[Mesh, list[float]]) -> None:
    """It opens at the end; moved to the start there is no task yet; and it is closed without a trace."""
    with recording():
        shown = run[0].replay()
        assert [row.title for row in shown.dashboard._source.view().tasks] == ["first", "second"]
        bundle, _ = shown._repr_mimebundle_()
        assert "second" in bundle["text/plain"]
        assert shown.play.value == shown.slider.value == shown.slider.max  # linked in the browser
        shown.show(0)
        assert shown.dashboard._source.view().tasks == ()
        assert "fact 1 of" in shown.words.value
        shown.close()


def test_what_changed_between_two_moments_is_a_frame(run: tuple[Mesh, list[float]]) -> None:
    """Task, agent and file by aspect; nothing between a moment and itself."""
    mesh, (before, between, after) = run
    changed = {
        (row.noun, row.name, row.aspect): (row.before, row.after) for row in mesh.diff(before, between).itertuples()
    }
    assert changed["tasks", "#1 first", "state"] == ("", "completed")
    assert changed["agents", "scripted-1", "state"] == ("", "idle")
    assert changed["files", "notes.md", "changed by"] == ("", "scripted-1, task #1, change 1")
    late = mesh.diff(between, after)
    assert set(late["name"]) == {"#2 second"}
    assert list(mesh.diff(between, between).columns) == ["noun", "name", "aspect", "before", "after"]
    assert mesh.diff(between, between).empty
