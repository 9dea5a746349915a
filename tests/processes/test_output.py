"""The pipe a program prints into: roomy enough for one that ends without waiting."""

from __future__ import annotations

import asyncio
import sys

import pytest

from devmesh.processes import run

from .conftest import MakeCommand

HASTY = """\
import os, sys
os.set_blocking(1, False)
print(os.write(1, b"x" * 900_000), file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe be widened")
def test_a_program_that_does_not_wait_for_its_reader_loses_nothing(command: MakeCommand) -> None:
    """900 kB go out in one write, as a CLI on Node writes before it ends; a pipe as it comes takes 64 KiB."""
    ended = asyncio.run(run(command(python=HASTY)))
    assert ended.stderr_tail.strip() == b"900000"
    assert ended.dropped + len(ended.stdout_tail) == 900_000
