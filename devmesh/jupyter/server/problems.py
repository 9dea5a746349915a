"""Every error below `/devmesh/` as a `Problem`: ours by class and code, HTTP's own by status. Two tables."""

from __future__ import annotations

from http.client import responses
from typing import Any, Final

import msgspec
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from devmesh.errors import Code, DevMeshError, Malformed, MeshError, MeshLost, NoMesh, Refused, StorageError
from devmesh.jupyter.server import shapes, tabular

STATUS: Final[tuple[tuple[type[DevMeshError], int], ...]] = (
    (tabular.NotAcceptable, 406),
    (Malformed, 400),
    (NoMesh, 404),
    (MeshLost, 503),
    (StorageError, 503),
    (MeshError, 503),
    (Refused, 409),
)
"The first that fits; anything else of ours is a fault (500)."
MOST = 2_000
"Characters of an error that are told: what was asked may be quoted in it."
_OF_CODES: Final = {
    Code.TOO_LARGE: 413,
    Code.UNKNOWN: 404,
    Code.FORBIDDEN: 403,
    Code.BAD_TARGET: 400,
    Code.PATH_ESCAPES: 400,
}

KINDS: Final[dict[int, tuple[type[DevMeshError], Code]]] = {
    400: (Malformed, Code.BAD_REQUEST),
    401: (Refused, Code.UNAUTHENTICATED),
    403: (Refused, Code.FORBIDDEN),
    404: (Refused, Code.UNKNOWN),
    405: (Malformed, Code.BAD_REQUEST),
    413: (Malformed, Code.TOO_LARGE),
    429: (Refused, Code.LIMIT),
    503: (MeshLost, Code.MESH_LOST),
}
"What each status means in our words; any other is a fault of ours."


def status_of(failed: DevMeshError) -> int:
    """The HTTP status that says the same."""
    return _OF_CODES.get(failed.code, next((number for kind, number in STATUS if isinstance(failed, kind)), 500))


def problem(failed: DevMeshError) -> bytes:
    """The error, written."""
    return msgspec.json.encode(
        shapes.Problem(
            error=type(failed).__name__,
            code=str(failed.code),
            message=failed.message[:MOST],
            hint=failed.hint,
            field=failed.field,
        )
    )


def _meant(status: int, raised: BaseException | None) -> DevMeshError:
    """The error of ours that it was raised from, else what its status means; of a fault nothing is told."""
    if raised is not None and isinstance(raised.__cause__, DevMeshError):
        return raised.__cause__
    said = _said(raised) if isinstance(raised, web.HTTPError) else ""
    kind, code = KINDS.get(status, (DevMeshError, Code.INTERNAL))
    return kind(said or responses.get(status, "an unknown error").lower(), code=code)


def _said(raised: web.HTTPError) -> str:
    return (raised.log_message or "") % raised.args


class Problems(JupyterHandler):
    """A handler whose errors are for programs, before it knows who asks as well as after."""

    def write_error(self, status_code: int, **given: Any) -> None:
        """Instead of Jupyter's page."""
        body = problem(_meant(status_code, (given.get("exc_info") or (None, None))[1]))
        self.set_header("Content-Type", tabular.JSON)
        self.set_header("Cache-Control", "no-store")
        self.finish(body)

    def log_exception(self, kind: Any, raised: Any, trace: Any) -> None:
        """Without the address: a token may stand in it, and a log is read by more people than may come in."""
        asked = f"{self.request.method} {self.request.path} ({self.request.remote_ip})"
        if isinstance(raised, web.HTTPError):
            if raised.log_message:
                self.log.warning("%d %s: %s", raised.status_code, asked, _said(raised))
        else:
            self.log.error("a fault of ours at %s", asked, exc_info=(kind, raised, trace))


class NowhereHandler(Problems, APIHandler):
    """Every path below ours that leads nowhere."""

    def get(self, *_: str) -> None:
        """404, for those who may come in; 403 for others."""
        raise web.HTTPError(404, "there is no such path; GET /devmesh/api/openapi.json lists those that there are")

    get = post = put = patch = delete = head = web.authenticated(get)  # type: ignore[assignment]
