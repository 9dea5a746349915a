"""`devmesh demo`: the quickstart notebook executed on a copy of the sample, watched, and checked from outside."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from devmesh.errors import DevMeshError
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson
from devmesh.terminal.printing import put_json, put_table, say

if TYPE_CHECKING:
    from devmesh.mesh.record import Past
    from devmesh.terminal.inspecting import Inspection

COLUMNS = (
    "task",
    "title",
    "agent",
    "attempts",
    "waited",
    "lock_wait",
    "locks",
    "files",
    "conflicts",
    "landing",
    "outcome",
)


class Stage(NamedTuple):
    """Where everything of one run lies."""

    folder: Path

    @property
    def project(self) -> Path:
        """The copy of the sample project."""
        return self.folder / "shop"

    @property
    def state(self) -> Path:
        """DEVMESH_HOME of the run: it leaves nothing in the user's own."""
        return self.folder / "state"

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "quickstart.ipynb"

    @property
    def page(self) -> Path:
        """The same as HTML."""
        return self.folder / "quickstart.html"


def demo(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="A new folder; default: build/demo/TIME.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """See three agents mend a sample project.

    No model and no network are needed. Executes the quickstart notebook, then checks from outside that the sample's
    tests pass, that no line of any change was lost, and that no process is left. Exit code 0 only then.
    """
    stage = Stage((output or Path("build", "demo", f"{datetime.now().astimezone():%Y%m%d-%H%M%S}")).absolute())
    if stage.folder.exists():
        raise DevMeshError(f"{stage.folder} exists already", hint="Name a new folder with --output.")
    began = time.monotonic()
    failure = _perform(stage, quiet=as_json)
    seconds = time.monotonic() - began
    return _report(stage, failure, seconds, as_json=as_json)


def _perform(stage: Stage, *, quiet: bool) -> str:
    """Execute the notebook; why it failed, or nothing. Whatever happens, no process of the run is left."""
    from devmesh.mesh.demonstration import sample_project
    from devmesh.terminal.leftovers import end_leftovers
    from devmesh.terminal.performing import perform

    sample_project(stage.project)
    try:
        with _environment(DEVMESH_HOME=str(stage.state), DEVMESH_DEMO_PROJECT=str(stage.project)):
            return asyncio.run(perform(stage.project, stage.notebook, stage.page, quiet=quiet))
    except BaseException:
        end_leftovers(stage.folder)
        raise


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """These variables for whatever is started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# ---- afterwards ----


def _report(stage: Stage, failure: str, seconds: float, *, as_json: bool) -> int:
    from devmesh.address import home_of
    from devmesh.mesh.record import Past
    from devmesh.settings import Settings
    from devmesh.terminal.inspecting import inspect

    home = home_of(stage.project, Settings.load(home=stage.state))
    past = Past(home, stage.project)
    inspections = inspect(stage.folder, past, failure)
    passed = all(inspection.passed for inspection in inspections)
    if as_json:
        put_json(_as_json(stage, past, inspections, seconds))
    else:
        _show(stage, past, inspections, seconds)
    return exits.DONE if passed else exits.FAILED


def _show(stage: Stage, past: Past, inspections: tuple[Inspection, ...], seconds: float) -> None:
    put_table("\nWhat happened", COLUMNS, _rows(past))
    put_table("\nChecked from outside", ("", "what", "how"), [_line(each) for each in inspections])
    say(f"\nnotebook  {stage.notebook}\nHTML      {stage.page}\nproject   {stage.project}\n{seconds:.0f} s in all")


def _line(inspection: Inspection) -> tuple[str, str, str]:
    return "passed" if inspection.passed else "FAILED", inspection.about, inspection.found


def _rows(past: Past) -> list[list[object]]:
    try:
        frame = past.frame("tasks")[list(COLUMNS)]
    except DevMeshError:
        return []
    for name in ("waited", "lock_wait"):
        frame[name] = frame[name].dt.total_seconds().map("{:.1f} s".format)
    return [list(row) for row in frame.astype("object").where(frame.notna(), None).itertuples(index=False)]


def _as_json(stage: Stage, past: Past, inspections: tuple[Inspection, ...], seconds: float) -> dict[str, object]:
    return {
        "passed": all(each.passed for each in inspections),
        "seconds": round(seconds, 1),
        "notebook": stage.notebook,
        "html": stage.page,
        "project": stage.project,
        "checks": [each._asdict() for each in inspections],
        "tasks": [dict(zip(COLUMNS, row, strict=True)) for row in _rows(past)],
    }
