"""Run by a test: fills a record until its write-ahead log cannot be copied to the database any more; kills itself.

python checkpointing.py HOME. Prints the number of every acknowledged fact, and what became of the last checkpoint.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sys
from pathlib import Path

from devmesh.audit.journal import Journal
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded

BEFORE, AFTER = 300, 130
"Facts of 20 kB: six megabytes in the database; then more than the 512 pages after which SQLite checkpoints by itself."


def keep(journal: Journal, count: int) -> None:
    """So many facts, one turn each."""
    for _ in range(count):
        fact = facts.GoalSet(text="y" * 20_000)
        journal.append([Recorded(sequence=journal.last_sequence + 1, fact=fact)], 0.0)
        os.write(1, b"%d\n" % journal.last_sequence)


def main(home: Path) -> None:
    """See above."""
    journal = Journal.open(home, now_wall=0.0)
    keep(journal, BEFORE)
    journal._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    size = journal.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))  # the log is smaller, and may grow
    keep(journal, AFTER)
    try:
        journal._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.OperationalError as refused:
        os.write(1, f"{refused.sqlite_errorname}\n".encode())
    assert journal.path.stat().st_size == size
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
