"""Blobs as files of the private repository itself: written and read without git, and kept. Knows one format."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import zlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from devmesh.errors import Code, RepositoryError
from devmesh.repository.batches import read_batch
from devmesh.repository.parallel import in_parallel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from devmesh.repository.git import Git

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"The system's words for: no room."
_KEPT_AT_ONCE = 64
"Blobs, to bound what is in memory."
_HEADER = 64
"Bytes of an object that surely say what it is."
_PACKED = 4096
"Bytes of its file that surely hold those: the code they are packed with comes first."


def blob_id(data: bytes) -> str:
    """The name git gives this content as a blob (SHA-1), computed without git."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def write_loose(directory: Path, data: bytes) -> str:
    """Keep this content in the repository's own store, synced to disk; returns its name. Repeating it is free."""
    oid = blob_id(data)
    file = _place(directory, oid)
    if file.exists():
        return oid
    fresh = file.parent / f"tmp_obj_{secrets.token_hex(6)}"
    try:
        file.parent.mkdir(exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(zlib.compress(b"blob %d\0" % len(data) + data, 1))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        code = Code.STORAGE_FULL if error.errno in FULL else Code.STORAGE_FAILED
        raise RepositoryError(f"cannot keep a blob: {error.strerror}", code=code) from None
    return oid


def write_all_loose(directory: Path, contents: Iterable[bytes]) -> list[str]:
    """Keep all these as `write_loose` keeps one, together in about its time; returns their names in order."""
    return in_parallel(partial(write_loose, directory), contents)


def read_loose(directory: Path, oid: str) -> bytes | None:
    """The content, if it lies in the repository's own store as a file of its own, whole."""
    try:
        header, _nul, data = zlib.decompress(_place(directory, oid).read_bytes()).partition(b"\0")
    except (OSError, zlib.error):
        return None
    return data if header == b"blob %d" % len(data) else None


def is_loose(directory: Path, oid: str) -> bool:
    """Whether the repository's own store has it as a file of its own."""
    return _place(directory, oid).exists()


def kind_of_loose(directory: Path, oid: str) -> str | None:
    """What it is (`blob`, `commit`, ...), if the repository's own store has it as a file of its own."""
    try:
        with _place(directory, oid).open("rb") as file:
            header = zlib.decompressobj().decompress(file.read(_PACKED), _HEADER)
    except (OSError, zlib.error):
        return None
    kind, space, _rest = header.partition(b" ")
    return kind.decode("ascii", "replace") if space else None


def keep(git: Git, directory: Path, oids: Iterable[str]) -> None:
    """Have our own copy of every blob named: what is only borrowed may be thrown away by its owner at any time.

    Raises RepositoryError when one is gone already.
    """
    missing = [oid for oid in dict.fromkeys(oids) if not is_loose(directory, oid)]
    for first in range(0, len(missing), _KEPT_AT_ONCE):
        write_all_loose(directory, read_batch(git, missing[first : first + _KEPT_AT_ONCE]).values())


def _place(directory: Path, oid: str) -> Path:
    return directory / "objects" / oid[:2] / oid[2:]
