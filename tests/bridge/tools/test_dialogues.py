"""One suite for every two-way protocol: recorded conversations with the real CLIs, held again word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.tool import ResultGiven, SessionNamed, ToolEnded, ToolStarted, UsageCounted
from tests.bridge.tools.rehearsal import HELD, HERE, Rehearsal
from tests.coordinator.rig import looped

TOOLS = ["claude", "codex", "copilot", "gemini", "opencode", "qwen"]


@pytest.mark.parametrize("tool", TOOLS)
@looped
async def test_a_recorded_conversation_is_held_again(tmp_path: Path, tool: str) -> None:
    """Each edit and command passes the gate, refusals are said so, and the end is a success with its last words."""
    held = Rehearsal(tool, tmp_path)
    judgement = await held.hold()
    assert judgement.success
    assert judgement.answer.endswith("All done.")
    asked = [" ".join((*wish.paths, wish.command)) for wish in held.wishes]
    assert len(asked) == 4
    for part, wish in zip(("locked-new.txt", "free.txt", "echo x > locked.txt", "shell.txt"), asked, strict=True):
        assert part in wish


@pytest.mark.parametrize("tool", TOOLS)
@looped
async def test_the_stream_is_the_same_for_all(tmp_path: Path, tool: str) -> None:
    """Its name first, then what it does, what it cost so far, never less than before, and its result at last."""
    held = Rehearsal(tool, tmp_path)
    await held.hold()
    names = [said for said in held.heard if isinstance(said, SessionNamed)]
    assert len(names) == 1
    assert held.heard[0] == names[0]
    assert [said.success for said in held.heard if isinstance(said, ResultGiven)] == [True]
    kinds = {type(said) for said in held.heard}
    assert {ToolStarted, ToolEnded, UsageCounted} <= kinds
    counted = [said.input_tokens for said in held.heard if isinstance(said, UsageCounted)]
    assert counted == sorted(counted)
    assert counted[-1] > 0


@pytest.mark.parametrize("tool", TOOLS)
@looped
async def test_the_model_is_told_why_it_was_refused(tmp_path: Path, tool: str) -> None:
    """In the answer where the protocol has room for it, else in words that follow; and twice, for two refusals."""
    held = Rehearsal(tool, tmp_path)
    await held.hold()
    assert sum(HELD in str(message) for message in held.sent) >= 1
    if tool in {"claude", "codex"}:
        assert sum(HELD in str(message) for message in held.sent) == 2


@pytest.mark.parametrize("tool", ["gemini", "opencode", "qwen"])
@looped
async def test_agents_that_have_us_write_write_only_what_was_granted(tmp_path: Path, tool: str) -> None:
    """Through us, a file that was refused is not there."""
    await Rehearsal(tool, tmp_path).hold()
    assert (tmp_path / "free.txt").read_text() == "ok\n"
    assert not (tmp_path / "locked-new.txt").exists()


@pytest.mark.parametrize("tool", TOOLS)
@looped
async def test_a_conversation_cut_short_is_no_success(tmp_path: Path, tool: str) -> None:
    """Whatever the exit code."""
    cut = Rehearsal(tool, tmp_path)
    cut.begin()
    judgement = cut.dialogue.judge(0, "")
    assert (judgement.success, judgement.reason) == (False, "it ended without saying how it went")
    await cut.dialogue.close()


def test_every_tool_that_can_be_talked_with_was_recorded() -> None:
    """Whoever adds a protocol shows a conversation in it."""
    talked = {name for name, entry in catalogue.load().tools.items() if entry.talk}
    assert talked == set(TOOLS) == {file.stem for file in HERE.iterdir()}
