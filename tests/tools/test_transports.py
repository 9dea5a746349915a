"""What each real CLI must do in each way it is talked with: edit, read it all, go on, stop, say why, ask. No mesh."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.tool import UsageCounted, Wants
from devmesh.vocabulary.terms import Blockage
from tests.tools.gateways import GATEWAYS
from tests.tools.stub_model import script
from tests.tools.trial import HELD, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ENTRIES = catalogue.load().tools
WAYS = [(name, asks) for name in GATEWAYS for asks in (False, True) if not asks or ENTRIES[name].talk]
CONTINUING = [(name, asks) for name, asks in WAYS if ENTRIES[name].resume or (asks and ENTRIES[name].talk)]
ASKING = [(name, asks) for name, asks in WAYS if asks]
LONG = 300_000
TRIES_ON = {("qwen", 503), ("continue", 503), ("droid", 503)}
"Tries again for minutes without a word: ended by the time limit, for a reason nobody learns."
FORGETS = {("gemini", True)}
"By the protocol it empties the conversation that it is to load: it says so, and is called with the whole prompt again."
BLOCKAGES = {401: Blockage.AUTHENTICATION, 503: Blockage.OVERLOADED}


def _called(way: tuple[str, bool]) -> str:
    return f"{way[0]}-{'two_way' if way[1] else 'command'}"


def each(ways: Sequence[tuple[str, bool]]) -> pytest.MarkDecorator:
    """One test for each tool and way."""
    return pytest.mark.parametrize(("trial", "asks"), ways, ids=map(_called, ways), indirect=["trial"])


@each(WAYS)
def test_an_edit_is_made(trial: Trial, asks: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """One prompt, one file, its end judged a success; an answer, for one that only answers."""
    steps = [{"write": "n.txt", "text": "by a tool\n"}] if trial.entry.edits else []
    judgement = trial.once(script(*steps, {"say": "All done."}), wants=Wants(asks=asks))
    assert judgement.success, judgement.reason
    assert "All done." in judgement.answer or trial.name == "aider"
    if trial.entry.edits:
        assert (trial.workspace / "n.txt").read_text() == "by a tool\n"
    counts = trial.name not in {"continue", "sgpt"} and (trial.name, asks) != ("copilot", False)
    assert any(isinstance(said, UsageCounted) for said in trial.said) == counts


@each(WAYS)
def test_a_long_prompt_arrives_whole(trial: Trial, asks: bool) -> None:  # noqa: FBT001
    """300 kB, to its last word."""
    prompt = script({"say": "Read."}) + ("y" * 99 + "\n") * (LONG // 100) + "LAST WORD"
    judgement = trial.once(prompt, wants=Wants(asks=asks))
    assert judgement.success, judgement.reason
    assert trial.model.longest_prompt() > LONG
    assert any("LAST WORD" in heard.prompt for heard in trial.model.heard)


@each(CONTINUING)
def test_a_conversation_is_continued(trial: Trial, asks: bool) -> None:  # noqa: FBT001
    """The model hears again what was said before, in the conversation of that name."""
    assert trial.once(script({"say": "First."}) + "the first half", wants=Wants(asks=asks)).success
    name = trial.session()
    assert name
    again = trial.once("Go on: the second half.", wants=Wants(asks=asks, resume=name))
    if (trial.name, asks) in FORGETS:
        assert "No previous sessions" in again.reason or again.success
        return
    assert again.success, again.reason
    last = trial.model.heard[-1].prompt
    assert "the first half" in last
    assert "the second half" in last


@each(WAYS)
def test_a_stop_leaves_no_process(trial: Trial, asks: bool) -> None:  # noqa: FBT001
    """Not the tool's, nor those of the command that it runs, in a session of its own."""
    runs = "shell" in trial.entry.capabilities
    step = {"run": "sh -c 'tail -f notes.md & exec tail -F notes.md'"} if runs else {"wait": True}

    async def stopped() -> None:
        running = asyncio.create_task(trial.run(script(step), wants=Wants(asks=asks)))
        async with asyncio.timeout(60):
            while not (any("tail -F" in one for one in trial.processes()) if runs else trial.model.heard):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert trial.processes()
        assert trial.current is not None
        trial.current.stop("enough")
        judgement = await asyncio.wait_for(running, 20)
        assert not judgement.success
        assert judgement.blockage is None

    asyncio.run(stopped())
    assert trial.processes() == []


@pytest.mark.parametrize("status", [401, 503])
@each(WAYS)
def test_a_refusal_of_the_service_is_known(trial: Trial, asks: bool, status: int) -> None:  # noqa: FBT001
    """Whatever the exit code: no success, its own reason in one line, and what stands in the way."""
    judgement = trial.once(script({"refuse": status}), limit=45, wants=Wants(asks=asks))
    assert not judgement.success
    assert "\n" not in judgement.reason
    if (trial.name, status) in TRIES_ON:
        assert "its time was up" in judgement.reason or judgement.blockage is BLOCKAGES[status]
    else:
        assert judgement.blockage is BLOCKAGES[status], judgement.reason
        assert str(status) in judgement.reason or "overloaded" in judgement.reason.lower()


@each(ASKING)
def test_the_gate_holds(trial: Trial, asks: bool) -> None:  # noqa: FBT001
    """What is refused, by edit or by shell, changes no file; what is granted is done; the model is told why."""
    steps = [
        {"write": "locked-new.txt", "text": "changed\n"},
        {"write": "free.txt", "text": "ok\n"},
        {"run": "echo x > locked.txt"},
        {"run": "echo y > shell.txt"},
        {"say": "All done."},
    ]
    judgement = trial.once(script(*steps), wants=Wants(asks=asks))
    assert judgement.success, judgement.reason
    assert not (trial.workspace / "locked-new.txt").exists()
    assert (trial.workspace / "locked.txt").read_text() == "original\n"
    assert (trial.workspace / "free.txt").read_text() == "ok\n"
    assert (trial.workspace / "shell.txt").read_text() == "y\n"
    assert len(trial.wishes) == 4
    assert any(HELD in heard.body for heard in trial.model.heard)
