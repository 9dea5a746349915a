"""The table of the HTTP interface: what can be asked, what it takes and gives, and who may. All else is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import devmesh
from devmesh.audit import frames
from devmesh.errors import MeshError, Refused
from devmesh.jupyter.server import metrics, reading, shapes, tabular
from devmesh.jupyter.server.meshes import Held, Meshes, name_of
from devmesh.mesh import credentials
from devmesh.mesh.waiting import awaited
from devmesh.vocabulary.terms import Role

Action = Literal["read", "write", "execute"]
"As Jupyter's authorizer knows them."
MOST_FACTS: Final = 100_000


class Body(NamedTuple):
    """An answer that is no JSON object of ours."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its parameters are checked, its body is read."""

    meshes: Meshes
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    accept: str

    async def held(self, role: Role = Role.OBSERVER) -> Held:
        """The mesh that the path names."""
        return await asyncio.to_thread(self.meshes.of, self.path["project"], role)


class Parameter(NamedTuple):
    """One that may follow the `?`."""

    name: str
    type: type[int | str]
    says: str
    default: Any = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row: a method on a path."""

    method: Literal["get", "post", "delete"]
    path: str
    says: str
    answer: Callable[[Asked], Awaitable[Any]]
    gives: Any
    takes: type[shapes.Taken] | None = None
    query: tuple[Parameter, ...] = ()
    media_types: tuple[str, ...] = (tabular.JSON,)
    status: int = 200
    action: Action = "read"


# ---- what each answers ----


async def _openapi(_: Asked) -> Any:
    from devmesh.jupyter.server.openapi import document

    return document(ROUTES)


async def _health(asked: Asked) -> shapes.Health:
    running = await asyncio.to_thread(asked.meshes.running)
    return shapes.Health(status="ok", version=devmesh.__version__, projects=len(running))


async def _projects(asked: Asked) -> tuple[shapes.Project, ...]:
    return tuple(
        shapes.Project(id=name_of(one), project=one.project, pid=one.pid, epoch=one.epoch, version=one.version)
        for one in await asyncio.to_thread(asked.meshes.running)
    )


async def _agents(asked: Asked) -> tuple[shapes.Agent, ...]:
    return reading.agents(await asked.held())


async def _tasks(asked: Asked) -> tuple[shapes.Task, ...]:
    return reading.tasks(await asked.held())


async def _task(asked: Asked) -> shapes.TaskDetail:
    held, number = await asked.held(), int(asked.path["task"])
    found = await asyncio.to_thread(reading.task, held, number)
    if found is None:
        raise Refused(f"there is no task {number}", code=Refused.code.UNKNOWN, field="task")
    return found


async def _post(asked: Asked) -> shapes.Posted:
    held, new = await asked.held(Role.OPERATOR), asked.body
    posted = held.operations.post(
        new.prompt,
        title=new.title,
        priority=new.priority,
        files=new.files,
        depends_on=new.depends_on,
        review=new.review,
        check=new.check,
        agents=new.agents,
        capabilities=new.capabilities,
        time_limit=new.time_limit,
    )
    return shapes.Posted(task=(await awaited(held.door.submit(posted))).number)


async def _locks(asked: Asked) -> tuple[shapes.Lock, ...]:
    return reading.locks(await asked.held())


async def _audit(asked: Asked) -> Body:
    media_type = tabular.wanted(asked.query["format"], asked.accept)
    connection = await asyncio.to_thread(asked.meshes.connection, asked.path["project"])
    home = asked.meshes.settings.home / name_of(connection)

    def read() -> bytes:
        query = asked.query
        frame = frames.facts(home, query["kind"], since=query["since"], after=query["after"], limit=query["limit"])
        return tabular.written(frame, media_type)

    return Body(await asyncio.to_thread(read), media_type)


async def _metrics(asked: Asked) -> Body:
    def count() -> bytes:
        counted: list[tuple[str, Held | None]] = []
        for connection in asked.meshes.running():
            name = name_of(connection)
            try:
                counted.append((name, asked.meshes.of(name)))
            except MeshError:
                counted.append((name, None))
        return metrics.metrics(counted)

    return Body(await asyncio.to_thread(count), metrics.MEDIA_TYPE)


async def _credentials(asked: Asked) -> tuple[shapes.Credential, ...]:
    with (await asked.held()).door.replica.reading() as state:
        return tuple(
            shapes.Credential(credential=one.credential, role=one.role, label=one.label, digest=one.digest)
            for one in state.credentials.values()
        )


async def _issue(asked: Asked) -> shapes.Issued:
    door = (await asked.held(Role.OPERATOR)).door
    made = await awaited(door.submit(credentials.issue(door, asked.body.label, Role(asked.body.role))))
    return shapes.Issued(credential=made.number, secret=made.secret, role=made.role)


async def _revoke(asked: Asked) -> shapes.Revoked:
    door, number = (await asked.held(Role.OPERATOR)).door, int(asked.path["credential"])
    await awaited(door.submit(credentials.revoke(door, number, "revoked over HTTP")))
    return shapes.Revoked(credential=number)


_PROJECT = "/projects/{project}"

ROUTES: Final[tuple[Route, ...]] = (
    Route(method="get", path="/openapi.json", says="This document.", answer=_openapi, gives=dict[str, Any]),
    Route(method="get", path="/health", says="Whether this server answers.", answer=_health, gives=shapes.Health),
    Route(
        method="get",
        path="/metrics",
        says="Every mesh, counted, in Prometheus' text format.",
        answer=_metrics,
        gives=bytes,
        media_types=(metrics.MEDIA_TYPE,),
    ),
    Route(
        method="get", path="/projects", says="The meshes that run.", answer=_projects, gives=tuple[shapes.Project, ...]
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/agents",
        says="The agents in a mesh now.",
        answer=_agents,
        gives=tuple[shapes.Agent, ...],
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/tasks",
        says="All tasks of a mesh, in order.",
        answer=_tasks,
        gives=tuple[shapes.Task, ...],
    ),
    Route(
        method="post",
        path=f"{_PROJECT}/tasks",
        says="Post a task.",
        answer=_post,
        takes=shapes.NewTask,
        gives=shapes.Posted,
        status=201,
        action="write",
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/tasks/{{task}}",
        says="One task with its story.",
        answer=_task,
        gives=shapes.TaskDetail,
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/locks",
        says="The locks that are held.",
        answer=_locks,
        gives=tuple[shapes.Lock, ...],
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/audit",
        says="What happened: the newest `limit` facts, or with `after` the first that follow it. Oldest first.",
        answer=_audit,
        gives=list[dict[str, Any]],
        media_types=tuple(tabular.FORMATS.values()),
        query=(
            Parameter("kind", str, "A glob over the kinds of facts, such as lock_*.", "*"),
            Parameter("since", str, "Only the last 10m, 2h, or since a time."),
            Parameter("after", int, "Only facts after this sequence number.", 0),
            Parameter("limit", int, "At most so many.", 1000, MOST_FACTS),
            Parameter("format", str, "json, csv or arrow; else the Accept header decides."),
        ),
    ),
    Route(
        method="get",
        path=f"{_PROJECT}/credentials",
        says="Who may come in by a secret of its own.",
        answer=_credentials,
        gives=tuple[shapes.Credential, ...],
        action="execute",
    ),
    Route(
        method="post",
        path=f"{_PROJECT}/credentials",
        says="Issue a credential for a client of /devmesh/ws. Its secret is shown this once.",
        answer=_issue,
        takes=shapes.NewCredential,
        gives=shapes.Issued,
        status=201,
        action="execute",
    ),
    Route(
        method="delete",
        path=f"{_PROJECT}/credentials/{{credential}}",
        says="Revoke a credential: it opens nothing from now on, and its sessions end.",
        answer=_revoke,
        gives=shapes.Revoked,
        action="execute",
    ),
)
