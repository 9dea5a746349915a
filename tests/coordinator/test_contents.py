"""What a request names of the repository is there, and is what it is named as; else it is refused by its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from devmesh.coordinator.contents import Contents, names_contents
from devmesh.coordinator.tree import WriteGate
from devmesh.errors import Code, RepositoryError
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary.facts import (
    BiddingOpened,
    ChangeApplied,
    ChangeOffered,
    LockGranted,
    RequestRefused,
    TaskAwarded,
    WriteFound,
)
from devmesh.vocabulary.requests import (
    AnyRequest,
    Bid,
    Heartbeat,
    OfferChange,
    PostTask,
    ReportWrite,
    RequestLock,
    Start,
)
from devmesh.vocabulary.terms import LockMode
from tests.coordinator.changing import Made, make, write
from tests.coordinator.rig import Client, Running, looped, running

NOWHERE = "f" * 40


def offered(made: Made, **other: Any) -> OfferChange:
    """The change, with something else in it."""
    plain = OfferChange(task=1, attempt=1, base=made.base, head=made.head, files=made.files)
    return replace(plain, **other)


def wrong_ones(made: Made) -> dict[str, AnyRequest]:
    """Requests that name what is not there, or is not that; by the field that is wrong."""
    file, blob = made.files[0], str(made.files[0].after)
    return {
        "base": offered(made, base=blob),
        "head": offered(made, head=NOWHERE),
        "files[0].after": offered(made, files=(replace(file, after=NOWHERE),)),
        "files[1].after": offered(made, files=(file, replace(file, path="b.txt", after=made.head))),
        "before": ReportWrite(path="a.txt", before=made.head, after=blob),
        "after": ReportWrite(path="a.txt", before=blob, after=NOWHERE),
    }


def test_what_is_not_there_is_objected_to_by_its_field(gate: WriteGate) -> None:
    """And what is there passes, also where only one of two versions is."""
    made = make(gate.repository, write(a_txt="new\n"))
    contents = Contents(gate.repository)
    for field, request in wrong_ones(made).items():
        objection = contents.objection(request)
        assert objection is not None
        assert (objection.field, objection.code) == (field, Code.UNKNOWN)
    for request in (offered(made), offered(made, files=()), ReportWrite(path="a.txt", after=made.files[0].after)):
        assert names_contents(request)
        assert contents.objection(request) is None
    assert not names_contents(Heartbeat())
    assert not names_contents(ReportWrite(path="a.txt"))


def test_a_repository_that_cannot_be_asked_objects_to_nothing(gate: WriteGate, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault of the agent's: the gate meets it again, and says what it is."""

    def kinds(_: Repository, oids: Any) -> dict[str, str | None]:
        raise RepositoryError("git is gone")

    monkeypatch.setattr(Repository, "kinds", kinds)
    assert Contents(gate.repository).objection(ReportWrite(path="a.txt", after=NOWHERE)) is None


async def at_work(mesh: Running, agent: Client) -> None:
    """The agent has task 1 and has begun it."""
    await (await mesh.operator()).ask(PostTask(prompt="edit"))
    await agent.hear_of(BiddingOpened)
    await agent.say(Bid(task=1))
    await agent.hear_of(TaskAwarded)
    await agent.ask(Start(task=1, attempt=1))


@looped
async def test_an_agent_is_told_which_field_and_nothing_is_left_to_decide(project: Path, settings: Settings) -> None:
    """No change is offered, no write is on record; the right ones are, and the change lands."""
    async with running(project, settings) as mesh, await mesh.agent() as agent:
        await at_work(mesh, agent)
        made = make(Repository(project, mesh.coordinator.home).open(), write(a_txt="new\n"))
        locked = await agent.ask(RequestLock(targets=("a.txt", "b.txt"), mode=LockMode.CO_WRITE, task=1))
        tokens = tuple(fact.token for fact in locked if isinstance(fact, LockGranted))
        for field, request in wrong_ones(made).items():
            named = {"tokens": tokens} if isinstance(request, OfferChange) else {"task": 1, "attempt": 1}
            (refused,) = await agent.ask(replace(request, **named))
            assert isinstance(refused, RequestRefused)
            assert (refused.field, refused.code) == (field, Code.UNKNOWN)
            assert "in the mesh's repository" in refused.message
        state = mesh.coordinator._in_force.state
        assert not {"change", "write"} & set(state.counted)
        blob = made.files[0].after
        found = await agent.ask(ReportWrite(path="b.txt", task=1, attempt=1, after=blob))
        assert isinstance(found[0], WriteFound)
        await agent.say(offered(made, tokens=tokens))
        assert (await agent.hear_of(ChangeOffered)).files == made.files
        assert (await agent.hear_of(ChangeApplied)).files == ("a.txt",)
        assert (project / "a.txt").read_text() == "new\n"


@looped
async def test_the_order_of_what_is_said_stays_and_others_are_told_no_at_once(
    project: Path, settings: Settings
) -> None:
    """What is looked up is answered before what was said after it; for whoever may not say it, nothing is."""
    async with running(project, settings) as mesh, await mesh.agent() as agent:
        numbers = [
            await agent.say(ReportWrite(path="a.txt", task=1, attempt=1, after=NOWHERE)),
            await agent.say(Heartbeat()),
        ]
        assert [(await agent.hear()).reply_to for _ in numbers] == numbers
        (refused,) = await (await mesh.operator()).ask(ReportWrite(path="a.txt", after=NOWHERE))
        assert refused.code == Code.FORBIDDEN
