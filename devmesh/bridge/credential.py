"""A bridge's own secret on its way from whoever had it issued: one 0600 file, read once; never in argv or env."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from devmesh.errors import MeshError
from devmesh.vocabulary import known

_LONGEST = 512


def leave_secret(home: Path, secret: str) -> Path:
    """Write it where only the current user can read it. Whoever takes it removes the file."""
    known.hide(secret)
    path = home / f".credential-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
        file.write(secret)
    return path


def take_secret(path: Path | None) -> str | None:
    """The secret, and the file is gone; None where there is no file to take one from.

    Raises MeshError when it cannot be read, or others could have read it.
    """
    if path is None:
        return None
    secret = read_secret(path)
    path.unlink(missing_ok=True)
    return secret


def read_secret(path: Path) -> str:
    """The secret, which stays where it is. Raises MeshError when it cannot be read, or others could have read it."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(path, flags), encoding="ascii") as file:
            found = os.fstat(file.fileno())
            if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
                raise MeshError(f"{path} could be read by others", hint="Have another credential issued.")
            secret = file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as failed:
        raise MeshError(f"the credential in {path} cannot be read: {failed}") from None
    if not secret:
        raise MeshError(f"{path} holds no credential")
    known.hide(secret)
    return secret
