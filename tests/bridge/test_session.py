"""A conversation with a real program: continued, begun anew where it was forgotten, ended by a pause, gone on with."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from devmesh.bridge.prompt import INTERRUPTED
from devmesh.bridge.session import HALT, Ears, Setting, ToolSession
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.tools.tool import Judgement, Purpose, Said, TextSaid, UsageCounted, Wants
from devmesh.vocabulary.terms import Blockage
from tests.bridge.rig import PATIENCE, scripted, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow

COUNTED = "run sh -c 'echo x >> count.txt'\n"
"A step that shows how often it was done."


class Trial:
    """A session of the scripted CLI in a workspace, and all it said."""

    def __init__(
        self, folder: Path, tool: GenericTool | None = None, limit: float = 60.0, dollars: float | None = None
    ) -> None:
        self.workspace = folder / "work"
        self.workspace.mkdir(parents=True)
        self.said: list[Said] = []
        self.notes: list[str] = []
        self.rests = 0
        setting = Setting(
            self.workspace, Purpose.WORK, context={"DEVMESH_TEST": folder.name}, wants=Wants(dollars=dollars)
        )
        ears = Ears(self.said.append, noted=self.notes.append, at_rest=self._rest)
        self.session = ToolSession(tool or GenericTool.find("scripted"), setting, ears, limit)

    async def _rest(self) -> None:
        self.rests += 1

    async def run(self, script: str, news: str = "", again: str = "") -> Judgement:
        """One run."""
        later = f"```script again\n{again}\n```\n" if again else ""
        return await self.session.run(f"```script\n{script}\n```\n{later}", news)

    @property
    def words(self) -> str:
        """What it told the person."""
        return "".join(said.text for said in self.said if isinstance(said, TextSaid))

    @property
    def counted(self) -> int:
        """How often the counted step was done."""
        return (self.workspace / "count.txt").read_text().count("x")

    @property
    def memory(self) -> Path:
        """What the program remembers the conversation by."""
        return self.workspace.with_name("work.own") / "session"

    def alive(self) -> list[psutil.Process]:
        """Every process that was started in its surroundings."""
        found = []
        for process in psutil.process_iter():
            try:
                marked = process.environ().get("DEVMESH_TEST") == self.workspace.parent.name
                if marked and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


@looped
async def test_a_further_run_continues_the_conversation_with_the_news_alone(tmp_path: Path) -> None:
    """The program remembers the rest: it reads a few characters, and not the whole prompt again."""
    trial = Trial(tmp_path)
    assert (await trial.run(COUNTED)).success
    assert (await trial.run(COUNTED + "# " + "x" * 4000, "Once more, please.")).success
    assert "Continuing with step 1 of 1." in trial.words
    assert trial.counted == 2
    used = [said for said in trial.said if isinstance(said, UsageCounted)]
    assert used[-1].input_tokens == len("Once more, please.") // 4


@looped
async def test_a_tool_that_cannot_be_continued_is_told_everything_again(tmp_path: Path) -> None:
    """Its second run is a first one."""
    trial = Trial(tmp_path, scripted(resume=()))
    assert (await trial.run(COUNTED)).success
    assert (await trial.run(COUNTED + "say anew", "Once more, please.")).success
    assert "Continuing" not in trial.words
    assert "anew" in trial.words


@looped
async def test_a_conversation_that_the_tool_forgot_is_begun_anew(tmp_path: Path) -> None:
    """With the whole prompt, and a word about it."""
    trial = Trial(tmp_path)
    assert (await trial.run(COUNTED)).success
    trial.memory.unlink()
    assert (await trial.run(COUNTED + "say anew", "Once more, please.")).success
    assert "anew" in trial.words
    assert "No conversation found" in trial.notes[0]


@looped
async def test_a_continued_run_that_did_something_and_failed_has_failed(tmp_path: Path) -> None:
    """It is not mistaken for a forgotten conversation, and nothing is done twice."""
    trial = Trial(tmp_path)
    assert (await trial.run("say hi", again=COUNTED + "fail I cannot")).success
    assert "I cannot" in (await trial.run("say hi", "Once more, please.")).reason
    assert trial.counted == 1
    assert trial.notes == []


@looped
async def test_a_pause_ends_every_process_and_a_resume_goes_on_where_it_was(tmp_path: Path) -> None:
    """Within 2 s, also of a program that ignores SIGTERM and left a daemon; what it did before is not done again."""
    trial = Trial(tmp_path)
    running = asyncio.create_task(trial.run(COUNTED + "daemon 60\nsay waiting\nhang 3\nanswer done"))
    await until(lambda: "any more" in trial.words)
    assert len(trial.alive()) >= 2
    began = time.monotonic()
    trial.session.pause()
    await until(lambda: trial.rests == 1)
    assert time.monotonic() - began < 2.0
    assert trial.alive() == []
    assert not running.done()
    trial.session.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"
    assert "Continuing with step 4 of 5." in trial.words
    assert trial.counted == 1


@looped
async def test_a_pause_that_finds_the_conversation_forgotten_tells_everything_and_that_it_had_begun(
    tmp_path: Path,
) -> None:
    """What was done so far is still in the workspace."""
    tool = scripted(
        prompt="file",
        command=(
            *("{executable}", "-P", "-m", "devmesh.scripted", "--session-file", "{papers}.own/session"),
            *("--prompt-file", "{prompt_file}", "{conversation}"),
        ),
    )
    trial = Trial(tmp_path, tool)
    running = asyncio.create_task(trial.run(COUNTED + "say waiting\nsleep 1\nanswer done"))
    await until(lambda: "waiting" in trial.words)
    trial.session.pause()
    await until(lambda: trial.rests == 1)
    trial.memory.unlink()
    trial.session.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"
    assert trial.workspace.with_name("work.prompt").read_text().endswith(INTERRUPTED)
    assert trial.counted == 2


@looped
async def test_what_is_paused_before_it_begins_begins_when_it_is_resumed(tmp_path: Path) -> None:
    """And takes no memory until then."""
    trial = Trial(tmp_path)
    trial.session.pause()
    running = asyncio.create_task(trial.run("answer done"))
    await until(lambda: trial.rests == 1)
    assert trial.alive() == []
    trial.session.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"
    assert "Continuing" not in trial.words


@looped
async def test_a_pause_taken_back_at_once_loses_nothing(tmp_path: Path) -> None:
    """The run that was told to end goes on as soon as it has."""
    trial = Trial(tmp_path)
    running = asyncio.create_task(trial.run(COUNTED + "say waiting\nsleep 1\nanswer done"))
    await until(lambda: "waiting" in trial.words)
    trial.session.pause()
    trial.session.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"
    assert (trial.rests, trial.counted) == (0, 1)


@looped
async def test_a_time_limit_does_not_run_while_it_is_paused(tmp_path: Path) -> None:
    """All runs share it, and nothing but them is counted."""
    trial = Trial(tmp_path, limit=2.5)
    running = asyncio.create_task(trial.run("say waiting\nsleep 0.5\nanswer done"))
    await until(lambda: "waiting" in trial.words)
    trial.session.pause()
    await asyncio.sleep(HALT + 2.0)
    trial.session.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"
    assert 0 < trial.session.left < 2.5
    trial.session.left = 0
    assert "2.5 s for this attempt are used up" in (await trial.run("answer done")).reason


@looped
async def test_each_run_is_told_what_the_ones_before_have_left(tmp_path: Path) -> None:
    """Of the dollars; nothing at all is told where there is no budget."""
    assert (await Trial(tmp_path / "free").run("spend 9")).success
    trial = Trial(tmp_path, dollars=1.0)
    assert (await trial.run("spend 0.6")).success
    trial.session._spent = 0.6  # counted by the meter, where there is one
    assert "The budget of 0.4 USD" in (await trial.run("spend 0.6", "More.")).reason


@looped
async def test_a_service_that_refuses_is_told_apart_and_not_tried_again(tmp_path: Path) -> None:
    """Also in a conversation that is continued."""
    trial = Trial(tmp_path)
    assert (await trial.run("say hi", again="refused 429 30")).success
    judgement = await trial.run("say hi", "More.")
    assert (judgement.blockage, judgement.retry_in) == (Blockage.RATE_LIMIT, 30.0)
    assert trial.notes == []
