"""The notebooks are the manual: each runs from top to bottom, says what it teaches, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from devmesh.terminal.leftovers import end_leftovers

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LIMIT = 60.0
"Seconds one notebook may take."
KEEP_THEIR_PROJECT = {"00_quickstart.ipynb"}
"Those whose reader is to look around in the project afterwards."

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


class Kernel(AsyncKernelManager):
    """This very interpreter, whatever kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """How it is started."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def read(path: Path) -> Any:
    """The notebook, once it has been found to be one."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return notebook


@every_notebook
def test_a_notebook_is_cleared(path: Path) -> None:
    """No outputs, no counts, no state of widgets: what is shown is made by whoever runs it."""
    notebook = read(path)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert "widgets" not in notebook.metadata


@every_notebook
def test_a_notebook_says_first_what_its_reader_will_learn(path: Path) -> None:
    """A title, and a list of what you will learn or do."""
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    promise, _, points = first.source.partition("You will")
    assert promise
    assert points.count("\n- ") >= 3 or points.count("\n1. ") == 1


@every_notebook
def test_links_to_other_notebooks_and_documents_lead_somewhere(path: Path) -> None:
    """A manual whose next page is missing is worse than none."""
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert not [target for target in targets if "://" not in target and not (path.parent / target).exists()]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the kernel's own channels are closed a little late
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@every_notebook
def test_a_notebook_runs_and_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    """Every cell, within a minute; afterwards no process of it is left, and no folder beside the mesh's own."""
    folder, state = tmp_path / "tmp", tmp_path / "state"
    folder.mkdir()
    environment = os.environ | {
        "DEVMESH_HOME": str(state),
        "DEVMESH_WS_PORT": "0",
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "widgets"))),
        "TMPDIR": str(folder),
    }
    client = NotebookClient(
        read(path),
        timeout=int(LIMIT),
        kernel_manager_class=Kernel,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
    )
    began = time.monotonic()
    try:
        client.execute(env=environment)
    finally:
        left = end_leftovers(tmp_path)
    assert time.monotonic() - began < LIMIT
    assert not left
    assert path.name in KEEP_THEIR_PROJECT or not list(folder.glob("devmesh-*"))
