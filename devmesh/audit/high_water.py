"""How far this mesh ever came, kept in a second small file, so that a record that went back in time is noticed.

A record restored from an older copy would grant tokens that were granted before. Knows nothing of the database.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from devmesh.audit.database import refuse_strangers, storage_errors, sync_folder
from devmesh.audit.failpoints import Failpoint, passing

HIGH_WATER_FILE = "epoch.json"


class HighWater(msgspec.Struct, frozen=True, kw_only=True):
    """No later than the record itself: written after what it speaks of was committed."""

    install_id: str
    "Names this mesh's record for ever; a record of another mesh has another."
    epoch: int = 0
    sequence: int = 0
    head: str = ""
    "The seal of that fact, in hexadecimal: a record cut short, or sealed anew, no longer has it. Empty: none yet."


def read_high_water(home: Path) -> HighWater | None:
    """The mark, or None when there is none or it cannot be read. Raises StorageError when it is not ours alone."""
    path = home / HIGH_WATER_FILE
    if not os.path.lexists(path):
        return None
    refuse_strangers(path)
    with storage_errors(path):
        text = path.read_bytes()
    try:
        return msgspec.json.decode(text, type=HighWater)
    except msgspec.DecodeError:
        return None


def write_high_water(home: Path, mark: HighWater, *, failpoint: Failpoint = passing) -> None:
    """Replace the mark, whole or not at all. Raises StorageError; the old mark then stands."""
    path, draft = home / HIGH_WATER_FILE, home / f".{HIGH_WATER_FILE}.new"
    text = msgspec.json.encode(mark)
    with storage_errors(path):
        draft.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            failpoint("high_water_half")
            file.write(text[len(text) // 2 :])
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(home)
