"""A record that turns out to be damaged in the middle of the work is rebuilt there, and nobody has to start anything.

Records as small as these are looked through at every start; here they are taken for large ones, which are not.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.address import home_of
from devmesh.audit import opening
from devmesh.audit.database import DATABASE
from devmesh.audit.verify import verify
from devmesh.errors import Code, StorageError
from devmesh.settings import Settings
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode, Role
from tests.coordinator.rig import Client, eventually, looped, running
from tests.coordinator.test_loop import back

REBUILT = "the record was damaged and has been rebuilt"


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked through because it is small."""
    monkeypatch.setattr(opening, "CHECKED_ALWAYS", -1)
    monkeypatch.setattr(opening, "CHECKED_WHOLE", -1)


def spoil(home: Path, name: str) -> None:
    """Overwrite the root of a table or an index, as a bad block does."""
    path = home / DATABASE
    with closing(sqlite3.connect(path)) as reader:
        ((page,),) = reader.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
        ((size,),) = reader.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * 512)


async def told(project: Path, settings: Settings) -> tuple[Client, int]:
    """A first life, ended in order: an agent, and the lock it was granted."""
    async with running(project, settings) as mesh:
        agent = await mesh.agent()
        token = await agent.lock("a.txt")
        await agent.close()
    return agent, token


@looped
async def test_damage_that_is_met_at_work_is_mended_at_once(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody is disconnected and comes back; what was granted stands, and what was asked last is answered then."""
    caplog.set_level(logging.ERROR, logger="devmesh")
    agent, token = await told(project, settings)
    home = home_of(project, settings)
    spoil(home, "facts_by_task")
    async with running(project, settings) as mesh:
        person = await mesh.operator()
        assert REBUILT not in caplog.text
        number = await person.say(requests.PostTask(prompt="the first fact that is indexed by its task"))
        await person.closing(before=number)
        again = await back(mesh, person, Role.OPERATOR)
        await again.send(number, requests.PostTask(prompt="once more"))
        assert isinstance((await again.answer(number)).facts[0].fact, facts.TaskPosted)
        other = await back(mesh, agent)
        assert (await other.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        assert await other.lock("b.txt", LockMode.WRITE) > token
        assert not mesh.task.done()
        await again.close()
        await other.close()
    assert caplog.text.count(REBUILT) == 1
    assert len(list(home.glob("audit-damaged-*.db"))) == 1
    assert verify(home) is None


@pytest.mark.parametrize("name", ["facts", "facts_by_kind", "snapshots"])
@looped
async def test_damage_that_is_met_at_the_start_stops_no_start(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """In reading the record back, or in the first turn: it is mended before anybody is let in."""
    caplog.set_level(logging.ERROR, logger="devmesh")
    agent, token = await told(project, settings)
    home = home_of(project, settings)
    spoil(home, name)
    async with running(project, settings) as mesh:
        assert caplog.text.count(REBUILT) == 1
        again = await back(mesh, agent)
        assert (await again.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        await again.close()
    assert verify(home) is None


@looped
async def test_while_there_is_no_room_for_it_it_is_tried_again(project: Path, settings: Settings) -> None:
    """Nothing is lost by waiting, and nobody is let in meanwhile."""
    agent, token = await told(project, settings)
    disk = NoRoom()
    spoil(home_of(project, settings), "facts_by_task")
    async with running(project, settings, failpoint=disk) as mesh:
        person = await mesh.operator()
        await person.say(requests.PostTask(prompt="the first fact that is indexed by its task"))
        await person.closing(before=person.last)
        await eventually(lambda: disk.refused >= 3)
        assert mesh.coordinator._listener.closed_for == "the disk is full"
        disk.refuses = False
        again = await back(mesh, agent)
        assert (await again.ask(requests.Heartbeat(tokens=(token,))))[0].tokens == (token,)
        await again.close()


class NoRoom:
    """A disk on which nothing can be rebuilt."""

    def __init__(self) -> None:
        self.refuses, self.refused = True, 0

    def __call__(self, name: str) -> None:
        """Fails when the damaged files are aside."""
        if self.refuses and name == "rebuild_moved":
            self.refused += 1
            raise StorageError("no room", code=Code.STORAGE_FULL)
