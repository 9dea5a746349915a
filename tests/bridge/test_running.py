"""Runs of a real program that behaves, and of one that lies, floods, hangs or leaves children behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from devmesh.bridge.running import Listeners, Run
from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.tools.tool import Judgement, Said, TextSaid, ToolStarted
from tests.bridge.rig import PATIENCE, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


class Trial:
    """One run of the scripted CLI, and all it said."""

    def __init__(self, folder: Path, script: str, **changes: object) -> None:
        known = catalogue.find("scripted")
        fields = {field: getattr(known.entry, field) for field in known.entry.__struct_fields__}
        self.tool = GenericTool(known._replace(entry=catalogue.Entry(**{**fields, **changes})))
        self.folder = folder
        self.said: list[Said] = []
        self.run = Run(self.tool, Listeners(self.said.append, lambda _: None))
        self.prompt = f"```script\n{script}\n```\n"

    async def end(self, limit: float | None = 30.0) -> Judgement:
        """Run it to its end."""
        return await self.run.to_end(self.prompt, self.folder, context={"DEVMESH_TEST": self.folder.name}, limit=limit)

    async def begun(self) -> int:
        """Its process, once it runs."""
        await until(lambda: self.run._process is not None and self.said)
        assert self.run._process is not None
        return self.run._process.pid

    def alive(self) -> list[int]:
        """Every process that carries this trial's mark."""
        found = []
        for process in psutil.process_iter():
            try:
                marked = process.environ().get("DEVMESH_TEST") == self.folder.name
                if marked and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


@looped
async def test_a_good_run_edits_says_so_and_succeeds(tmp_path: Path) -> None:
    """Words and edits are told as they come."""
    trial = Trial(tmp_path, "say hello\nwrite n.txt\n| ok\nanswer all done")
    judgement = await trial.end()
    assert judgement == Judgement(success=True, answer="all done")
    assert (tmp_path / "n.txt").read_text() == "ok\n"
    assert TextSaid("hello\n") in trial.said
    assert ToolStarted("write", ("n.txt",)) in trial.said


BAD = {
    "it says that it failed": ("fail no way", "no way"),
    "it ends without a result": ("exit 0", "without saying"),
    "it ends with a code and no result": ("exit 3", "exit code 3"),
    "it cannot do what it should": ("replace none.txt\n| a\nwith\n| b", "none.txt"),
    "its prompt holds nothing it understands": ("frobnicate", "frobnicate"),
}


@pytest.mark.parametrize("story", BAD)
@looped
async def test_a_bad_run_fails_with_its_reason(tmp_path: Path, story: str) -> None:
    """In one line, and in the CLI's own words."""
    script, reason = BAD[story]
    judgement = await Trial(tmp_path, script).end()
    assert not judgement.success
    assert reason in judgement.reason


@looped
async def test_an_exit_code_that_disagrees_with_the_result_is_not_believed(tmp_path: Path) -> None:
    """A success on paper and a code of 1 is a failure."""
    trial = Trial(tmp_path, "say hi", executables=("/bin/sh",), command=("{executable}", "-c", LIAR))
    judgement = await trial.end()
    assert not judgement.success
    assert "exit code 1" in judgement.reason


LIAR = """echo '{"type": "result", "subtype": "success", "is_error": false, "result": "All done."}'; exit 1"""


@looped
async def test_a_flood_is_survived(tmp_path: Path) -> None:
    """30 MB on each stream, and the result after it is still understood."""
    judgement = await Trial(tmp_path, "flood 30\nflood 30 stderr\nanswer dry").end()
    assert (judgement.success, judgement.answer) == (True, "dry")


@looped
async def test_silence_beyond_the_limit_ends_it(tmp_path: Path) -> None:
    """A hanging tool does not hold its task for ever."""
    trial = Trial(tmp_path, "say hi\nsleep 60", silence=0.5)
    judgement = await trial.end()
    assert not judgement.success
    assert "said nothing for 0.5 s" in judgement.reason
    assert trial.alive() == []


@looped
async def test_time_beyond_the_limit_ends_it(tmp_path: Path) -> None:
    """However talkative it is."""
    judgement = await Trial(tmp_path, "say hi\nsleep 60").end(limit=0.5)
    assert "its time was up" in judgement.reason


@looped
async def test_cancelling_leaves_nothing_alive(tmp_path: Path) -> None:
    """Not even a grandchild in a session of its own, of a tool that ignores every polite signal."""
    trial = Trial(tmp_path, "daemon 60\nsay waiting\nhang")
    running = asyncio.create_task(trial.end())
    await until(lambda: TextSaid("I do not answer any more.\n") in trial.said)
    assert len(trial.alive()) >= 2
    running.cancel()
    trial.run.kill()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert trial.alive() == []


@looped
async def test_a_pause_really_stops_the_process(tmp_path: Path) -> None:
    """It stands still, and its time with it; then it goes on to its end."""
    trial = Trial(tmp_path, "say hi\nsleep 0.3\nanswer done", silence=1.0)
    running = asyncio.create_task(trial.end())
    process = psutil.Process(await trial.begun())
    trial.run.pause()
    await until(lambda: process.status() == psutil.STATUS_STOPPED)
    await asyncio.sleep(1.3)
    assert not running.done()
    trial.run.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).answer == "done"


@looped
async def test_a_run_paused_before_it_starts_starts_paused(tmp_path: Path) -> None:
    """A pause that comes between award and start is not lost."""
    trial = Trial(tmp_path, "say hi\nanswer done")
    trial.run.pause()
    running = asyncio.create_task(trial.end())
    await until(lambda: trial.run._process is not None)
    process = trial.run._process
    assert process is not None
    await until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    trial.run.resume()
    assert (await asyncio.wait_for(running, PATIENCE)).success


@looped
async def test_its_memory_is_measured(tmp_path: Path) -> None:
    """Of the whole tree, in gigabytes; nothing before and after."""
    trial = Trial(tmp_path, "say hi\nsleep 60")
    assert trial.run.used().ram_gb == 0
    running = asyncio.create_task(trial.end())
    await trial.begun()
    assert 0.001 < trial.run.used().ram_gb < 1
    trial.run.stop("enough")
    assert "enough" in (await running).reason
    assert trial.run.used().ram_gb == 0
