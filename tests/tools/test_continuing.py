"""Real CLIs in a mesh, paused and sent back: each goes on in its own conversation, as the stub sees."""

from __future__ import annotations

import time

import pytest

from devmesh.vocabulary.terms import TaskState
from tests.tools.conftest import Bench
from tests.tools.stub_model import script
from tests.tools.test_real_tools import PATIENCE, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

NEWS = 1500
"Characters by which a conversation grows when a failed check alone is told; a whole prompt is longer."


@pytest.fixture(autouse=True)
def _can_be_continued(bench: Bench) -> None:
    """The others are told everything again."""
    if not bench.entry.resume:
        pytest.skip(f"{bench.name} cannot be continued")


def test_a_pause_ends_it_and_a_resume_goes_on(bench: Bench) -> None:
    """Soon nothing of it is left; resumed, what it had done is still there, and lands."""
    bench.launch()
    steps = [{"write": "n.txt", "text": "by a tool\n"}, {"run": "sh -c 'sleep 8; true'"}, {"say": "All done."}]
    task = bench.post(script(*steps))
    assert until(lambda: any("sleep" in command for command in bench.processes()))
    began = time.monotonic()
    task.pause()
    assert until(lambda: not bench.processes(), 10.0), bench.processes()
    assert time.monotonic() - began < 4.0
    heard = len(bench.model.heard)
    task.resume()
    assert task.result(PATIENCE).outcome is TaskState.COMPLETED
    assert (bench.mesh.project / "n.txt").read_text() == "by a tool\n"
    assert any("You were interrupted" in heard.body for heard in bench.model.heard[heard:])


def test_a_failed_check_continues_it(bench: Bench) -> None:
    """It hears of the check alone; the task itself is in its conversation already."""
    bench.launch()
    counted = bench.mesh.project.parent / "checks"
    check = f"echo x >> {counted}; test $(wc -l < {counted}) -ge 2"
    task = bench.post(script({"write": "n.txt", "text": "one\n"}, {"say": "Done."}), check=check, time_limit=120)
    assert task.result(PATIENCE).outcome is TaskState.COMPLETED
    lengths = [len(heard.prompt) for heard in bench.model.heard if "This is another try" in heard.prompt]
    assert lengths
    first = max(len(heard.prompt) for heard in bench.model.heard if "This is another try" not in heard.prompt)
    assert max(lengths) - first < NEWS
