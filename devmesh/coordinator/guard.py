"""Who gets in: every handshake is judged here first. Knows headers and tokens; no session, no rule.

A web page never passes: it cannot leave out its Origin, nor choose its Host, nor know the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

from websockets.datastructures import Headers

from devmesh.coordinator.pace import Bucket
from devmesh.vocabulary import known
from devmesh.vocabulary.facts import CredentialIssued
from devmesh.vocabulary.terms import Role

SECRET = "X-DevMesh-Key"  # noqa: S105 - the name of a header
"The header with the client's own secret: the same secret resumes the same session."
_SHORTEST, _LONGEST = 32, 256
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Issued = Callable[[], Mapping[int, CredentialIssued]]
"Gives the credentials in force, by number."


@dataclass(frozen=True, slots=True)
class Credential:
    """What a connection is, from the token it brought; never from anything it says."""

    role: Role
    key: str
    "SHA-256 of the client's secret."
    number: int | None = None
    "Of the credential that was issued for it; None: it came by its role's token of the connection file."


@dataclass(frozen=True, slots=True)
class Rejection:
    """The HTTP answer to a handshake that does not pass."""

    status: HTTPStatus
    text: str


class Guard:
    """Judges handshakes for one port, or for a Unix socket (port None), whose clients name no port.

    The right token always passes, however often others fail. `issued` gives the credentials in force, at every
    handshake anew, so that a revoked one opens nothing from the moment it is revoked.
    """

    def __init__(
        self,
        tokens: Mapping[Role, str],
        port: int | None,
        failures: Bucket,
        issued: Issued = dict,
    ) -> None:
        self._tokens = {role: sha256(token.encode()).hexdigest() for role, token in tokens.items()}
        known.hide_digests(*self._tokens.values())
        self._hosts = {"localhost"} if port is None else {f"{host}:{port}" for host in _LOOPBACK}
        self._failures = failures
        self._issued = issued

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
        found = self._known(headers.get_all("Authorization"))
        if found is None:
            return Rejection(HTTPStatus.UNAUTHORIZED, "A bearer token of the connection file, or an issued one.\n")
        secrets = headers.get_all(SECRET)
        if len(secrets) != 1 or not _SHORTEST <= len(secrets[0]) <= _LONGEST:
            return Rejection(HTTPStatus.BAD_REQUEST, f"Exactly one {SECRET} of 32 to 256 characters is needed.\n")
        role, number = found
        key = sha256(secrets[0].encode(errors="surrogateescape")).hexdigest()
        known.hide_digests(key)
        return Credential(role, key, number)

    def _known(self, authorizations: list[str]) -> tuple[Role, int | None] | None:
        """Role and number of whose secret this is.

        Its digest is compared with every known one, each in constant time and none left out: nothing can be learnt from
        how long it took.
        """
        scheme, _, token = (authorizations[0] if len(authorizations) == 1 else "").partition(" ")
        given = sha256(token.encode(errors="surrogateescape")).hexdigest()
        found: tuple[Role, int | None] | None = None
        for role, digest in self._tokens.items():
            if hmac.compare_digest(digest, given):
                found = (role, None)
        for number, issued in self._issued().items():
            if hmac.compare_digest(issued.digest, given):
                found = (issued.role, number)
        return found if scheme.lower() == "bearer" else None
