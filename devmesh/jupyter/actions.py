"""What each sub-command of `%devmesh` does: one function each, from the parsed words to what the cell shows.

They ask the mesh and hand back what it returns; nothing here prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from IPython.core.error import UsageError

from devmesh import mesh as meshes
from devmesh.errors import Code, NoMesh, Refused
from devmesh.mesh.checkup import examine
from devmesh.mesh.demonstration import AGENTS, post_sample_tasks, sample_project
from devmesh.mesh.toolbox import survey
from devmesh.mesh.waiting import Done
from devmesh.settings import Settings


class Words(NamedTuple):
    """What was said after `%devmesh`."""

    given: Any
    "The parsed words, by name."
    beyond: list[str]
    "Those behind a `--`."
    cell: str | None
    "The cell's body under `%%devmesh`."


# ---- the mesh ----


def start(words: Words) -> object:
    """The mesh of the project, started if need be."""
    overrides = {} if words.given.port is None else {"ws_port": words.given.port}
    return meshes.start(words.given.project, **overrides)


def connect(words: Words) -> object:
    """The mesh that runs elsewhere."""
    return meshes.connect(words.given.project)


def stop(_: Words) -> object:
    """That the mesh is gone."""
    mesh = meshes.current()
    mesh.stop()
    return Done(f"stopped the mesh of {mesh.project}; its record stays, and %devmesh start goes on from there")


def status(_: Words) -> object:
    """How it stands."""
    return meshes.current().status()


def dashboard(_: Words) -> object:
    """The live dashboard."""
    return meshes.current().dashboard()


def goal(words: Words) -> object:
    """That the architect was asked."""
    return meshes.current().goal(_text(words, "text", "the goal"))


# ---- agents ----


def launch(words: Words) -> object:
    """The names of the agents that joined."""
    given = words.given
    return meshes.current().launch(
        *given.tools, count=given.count, options=words.beyond, wait=not given.no_wait, workspace=given.workspace
    )


def dismiss(words: Words) -> object:
    """That it was told."""
    return meshes.current().dismiss(words.given.agent, words.given.reason)


def tools(_: Words) -> object:
    """The CLIs: live where a mesh is open, else as a table."""
    try:
        return meshes.current().tools
    except NoMesh:
        return survey(Settings.load().home)


# ---- tasks ----


def task(words: Words) -> object:
    """The task: posted now, or the one of that number."""
    mesh = meshes.current()
    given = words.given
    if words.cell is None and len(given.prompt) == 1 and given.prompt[0].lstrip("#").isdigit():
        return mesh.task(_known(int(given.prompt[0].lstrip("#"))))
    return mesh.post(
        _text(words, "prompt", "what is to be done"),
        title=given.title,
        priority=given.priority,
        files=given.files,
        depends_on=[_known(number) for number in given.after],
        review=given.review,
        check=given.check,
        agents=given.agents,
        time_limit=given.time_limit,
        budget_usd=given.budget_usd,
        budget_tokens=given.budget_tokens,
        to=given.to,
    )


def wait(words: Words) -> object:
    """Nothing: the progress has been shown."""
    numbers = [_known(number) for number in words.given.tasks]
    meshes.current().wait(*numbers, timeout=words.given.timeout)
    return None


def pause(words: Words) -> object:
    """What was paused."""
    return _each(words, meshes.current().pause)


def resume(words: Words) -> object:
    """What was resumed."""
    return _each(words, meshes.current().resume)


def cancel(words: Words) -> object:
    """What was cancelled."""
    cancel_one = meshes.current().cancel
    return _several(cancel_one(number, words.given.reason) for number in words.given.tasks)


def retry(words: Words) -> object:
    """What was queued again."""
    return _several(meshes.current().retry(number) for number in words.given.tasks)


def approve(words: Words) -> object:
    """That it may land."""
    return meshes.current().approve(words.given.change, " ".join(words.given.remarks))


def send_back(words: Words) -> object:
    """That it went back."""
    return meshes.current().send_back(words.given.change, _text(words, "remarks", "what is wanted"))


# ---- what there is ----


def agents(words: Words) -> object:
    """The agents, or a frame of them."""
    return _framed(meshes.current().agents, words)


def tasks(words: Words) -> object:
    """The tasks, or a frame of them."""
    return _framed(meshes.current().tasks, words)


def locks(words: Words) -> object:
    """The locks, or a frame of them."""
    locks = meshes.current().locks
    return locks.df() if words.given.df else locks


def hardware(_: Words) -> object:
    """The memory ledger."""
    return meshes.current().hardware


def files(_: Words) -> object:
    """The files held or changed."""
    return meshes.current().files


def knowledge(words: Words) -> object:
    """What was shared, or what was found."""
    knowledge = meshes.current().knowledge
    return knowledge.search(" ".join(words.given.query)) if words.given.query else knowledge


def audit(words: Words) -> object:
    """A frame of facts without the columns that hold nothing, or the verdict on the record."""
    audit = meshes.current().audit
    if words.given.verify or words.given.kind == "verify":
        return audit.verify()
    frame = audit.df(words.given.kind, since=words.given.since, limit=words.given.limit)
    return frame.dropna(axis="columns", how="all") if len(frame) else frame


# ---- this machine ----


def doctor(words: Words) -> object:
    """The findings."""
    project = Path(words.given.project or _here()).resolve()
    return examine(project, Settings.load(), tools=not words.given.quick)


def demo(words: Words) -> object:
    """A mesh at work on the sample."""
    folder = words.given.folder or Path("build", "demo", f"{datetime.now().astimezone():%Y%m%d-%H%M%S}", "shop")
    mesh = meshes.start(sample_project(folder))
    mesh.launch("scripted", count=AGENTS)
    post_sample_tasks(mesh)
    return mesh


# ---- shared by several ----


def _here() -> Path:
    """The project of the mesh there is, or the folder one is in."""
    try:
        return meshes.current().project
    except NoMesh:
        return Path()


def _text(words: Words, name: str, what: str) -> str:
    """The text of a cell, or of the line."""
    text = (words.cell if words.cell is not None else " ".join(getattr(words.given, name))).strip()
    if not text:
        raise UsageError(f"%devmesh: say {what}, in the line or as the cell's text.")
    return text


def _known(number: int) -> int:
    if number not in meshes.current().tasks:
        raise Refused(f"there is no task {number}", code=Code.UNKNOWN, hint="%devmesh tasks lists them.")
    return number


def _each(words: Words, act: Callable[[str], Done]) -> object:
    return _several(act(which) for which in words.given.which)


def _several(done: Iterable[Done]) -> Done:
    """What was done, in one breath."""
    return Done("; ".join(one.said for one in done))


def _framed(noun: Any, words: Words) -> object:
    """The noun itself, to be shown live; as a DataFrame when asked for one, or for those of one state only."""
    if words.given.state:
        frame = noun.df()
        return frame[frame["state"] == words.given.state]
    return noun.df() if words.given.df else noun
