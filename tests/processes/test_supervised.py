"""A supervised program is heard, limited, paused and ended, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path

import psutil
import pytest

from devmesh.errors import ToolNotFound
from devmesh.processes import Command, Ended, SupervisedProcess, run
from devmesh.vocabulary.terms import Stream

from .conftest import Alive, MakeCommand, until

pytestmark = pytest.mark.slow


def states(process: SupervisedProcess) -> set[str]:
    """What every process of the tree does; empty where one ended while it was asked. The dead do nothing."""
    try:
        return {str(one.status()) for one in process.tree()} - {psutil.STATUS_ZOMBIE}
    except psutil.Error:
        return set()


def go(work: Coroutine[object, object, object]) -> Ended:
    """Run to the end on a loop of its own."""
    ended = asyncio.run(work)
    assert isinstance(ended, Ended)
    return ended


def test_output_exit_code_and_time_are_reported(command: MakeCommand, alive: Alive) -> None:
    """Both streams apart, in chunks as they come."""
    heard: list[tuple[Stream, bytes]] = []
    ended = go(run(command("echo out; echo err >&2; exit 3"), lambda stream, chunk: heard.append((stream, chunk))))
    assert (ended.exit_code, ended.signal, ended.why) == (3, None, "exited")
    assert (ended.stdout_tail, ended.stderr_tail, ended.dropped, ended.leftover) == (b"out\n", b"err\n", 0, 0)
    assert sorted(heard) == [(Stream.STDERR, b"err\n"), (Stream.STDOUT, b"out\n")]
    assert 0 < ended.seconds < 5


def test_a_death_by_signal_is_one(command: MakeCommand, alive: Alive) -> None:
    """Not an exit code."""
    ended = go(run(command("kill -SEGV $$")))
    assert (ended.exit_code, ended.signal) == (None, 11)


def test_ten_megabytes_without_a_newline_pass_through(command: MakeCommand, alive: Alive) -> None:
    """All of it is heard, and no line is waited for. The last 64 KiB are kept, but for what was cut in two."""
    total = 0

    def hear(_stream: Stream, chunk: bytes) -> None:
        nonlocal total
        total += len(chunk)

    words = "yes . | tr '\\n' ' ' | head -c"
    ended = go(run(command(f"{words} 10000000; {words} 70000 >&2; printf end"), hear))
    assert total == 10_070_003
    kept = [len(tail) for tail in (ended.stdout_tail, ended.stderr_tail)]
    assert all(64_000 < length <= 65_536 for length in kept)
    assert ended.stdout_tail.endswith(b". end")
    assert ended.dropped == total - sum(kept)


def test_bytes_that_are_no_text_are_bytes(command: MakeCommand, alive: Alive) -> None:
    """Nothing decodes them on the way."""
    assert go(run(command(r"printf '\377\376\200'"))).stdout_tail == b"\xff\xfe\x80"


@pytest.mark.parametrize("given", [None, b"", b"x" * 1_000_000, "file"])
def test_standard_input_is_given_and_ended(
    command: MakeCommand, alive: Alive, tmp_path: Path, given: bytes | str | None
) -> None:
    """Nothing, bytes of any length, or a file: the program always sees an end."""
    (tmp_path / "file").write_bytes(b"from a file")
    stdin = tmp_path / "file" if given == "file" else given
    expected = {"file": 11, None: 0}.get(given if not isinstance(given, bytes) else "", len(given or b""))
    assert int(go(run(command("wc -c", stdin=stdin))).stdout_tail) == (11 if given == "file" else expected)


def test_a_program_that_closes_its_input_early_is_no_trouble(command: MakeCommand, alive: Alive) -> None:
    """What it did not read is dropped."""
    ended = go(run(command("exec 0<&-; sleep 0.1; echo fine", stdin=b"x" * 5_000_000)))
    assert (ended.exit_code, ended.stdout_tail) == (0, b"fine\n")


def test_one_can_talk_with_a_program(command: MakeCommand, alive: Alive) -> None:
    """Its input stays open until it is closed."""

    async def talk() -> Ended:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        process = await SupervisedProcess.start(
            command("cat", keep_stdin_open=True), lambda _stream, chunk: answers.put_nowait(chunk)
        )
        for word in (b"one\n", b"two\n"):
            process.write(word)
            assert await answers.get() == word
        process.close_stdin()
        process.write(b"too late\n")
        return await process.wait()

    assert go(talk()).stdout_tail == b"one\ntwo\n"


def test_a_grandchild_holding_the_pipe_does_not_hang_it(command: MakeCommand, alive: Alive) -> None:
    """What the program left running is ended after it, though it moved to a session of its own, and is counted."""
    ended = go(run(command("setsid nohup sleep 1000 & (sleep 1000 &) ; echo done")))
    assert (ended.exit_code, ended.stdout_tail, ended.leftover) == (0, b"done\n", 2)
    assert ended.seconds < 3


def test_a_pipeline_may_finish_after_its_shell(command: MakeCommand, alive: Alive) -> None:
    """A moment is given before anything is ended."""
    ended = go(run(command("(sleep 0.2; echo late) & echo early")))
    assert (ended.stdout_tail, ended.leftover) == (b"early\nlate\n", 0)


def test_stopping_is_asked_for_first(command: MakeCommand, alive: Alive) -> None:
    """SIGTERM lets it clean up, within its grace; why it ended is told."""

    async def stop() -> Ended:
        process = await SupervisedProcess.start(
            command("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.02; done")
        )
        await until(lambda: process.heard > 0)
        process.stop("the person cancelled")
        return await process.wait()

    ended = go(stop())
    assert (ended.exit_code, ended.why, ended.reason) == (7, "stopped", "the person cancelled")
    assert ended.stdout_tail == b"up\nbye\n"


def test_a_tree_that_ignores_sigterm_is_killed_after_its_grace(command: MakeCommand, alive: Alive) -> None:
    """Its children and their children too."""
    script = (
        "trap '' TERM; (trap '' TERM; setsid sh -c 'sleep 1000; sleep 1000' & sleep 1000) & while :; do sleep 1; done"
    )
    ended = go(run(command(script, time_limit=0.3, grace=0.2)))
    assert (ended.signal, ended.why) == (9, "time_limit")
    assert ended.seconds < 3


def test_silence_has_its_own_limit(command: MakeCommand, alive: Alive) -> None:
    """Every byte starts it anew."""
    ended = go(run(command("for i in 1 2 3 4; do echo $i; sleep 0.2; done; sleep 1000", silence_limit=0.5, grace=0.1)))
    assert (ended.why, ended.stdout_tail) == ("silence_limit", b"1\n2\n3\n4\n")


def test_a_pause_stops_everything_and_its_time(command: MakeCommand, alive: Alive, tmp_path: Path) -> None:
    """No process does anything, one that changed its session neither; then all go on where they were."""
    script = "setsid sh -c 'while :; do echo >> other; sleep 0.01; done' & while :; do echo >> main; sleep 0.01; done"

    def sizes() -> list[int]:
        return [(tmp_path / name).stat().st_size if (tmp_path / name).exists() else 0 for name in ("main", "other")]

    async def pause() -> Ended:
        process = await SupervisedProcess.start(command(script, time_limit=2.0, silence_limit=2.0, grace=0.1))
        await until(lambda: min(sizes()) > 3)
        process.pause()
        await until(lambda: states(process) == {psutil.STATUS_STOPPED})
        before = sizes()
        await asyncio.sleep(2.1)  # longer than both limits: the claim is that nothing happens
        assert sizes() == before
        assert process.paused
        process.resume()
        await until(lambda: min(after - held for after, held in zip(sizes(), before, strict=True)) > 3)
        return await process.wait()

    ended = go(pause())
    assert ended.why in ("time_limit", "silence_limit")
    assert 1.95 < ended.seconds < 3.0


def test_a_paused_tree_can_be_stopped(command: MakeCommand, alive: Alive) -> None:
    """It is woken to hear that it should end."""

    async def stop() -> Ended:
        process = await SupervisedProcess.start(command("trap 'exit 5' TERM; echo; while :; do sleep 0.02; done"))
        await until(lambda: process.heard > 0)
        process.pause()
        process.stop()
        return await process.wait()

    assert go(stop()).exit_code == 5


def test_an_interrupt_is_what_ctrl_c_does(command: MakeCommand, alive: Alive) -> None:
    """The program may handle it and go on."""

    async def interrupt() -> Ended:
        process = await SupervisedProcess.start(
            command(
                python="import time\ntry: print(flush=True); time.sleep(99)\nexcept KeyboardInterrupt: print('caught')"
            )
        )
        await until(lambda: process.heard > 0)
        process.interrupt()
        return await process.wait()

    ended = go(interrupt())
    assert (ended.exit_code, ended.why, ended.stdout_tail.split()) == (0, "exited", [b"caught"])


def test_cancelling_whoever_waits_stops_the_tree(command: MakeCommand, alive: Alive) -> None:
    """The wait ends only when nothing is left."""

    async def cancel() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(command("trap '' TERM; sleep 1000 & while :; do sleep 1; done")), 0.3)
        assert alive() == []

    asyncio.run(cancel())


def test_a_loop_that_ends_takes_the_tree_along(command: MakeCommand, alive: Alive) -> None:
    """Nobody waited, nobody stopped it: its supervisor sees the pipe close."""

    async def leave() -> SupervisedProcess:
        return await SupervisedProcess.start(command("setsid sleep 1000 & sleep 1000"))

    process = asyncio.run(leave())
    assert process._supervisor.wait(5) == 0
    assert alive() == []


def test_a_killed_supervisor_is_noticed_and_its_tree_ended(command: MakeCommand, alive: Alive) -> None:
    """Orphans are found by the mark in their environment."""

    async def kill() -> Ended:
        process = await SupervisedProcess.start(command("setsid sleep 1000 & echo; sleep 1000"))
        await until(lambda: process.heard > 0)
        psutil.Process(process.supervisor_pid).kill()
        return await process.wait()

    ended = go(kill())
    assert (ended.exit_code, ended.signal, ended.unkillable) == (None, None, 0)


def test_a_listener_that_fails_ends_the_program_and_is_heard(command: MakeCommand, alive: Alive) -> None:
    """Its error belongs to whoever waits."""

    def fail(_stream: Stream, _chunk: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go(run(command("while :; do echo; sleep 0.01; done"), fail))


@pytest.mark.parametrize(
    ("argv", "folder", "said"),
    [
        (("no-such-program-anywhere",), ".", "not found on PATH"),
        (("/etc/passwd",), ".", "not found on PATH"),
        (("sh",), "nowhere", "no such folder"),
        (("./broken",), ".", "Exec format error"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, argv: tuple[str, ...], folder: str, said: str) -> None:
    """By the name of the program, with what to do where that is known."""
    (tmp_path / "broken").write_bytes(b"\x7fELFbroken")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(ToolNotFound, match=said):
        go(run(Command(argv=argv, cwd=tmp_path / folder, env={"PATH": os.environ["PATH"]})))


def test_limits_hold_for_the_program(command: MakeCommand, alive: Alive, tmp_path: Path) -> None:
    """File size and open files, as asked for."""
    ended = go(run(command("ulimit -n; head -c 5000 /dev/zero > big", limits={"NOFILE": 50, "FSIZE": 1000})))
    assert ended.stdout_tail == b"50\n"
    assert (tmp_path / "big").stat().st_size == 1000


def test_no_descriptor_of_ours_reaches_the_program(command: MakeCommand, alive: Alive) -> None:
    """Neither the control pipe nor anything else: only its three streams."""
    ended = go(run(command(python="import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])")))
    assert ended.stdout_tail == b"[0, 1, 2]\n"


def test_nothing_of_ours_is_left_open(command: MakeCommand, alive: Alive) -> None:
    """Twenty runs, half of them stopped, leave as many descriptors and threads as there were."""

    async def many() -> None:
        await run(command("true"))
        us = psutil.Process()
        before = (us.num_fds(), us.num_threads())
        for turn in range(20):
            process = await SupervisedProcess.start(command("cat", stdin=b"x", keep_stdin_open=bool(turn % 2)))
            if turn % 2:
                process.kill()
            await process.wait()
        assert (us.num_fds(), us.num_threads()) == before

    asyncio.run(many())


def test_memory_is_that_of_the_whole_tree(command: MakeCommand, alive: Alive) -> None:
    """A grandchild in another session counts."""
    program = "x = bytearray(60_000_000); print(flush=True); import time; time.sleep(1000)"
    hungry = f"setsid {sys.executable} -c '{program}' & wait"

    async def measure() -> int:
        process = await SupervisedProcess.start(command(hungry))
        await until(lambda: process.heard > 0)
        used = process.memory()
        process.kill()
        await process.wait()
        assert process.memory() == 0
        return used

    assert asyncio.run(measure()) > 60_000_000
