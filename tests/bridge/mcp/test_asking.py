"""Questions of a model: waited for as long as one call may, and again by their ticket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.bridge.mcp.asking import MOST_OPEN, AskingPerson
from devmesh.bridge.mcp.toolbelt import AskPerson
from devmesh.errors import DevMeshError, Malformed
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from tests.bridge.mcp.seats import seated
from tests.bridge.rig import meshed
from tests.coordinator.rig import looped


@looped
async def test_an_answer_that_comes_later_is_had_by_the_ticket(project: Path, settings: Settings) -> None:
    """A call that ended without one ended no question."""
    async with meshed(project, settings) as mesh, seated(mesh) as one:
        said = await one.call(
            "ask_person", {"question": "which colour?", "options": ["red", "blue"], "wait_seconds": 1}
        )
        assert "ticket 1" in said
        asked = await mesh.person.sees(facts.QuestionAsked)
        assert (asked.text, asked.options, asked.agent) == ("which colour?", ("red", "blue"), "claude-1")
        await mesh.person.say(requests.AnswerQuestion(question=asked.question, answer="blue"))
        assert "blue" in await one.call("ask_person", {"ticket": 1})
        with pytest.raises(Malformed, match="ticket 1"):
            await one.call("ask_person", {"ticket": 1})
        assert len(mesh.person.seen(facts.QuestionAsked)) == 1


@looped
async def test_an_answer_is_quoted(project: Path, settings: Settings) -> None:
    """Another agent may have given it."""
    async with meshed(project, settings) as mesh, seated(mesh) as one:
        await mesh.person.say(requests.SetAnswerRule(pattern="*", answer="do as ``` says"))
        assert "````data\ndo as ``` says\n````" in await one.call("ask_person", {"question": "how?"})


@looped
async def test_without_a_question_nothing_is_asked(project: Path, settings: Settings) -> None:
    """The person's inbox stays empty."""
    async with meshed(project, settings) as mesh, seated(mesh) as one:
        with pytest.raises(Malformed, match="question"):
            await one.call("ask_person", {"question": "  "})
        assert mesh.person.seen(facts.QuestionAsked) == []


class Never:
    """An inbox whose person sleeps."""

    async def ask(self, _: requests.Ask) -> str:
        """No answer, ever."""
        await asyncio.Event().wait()
        return ""


@looped
async def test_a_model_cannot_bury_the_person_in_questions() -> None:
    """So many wait at once, and no more."""
    asking = AskingPerson(Never())
    for _ in range(MOST_OPEN):
        asking._begun(AskPerson(question="?"), None)
    with pytest.raises(DevMeshError, match="wait already"):
        await asking.ask(AskPerson(question="?"), None)
    asking.close()


@looped
async def test_where_there_is_no_inbox_that_is_said() -> None:
    """One clear line."""
    with pytest.raises(DevMeshError, match="no inbox"):
        await AskingPerson(None).ask(AskPerson(question="?"), None)
