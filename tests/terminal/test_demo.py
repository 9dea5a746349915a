"""`devmesh demo`: the main job, and the checks that decide whether it is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from devmesh.samples import shop_tasks
from devmesh.terminal import exits
from devmesh.terminal.inspecting import edits
from devmesh.terminal.leftovers import end_leftovers, leftovers
from devmesh.terminal.performing import quickstart


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_demo_lands_every_task_and_leaves_nothing(
    devmesh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Nine tasks by three agents, checked from outside; a notebook and a page."""
    done = devmesh("demo", "--output", str(tmp_path / "demo"), "--json", limit=200)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["passed"]
    assert all(check["passed"] for check in report["checks"])
    work = [task for task in report["tasks"] if not task["title"].startswith("Review of")]
    assert [task["title"] for task in work] == [task.title for task in shop_tasks()]
    assert len({task["agent"] for task in work}) == 3
    assert any(task["landing"] == "merged" for task in work)
    executed = nbformat.read(report["notebook"], as_version=4)  # type: ignore[no-untyped-call]
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
    page = Path(report["html"]).read_text(encoding="utf-8")
    assert "Give discounts" in page


def test_a_folder_that_exists_is_not_written_into(
    devmesh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """It may hold somebody's work."""
    done = devmesh("demo", "--output", str(tmp_path))
    assert done.returncode == exits.FAILED
    assert "exists already" in done.stderr


def test_lines_added_and_removed_are_read_from_a_diff() -> None:
    """With their file, and without the headers; also where a line itself begins with pluses or minuses."""
    diff = """diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1,2 +1,2 @@
 same
-old
+new
+++ very new
--- very old
diff --git a/b.txt b/b.txt
--- /dev/null
+++ b/b.txt
@@ -0,0 +1 @@
+first
"""
    assert edits(diff) == [
        ("a.txt", "-", "old"),
        ("a.txt", "+", "new"),
        ("a.txt", "+", "++ very new"),
        ("a.txt", "-", "-- very old"),
        ("b.txt", "+", "first"),
    ]


def test_a_process_of_a_run_is_found_and_ended(tmp_path: Path) -> None:
    """By our variables and its folder, in a session of its own; a person's shell in that folder is not touched."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DEVMESH_")}
    marked = plain | {"DEVMESH_HOME": str(tmp_path / "state")}
    with (
        subprocess.Popen(command, env=marked, start_new_session=True) as ours,
        subprocess.Popen(command, cwd=tmp_path, env=plain) as other,
    ):
        try:
            assert [process.pid for process in leftovers(tmp_path)] == [ours.pid]
            assert str(ours.pid) in end_leftovers(tmp_path)[0]
            ours.wait(5)
            assert not psutil.pid_exists(ours.pid)
            assert other.poll() is None
        finally:
            ours.kill()
            other.kill()


def test_the_quickstart_is_cleared_and_says_what_it_teaches() -> None:
    """No outputs, no counts; and the task it spells out is the sample's own."""
    notebook = nbformat.read(quickstart(), as_version=4)  # type: ignore[no-untyped-call]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert "You will" in notebook.cells[0].source
    first = shop_tasks()[0]
    (spelled,) = [cell.source for cell in code if cell.source.startswith("%%devmesh task")]
    head, _, body = spelled.partition("\n")
    assert body == first.prompt
    assert first.title in head
    assert first.check in head
