"""What holds for a conversation whatever its protocol."""

from __future__ import annotations

from pathlib import Path

from devmesh.bridge.tools.dialogue import REMINDERS, Conversation, Total
from devmesh.bridge.tools.reading import LONGEST_ANSWER, LONGEST_LINE
from devmesh.bridge.tools.tool import Permission, TextSaid, UsageCounted, Wish
from tests.bridge.tools.rehearsal import Rehearsal
from tests.bridge.tools.test_claude import GREETED, asks, ends
from tests.coordinator.rig import looped


@looped
async def test_a_gate_that_fails_has_refused(tmp_path: Path) -> None:
    """Nothing is granted by a fault of ours."""

    async def broken(wish: Wish) -> Permission:
        raise RuntimeError(wish.name)

    talk = Rehearsal("claude", tmp_path, gate=broken)
    talk.begin()
    talk.says(GREETED, asks("r1", "Write", file_path="a"))
    await talk.until(lambda: len(talk.sent) == 3)
    assert talk.sent[-1]["response"]["response"]["behavior"] == "deny"


@looped
async def test_nobody_waits_at_the_gate_when_the_process_has_ended(tmp_path: Path) -> None:
    """Whoever held the answer back is let go."""
    left = []

    async def never(wish: Wish) -> Permission:
        import asyncio

        try:
            await asyncio.Event().wait()
        finally:
            left.append(wish)
        raise AssertionError

    talk = Rehearsal("claude", tmp_path, gate=never)
    talk.begin()
    talk.says(GREETED, asks("r1", "Write", file_path="a"))
    await talk.until(lambda: talk.wishes)
    await talk.dialogue.close()
    assert len(left) == 1


@looped
async def test_lines_that_are_no_message_are_words(tmp_path: Path) -> None:
    """Warnings, floods and broken JSON stop no conversation."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    talk.heard += talk.dialogue.feed(b"a warning\n[1, 2]\n{broken\n\xff\xfe\n" + b"x" * (LONGEST_LINE + 10) + b"\n")
    talk.says(GREETED, ends(result="fine"))
    assert talk.heard[0] == TextSaid("a warning\n")
    judgement = talk.dialogue.judge(0, "")
    assert (judgement.success, judgement.answer) == (True, "fine")


@looped
async def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    """However much it says."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    for _ in range(300):
        text = {"type": "text", "text": "y" * 10_000}
        talk.says({"type": "assistant", "message": {"content": [text]}})
    assert isinstance(talk.dialogue, Conversation)
    assert sum(map(len, talk.dialogue._words)) < 3 * LONGEST_ANSWER


@looped
async def test_an_end_that_was_a_success_is_one_whatever_the_process_does_then(tmp_path: Path) -> None:
    """It is let go, and some are ended by a signal."""
    talk = Rehearsal("claude", tmp_path)
    talk.begin()
    talk.says(GREETED, ends(result="fine"))
    assert talk.dialogue.judge(143, "").success


@looped
async def test_reminders_have_an_end(tmp_path: Path) -> None:
    """A model that tries for ever is not told for ever."""
    talk = Rehearsal("claude", tmp_path)
    conversation = talk.dialogue
    assert isinstance(conversation, Conversation)
    said = []
    for number in range(REMINDERS + 3):
        conversation.denied.append(f"no {number}")
        said.append(conversation.reminder())
    assert all(said[:REMINDERS])
    assert not any(said[REMINDERS:])


def test_a_count_that_falls_began_anew() -> None:
    """Some agents count the session, some the turn."""
    total = Total()
    assert total.count(10, 1) == UsageCounted(10, 1)
    assert total.count(25, 3) == UsageCounted(25, 3)
    assert total.count(5, 1, 0.5) == UsageCounted(30, 4, 0.5)
