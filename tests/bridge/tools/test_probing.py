"""Whether a CLI still is what its row says: told from its own words, in bounded time, and nothing is left of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devmesh.bridge.tools import probing
from devmesh.bridge.tools.catalogue import load
from devmesh.bridge.tools.entry import Entry
from devmesh.bridge.tools.probing import HANDSHAKES, Probed, flags_by_command, probe, probe_all
from tests.coordinator.rig import looped

PROGRAM = """\
#!{python}
import json, sys
words = sys.argv[1:]
if "--version" in words:
    print("fake 1.2.3.")
elif "--help" in words:
    print("usage: fake [-p] [--keep WHAT] [--acp] [--resume ID]")
elif "--acp" in words:
    asked = json.loads(sys.stdin.readline())
    {answer}
    sys.stdin.read()
"""
ANSWER = 'print("noise"); print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {}}), flush=True)'
ROW: dict[str, Any] = {
    "title": "Fake",
    "seen": "V 1.2.3",
    "executables": ["fake"],
    "install": "pip install fake",
    "command": ["{executable}", "-p", "--keep", "x", "{conversation}"],
    "resume": ["--resume", "{resume}"],
}
TALK = {"protocol": "acp", "command": ["{executable}", "--acp"]}


def row(**more: Any) -> Entry:
    """A row of the registry."""
    return msgspec.convert(ROW | more, Entry)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a program called `fake` on PATH."""

    def installed(answer: str = ANSWER, program: str = PROGRAM) -> None:
        file = tmp_path / "fake"
        file.write_text(program.replace("{python}", sys.executable).replace("{answer}", answer))
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return installed


@looped
async def test_a_program_as_we_know_it_has_nothing_missing(install: Callable[..., None]) -> None:
    """Its version, all our flags, and an answer to the first word of its protocol; the noise before it is none."""
    install()
    found = await probe("fake", row(talk=TALK))
    assert (found.version, found.missing, found.helpless, found.seen_with) == ("1.2.3", (), False, "1.2.3")
    assert found.handshake is not None
    assert (found.handshake.answered, found.handshake.protocol) == (True, "acp")


@looped
async def test_a_flag_that_its_help_no_longer_has_is_named(install: Callable[..., None]) -> None:
    """Of the command, of a budget, of how it is told of our programs."""
    install()
    told = {"arguments": ["--mcp-config", "x"]}
    found = await probe("fake", row(command=["{executable}", "--full-auto"], budget=["--max", "1"], mcp=told))
    assert found.missing == ("--full-auto", "--max", "--mcp-config")


@looped
async def test_a_program_that_crashes_has_no_version(install: Callable[..., None]) -> None:
    """A traceback names versions, too: those of Python."""
    install(program="#!{python}\nraise SystemExit('at /opt/python3.11.7/x.py')\n")
    found = await probe("fake", row(talk=TALK))
    assert (found.version, found.missing, found.helpless) == ("", (), True)
    assert found.handshake is not None
    assert (found.handshake.answered, found.handshake.complaint) == (False, "at /opt/python3.11.7/x.py")


@pytest.mark.parametrize(
    "answer", ['print("{}", flush=True)', "pass", 'print(json.dumps({"id": 1, "error": {}}), flush=True)']
)
@looped
async def test_a_program_that_does_not_answer_is_given_up(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """After its time; an error is no answer."""
    monkeypatch.setattr(probing, "HELP_LIMIT", 1.0)
    install(answer)
    found = await probe("fake", row(talk=TALK))
    assert found.handshake is not None
    assert not found.handshake.answered


@looped
async def test_what_is_not_here_is_not_looked_for_further() -> None:
    """Nothing is started."""
    assert await probe("fake", row()) == Probed("fake", row(), None)


@looped
async def test_the_scripted_tool_is_what_its_row_says() -> None:
    """The one that is always here: asked through the registry, by its name alone."""
    (found,) = await probe_all(names=["scripted"])
    assert (found.name, found.missing, found.helpless) == ("scripted", (), False)


def test_help_is_asked_of_the_sub_command_that_takes_the_flags() -> None:
    """`codex exec --help` and `codex app-server --help`, not `codex --help`; values are no flags."""
    commands = {name: flags_by_command(entry) for name, entry in load().tools.items()}
    assert set(commands["codex"]) == {("exec",), ("app-server",)}
    assert "--skip-git-repo-check" in commands["codex"]["exec",]
    assert commands["scripted"].keys() == {("-P", "-m", "devmesh.scripted")}
    assert all(flag.startswith("-") and "{" not in flag for each in commands.values() for some in each.values()
               for flag in some)  # fmt: skip


def test_every_protocol_has_a_first_word() -> None:
    """A row with a new one would have no handshake."""
    assert {entry.talk.protocol for entry in load().tools.values() if entry.talk} <= HANDSHAKES.keys()
