"""Runs of a real program that behaves, and of one that lies, floods, hangs or leaves children behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from devmesh.bridge.running import Listeners, Run
from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.tools.tool import (
    Gate,
    Judgement,
    Permission,
    ResultGiven,
    Said,
    TextSaid,
    ToolStarted,
    Wants,
    Wish,
)
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


class Talk(Trial):
    """A run of a program that asks before it acts."""

    def __init__(self, folder: Path, prompt: str, **changes: object) -> None:
        super().__init__(folder, "")
        entry = catalogue.find("claude").entry
        fields = {field: getattr(entry, field) for field in entry.__struct_fields__} | {"executables": ("{python}",)}
        talk = replace(entry.talk, command=("{executable}", str(TALKATIVE))) if entry.talk else None
        changed = catalogue.Entry(**{**fields, "talk": talk, **changes})
        self.tool = GenericTool(catalogue.find("claude")._replace(entry=changed))
        self.run = Run(self.tool, Listeners(self.said.append))
        self.prompt = prompt

    async def talk(self, gate: Gate | None) -> Judgement:
        """Run it to its end, asking that gate."""
        context = {"DEVMESH_TEST": self.folder.name}
        return await self.run.to_end(
            self.prompt, self.folder, context=context, limit=30.0, wants=Wants(asks=True), gate=gate
        )


TALKATIVE = Path(__file__).parent / "tools" / "talkative.py"


@looped
async def test_a_tool_that_asks_is_answered_by_the_gate(tmp_path: Path) -> None:
    """Granted, it acts; refused, it does not, and hears why; without a gate its own workspace is its own."""

    async def refuse(wish: Wish) -> Permission:
        return Permission(granted=False, reason=f"{wish.paths[0]} is held")

    assert await Talk(tmp_path, "go").talk(refuse) == Judgement(success=True, answer="n.txt is held")
    assert not (tmp_path / "n.txt").exists()
    assert await Talk(tmp_path, "go").talk(None) == Judgement(success=True, answer="done")
    assert (tmp_path / "n.txt").read_text() == "ok\n"


@looped
async def test_waiting_for_the_gate_is_no_silence(tmp_path: Path) -> None:
    """A lock or a person may take longer than a tool may be silent."""

    async def slow(wish: Wish) -> Permission:
        await asyncio.sleep(2.0)
        return Permission(granted=True)

    assert (await Talk(tmp_path, "go", silence=1.0).talk(slow)).success


@looped
async def test_a_stop_is_asked_for_in_its_own_words(tmp_path: Path) -> None:
    """Its turn ends, and it is no success; nothing of it is left."""
    trial = Talk(tmp_path, "wait")
    running = asyncio.create_task(trial.talk(None))
    await until(lambda: trial.said)
    trial.run.stop("enough")
    judgement = await running
    assert (judgement.success, judgement.reason) == (False, "stopped: enough")
    assert any(isinstance(said, ResultGiven) for said in trial.said)
    assert trial.alive() == []


@looped
async def test_one_that_stays_when_all_is_said_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And judged by what it said."""
    monkeypatch.setattr("devmesh.bridge.running.LINGER", 0.2)
    trial = Talk(tmp_path, "linger")
    assert (await trial.talk(None)).success
    assert trial.alive() == []
