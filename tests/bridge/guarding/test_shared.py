"""The gate of the project itself, with real locks of a real coordinator: all of a wish, or none and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devmesh.bridge.guarding.own import NO
from devmesh.bridge.guarding.shared import SharedGate, in_the_way
from devmesh.bridge.link import Link
from devmesh.bridge.locks import Locks
from devmesh.bridge.tools.tool import Permission, Wish
from devmesh.errors import MeshLost
from devmesh.settings import Settings
from devmesh.vocabulary.facts import AgentJoined
from devmesh.vocabulary.facts.board import BoardShown, LockOnBoard
from devmesh.vocabulary.requests import Ask, Join, Look
from devmesh.vocabulary.terms import LockMode
from tests.bridge.rig import Mesh, linked, meshed
from tests.coordinator.rig import looped


async def no(_: Ask) -> str:
    """A person who allows nothing."""
    return NO


class Agent:
    """One agent with its locks, as a bridge has them."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.locks = Locks(link, self._beat)
        link.subscribe(self.locks.heard)

    async def join(self) -> None:
        """Become one."""
        joined = (await self.link.request(Join(tool="tester"))).find(AgentJoined)
        assert joined is not None
        self.locks.trust(joined.lease, joined.margin)

    async def _beat(self) -> None:
        """Nothing lasts long enough here."""

    async def look(self) -> tuple[LockOnBoard, ...]:
        """Who holds what."""
        board = (await self.link.request(Look())).find(BoardShown)
        assert board is not None
        return board.locks

    def gate(self, project: Path, patience: float = 0.05) -> SharedGate:
        """Its gate, for a task of no number: locks need none."""
        return SharedGate(project, self.locks, None, no, self.look, patience)  # type: ignore[arg-type]


@asynccontextmanager
async def two_agents(mesh: Mesh) -> AsyncIterator[tuple[Agent, Agent]]:
    """Both joined."""
    async with linked(mesh.home) as one, linked(mesh.home) as other:
        agents = Agent(one), Agent(other)
        for agent in agents:
            await agent.join()
        yield agents


@looped
async def test_a_wish_is_granted_with_all_its_locks(project: Path, settings: Settings) -> None:
    """Once per file; asking again changes nothing, and a reader asks for none."""
    async with meshed(project, settings) as mesh, two_agents(mesh) as (agent, _other):
        gate = agent.gate(project)
        wish = Wish("apply_patch", ("a.txt", str(project / "b.txt")))
        assert (await gate(wish)).granted
        assert (await gate(wish)).granted
        assert (await gate(Wish("Read", ("poetry.lock",)))).granted
        assert (await gate(Wish("Bash", (), "cat poetry.lock"))).granted
        assert [(lock.target, lock.mode) for lock in await agent.look()] == [
            ("a.txt", LockMode.WRITE),
            ("b.txt", LockMode.WRITE),
        ]
        assert gate.granted == {"a.txt", "b.txt"}


@looped
async def test_what_another_holds_is_refused_with_who_and_how_long(project: Path, settings: Settings) -> None:
    """And nothing else of the wish is locked."""
    async with meshed(project, settings) as mesh, two_agents(mesh) as (agent, other):
        assert (await agent.gate(project)(Wish("Edit", ("b.txt",)))).granted
        refused = await other.gate(project)(Wish("Bash", (), "cp a.txt b.txt; mv a.txt c.txt"))
        assert not refused.granted
        assert refused.reason.startswith("b.txt is held by tester-1 (write) for another ")
        assert refused.reason.endswith("Work on something else, or wait; do not write it by other means.")
        assert {lock.agent for lock in await agent.look()} == {"tester-1"}


@looped
async def test_a_folder_is_held_by_who_holds_a_file_in_it(project: Path, settings: Settings) -> None:
    """Removing it would remove the other's file."""
    (project / "src").mkdir()
    async with meshed(project, settings) as mesh, two_agents(mesh) as (agent, other):
        assert (await agent.gate(project)(Wish("Write", ("src/new.py",)))).granted
        refused = await other.gate(project)(Wish("Bash", (), "rm -r src"))
        assert not refused.granted
        assert "tester-1" in refused.reason


@looped
async def test_what_cannot_be_told_or_leads_out_is_refused(project: Path, settings: Settings) -> None:
    """No lock is taken for it; the delicate takes the person's yes."""
    async with meshed(project, settings) as mesh, two_agents(mesh) as (agent, _other):
        gate = agent.gate(project)
        for wish in (
            Wish("Bash", (), "make"),
            Wish("Bash", (), "echo x > ../out.txt"),
            Wish("Edit", ("/etc/passwd",)),
            Wish("Edit", (".git/config",)),
            Wish("Edit", ("CLAUDE.md",)),
            Wish("somebody_elses_tool"),
        ):
            permission = await gate(wish)
            assert not permission.granted, wish
            assert permission.reason
        assert await agent.look() == ()


@looped
async def test_a_lost_mesh_is_a_no(project: Path, settings: Settings) -> None:
    """Never an exception."""
    async with meshed(project, settings) as mesh, two_agents(mesh) as (agent, _other):
        gate = agent.gate(project)
        await agent.link.close()
        assert not (await gate(Wish("Edit", ("a.txt",)))).granted

        async def lost(_: Ask) -> str:
            raise MeshLost("gone")

        asking = SharedGate(project, agent.locks, 1, lost)
        assert await asking(Wish("x", question="?")) == Permission(
            granted=False, reason="DevMesh could not lock it: gone"
        )


def test_what_is_in_the_way() -> None:
    """A file of that name, a folder above it, a file below it, a glob."""
    assert in_the_way("a.txt", "a.txt")
    assert in_the_way("src/", "src/a.txt")
    assert in_the_way("src/a.txt", "src/")
    assert in_the_way("*.txt", "a.txt")
    assert in_the_way("[[]x].txt", "[[]x].txt")
    assert not in_the_way("b.txt", "a.txt")
