"""`devmesh post`, `status` and `audit`: asking a running mesh, and reading its record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devmesh.address import home_of
from devmesh.errors import Malformed
from devmesh.terminal import exits
from devmesh.terminal.options import AsJson, Project
from devmesh.terminal.printing import put_json, put_table, say

if TYPE_CHECKING:
    from devmesh.mesh import Mesh
    from devmesh.mesh.task import Task, TaskResult


def post(  # noqa: PLR0913, PLR0917 - each is an option of the command
    prompt: Annotated[str, typer.Argument(help="What is to be done; `-` reads it from standard input.")],
    project: Project = Path(),
    title: Annotated[str, typer.Option(help="A short name; default: the first line.")] = "",
    priority: Annotated[int, typer.Option("--priority", "-p", min=1, max=5, help="1 is the most urgent.")] = 3,
    files: Annotated[
        list[str] | None, typer.Option("--file", "-f", help="Where the work is expected; repeatable.")
    ] = None,
    after: Annotated[list[int] | None, typer.Option(help="Wait for this task first; repeatable.")] = None,
    agents: Annotated[
        list[str] | None, typer.Option("--agent", help="Only this agent may have it; repeatable.")
    ] = None,
    review: Annotated[bool, typer.Option("--review", help="A second agent must approve the change.")] = False,
    check: Annotated[str, typer.Option(help="A command that must pass before the change lands.")] = "",
    time_limit: Annotated[float | None, typer.Option(help="Seconds for one attempt.")] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the result. Ctrl-C stops waiting only.")] = False,
    as_json: AsJson = False,
) -> int:
    """Post a task. Prints its number; with --wait, what came of it."""
    from devmesh.mesh import connect

    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.strip():
        raise Malformed("the task has no text", field="prompt", hint="Say what is to be done.")
    mesh = connect(project)
    try:
        task = mesh.post(
            text,
            title=title,
            priority=priority,
            files=files or (),
            depends_on=after or (),
            agents=agents or (),
            review=review,
            check=check,
            time_limit=time_limit,
        )
        if not wait:
            put_json({"task": task.number}) if as_json else say(f"task {task.number}{_lacking(mesh, task)}")
            return exits.DONE
        try:
            mesh.wait(task, progress=not as_json)
        except KeyboardInterrupt:
            put_json({"task": task.number}) if as_json else say(f"task {task.number} goes on")
            return exits.INTERRUPTED
        _tell(task.result(), as_json=as_json)
    finally:
        mesh.close()
    return exits.DONE


def _lacking(mesh: Mesh, task: Task) -> str:
    """What the person has to do before anybody can have it."""
    if why := task.held_up:
        return f": {why}; devmesh join TOOL" if not len(mesh.agents) else f": {why}"
    return ""


def _tell(result: TaskResult, *, as_json: bool) -> None:
    if as_json:
        put_json(result._asdict())
        return
    whose = f" by {result.agent} in {result.seconds:.1f} s" if result.agent else ""
    say(f"task {result.task} {result.outcome}{whose}: {result.summary}")
    for path in result.files:
        say(f"  {path}{' (merged)' if path in result.merged else ''}")


def status(project: Project = Path(), as_json: AsJson = False) -> int:
    """How the mesh of a project stands."""
    from devmesh.mesh import connect
    from devmesh.vocabulary.terms import Role

    mesh = connect(project, role=Role.OBSERVER)
    try:
        found = mesh.status()
        if as_json:
            put_json(found.as_json())
        else:
            say(repr(found))
            if len(mesh.tasks):
                put_table("\nTasks", mesh.tasks.columns, mesh.tasks.rows())
            if len(mesh.agents):
                put_table("\nAgents", mesh.agents.columns, mesh.agents.rows())
    finally:
        mesh.close()
    return exits.DONE


def audit(
    kind: Annotated[
        str, typer.Argument(help="A glob over the kinds of facts, such as 'lock_*'; or `verify`: is the record whole?")
    ] = "*",
    project: Project = Path(),
    since: Annotated[str | None, typer.Option(help="Only the last 10m, 2h, or since a time.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1000,
    verify: Annotated[bool, typer.Option("--verify", help="Check that the record is whole and unchanged.")] = False,
    head: Annotated[str, typer.Option(help="With verify: a head it printed earlier, which must still hold.")] = "",
    as_json: AsJson = False,
) -> int:
    """What happened, from the record. Works whether or not the mesh runs; with --json, one fact per line."""
    from devmesh.mesh.record import Past

    past = Past(_home(project), project.resolve())
    if verify or kind == "verify":
        verdict = past.verify(head=head)
        put_json(verdict._asdict()) if as_json else say(str(verdict))
        return exits.DONE if verdict.ok else exits.FAILED
    if as_json:
        _as_lines(past.events(kind, since=since, limit=limit).to_json(orient="records", lines=True, date_format="iso"))
        return exits.DONE
    rows = [
        (f"{moment:%H:%M:%S}", recorded_kind, agent, task, text)
        for moment, recorded_kind, agent, task, text in past.lines(kind, since=since, limit=limit)
    ]
    put_table("", ("time", "fact", "agent", "task", "what"), rows)
    return exits.DONE


def _as_lines(text: str) -> None:
    for line in text.splitlines():
        if line:
            sys.stdout.write(json.dumps(json.loads(line)) + "\n")


def _home(project: Path) -> Path:
    """The state folder of the project, or of the running mesh of the nearest folder above it."""
    from devmesh.address import find_connection
    from devmesh.errors import NoMesh
    from devmesh.settings import Settings

    settings = Settings.load()
    try:
        return Path(find_connection(project, settings).home)
    except NoMesh:
        return home_of(project, settings)
