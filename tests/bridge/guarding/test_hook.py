"""The hook program, as each CLI runs it: a clear yes lets the edit happen, a no and every doubt does not."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.desk import SOCKET, Desk
from devmesh.bridge.guarding import hook
from devmesh.bridge.guarding.dialects import DIALECTS, answering, program
from devmesh.bridge.tools.tool import Gate, Permission, Program, Wish
from tests.coordinator.rig import looped

PROGRAMS = sorted(DIALECTS - {"opencode"})
REASON = 'held.txt is "held" by\nanother — wait'
EDIT = {"tool_name": "Edit", "tool_input": {"file_path": "held.txt"}, "cwd": "/nowhere"}
PATIENCE = 20.0


async def deny(_: Wish) -> Permission:
    """No, to everything."""
    return Permission(granted=False, reason=REASON)


async def grant(_: Wish) -> Permission:
    """Yes, to everything."""
    return Permission(granted=True)


@asynccontextmanager
async def asking(home: Path, gate: Gate, dialect: str = "claude") -> AsyncIterator[Program]:
    """The hook of a desk with that gate."""
    desk = Desk(home)
    desk.on("hook", answering(gate))
    try:
        yield program(dialect, await desk.open())
    finally:
        await desk.close()


async def ran(hooked: Program, given: bytes, *more: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and error of one call, as a CLI makes it."""
    process = await asyncio.create_subprocess_exec(
        *hooked.argv,
        *more,
        env={"PATH": os.environ["PATH"], **hooked.env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(given), PATIENCE)
    return process.returncode, out.decode(), err.decode()


def told(**fields: Any) -> bytes:
    """What a CLI writes to its hook: some write it over several lines."""
    return json.dumps({**EDIT, **fields}, indent=1).encode() + b"\n"


@pytest.mark.parametrize("dialect", PROGRAMS)
@looped
async def test_a_no_is_said_in_the_dialect(home: Path, dialect: str) -> None:
    """As JSON with exit code 0 where the CLI hands its reason to the model word for word, else by exit code 2."""
    async with asking(home, deny, dialect) as hooked:
        code, out, err = await ran(hooked, told())
        if not hook.DENIALS[dialect]:
            assert (code, out) == (2, "")
            assert REASON in err
            return
        answer = json.loads(out)
        answer = answer.get("hookSpecificOutput", answer)
        assert (code, err) == (0, "")
        assert "deny" in (answer.get("permissionDecision"), answer.get("decision"))
        assert REASON in (answer.get("permissionDecisionReason"), answer.get("reason"))


@pytest.mark.parametrize("dialect", PROGRAMS)
@looped
async def test_a_yes_is_silent(home: Path, dialect: str) -> None:
    """No opinion: the CLI's own permissions still count."""
    async with asking(home, grant, dialect) as hooked:
        assert await ran(hooked, told()) == (0, "", "")


@pytest.mark.parametrize(
    "given", [b"", b"{", b"[]", b"null", b'{"tool_name": 7}', b"\xff\xfe", b'{"tool_name": "Edit"}']
)
@looped
async def test_what_cannot_be_read_is_refused(home: Path, given: bytes) -> None:
    """Even by a gate that grants everything."""
    async with asking(home, grant) as hooked:
        code, out, _err = await ran(hooked, given)
        assert code == 2 or "deny" in out


@looped
async def test_every_doubt_is_a_no(home: Path) -> None:
    """No socket, no variable, an unknown dialect, none at all, a desk that hangs up: exit code 2, with a reason."""
    async with asking(home, grant) as hooked:
        doubts = [
            (Program(hooked.argv, {SOCKET: str(home / "nowhere")}), ()),
            (Program(hooked.argv, {}), ()),
            (Program((*hooked.argv[:-1], "unknown"), hooked.env), ()),
            (Program(hooked.argv[:-2], hooked.env), ()),
        ]
        for doubt, more in doubts:
            code, out, err = await ran(doubt, told(), *more)
            assert (code, out) == (2, "")
            assert err.startswith("DevMesh refuses this: ")


@looped
async def test_a_gate_that_fails_is_a_no(home: Path) -> None:
    """Its story stays in the bridge."""

    async def fail(_: Wish) -> Permission:
        raise RuntimeError("a secret")

    async with asking(home, fail) as hooked:
        code, out, err = await ran(hooked, told())
        assert "deny" in out or code == 2
        assert "a secret" not in out + err


@looped
async def test_an_answer_that_does_not_come_is_a_no(tmp_path: Path, home: Path) -> None:
    """At the hook's own deadline, which comes before the CLI's: a late hook would let the edit happen."""
    asked = asyncio.Event()

    async def never(_: Wish) -> Permission:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    hurried = _hurried(tmp_path / "hook.py")
    async with asking(home, never) as hooked:
        argv = tuple(str(hurried) if part == hook.__file__ else part for part in hooked.argv)
        code, out, err = await ran(Program(argv, hooked.env), told())
        assert asked.is_set()
        assert (code, out) == (2, "")
        assert "nobody answered in time" in err


def _hurried(copy: Path) -> Path:
    source = Path(hook.__file__).read_text(encoding="utf-8")
    assert "DEADLINE = 540\n" in source
    copy.write_text(source.replace("DEADLINE = 540\n", "DEADLINE = 1\n"))
    return copy


def test_its_deadline_comes_before_that_of_every_cli() -> None:
    """Each is told to wait 600 s."""
    assert 0 < hook.DEADLINE < 600


@looped
async def test_a_yes_loads_next_to_nothing(home: Path) -> None:
    """It runs before every edit: what reads JSON is loaded only where the reason must be put in words."""
    async with asking(home, grant) as hooked:
        timed = Program((hooked.argv[0], "-X", "importtime", *hooked.argv[1:]), hooked.env)
        _code, _out, listing = await ran(timed, told())
        loaded = {line.rpartition("|")[2].strip() for line in listing.splitlines()}
        assert "_socket" in loaded
        assert not {"json", "socket", "signal", "enum", "re", "typing", "pathlib", "site"} & loaded
