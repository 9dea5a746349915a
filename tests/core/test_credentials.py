"""A credential opens the door in one role, until it is taken back; then nothing it opened stays open."""

from __future__ import annotations

import pytest

from devmesh.core import events
from devmesh.core.effects import HangUp
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Role
from tests.core.rig import Rig, only

DIGEST = "0f" * 32


def issued() -> Rig:
    """A mesh with one credential, by which an agent has come in."""
    rig = Rig()
    rig.say(rig.person(), requests.IssueCredential(digest=DIGEST, role=Role.AGENT, label="claude on the laptop"))
    rig.connections["a"], rig.ids["a"] = 50, 0
    rig.feed(events.Connected(connection=50, role=Role.AGENT, key="a", credential=1))
    return rig


def test_a_session_knows_by_which_credential_it_came() -> None:
    """And the record does."""
    rig = issued()
    session = rig.state.sessions[rig.state.by_connection[50]]
    assert session.credential == 1
    assert rig.state.credentials[1].label == "claude on the laptop"


def test_revoking_ends_what_it_opened_in_the_same_turn() -> None:
    """Others stay."""
    rig = issued()
    rig.join("b")
    said = rig.say(rig.person(), requests.RevokeCredential(credential=1, reason="lost laptop"))
    assert only(said, facts.CredentialRevoked).reason == "lost laptop"
    assert [effect.connection for effect in rig.wanted(HangUp)] == [50]


def test_a_credential_is_for_one_agent_while_that_is_in_the_mesh() -> None:
    """A second is refused, also while the first is away, and told what to do; free again once the first has left."""
    rig = issued()
    assert only(rig.say("a", requests.Join(tool="a")), facts.AgentJoined).agent == "a-1"
    rig.connections["b"], rig.ids["b"] = 51, 0
    rig.feed(events.Connected(connection=51, role=Role.AGENT, key="b", credential=1))
    refused = only(rig.say("b", requests.Join(tool="b")), facts.RequestRefused)
    assert (refused.code, "a-1 is here" in refused.message) == (Code.ALREADY_JOINED, True)
    rig.feed(events.Lost(connection=50))
    refused = only(rig.say("b", requests.Join(tool="b")), facts.RequestRefused)
    assert (refused.code, "wait up to 30 s" in refused.hint) == (Code.ALREADY_JOINED, True)
    rig.feed(events.Connected(connection=52, role=Role.AGENT, key="a", credential=1))
    rig.connections["a"] = 52
    rig.say("a", requests.Leave())
    assert only(rig.say("b", requests.Join(tool="b")), facts.AgentJoined).agent == "b-1"


def test_who_comes_back_with_its_own_key_goes_on_as_the_same_agent() -> None:
    """The same credential and the same key are the same run."""
    rig = issued()
    rig.say("a", requests.Join(tool="a"))
    rig.feed(events.Lost(connection=50))
    rig.feed(events.Connected(connection=51, role=Role.AGENT, key="a", credential=1))
    assert [(agent.name, agent.away) for agent in rig.state.present] == [("a-1", False)]


def test_a_credential_is_free_again_once_its_agent_was_given_up() -> None:
    """Silent for a whole lease, it is nobody's; so its crashed bridge may come in anew."""
    rig = issued()
    rig.say("a", requests.Join(tool="a"))
    rig.feed(events.Lost(connection=50))
    only(rig.pass_time(31), facts.AgentLost)
    rig.connections["b"], rig.ids["b"] = 51, 0
    rig.feed(events.Connected(connection=51, role=Role.AGENT, key="b", credential=1))
    assert only(rig.say("b", requests.Join(tool="b")), facts.AgentJoined).agent == "b-1"


def test_one_that_comes_in_while_it_is_revoked_is_turned_away() -> None:
    """The guard may have looked a moment too early."""
    rig = issued()
    rig.say(rig.person(), requests.RevokeCredential(credential=1))
    said = rig.feed(events.Connected(connection=51, role=Role.AGENT, key="a", credential=1))
    assert not said
    assert [effect.connection for effect in rig.wanted(HangUp)] == [51]


def test_the_same_key_by_another_credential_is_another_session() -> None:
    """Who lost their credential does not go on in the session it opened."""
    rig = issued()
    rig.say(rig.person(), requests.IssueCredential(digest="1f" * 32, role=Role.AGENT))
    said = rig.feed(events.Connected(connection=52, role=Role.AGENT, key="a", credential=2))
    assert only(said, facts.SessionOpened).credential == 2


@pytest.mark.parametrize("role", [Role.AGENT, Role.OBSERVER])
def test_only_the_person_lets_anyone_in(role: Role) -> None:
    """Nobody gives themselves a better role."""
    rig = Rig()
    rig.connect("x", role)
    for request in (
        requests.IssueCredential(digest=DIGEST, role=Role.OPERATOR),
        requests.RevokeCredential(credential=1),
    ):
        assert only(rig.say("x", request), facts.RequestRefused).code == "FORBIDDEN"


def test_one_secret_opens_one_role() -> None:
    """The same digest twice, or an unknown number, is refused."""
    rig = issued()
    again = rig.say(rig.person(), requests.IssueCredential(digest=DIGEST, role=Role.OPERATOR))
    assert only(again, facts.RequestRefused).field == "digest"
    unknown = rig.say(rig.person(), requests.RevokeCredential(credential=9))
    assert only(unknown, facts.RequestRefused).field == "credential"
