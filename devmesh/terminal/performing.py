"""Executes a notebook in a kernel of its own, and tells how far the mesh in it has come while it runs."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devmesh.errors import DevMeshError, MeshError
from devmesh.terminal.printing import console

if TYPE_CHECKING:
    from devmesh.mesh.handle import Mesh

NAME = "00_quickstart.ipynb"
_CELL_LIMIT = 120
_LOOK_EVERY = 0.25
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def quickstart() -> Path:
    """The notebook: beside the package in a clone, inside it when installed from a wheel. Raises DevMeshError."""
    import devmesh

    package = Path(devmesh.__file__).parent
    for place in (package.parent / "notebooks" / NAME, package / "notebooks" / NAME):
        if place.is_file():
            return place
    raise DevMeshError(f"{NAME} was not found", hint="Run the demo from a clone of the repository.")


async def perform(project: Path, executed: Path, page: Path, *, quiet: bool) -> str:
    """Execute the quickstart; writes the notebook and its HTML in any case. Returns why it failed, or an empty text."""
    _refuse_without_jupyter()
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(quickstart(), as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=_CELL_LIMIT,
        kernel_manager_class=_kernel_of_this_python(),
        resources={"metadata": {"path": str(executed.parent)}},
        store_widget_state=False,
    )
    watching = asyncio.create_task(_watch(project, quiet=quiet))
    try:
        await client.async_execute()
    except CellExecutionError as failed:
        return _COLOUR.sub("", str(failed)).strip()[-2000:]
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await asyncio.to_thread(_keep, notebook, executed, page)
    return ""


def _keep(notebook: Any, executed: Path, page: Path) -> None:
    """Write the executed notebook, and a page of it."""
    import nbformat

    nbformat.write(notebook, executed)  # type: ignore[no-untyped-call]
    page.write_text(_as_html(notebook), encoding="utf-8")


def _refuse_without_jupyter() -> None:
    missing = [name for name in ("nbclient", "nbconvert") if find_spec(name) is None]
    if missing:
        raise DevMeshError(f"{' and '.join(missing)} is not installed", hint="pip install 'devmesh[lab]'")


def _kernel_of_this_python() -> type[Any]:
    """A kernel manager that starts this very interpreter, whatever kernels the person has."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]

    class Kernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return Kernel


def _as_html(notebook: Any) -> str:
    """The notebook as a page; tables stand in for widgets, which live only beside a kernel."""
    from copy import deepcopy

    from nbconvert import HTMLExporter

    still = deepcopy(notebook)
    for cell in still.cells:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", ()):
                output["data"].pop("application/vnd.jupyter.widget-view+json", None)
    body: str = HTMLExporter(template_name="lab").from_notebook_node(still)[0]  # type: ignore[no-untyped-call]
    return body


# ---- watching ----


async def _watch(project: Path, *, quiet: bool) -> None:
    """Join the mesh as an observer once it is there, and say how many tasks have landed."""
    began, said = time.monotonic(), ""
    mesh: Mesh | None = None
    try:
        with _shown(quiet=quiet) as show:
            show("starting a kernel")
            while True:
                mesh = mesh or await asyncio.to_thread(_joined, project)
                line = _line(mesh) if mesh is not None else said
                if line and line != said:
                    said = line
                    show(f"{time.monotonic() - began:5.1f} s  {said}")
                await asyncio.sleep(_LOOK_EVERY)
    finally:
        if mesh is not None:
            await asyncio.to_thread(mesh.close)


def _joined(project: Path) -> Mesh | None:
    from devmesh.mesh import connect
    from devmesh.vocabulary.terms import Role

    try:
        return connect(project, role=Role.OBSERVER)
    except MeshError:
        return None


def _line(mesh: Mesh) -> str:
    status = mesh.status()
    total, done = sum(status.tasks.values()), status.tasks.get("completed", 0)
    if not total:
        return f"{sum(status.agents.values())} agents joined"
    doing = ", ".join(f"{number} {state}" for state, number in status.tasks.items() if state != "completed")
    return f"{done} of {total} tasks done{f' ({doing})' if doing else ''}, {status.locks} locks held"


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Any]:
    """A place for one line: replaced in place on a terminal, one under the other elsewhere."""
    screen = console(stderr=True)
    if quiet:
        yield lambda _: None
    elif screen.is_terminal:
        with screen.status("") as status:
            yield status.update
    else:
        yield lambda line: screen.print(line, markup=False)
