"""`mesh.credentials`: who may come in by a secret of its own, in one role, until the person takes it back.

A secret is shown once, to whoever asked for it; the mesh itself knows only its digest.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from devmesh.errors import MeshLost
from devmesh.mesh.nouns import Noun
from devmesh.mesh.waiting import Done
from devmesh.vocabulary import known
from devmesh.vocabulary.facts import CredentialIssued
from devmesh.vocabulary.requests import IssueCredential, RevokeCredential
from devmesh.vocabulary.terms import Role

if TYPE_CHECKING:
    from devmesh.core.state import MeshState
    from devmesh.mesh.door import Door


class Issued(NamedTuple):
    """A new credential, with the only copy of its secret. Printed, it hides it."""

    number: int
    role: Role
    secret: str

    def __repr__(self) -> str:
        return f"Issued(number={self.number}, role={str(self.role)!r}; `.secret` is shown nowhere else)"


class Standing(NamedTuple):
    """A credential in force."""

    credential: int
    role: Role
    label: str
    agents: tuple[str, ...]
    "Who came in by it and is here."


async def issue(door: Door, label: str, role: Role = Role.AGENT) -> Issued:
    """Have a fresh secret of 256 bits let in, in that role."""
    secret = secrets.token_urlsafe(32)
    known.hide(secret)
    digest = sha256(secret.encode()).hexdigest()
    answer = (await door.ask(IssueCredential(digest=digest, role=role, label=label))).find(CredentialIssued)
    if answer is None:
        raise MeshLost("the mesh answered without a credential: is it of another version?")
    return Issued(answer.credential, role, secret)


async def revoke(door: Door, number: int, reason: str = "") -> None:
    """Let nobody in by it any more; whoever is in by it is cut off."""
    await door.ask(RevokeCredential(credential=number, reason=reason))


class Credentials(Noun[int, Standing]):
    """The credentials in force, by number."""

    called = "credentials"
    columns = Standing._fields

    def issue(self, label: str = "", role: Role | str = Role.AGENT) -> Issued:
        """Issue one. Its secret is in what is returned, and nowhere else."""
        door = self._operations.door
        return door.call(issue(door, label, Role(role)))

    def revoke(self, credential: int, reason: str = "") -> Done:
        """Take one back: it opens nothing from now on, and its sessions end. Raises Refused when there is none."""
        door = self._operations.door
        door.call(revoke(door, credential, reason))
        return Done(f"revoked credential {credential}")

    def _keys(self, state: MeshState) -> list[int]:
        return list(state.credentials)

    def _held(self, key: int) -> Standing:
        return self._read(lambda state: self._look(state, key))

    def _row(self, state: MeshState, key: int) -> tuple[object, ...]:
        return self._look(state, key)

    @staticmethod
    def _look(state: MeshState, key: int) -> Standing:
        of = state.credentials[key]
        by = {session.agent for session in state.sessions.values() if session.credential == key}
        present = tuple(agent.name for agent in state.present if agent.name in by)
        return Standing(of.credential, of.role, of.label, present)

    def df(self) -> Any:
        """Those in force, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(self.columns))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle()
