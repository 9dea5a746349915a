"""What can happen to the files of a record while nobody runs, as a table: what is done, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from random import Random
from typing import NamedTuple

from devmesh.audit.database import DATABASE
from devmesh.audit.mirror import MIRROR

PAGE = 4096


class End(Enum):
    """What the next start makes of it."""

    WHOLE = "it starts, and every fact is there"
    REFUSED = "it says that the record is an older one, or gone, until a person repairs it; then every fact is there"
    NAMED = "every fact is there, and `devmesh audit verify` names what is wrong beside it"
    LOST = "what both files lost is lost, and counted"


class Damage(NamedTuple):
    """One way to harm a record."""

    done: Callable[[Path, Random], None]
    end: frozenset[End]


def _truncate(home: Path, chance: Random) -> None:
    file = home / DATABASE
    with file.open("r+b") as opened:
        opened.truncate(chance.randrange(1, file.stat().st_size))


def _overwrite(home: Path, chance: Random) -> None:
    file = home / DATABASE
    with file.open("r+b") as opened:
        opened.seek(chance.randrange(file.stat().st_size // PAGE) * PAGE)
        opened.write(chance.randbytes(PAGE))


def _empty(home: Path, _chance: Random) -> None:
    (home / DATABASE).write_bytes(b"")


def _remove(home: Path, _chance: Random) -> None:
    (home / DATABASE).unlink()


def _lose_log(home: Path, _chance: Random) -> None:
    (home / f"{DATABASE}-wal").unlink(missing_ok=True)


def _garble_log(home: Path, chance: Random) -> None:
    file = home / f"{DATABASE}-wal"
    text = bytearray(file.read_bytes()) if file.exists() else bytearray()
    if len(text) < PAGE:
        return
    at = chance.randrange(len(text) // 2)
    text[at : at + 64] = chance.randbytes(64)
    file.write_bytes(text)


def _tear_mirror(home: Path, chance: Random) -> None:
    file = home / MIRROR
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - chance.randrange(1, 2000))


def _garble_mirror(home: Path, _chance: Random) -> None:
    file = home / MIRROR
    lines = file.read_bytes().splitlines(keepends=True)
    lines[len(lines) // 2] = b'{"torn": \n'
    file.write_bytes(b"".join(lines))


def _ruin_both(home: Path, chance: Random) -> None:
    _tear_mirror(home, chance)
    (home / DATABASE).write_bytes(b"this is no database" * 1000)
    (home / f"{DATABASE}-wal").unlink(missing_ok=True)


DAMAGES: dict[str, Damage] = {
    "the database cut short": Damage(_truncate, frozenset({End.WHOLE, End.REFUSED})),
    "a page overwritten": Damage(_overwrite, frozenset({End.WHOLE, End.REFUSED})),
    "the database emptied": Damage(_empty, frozenset({End.REFUSED})),
    "the database gone": Damage(_remove, frozenset({End.REFUSED})),
    "the log gone": Damage(_lose_log, frozenset({End.WHOLE, End.REFUSED})),
    "the log garbled": Damage(_garble_log, frozenset({End.WHOLE, End.REFUSED})),
    "the mirror torn": Damage(_tear_mirror, frozenset({End.WHOLE})),
    "a line of the mirror garbled": Damage(_garble_mirror, frozenset({End.NAMED})),
    "both ruined": Damage(_ruin_both, frozenset({End.LOST})),
}
