"""From HTTP to the table of routes and back. Who asks is Jupyter's to know; what errors become, `problems`'s."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.http1connection import HTTP1Connection

from devmesh.errors import Code, DevMeshError, Malformed
from devmesh.jupyter.server import shapes, tabular
from devmesh.jupyter.server.meshes import Meshes
from devmesh.jupyter.server.problems import Problems, problem, status_of
from devmesh.jupyter.server.routes import Asked, Body, Parameter, Route
from devmesh.vocabulary.codec import MAX_MESSAGE

RESOURCE = "devmesh"
"What Jupyter's authorizer is asked about."
MOST_READ = 16 * MAX_MESSAGE
"Bytes of a body that are read, though not kept, so that who sends too many can be told so; no more are."
_NUMBER = r"[1-9]\d{0,15}"


@web.stream_request_body
class RouteHandler(Problems, APIHandler):
    """Answers the routes of one path. Of a body nothing is read before it is known who sends it, and how much."""

    auth_resource = RESOURCE

    def initialize(self, routes: Mapping[str, Route], meshes: Meshes) -> None:
        """`routes` by method."""
        self._routes = routes
        self._meshes = meshes
        self.SUPPORTED_METHODS = (*(method.upper() for method in routes), "OPTIONS")
        self._sent = bytearray()
        self._is_too_large = False

    async def prepare(self, **options: Any) -> None:
        """Raises 403 and 413, before anything of the body has come."""
        await super().prepare(**options)
        if self.current_user is None and self.request.method != "OPTIONS":
            raise web.HTTPError(403)
        announced = self.request.headers.get("Content-Length", "0")  # what is no number the server itself refuses
        if announced.isdecimal() and (len(announced) > len(str(MOST_READ)) or int(announced) > MOST_READ):
            raise web.HTTPError(413, f"at most {MAX_MESSAGE} bytes are taken")
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)  # noqa: S101 - Jupyter serves no other
        connection.set_max_body_size(MOST_READ)

    def data_received(self, chunk: bytes) -> None:
        """The next of the body; of one that is too large no more is kept."""
        if not self._is_too_large:
            self._sent += chunk
            self._is_too_large = len(self._sent) > MAX_MESSAGE

    @web.authenticated
    async def get(self, **path: str) -> None:
        """Read."""
        await self._answer("get", path)

    @web.authenticated
    async def post(self, **path: str) -> None:
        """Ask for something."""
        await self._answer("post", path)

    @web.authenticated
    async def delete(self, **path: str) -> None:
        """Take something back."""
        await self._answer("delete", path)

    async def _answer(self, method: str, path: dict[str, str]) -> None:
        route = self._routes[method]
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, route.action, RESOURCE)):
            raise web.HTTPError(403)
        self.set_header("Cache-Control", "no-store")
        try:
            given = await route.answer(self._asked(route, path))
        except DevMeshError as failed:
            self._fail(failed)
            return
        self.set_status(route.status)
        if isinstance(given, Body):
            self.finish(given.content, set_content_type=given.media_type)
        else:
            self.finish(msgspec.json.encode(given), set_content_type=tabular.JSON)

    def _asked(self, route: Route, path: dict[str, str]) -> Asked:
        known = {one.name for one in route.query} | {"token", "no_track_activity"}
        if unknown := sorted(set(self.request.query_arguments) - known):
            raise Malformed(f"there is no parameter {unknown[0][:40]!r} here", field=unknown[0][:40])
        query = {one.name: self._parameter(one) for one in route.query}
        body = None if route.takes is None else self._body(route.takes)
        return Asked(self._meshes, path, query, body, self.request.headers.get("Accept", ""))

    def _parameter(self, one: Parameter) -> Any:
        values = self.get_query_arguments(one.name)
        if not values:
            return one.default
        if len(values) > 1:
            raise Malformed(f"{one.name} is given {len(values)} times", field=one.name)
        if one.type is str:
            return values[0]
        if not re.fullmatch(r"\d{1,15}", values[0]) or (one.most is not None and int(values[0]) > one.most):
            raise Malformed(f"{one.name}: a number from 0 to {one.most or 10**15 - 1}", field=one.name)
        return int(values[0])

    def _body(self, of: type[shapes.Taken]) -> Any:
        if self._is_too_large:
            raise Malformed(f"at most {MAX_MESSAGE} bytes are taken", code=Code.TOO_LARGE)
        try:
            return msgspec.json.decode(self._sent, type=of)
        except msgspec.ValidationError as wrong:
            reason, _, field = str(wrong).partition(" - at `$.")
            raise Malformed(reason, field=field.rstrip("`") or None) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
            raise Malformed(f"the body is not JSON in UTF-8: {wrong}") from None

    def _fail(self, failed: DevMeshError) -> None:
        self.set_status(status_of(failed))
        self.finish(problem(failed), set_content_type=tabular.JSON)


def mounted(routes: Iterable[Route], meshes: Meshes, prefix: str) -> list[tuple[Any, ...]]:
    """The table as tornado wants it: a handler for each path."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    return [(_pattern(prefix + path), RouteHandler, {"routes": of, "meshes": meshes}) for path, of in by_path.items()]


def _pattern(path: str) -> str:
    parts = re.split(r"(\{\w+\})", path)
    return "".join(_group(part[1:-1]) if part.startswith("{") else re.escape(part) for part in parts)


def _group(name: str) -> str:
    return f"(?P<{name}>[^/]+)" if name == "project" else rf"(?P<{name}>{_NUMBER})"
