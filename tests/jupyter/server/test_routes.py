"""The HTTP interface on a real Jupyter Server: answers are as its own document says, wrong requests are refused."""

from __future__ import annotations

import csv
import io
import re
import socket
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devmesh.bridge.dialing import KEY
from devmesh.bridge.remote import CREDENTIAL
from devmesh.jupyter.server.openapi import PREFIX, PROBLEMS
from devmesh.jupyter.server.routes import ROUTES
from devmesh.mesh import Mesh, Task
from devmesh.mesh.waiting import settled
from tests.jupyter.server.rig import Answer, Pairs, Served
from tests.jupyter.server.test_doors import UPGRADE

pytestmark = pytest.mark.slow

PAPERS: Pairs = [(CREDENTIAL, "c" * 43), (KEY, "k" * 43)]
ORDER = ("post", "get", "delete")
BODIES = {"NewTask": {"prompt": "Do nothing"}, "NewCredential": {"label": "a test"}}


@pytest.fixture(scope="module")
def document(served: Served) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    answer = served.ask("GET", f"{PREFIX}/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def fits(document: dict[str, Any], path: str, method: str, answer: Answer) -> None:
    """The answer is one that the document knows, and is made as it says."""
    responses = document["paths"][path][method]["responses"]
    assert str(answer.status) in responses, (path, answer)
    content = responses[str(answer.status)]["content"]
    media_type = answer.headers["content-type"]
    assert media_type in content, (path, media_type)
    if media_type == "application/json":
        schema = content[media_type]["schema"] | {"components": document["components"]}
        _valid(answer.json, schema)


def _valid(found: Any, schema: dict[str, Any]) -> None:
    jsonschema.validate(found, schema)  # type: ignore[no-untyped-call]


def test_the_document_has_every_route_and_no_other(document: dict[str, Any]) -> None:
    """It is made from the same table."""
    told = {(path, method) for path, of in document["paths"].items() for method in of}
    assert told == {(PREFIX + route.path, route.method) for route in ROUTES}
    names = [of["operationId"] for methods in document["paths"].values() for of in methods.values()]
    assert len(names) == len(set(names))


def test_every_answer_is_as_the_document_says(document: dict[str, Any], served: Served, mesh: Mesh) -> None:
    """Each route is asked, and its answer held against its own schema."""
    numbers = {"project": mesh.home.name, "task": mesh.post("Do nothing").number}
    numbers["credential"] = mesh.credentials.issue().number
    for route in sorted(ROUTES, key=lambda one: ORDER.index(one.method)):
        path = PREFIX + re.sub(r"\{(\w+)\}", lambda found: str(numbers[found[1]]), route.path)
        answer = served.ask(route.method.upper(), path, body=BODIES.get(getattr(route.takes, "__name__", "")))
        assert answer.status == route.status, (path, answer)
        fits(document, PREFIX + route.path, route.method, answer)
        assert answer.headers.get("cache-control") == "no-store"


BAD: dict[str, tuple[str, str, Any, int, str | None]] = {
    "a task without a prompt": ("POST", "/tasks", {}, 400, None),
    "an empty prompt": ("POST", "/tasks", {"prompt": ""}, 400, "prompt"),
    "a field there is not": ("POST", "/tasks", {"prompt": "x", "role": "operator"}, 400, None),
    "a priority out of range": ("POST", "/tasks", {"prompt": "x", "priority": 9}, 400, "priority"),
    "a title that is a number": ("POST", "/tasks", {"prompt": "x", "title": 7}, 400, "title"),
    "files out of the project": ("POST", "/tasks", {"prompt": "x", "files": ["../../etc"]}, 400, None),
    "a dependency there is not": ("POST", "/tasks", {"prompt": "x", "depends_on": [999]}, 404, None),
    "no JSON": ("POST", "/tasks", b"{", 400, None),
    "no UTF-8": ("POST", "/tasks", b'{"prompt": "\xff"}', 400, None),
    "nested without end": ("POST", "/tasks", b"[" * 100_000, 400, None),
    "more than is taken": ("POST", "/tasks", {"prompt": "x" * 600_000}, 413, None),
    "an operator's credential": ("POST", "/credentials", {"role": "operator"}, 400, "role"),
    "a credential there is not": ("DELETE", "/credentials/99999", None, 404, "credential"),
    "a task there is not": ("GET", "/tasks/99999", None, 404, "task"),
    "a parameter there is not": ("GET", "/tasks?state=queued", None, 400, "state"),
    "a limit that is no number": ("GET", "/audit?limit=many", None, 400, "limit"),
    "a limit beyond all bounds": ("GET", "/audit?limit=100000000", None, 400, "limit"),
    "a limit below none": ("GET", "/audit?limit=-1", None, 400, "limit"),
    "a parameter twice": ("GET", "/audit?limit=1&limit=2", None, 400, "limit"),
    "a time that says nothing": ("GET", "/audit?since=yesteryear", None, 400, None),
    "a format there is not": ("GET", "/audit?format=xml", None, 406, "format"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_request_is_told_what_is_wrong(case: str, served: Served, where: str, document: dict[str, Any]) -> None:
    """With its field where there is one, and never a traceback."""
    method, path, body, status, field = BAD[case]
    answer = served.ask(method, where + path, body=body)
    assert answer.status == status, answer
    assert b"Traceback" not in answer.body
    if field is not None:
        assert answer.json["field"] == field
    _valid(answer.json, {"$ref": "#/components/schemas/Problem", "components": document["components"]})
    assert status in PROBLEMS


ANYWHERE: dict[str, tuple[str, str, Pairs, int, str]] = {
    "a task that is no number": ("GET", "/api/projects/{id}/tasks/abc", [], 404, "UNKNOWN"),
    "a path there is not": ("GET", "/api/nothing", [], 404, "UNKNOWN"),
    "nothing at all": ("GET", "", [], 404, "UNKNOWN"),
    "something else for a path there is not": ("DELETE", "/api/nothing/1", [], 404, "UNKNOWN"),
    "a method there is not": ("PUT", "/api/health", [], 405, "BAD_REQUEST"),
    "no WebSocket": ("GET", "/ws/{id}", [], 400, "BAD_REQUEST"),
    "a relay without a credential": ("GET", "/ws/{id}", UPGRADE, 401, "UNAUTHENTICATED"),
    "a relay to nowhere": ("GET", "/ws/no-such-mesh", [*UPGRADE, *PAPERS], 404, "NO_MESH"),
    "a page at the relay": ("GET", "/ws/{id}", [*UPGRADE, *PAPERS, ("Origin", "http://evil")], 403, "FORBIDDEN"),
    "events of no mesh": ("GET", "/events/no-such-mesh", [], 404, "NO_MESH"),
    "events since no number": ("GET", "/events/{id}?after=x", [], 400, "BAD_REQUEST"),
}


@pytest.mark.parametrize("case", ANYWHERE)
def test_whatever_goes_wrong_is_said_as_json(case: str, served: Served, mesh: Mesh, document: dict[str, Any]) -> None:
    """Also where no route is, at the relay, and to whom the door stays shut: a program need not read a page."""
    method, path, headers, status, code = ANYWHERE[case]
    path = f"/devmesh{path.format(id=mesh.home.name)}"
    token = ("Authorization", f"token {served.token}")
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    answer = served.ask(method, path, headers=[token, *headers])
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json"), answer
    _valid(answer.json, schema)
    assert (answer.json["code"], bool(answer.json["message"])) == (code, True)
    shut = served.ask(method, path, headers=headers)
    assert (shut.status, shut.headers["content-type"]) == (status if status == 405 else 403, "application/json"), shut
    _valid(shut.json, schema)


@pytest.mark.parametrize(
    "name", ["nothing-0000", "..", "%2e%2e", "..%2f..%2fetc", "A", "x" * 300, "%00", "home%2f..", "."]
)
def test_only_the_id_of_a_running_mesh_leads_anywhere(name: str, served: Served) -> None:
    """Whatever else is in its place: no file is opened by it, and nothing is told."""
    answer = served.ask("GET", f"{PREFIX}/projects/{name}/agents")
    assert answer.status == 404
    assert str(served.home).encode() not in answer.body


def told(mesh: Mesh, number: int) -> Task:
    """The task, once this other handle has heard of it too."""
    settled(mesh._door.replica.when(lambda state: number in state.tasks or None), 10)
    return mesh.task(number)


def test_a_task_posted_here_is_there(served: Served, mesh: Mesh, where: str) -> None:
    """The mesh knows it with all that was said of it."""
    wanted = {"prompt": "Mend it", "title": "Mending", "priority": 1, "files": ["greeting.py"], "review": True}
    number = served.ask("POST", f"{where}/tasks", body=wanted).json["task"]
    task = told(mesh, number)
    assert (task.title, task.priority) == ("Mending", 1)
    detail = served.ask("GET", f"{where}/tasks/{number}").json
    assert (detail["prompt"], detail["review"], detail["task"]["files"]) == ("Mend it", True, ["greeting.py"])
    assert detail["story"][0]["kind"] == "task_posted"


def test_several_meshes_are_served_at_once(served: Served, mesh: Mesh, other: Mesh) -> None:
    """Each by its own id; what is asked of one is not answered by the other."""
    found = {one["id"]: one["project"] for one in served.ask("GET", f"{PREFIX}/projects").json}
    assert found == {one.home.name: str(one.project) for one in (mesh, other)}
    before = len(mesh.tasks)
    posted = served.ask("POST", f"{PREFIX}/projects/{other.home.name}/tasks", body={"prompt": "for the other"})
    told(other, posted.json["task"])
    assert (len(mesh.tasks), len(other.tasks)) == (before, 1)


def test_the_record_comes_as_json_csv_and_arrow_and_is_the_same(served: Served, mesh: Mesh, where: str) -> None:
    """By `format=` or by what is accepted."""
    pa: Any = pytest.importorskip("pyarrow")
    mesh.post("For the record")
    as_json = served.ask("GET", f"{where}/audit?kind=task_*").json
    rows = list(csv.DictReader(io.StringIO(served.ask("GET", f"{where}/audit?kind=task_*&format=csv").body.decode())))
    accepted = [("Authorization", f"token {served.token}"), ("Accept", "application/vnd.apache.arrow.stream")]
    arrow = served.ask("GET", f"{where}/audit?kind=task_*", headers=accepted)
    table = pa.ipc.open_stream(arrow.body).read_all()
    numbers = [row["sequence"] for row in as_json]
    assert numbers
    assert [int(row["sequence"]) for row in rows] == numbers
    assert table.column("sequence").to_pylist() == numbers
    after = served.ask("GET", f"{where}/audit?after=1&limit=1").json
    assert [row["sequence"] for row in after] == [2]


def test_nothing_that_is_accepted_is_406(served: Served, where: str) -> None:
    """With what there is."""
    headers = [("Authorization", f"token {served.token}"), ("Accept", "image/png")]
    answer = served.ask("GET", f"{where}/audit", headers=headers)
    assert answer.status == 406
    assert "text/csv" in answer.json["message"]


def test_the_metrics_are_readable_by_prometheus_and_right(served: Served, mesh: Mesh) -> None:
    """Parsed by Prometheus' own parser."""
    text = served.ask("GET", f"{PREFIX}/metrics").body.decode()
    found = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels["project"] == mesh.home.name
    }
    assert found["devmesh_up", None] == 1
    assert found["devmesh_tasks", "queued"] == len(mesh.tasks)
    assert found["devmesh_agents", "idle"] == 0
    assert found["devmesh_facts_total", None] > 0


def test_a_method_that_is_not_offered_is_405(served: Served, where: str) -> None:
    """And changes nothing."""
    for method in ("PUT", "DELETE", "PATCH"):
        assert served.ask(method, f"{where}/tasks", body={"prompt": "x"}).status == 405


LARGE = {
    "announced in words": (["token"], "Content-Length: many\r\n", b"", 400),
    "announced beyond all numbers": (["token"], f"Content-Length: {'9' * 5_000}\r\n", b"", 413),
    "announced by nobody": ([], "Content-Length: 300000000\r\n", b"", 403),
    "sent in pieces by nobody": ([], "Transfer-Encoding: chunked\r\n", b"", 403),
    "announced": (["token"], "Content-Length: 300000000\r\n", b"", 413),
    "sent in pieces": (
        ["token"],
        "Transfer-Encoding: chunked\r\n",
        b"80000\r\n" + b" " * 0x80000 + b"\r\n1\r\n \r\n0\r\n\r\n",
        413,
    ),
}


@pytest.mark.parametrize("case", LARGE)
def test_too_large_a_body_is_refused_before_it_is_read(case: str, served: Served, where: str) -> None:
    """And one of who may not come in, however large: the answer is there before anything of it is sent."""
    papers, length, body, status = LARGE[case]
    known = f"Authorization: token {served.token}\r\n" if papers else ""
    host = f"127.0.0.1:{served.port}"
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as wire:
        wire.sendall(f"POST {where}/tasks HTTP/1.1\r\nHost: {host}\r\n{known}{length}\r\n".encode() + body)
        assert wire.makefile("rb").readline().split()[1] == b"%d" % status
