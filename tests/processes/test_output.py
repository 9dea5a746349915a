"""All of the output is heard, its end is kept, and a pipe that somebody else holds can be given up."""

from __future__ import annotations

import asyncio
import os
import re
import sys

import pytest
from hypothesis import given, strategies as st

from devmesh.processes import run
from devmesh.processes.output import OutputReader, Tail
from devmesh.vocabulary.terms import Stream

from .conftest import MakeCommand

HASTY = """\
import os, sys
os.set_blocking(1, False)
print(os.write(1, b"x" * 900_000), file=sys.stderr)
"""


@given(st.lists(st.binary(max_size=12)), st.integers(1, 20))
def test_the_end_is_kept_and_the_rest_is_counted(chunks: list[bytes], limit: int) -> None:
    """However it was cut: the last bytes, oldest first, from the first line on that is whole."""
    tail = Tail(limit)
    for chunk in chunks:
        tail.add(chunk)
    everything = b"".join(chunks)
    kept = everything if len(everything) <= limit else re.split(rb"[\r\n]", everything[-limit:], maxsplit=1)[1:]
    assert bytes(tail) == (kept if isinstance(kept, bytes) else b"".join(kept))
    assert (tail.passed, tail.dropped) == (len(everything), len(everything) - len(bytes(tail)))


def test_of_one_endless_line_the_end_is_kept_from_a_word_on() -> None:
    """Beyond the first thousand bytes, for a secret that was cut in two is shorter than that."""
    tail = Tail(5_000)
    tail.add(b"ghp_" + b"a" * 300 + b" word" * 2_000)
    assert bytes(tail).startswith(b"word word")
    assert 3_900 < len(bytes(tail)) < 4_000


def test_no_more_is_held_than_the_limit_and_one_chunk() -> None:
    """A program that prints for hours fills no memory."""
    tail = Tail(100)
    for _chunk in range(10_000):
        tail.add(b"x" * 60)
    assert sum(map(len, tail._chunks)) <= 160
    tail.add(b"y" * 1_000_000)
    assert sum(map(len, tail._chunks)) <= 260


async def opened(heard: list[tuple[Stream, bytes]]) -> tuple[OutputReader, int]:
    """A reader of one end of a pipe, and the other end."""
    reading, writing = os.pipe()
    reader = OutputReader(Stream.STDOUT, lambda stream, chunk: heard.append((stream, chunk)))
    await asyncio.get_running_loop().connect_read_pipe(lambda: reader, os.fdopen(reading, "rb", 0))
    return reader, writing


def test_every_byte_is_heard_before_the_end_is_told() -> None:
    """Without a line end, and up to the last byte written before the pipe was closed."""
    heard: list[tuple[Stream, bytes]] = []

    async def read() -> OutputReader:
        reader, writing = await opened(heard)
        os.write(writing, b"one\ntwo")
        os.close(writing)
        await reader.closed
        return reader

    assert bytes(asyncio.run(read()).tail) == b"one\ntwo"
    assert {stream for stream, _chunk in heard} == {Stream.STDOUT}
    assert b"".join(chunk for _stream, chunk in heard) == b"one\ntwo"


def test_a_pipe_that_is_never_closed_can_be_given_up() -> None:
    """Nothing is heard afterwards, and the descriptor is free."""
    heard: list[tuple[Stream, bytes]] = []

    async def give_up() -> None:
        reader, writing = await opened(heard)
        reader.give_up()
        await asyncio.wait_for(reader.closed, 5)
        try:
            os.write(writing, b"too late")
        except BrokenPipeError:
            heard.append((Stream.NOTE, b"refused"))
        finally:
            os.close(writing)

    asyncio.run(give_up())
    assert heard == [(Stream.NOTE, b"refused")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe be widened")
def test_a_program_that_does_not_wait_for_its_reader_loses_nothing(command: MakeCommand) -> None:
    """900 kB go out in one write, as a CLI on Node writes before it ends; a pipe as it comes takes 64 KiB."""
    ended = asyncio.run(run(command(python=HASTY)))
    assert ended.stderr_tail.strip() == b"900000"
    assert ended.dropped + len(ended.stdout_tail) == 900_000


IMPATIENT = """\
import os, select
select.select([0], [], [])
os.set_blocking(0, False)
print(len(os.read(0, 2_000_000)))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe be widened")
def test_a_program_that_does_not_wait_for_its_input_gets_all_of_it(command: MakeCommand) -> None:
    """900 kB are there at the first read, as a CLI on Node reads that takes a later part's absence for an error."""
    ended = asyncio.run(run(command(python=IMPATIENT, stdin=b"x" * 900_000)))
    assert ended.stdout_tail.strip() == b"900000"
