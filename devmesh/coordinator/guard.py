"""Who gets in: every handshake is judged here first. Knows headers and tokens; no session, no rule.

A web page never passes: it cannot leave out its Origin, nor choose its Host, nor know the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

from websockets.datastructures import Headers

from devmesh.coordinator.pace import Bucket
from devmesh.vocabulary.terms import Role

SECRET = "X-DevMesh-Key"  # noqa: S105 - the name of a header
"The header with the client's own secret: the same secret resumes the same session."
_SHORTEST, _LONGEST = 32, 256
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Credential:
    """What a connection is, from the token it brought; never from anything it says."""

    role: Role
    key: str
    "SHA-256 of the client's secret."


@dataclass(frozen=True, slots=True)
class Rejection:
    """The HTTP answer to a handshake that does not pass."""

    status: HTTPStatus
    text: str


class Guard:
    """Judges handshakes for one port. The right token always passes, however often others fail."""

    def __init__(self, tokens: Mapping[Role, str], port: int, failures: Bucket) -> None:
        self._tokens = {role: token.encode() for role, token in tokens.items()}
        self._hosts = {f"{host}:{port}" for host in _LOOPBACK}
        self._failures = failures

    def judge(self, headers: Headers) -> Credential | Rejection:
        """Let in, or turn away with a reason that says nothing of the tokens."""
        verdict = self._judge(headers)
        if isinstance(verdict, Rejection) and not self._failures.take():
            return Rejection(HTTPStatus.TOO_MANY_REQUESTS, "Too many failed attempts.\n")
        return verdict

    def _judge(self, headers: Headers) -> Credential | Rejection:
        hosts = headers.get_all("Host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return Rejection(HTTPStatus.FORBIDDEN, "This Host is not served.\n")
        if headers.get_all("Origin"):
            return Rejection(HTTPStatus.FORBIDDEN, "Web pages are not served.\n")
        role = self._role(headers.get_all("Authorization"))
        if role is None:
            return Rejection(HTTPStatus.UNAUTHORIZED, "The bearer token of the connection file is needed.\n")
        secrets = headers.get_all(SECRET)
        if len(secrets) != 1 or not _SHORTEST <= len(secrets[0]) <= _LONGEST:
            return Rejection(HTTPStatus.BAD_REQUEST, f"Exactly one {SECRET} of 32 to 256 characters is needed.\n")
        return Credential(role, sha256(secrets[0].encode(errors="surrogateescape")).hexdigest())

    def _role(self, authorizations: list[str]) -> Role | None:
        """Compared with every token in constant time, so that nothing can be learnt from how long it took."""
        scheme, _, token = (authorizations[0] if len(authorizations) == 1 else "").partition(" ")
        given = token.encode(errors="surrogateescape")
        found = [role for role, known in self._tokens.items() if hmac.compare_digest(known, given)]
        return found[0] if found and scheme.lower() == "bearer" else None
