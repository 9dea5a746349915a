"""Output on its way to the mesh: few reports, none too large, none with a secret, and an end to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devmesh.bridge import report
from devmesh.bridge.report import LARGEST, TOTAL, Reporter
from devmesh.vocabulary.requests import Report
from devmesh.vocabulary.terms import Stream
from tests.bridge.rig import WireServer, linked, serving
from tests.coordinator.rig import looped


@asynccontextmanager
async def reporting(home: Path) -> AsyncIterator[tuple[Reporter, WireServer]]:
    """A reporter of task 1 that is closed at the end."""
    async with serving(home) as server, linked(home) as link:
        reporter = Reporter(link, 1, 1, home / "logs" / "task.log")
        yield reporter, server
        await reporter.close()


def texts(server: WireServer) -> list[tuple[Stream, str]]:
    """What was reported."""
    requests = [message.request for message in server.heard]
    return [(one.stream, one.text) for one in requests if isinstance(one, Report)]


@looped
async def test_many_pieces_are_one_report(home: Path) -> None:
    """A hundred lines in a moment travel together; streams stay apart, in their order."""
    async with reporting(home) as (reporter, server):
        for number in range(100):
            reporter.say(Stream.STDOUT, f"{number}\n")
        reporter.say(Stream.STDERR, "oh\n")
        reporter.note("edit a.py")
        await reporter.close()
        assert [stream for stream, _ in texts(server)] == [Stream.STDOUT, Stream.STDERR, Stream.NOTE]
        assert texts(server)[0][1] == "".join(f"{number}\n" for number in range(100))


@looped
async def test_no_report_is_too_large_and_none_cuts_a_line(home: Path) -> None:
    """The pieces, joined, are the whole."""
    text = "".join(f"line {number}\n" for number in range(5000))
    async with reporting(home) as (reporter, server):
        reporter.say(Stream.STDOUT, text)
        await reporter.close()
        pieces = [piece for _, piece in texts(server)]
        assert "".join(pieces) == text
        assert max(map(len, pieces)) <= LARGEST
        assert all(piece.endswith("\n") for piece in pieces)


@looped
async def test_reports_come_at_intervals(home: Path) -> None:
    """What is said meanwhile waits; it is at most two a second."""
    async with reporting(home) as (reporter, server):
        reporter.say(Stream.STDOUT, "a\n")
        await server.heard_of(Report)
        reporter.say(Stream.STDOUT, "b\n")
        reporter.say(Stream.STDOUT, "c\n")
        await server.heard_of(Report, 2)
        assert texts(server) == [(Stream.STDOUT, "a\n"), (Stream.STDOUT, "b\nc\n")]
    assert report.PERIOD >= 0.5


@looped
async def test_much_output_ends_with_one_note_and_goes_on_in_the_log(home: Path) -> None:
    """A megabyte is reported; where the rest is, is said once."""
    piece = "y" * 99 + "\n"
    async with reporting(home) as (reporter, server):
        for _ in range(2 * TOTAL // len(piece)):
            reporter.say(Stream.STDOUT, piece)
        await reporter.close()
        said = texts(server)
        assert sum(len(text) for stream, text in said if stream is Stream.STDOUT) == TOTAL
        (note,) = [text for stream, text in said if stream is Stream.NOTE]
        log = home / "logs" / "task.log"
        assert str(log) in note
        assert log.stat().st_size == 2 * TOTAL


@looped
async def test_secrets_and_terminal_control_do_not_leave(home: Path) -> None:
    """Neither colours nor keys are reported."""
    async with reporting(home) as (reporter, server):
        reporter.say(Stream.STDOUT, "\x1b[31mred\x1b[0m sk-" + "a1B2" * 8 + "\n")
        await reporter.close()
        assert texts(server) == [(Stream.STDOUT, "red [redacted]\n")]


@looped
async def test_what_is_said_while_the_mesh_is_away_is_reported_later(home: Path) -> None:
    """Nothing is lost, and nobody who speaks has to wait."""
    async with reporting(home) as (reporter, server):
        await server.kill()
        reporter.say(Stream.STDOUT, "still here\n")
        await server.start()
        await server.heard_of(Report)
        assert texts(server) == [(Stream.STDOUT, "still here\n")]


@looped
async def test_a_secret_in_two_halves_does_not_leave(home: Path) -> None:
    """Cut anywhere, seconds apart, with other output in between: neither reported nor in the log file."""
    secret = "sk-ant-api03-" + "a1B2" * 8
    async with reporting(home) as (reporter, server):
        for piece in (secret[:4], secret[4:20], secret[20:]):
            reporter.say(Stream.STDERR, piece)
            reporter.say(Stream.STDOUT, "busy\n")
            await server.heard_of(Report)
        await reporter.close()
        written = "".join(text for _, text in texts(server)) + (home / "logs" / "task.log").read_text()
        assert secret[:13] not in written
        assert secret[20:] not in written
        assert written.count("[redacted]") == 2
