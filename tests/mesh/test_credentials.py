"""`mesh.credentials`, and the one that every launched bridge has for itself."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from devmesh.bridge.link import LinkState
from devmesh.errors import MeshLost, Refused
from devmesh.mesh import Mesh
from devmesh.mesh.door import Door
from devmesh.vocabulary.terms import Role


def test_a_secret_is_shown_once_and_never_by_accident(mesh: Mesh) -> None:
    """Printing what was issued, or the list, shows no secret."""
    issued = mesh.credentials.issue("for the build server", "observer")
    assert issued.secret not in f"{issued!r} {issued} {mesh.credentials!r}"
    assert mesh.credentials[issued.number].label == "for the build server"
    assert mesh.credentials[issued.number].role is Role.OBSERVER
    assert list(mesh.credentials.df()["credential"]) == [issued.number]


def test_a_revoked_one_is_gone_and_cannot_be_revoked_again(mesh: Mesh) -> None:
    """The second time is refused, not ignored: the number was mistyped."""
    issued = mesh.credentials.issue()
    mesh.credentials.revoke(issued.number)
    assert issued.number not in mesh.credentials
    with pytest.raises(Refused):
        mesh.credentials.revoke(issued.number)


@pytest.mark.slow
def test_every_launched_bridge_has_its_own_and_it_ends_with_it(mesh: Mesh) -> None:
    """Its agent came in by it; no process shows the secret; once the bridge has gone it opens nothing."""
    names = mesh.launch("scripted", count=2)
    rows = list(mesh.credentials)
    assert sorted(agent for row in rows for agent in row.agents) == sorted(names)
    assert len({row.credential for row in rows}) == 2
    for process in psutil.Process().children(recursive=True):
        assert "Bearer" not in " ".join(process.cmdline())
    assert not list(mesh.home.glob(".credential-*")), "each was taken, and its file removed"
    mesh.dismiss(names[0])
    deadline = time.monotonic() + 15
    while len(mesh.credentials) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [row.agents for row in mesh.credentials] == [(names[1],)]


@pytest.mark.slow
def test_revoking_a_bridges_credential_ends_the_bridge(mesh: Mesh) -> None:
    """It is hung up on, is not let in again, and does not try for ever."""
    (name,) = mesh.launch("scripted")
    pid = next(agent.joined.pid for agent in _agents(mesh))
    mesh.credentials.revoke(mesh.credentials.keys()[0], "no longer trusted")
    psutil.Process(pid).wait(15)
    assert name


def test_a_link_that_is_refused_for_its_secret_gives_up_with_the_reason(mesh: Mesh) -> None:
    """Not before: a coordinator that is merely away is waited for."""
    from devmesh.bridge.link import Link

    async def link() -> tuple[LinkState, str]:
        made = Link(mesh._door._address, Role.AGENT, secret="x" * 43)
        try:
            await made.open(10)
        except MeshLost as lost:
            return made.state, lost.message
        raise AssertionError

    state, message = mesh._door.call(link())
    assert state is LinkState.CLOSED
    assert "credential" in message


def _agents(mesh: Mesh):  # type: ignore[no-untyped-def]  # noqa: ANN202
    door: Door = mesh._door
    return door.replica.read(lambda state: list(state.present))


def test_the_environment_of_this_process_holds_none(mesh: Mesh) -> None:
    """Tools inherit environments; secrets of the mesh are never there."""
    secret = mesh.credentials.issue().secret
    assert secret not in os.environ.values()
