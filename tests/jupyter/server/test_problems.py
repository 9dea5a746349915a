"""Errors as they are told over HTTP: of ours the class, code and field; of HTTP's own what the status means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado import web

from devmesh.errors import BadTarget, Code, DevMeshError, Malformed, MeshLost, NoMesh, Refused, StorageError
from devmesh.jupyter.server.problems import KINDS, _meant, problem, status_of


def told(status: int, raised: BaseException | None) -> Any:
    """What a client reads."""
    return json.loads(problem(_meant(status, raised)))


@pytest.mark.parametrize(
    ("failed", "status"),
    [
        (Malformed("no"), 400),
        (BadTarget("no"), 400),
        (NoMesh("no"), 404),
        (Refused("no"), 409),
        (Refused("no", code=Code.UNKNOWN), 404),
        (Refused("no", code=Code.FORBIDDEN), 403),
        (MeshLost("no"), 503),
        (StorageError("no"), 503),
        (DevMeshError("no"), 500),
    ],
)
def test_each_error_of_ours_has_its_status(failed: DevMeshError, status: int) -> None:
    """By its code first, then by its class."""
    assert status_of(failed) == status


def test_an_error_of_ours_is_told_whole_also_through_one_of_https() -> None:
    """The status is HTTP's; class, code, hint and field are ours."""
    raised = web.HTTPError(404, "no mesh")
    raised.__cause__ = NoMesh("no mesh of this id runs", hint="Start it.", field="project")
    said = {"error": "NoMesh", "code": "NO_MESH", "message": "no mesh of this id runs"}
    assert told(404, raised) == {**said, "hint": "Start it.", "field": "project"}


@pytest.mark.parametrize("status", sorted(KINDS))
def test_each_status_of_https_own_has_words(status: int) -> None:
    """Those it came with, whatever signs are in them; else its usual ones."""
    kind, code = KINDS[status]
    for raised, message in ((web.HTTPError(status, "100% wrong: %s"), "100% wrong: %s"), (web.HTTPError(status), None)):
        said = told(status, raised)
        assert (said["error"], said["code"]) == (kind.__name__, code)
        assert said["message"] == message if message else said["message"]


def test_of_a_fault_nothing_is_told() -> None:
    """It may have anything in it."""
    said = told(500, ValueError("/somewhere/secret"))
    assert (said["error"], said["code"], said["message"]) == ("DevMeshError", "INTERNAL", "internal server error")
