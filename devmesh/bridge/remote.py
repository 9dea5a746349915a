"""The way to a mesh on another machine: through the door of a Jupyter Server there, over TLS. Knows no tool.

Only the conversation goes this way. Changes are handed over in the mesh's own folder, which has to be reachable here.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from devmesh.bridge.dialing import KEY, is_loopback, reach
from devmesh.errors import Code, MeshError, MeshLost, Refused

CREDENTIAL = "X-DevMesh-Credential"
"The header with the secret that was issued. A page cannot set it; `Authorization` is Jupyter's own."
_PATH = "/devmesh/ws/"

_FINAL = {
    HTTPStatus.UNAUTHORIZED: "the mesh there does not know this credential, or has revoked it",
    HTTPStatus.FORBIDDEN: "the Jupyter Server there does not take this token",
}
"Answers that no waiting changes."


@dataclass(slots=True)
class Doorway:
    """One door, and what opens it. `dial` has the form that a link wants."""

    url: str
    "wss://HOST/.../devmesh/ws/ID"
    token: str
    "Jupyter's, or the hub's: it says whose server it is."
    secret: str
    "The credential that the mesh issued."
    authority: Path | None = None
    "The certificate of whoever signed the server's, where the system does not know them."
    _was_in: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if _PATH not in parts.path or parts.scheme not in {"ws", "wss"} or "@" in parts.netloc or parts.query:
            raise MeshError(f"{self.url!r} is no door of a mesh", hint=f"It looks like wss://HOST{_PATH}ID.")
        if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
            raise MeshError(
                f"ws://{parts.hostname} would show the token and the credential to the network",
                hint="Use wss://, or an SSH tunnel to 127.0.0.1.",
            )

    async def dial(self, key: str) -> ClientConnection:
        """A connection to the coordinator behind it.

        Raises Refused for what no waiting changes: a certificate, a token or a credential that is not taken, and a mesh
        that never was there. Raises MeshLost for the rest, or what websockets raises.
        """
        headers = {"Authorization": f"token {self.token}", CREDENTIAL: self.secret, KEY: key}
        try:
            connection = await reach(self.url, headers, ssl=self._trusted())
        except ssl.SSLCertVerificationError as wrong:
            raise Refused(
                f"the certificate of {urlsplit(self.url).hostname} is not trusted: {wrong.verify_message}",
                code=Code.UNAUTHENTICATED,
                hint="Name the file with the certificate of its authority: --ca-file.",
            ) from None
        except InvalidStatus as answer:
            raise self._refusal(answer.response.status_code) from None
        self._was_in = True
        return connection

    def _trusted(self) -> ssl.SSLContext | None:
        if self.url.startswith("ws:"):
            return None
        try:
            return ssl.create_default_context(cafile=self.authority)
        except OSError as unreadable:
            raise Refused(f"{self.authority} holds no certificate: {unreadable}", code=Code.UNAUTHENTICATED) from None

    def _refusal(self, status: int) -> Refused | MeshLost:
        if status in _FINAL:
            return Refused(_FINAL[HTTPStatus(status)], code=Code.UNAUTHENTICATED)
        if status == HTTPStatus.NOT_FOUND and not self._was_in:
            return Refused("no mesh of this id runs there", code=Code.NO_MESH)
        return MeshLost(f"the server answers {status}")
