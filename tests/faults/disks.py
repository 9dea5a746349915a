"""Disks that are small, full, or not to be written: made with what the system has, never with a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

BALLAST = "ballast"
NAMES = "names"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-sys_resource", "--")
"Runs a command of root's for which modes of files and limits hold, as for anybody else."


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[Path]:
    """A file system of its own in memory, mounted there, say `size=4m`. Skips the test where nobody may mount one."""
    place.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", str(place)]
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("a small disk takes root and `mount`; the tests with a limit on files do without")
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this system lets nobody mount a small disk: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Until not one byte more can be written there."""
    with (place / BALLAST).open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 65_536)
    with (place / BALLAST).open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 512)


def empty(place: Path) -> None:
    """There is room again; the name stays taken."""
    os.truncate(place / BALLAST, 0)


def use_up_names(place: Path) -> None:
    """Until not one file more can be made there, but the ballast."""
    (place / BALLAST).touch()
    folder = place / NAMES
    folder.mkdir()
    number = 0
    with suppress(OSError):
        while True:
            (folder / str(number)).touch()
            number += 1


def give_names_back(place: Path) -> None:
    """Files can be made again."""
    shutil.rmtree(place / NAMES)


def without_rights() -> tuple[str, ...]:
    """The command that takes root's rights over files away; nothing for anybody else. Skips where there is none."""
    if os.geteuid() != 0:
        return ()
    if shutil.which(WITHOUT_RIGHTS[0]) is None:
        pytest.skip("root may write everywhere, and there is no `setpriv` to give that right up")
    tried = subprocess.run([*WITHOUT_RIGHTS, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"root may write everywhere here, and cannot give that up: {tried.stderr.strip()}")
    return WITHOUT_RIGHTS
