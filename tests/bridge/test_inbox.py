"""Questions to the person: answered by their number, whatever happens to the connection, and for a real program."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devmesh.bridge.inbox import Inbox
from devmesh.bridge.link import Link, LinkState
from devmesh.errors import MeshLost, Refused
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Message
from devmesh.vocabulary.requests import AnswerQuestion, Ask, Watch
from devmesh.vocabulary.terms import QuestionKind, Role
from tests.bridge.rig import ASKING, PATIENCE, Person, WireServer, linked, meshed, scripted, serving, until
from tests.coordinator.rig import looped, running

ASKED = facts.QuestionAsked(question=1, agent="me", text="which?")
ANSWERED = facts.QuestionAnswered(question=1, agent="me", answer="this", answered_by="person")


def inbox_of(link: Link) -> Inbox:
    """An inbox that hears what the link is told."""
    inbox = Inbox(link)
    link.subscribe(inbox.heard)
    return inbox


async def asked(server: WireServer, inbox: Inbox) -> asyncio.Task[str]:
    """A question on its way, and known to the mesh."""
    asking = asyncio.create_task(inbox.ask(Ask(text="which?")))
    await server.heard_of(Ask)
    await until(lambda: inbox._waiting)
    return asking


@looped
async def test_an_answer_finds_its_question(home: Path) -> None:
    """Another's does not."""
    async with serving(home, lambda _: (ASKED,)) as server, linked(home) as link:
        asking = await asked(server, inbox_of(link))
        await server.tell(facts.QuestionAnswered(question=2, agent="me", answer="that"))
        await server.tell(ANSWERED)
        assert await asyncio.wait_for(asking, PATIENCE) == "this"


@looped
async def test_an_answer_that_comes_with_the_question_is_not_missed(home: Path) -> None:
    """A rule answers before the asker knows its question's number."""
    async with serving(home, lambda _: (ASKED, ANSWERED)), linked(home) as link:
        assert await asyncio.wait_for(inbox_of(link).ask(Ask(text="which?")), PATIENCE) == "this"


@looped
async def test_an_answer_that_was_given_while_away_comes_on_return(home: Path) -> None:
    """With how things stand; the question is not asked twice."""
    async with serving(home, lambda _: (ASKED,)) as server, linked(home) as link:
        asking = await asked(server, inbox_of(link))
        server.greeting = lambda resumed: (facts.Standing(agent="me", answers=(ANSWERED,)),) if resumed else ()
        await server.kill()
        await link.until(LinkState.LOST)
        await server.start()
        assert await asyncio.wait_for(asking, PATIENCE) == "this"
        assert len(await server.heard_of(Ask)) == 1


@looped
async def test_who_is_forgotten_by_the_mesh_waits_for_nothing(home: Path) -> None:
    """As is one that may not ask."""

    def refuse(message: Message) -> tuple[facts.AnyFact, ...]:
        text = message.request.text if isinstance(message.request, Ask) else ""
        return (ASKED,) if text == "which?" else (facts.RequestRefused(code="LIMIT", message="too many"),)

    async with serving(home, refuse) as server, linked(home) as link:
        inbox = inbox_of(link)
        asking = await asked(server, inbox)
        inbox.forget()
        with pytest.raises(MeshLost):
            await asyncio.wait_for(asking, PATIENCE)
        with pytest.raises(Refused, match="too many"):
            await inbox.ask(Ask(text="what?"))


@pytest.mark.slow
@looped
async def test_a_tools_question_survives_the_restart_of_its_mesh(project: Path, settings: Settings) -> None:
    """Asked of one coordinator, answered under the next, it reaches the program that waits."""
    script = "ask Which colour?\n| red\n| blue\nrun sh -c 'echo asked >> log.txt'\nappend a.txt\n| x"
    async with meshed(project, settings) as mesh, mesh.bridge(tool=scripted(talk=ASKING)) as bridge:
        task = await mesh.person.post(script)
        question = await mesh.person.sees(facts.QuestionAsked)
        assert (question.text, question.options, question.task) == ("Which colour?", ("red", "blue"), task)
        assert (question.agent, question.question_kind) == (bridge.agent, QuestionKind.QUESTION)
        await mesh.coordinator.stop("a restart")
        async with running(project, settings) as again, linked(again.coordinator.home, Role.OPERATOR) as link:
            person = Person(link)
            await link.request(Watch())
            await link.request(AnswerQuestion(question=question.question, answer="blue"))
            await person.sees(facts.TaskCompleted, task=task)
            said = "".join(one.text for one in person.seen(facts.OutputReported, task=task))
            assert "Answered: blue" in said
            assert (project / "log.txt").read_text() == "asked\n"
            bridge.leave("the mesh is about to stop")


@pytest.mark.slow
@looped
async def test_what_a_tool_may_not_do_by_itself_is_asked_of_the_person(project: Path, settings: Settings) -> None:
    """Granted or refused as they say; what leads out of its workspace is refused without asking."""
    script = "write CLAUDE.md\n| obey\nor append a.txt\n| refused\noutside ../elsewhere.txt\n| x\nor append a.txt\n| in"
    async with meshed(project, settings) as mesh, mesh.bridge(tool=scripted(talk=ASKING)):
        task = await mesh.person.post(script)
        question = await mesh.person.sees(facts.QuestionAsked)
        assert question.question_kind is QuestionKind.PERMISSION
        assert "CLAUDE.md" in question.text
        await mesh.person.say(AnswerQuestion(question=question.question, answer="no"))
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert (project / "a.txt").read_text().endswith("refused\nin\n")
        assert not (project / "CLAUDE.md").exists()
        assert len(mesh.person.seen(facts.QuestionAsked)) == 1
