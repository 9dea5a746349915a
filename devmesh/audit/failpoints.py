"""The named instants at which a test may end the process. Nothing happens at any of them in production."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Failpoint = Callable[[str], None]
"Called with the name of the instant just reached."

POINTS: Final[dict[str, str]] = {
    "created": "an empty database file exists, nothing is in it",
    "migrate_backed_up": "the copy made before a migration is complete",
    "migrate_before_commit": "a migration has run and is not committed",
    "migrate_after_commit": "a migration is committed",
    "sealed_before_commit": "every row of an older record has its seal, which is not committed",
    "opened": "the database is marked as in use, the mirror not yet brought up to date",
    "high_water_half": "the new high-water mark lies beside the old one, half written",
    "before_commit": "the facts of a turn are written and not committed",
    "after_commit": "the facts of a turn are committed and not acknowledged",
    "mirror_half_line": "half of the new text is in the mirror",
    "mirror_before_sync": "the mirror's new text is written and not yet synced",
    "snapshot_before_commit": "a snapshot is written and not committed",
    "snapshot_after_commit": "a snapshot is committed",
    "checkpoint": "the write-ahead log is about to be copied into the database",
    "close_before_flag": "everything is written, the goodbye is not",
    "close_after_flag": "the goodbye is written, the files are still open",
    "rebuild_marked": "a rebuild is announced, the damaged files still in place",
    "rebuild_moved": "the damaged files are moved aside",
    "rebuild_built": "the new database is complete beside its place",
    "rebuild_placed": "the new database is in its place, the announcement still there",
}
"What is true at each instant."


def passing(name: str) -> None:
    """Reach an instant and go on."""
    del name
