"""The gate of a workspace of its own: inside is free, outside is not, and the delicate takes the person's yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge.guarding.own import NO, YES, OwnGate
from devmesh.bridge.tools.tool import Permission, Wish
from devmesh.errors import MeshLost
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.terms import QuestionKind
from tests.coordinator.rig import looped


class Person:
    """Answers the same to everything, and remembers what was asked."""

    def __init__(self, answer: str = NO) -> None:
        self.answer = answer
        self.asked: list[Ask] = []

    async def __call__(self, question: Ask) -> str:
        """The answer."""
        self.asked.append(question)
        return self.answer


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """One with a way out."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    return folder


async def decided(workspace: Path, wish: Wish, person: Person | None = None) -> Permission:
    """What the gate says."""
    return await OwnGate(workspace, person or Person(), 7)(wish)


@pytest.mark.parametrize(
    "wish",
    [
        Wish("Edit", ("src/a.py",)),
        Wish("Bash", (), "pytest -q"),
        Wish("Bash", (), "echo x > a.txt && rm b.txt"),
        Wish("Bash", (), "make > /dev/null 2>&1"),
        Wish("Read", ("/etc/passwd",)),
        Wish("mcp__devmesh__acquire_lock"),
        Wish("somebody_elses_tool"),
    ],
)
@looped
async def test_inside_it_is_free(workspace: Path, wish: Wish) -> None:
    """Nobody is asked: it is a copy, and only the write gate writes the project."""
    person = Person()
    assert (await decided(workspace, wish, person)).granted
    assert person.asked == []


@pytest.mark.parametrize(
    "wish",
    [
        Wish("Edit", ("/etc/passwd",)),
        Wish("Edit", ("../other/a.txt",)),
        Wish("Edit", ("out/a.txt",)),
        Wish("Edit", ("a.txt", "/etc/passwd")),
        Wish("Bash", (), "echo x > ../a.txt"),
        Wish("Bash", (), "make && echo x > /etc/motd"),
        Wish("Bash", (), "bash -c 'rm -rf ~/x'"),
        Wish("Edit", (".git/config",)),
        Wish("Edit", ("sub/.GIT/hooks/pre-commit",)),
        Wish("Edit", (".devmesh/x",)),
        Wish("Edit", ("a\0b",)),
        Wish("Edit", (".",)),
    ],
)
@looped
async def test_what_leads_out_is_refused(workspace: Path, wish: Wish) -> None:
    """Also through a link, also in a command that is otherwise not understood, with a reason for the model."""
    permission = await decided(workspace, wish, Person(YES))
    assert not permission.granted
    assert permission.reason


DELICATE = (
    *("CLAUDE.md", "sub/AGENTS.md", "GEMINI.md", ".cursorrules", ".cursor/rules/a.mdc"),
    *(".github/copilot-instructions.md", ".vscode/tasks.json", ".claude/settings.json"),
    *(".mcp.json", "opencode.json", ".envrc"),
)


@pytest.mark.parametrize("path", DELICATE)
@looped
async def test_the_delicate_takes_the_persons_yes(workspace: Path, path: str) -> None:
    """A permission in the inbox, whose default is no."""
    for answer, granted in ((NO, False), (YES, True), ("", False)):
        person = Person(answer)
        assert (await decided(workspace, Wish("Write", (path,)), person)).granted is granted
        (asked,) = person.asked
        assert (asked.question_kind, asked.default, asked.task) == (QuestionKind.PERMISSION, NO, 7)
        assert path in asked.text


@looped
async def test_a_question_goes_to_the_inbox(workspace: Path) -> None:
    """With its options; the answer comes back as the reason."""
    person = Person("tabs")
    permission = await decided(workspace, Wish("ask", question="Tabs or spaces?", options=("tabs", "spaces")), person)
    assert permission == Permission(granted=True, reason="tabs")
    assert person.asked[0].options == ("tabs", "spaces")


@looped
async def test_it_never_raises(workspace: Path) -> None:
    """A lost mesh, or a fault of ours, is a no."""

    async def lost(_: Ask) -> str:
        raise MeshLost("gone")

    async def broken(_: Ask) -> str:
        raise RuntimeError("secret")

    for ask in (lost, broken):
        permission = await OwnGate(workspace, ask)(Wish("Write", ("CLAUDE.md",)))
        assert not permission.granted
        assert "secret" not in permission.reason
