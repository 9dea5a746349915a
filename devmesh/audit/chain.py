"""The chain over the record: every row is sealed with a key, together with the seal before it. Knows no fact.

It shows whether somebody without the key changed the record. Whoever has the key can seal anything.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from devmesh.audit.database import create_private, refuse_strangers, storage_errors, sync_folder
from devmesh.errors import StorageError
from devmesh.vocabulary import known

KEY_FILE = "audit.key"
"Lies in the home, which is not in the project: 0600, 32 random bytes, never said to anybody."

_LENGTH: Final = 32
FIRST: Final = bytes(_LENGTH)
"What stands for the seal before the first row."

Sealed = tuple[int, float, float, int | None, int | None, str]
"What a seal covers, as rows.RECORDED_COLUMNS names it; the other columns only repeat the body."


class Chain(NamedTuple):
    """A key, and the seal of the last row that was sealed with it."""

    key: bytes
    head: bytes = FIRST

    def seal(self, row: Sealed) -> bytes:
        """The seal of the row that comes next. A number reads differently from its text, and so does nothing."""
        sequence, now, at, session, request, body = row
        text = f"{sequence}|{float(now)!r}|{float(at)!r}|{session}|{request}|{body}"
        return hmac.digest(self.key, self.head + text.encode("utf-8", "surrogatepass"), "sha256")

    def at(self, head: bytes) -> Chain:
        """The same key, further along."""
        return Chain(self.key, head)

    def seals(self, rows: Sequence[Sealed]) -> list[bytes]:
        """One for each row, in their order; the last is the new head."""
        made: list[bytes] = []
        chain = self
        for row in rows:
            made.append(chain.seal(row))
            chain = chain.at(made[-1])
        return made


def read_key(home: Path) -> bytes | None:
    """The key of this home, None where there is none. Raises StorageError when it is not ours alone, or no key."""
    path = home / KEY_FILE
    if not os.path.lexists(path):
        return None
    refuse_strangers(path)
    with storage_errors(path):
        key = path.read_bytes()
    if len(key) != _LENGTH:
        raise StorageError(
            f"{path} is no key: {len(key)} bytes, not {_LENGTH}",
            hint="Put the right one back, or remove it: the record is then sealed anew, and says so.",
        )
    known.hide_bytes(key)
    return key


def make_key(home: Path) -> bytes:
    """A new key where there is none, on disk before it is used. Raises StorageError."""
    path = home / KEY_FILE
    draft = home / f".{KEY_FILE}.new"
    key = secrets.token_bytes(_LENGTH)
    with storage_errors(path):
        draft.unlink(missing_ok=True)
        create_private(draft)
        with draft.open("wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(home)
    known.hide_bytes(key)
    return key
