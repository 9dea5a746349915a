"""`/devmesh/ws/<mesh>`: an agent from outside, relayed to the coordinator through two doors: Jupyter's and the mesh's.

Jupyter says whether this user may use the mesh at all; the credential in a header of its own says as whom. What is said
passes unread, and only as fast as the other side takes it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web, websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from devmesh.bridge.dialing import KEY, dial
from devmesh.bridge.remote import CREDENTIAL
from devmesh.errors import DevMeshError, NoMesh, Refused
from devmesh.jupyter.server.handlers import RESOURCE
from devmesh.jupyter.server.problems import Problems
from devmesh.vocabulary.codec import MAX_MESSAGE
from devmesh.vocabulary.terms import Role

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from devmesh.address import Connection
    from devmesh.coordinator.pace import Bucket
    from devmesh.jupyter.server.meshes import Meshes

TOO_MANY = 429
MOST = 256
"Agents relayed at once."
_NO_CODE = frozenset({1005, 1006, 1015})
"Close codes that only a library may report, never a peer send."

_log = logging.getLogger(__name__)


class RelayHandler(WebSocketMixin, websocket.WebSocketHandler, Problems):
    """One client and its connection to the coordinator: each ends with the other."""

    auth_resource = RESOURCE
    relayed = 0

    def initialize(self, meshes: Meshes, failures: Bucket) -> None:
        """`failures` is shared by all: whoever guesses is told to slow down."""
        self._meshes = meshes
        self._failures = failures
        self._upstream: ClientConnection | None = None
        self._pumping: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """As the coordinator's own."""
        return MAX_MESSAGE

    @ws_authenticated
    async def get(self, project: str) -> None:
        """Reach the coordinator first: whoever may not is told so in HTTP, and never gets a socket."""
        if self.request.headers.get_list("Origin"):
            raise self._refused(403, "web pages are not relayed")
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", RESOURCE)):
            raise self._refused(403, "this user may not use the mesh")
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPError(400, "only WebSockets are relayed")
        secret, key = self._one(CREDENTIAL, 401), self._one(KEY, 400)
        if RelayHandler.relayed >= MOST:
            raise web.HTTPError(503, "too many are relayed already")
        self._upstream = await self._reached(project, secret, key)
        RelayHandler.relayed += 1
        try:
            await super().get(project)
        except BaseException:
            await self._let_go()
            raise
        if self.ws_connection is None:  # it was no WebSocket request after all
            await self._let_go()

    def check_origin(self, origin: str | None = None) -> bool:
        """None is right: `get` has looked."""
        return origin is None

    async def _reached(self, project: str, secret: str, key: str) -> ClientConnection:
        try:
            connection = await asyncio.to_thread(self._meshes.connection, project)
            if not _is_of_the_file(secret, connection):
                return await dial(connection, Role.AGENT, key, secret)
        except NoMesh as none:
            raise web.HTTPError(404, none.message) from none
        except Refused:
            pass
        except InvalidStatus as answer:
            status = answer.response.status_code
            raise web.HTTPError(status if status == TOO_MANY else 503, "the mesh lets nobody in now") from None
        except (DevMeshError, WebSocketException, OSError, TimeoutError) as failed:
            _log.info("the mesh could not be reached: %s", failed)
            raise web.HTTPError(503, "the mesh does not answer") from None
        raise self._refused(401, "this credential opens nothing")

    def _one(self, header: str, status: int) -> str:
        values = self.request.headers.get_list(header)
        if len(values) != 1 or not values[0].isascii() or not 32 <= len(values[0]) <= 256:  # noqa: PLR2004 - as the guard's
            raise self._refused(status, f"exactly one {header} of 32 to 256 characters is needed")
        return values[0]

    def _refused(self, status: int, why: str) -> web.HTTPError:
        """The status with its reason, or 429 for who fails too often."""
        return web.HTTPError(status if self._failures.take() else TOO_MANY, why)

    # ---- both ways ----

    def open(self, *_: Any) -> None:
        """Both doors are passed."""
        super().open()
        if self._upstream is not None:  # else the client left meanwhile
            self._pumping = asyncio.get_running_loop().create_task(self._pump(self._upstream), name="devmesh relay")

    async def on_message(self, message: str | bytes) -> None:
        """Pass it on. The next is read only once the coordinator's socket took this one."""
        if isinstance(message, bytes):
            self.close(1003, "only text is understood")
            return
        if self._upstream is not None:
            with suppress(ConnectionClosed):
                await self._upstream.send(message, text=True)

    async def _pump(self, upstream: ClientConnection) -> None:
        """Pass on what the coordinator says, as fast as the client reads; the coordinator lets a slow one go."""
        try:
            async for text in upstream:
                await self.write_message(text)
        except (ConnectionClosed, websocket.WebSocketClosedError):
            pass
        finally:
            self.close(None if upstream.close_code in _NO_CODE else upstream.close_code, upstream.close_reason or None)

    def on_close(self) -> None:
        """The client left, or was let go."""
        super().on_close()
        self._closing = asyncio.get_running_loop().create_task(self._let_go())

    async def _let_go(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            RelayHandler.relayed -= 1
            await upstream.close()
        if self._pumping is not None:
            await asyncio.wait([self._pumping])


def _is_of_the_file(secret: str, connection: Connection) -> bool:
    """Whether it is a token of the connection file: those are for this machine alone."""
    return any(hmac.compare_digest(secret, token) for token in connection.tokens.values())
