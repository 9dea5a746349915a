"""The lock between reading the whole project and writing it. Knows its one file; agents' locks are another matter."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devmesh.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_WAIT = 120.0
"Seconds before giving up on a holder."
_STEP = 0.005


@contextmanager
def file_lock(file: Path, *, exclusive: bool, wait: float = LONGEST_WAIT) -> Iterator[None]:
    """Hold a lock on `file` (made when missing) that ends with the process at the latest, kill -9 included.

    Excludes threads of one process from each other too. Not re-entrant. Raises RepositoryError after `wait` seconds.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _acquire(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, file, wait)
        yield
    finally:
        os.close(descriptor)  # closing the only descriptor of this open file releases it


def _acquire(descriptor: int, kind: int, file: Path, wait: float) -> None:
    give_up = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                msg = f"{file.name} is held by somebody else for more than {wait:.0f} s"
                raise RepositoryError(msg) from None
            time.sleep(_STEP)
        else:
            return


@contextmanager
def tree_lock(home: Path, *, exclusive: bool, wait: float = LONGEST_WAIT) -> Iterator[None]:
    """Keep the project's tree still: shared to read all of it, exclusive to exchange files of it.

    Whoever reads under the shared lock never sees a half-applied change. Not re-entrant: a holder of the exclusive
    lock takes its snapshot with `Repository.snapshot(locked=True)`. Raises RepositoryError after `wait` seconds.
    """
    with file_lock(home / "tree.lock", exclusive=exclusive, wait=wait):
        yield
