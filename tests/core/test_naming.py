"""No agent is taken for the person, nor for another that is here."""

from __future__ import annotations

import pytest

from devmesh.core.naming import reads_like_the_person
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from tests.core.rig import Rig, only


def refused(rig: Rig, tool: str) -> facts.RequestRefused:
    """Why an agent of that tool does not join."""
    rig.connect("new")
    said = only(rig.say("new", requests.Join(tool=tool)), facts.RequestRefused)
    assert (said.field, bool(said.hint)) == ("tool", True)
    return said


@pytest.mark.parametrize(
    "tool",
    ["person", "PERSON", "Person-1", "person.", "per-son", "pers0n", "p3r50n", "the-person", "person@home", "person_2"],
)
def test_nobody_joins_as_the_person(tool: str) -> None:
    """However it is written."""
    rig = Rig()
    assert refused(rig, tool).code == Code.FORBIDDEN
    assert not rig.state.agents


@pytest.mark.parametrize("tool", ["claude", "personal", "gpt-5", "parson", "impersonate", "per", "a.b:c@d+e-f_1"])
def test_other_names_are_free(tool: str) -> None:
    """Also those that have the word within another."""
    assert not reads_like_the_person(tool)
    assert Rig().join(tool) == [f"{tool}-1"]


@pytest.mark.parametrize("tool", ["p\u0435rson", "\uff50\uff45\uff52\uff53\uff4f\uff4e", "cl\u0430ude", "größe"])
def test_letters_that_look_like_others_are_refused(tool: str) -> None:
    """A Cyrillic e is no e; nobody sees that."""
    assert refused(Rig(), tool).code == Code.BAD_REQUEST


@pytest.mark.parametrize("tool", ["VICTIM", "Victim", "victim-1", "VICTIM-1"])
def test_nobody_is_called_like_an_agent_that_is_here(tool: str) -> None:
    """Neither like its tool, in other capitals, nor like itself; when it has gone, there is nobody to be taken for."""
    rig = Rig()
    rig.join("victim")
    said = refused(rig, tool)
    assert (said.code, "victim-1" in said.message) == (Code.ALREADY_JOINED, True)
    rig.say("victim-1", requests.Leave())
    assert only(rig.say("new", requests.Join(tool=tool)), facts.AgentJoined).agent == f"{tool}-1"


def test_an_agent_is_not_numbered_into_the_name_of_another_tool() -> None:
    """A task for the agent `gpt-2` is for no other; the number left out is not given later either."""
    rig = Rig()
    assert rig.join("gpt-2", "gpt", "gpt", "gpt") == ["gpt-2-1", "gpt-1", "gpt-3", "gpt-4"]
    rig.say("gpt-2-1", requests.Leave())
    assert rig.join("gpt") == ["gpt-5"]
