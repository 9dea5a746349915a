"""The token of the HTTP interface, which another process makes: known for a secret as soon as it is there."""

from __future__ import annotations

import os
from pathlib import Path

from devmesh.address import HTTP_TOKEN_FILE
from devmesh.vocabulary import known

_LONGEST = 512


class TokenFile:
    """Of one home. Looked at before each text, which costs one question to the file system."""

    def __init__(self, home: Path) -> None:
        self._path = str(home / HTTP_TOKEN_FILE)
        self._seen: tuple[int, int] | None = None

    def look(self) -> None:
        """Have its token known, if there is another one than last time. A file that cannot be read is none."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - every request asks, and a Path takes five times as long
            if (seen := (found.st_ino, found.st_mtime_ns)) != self._seen:
                with open(self._path, encoding="ascii") as file:  # noqa: PTH123 - as above
                    known.hide(file.read(_LONGEST).strip())
                self._seen = seen
        except (OSError, UnicodeDecodeError):
            self._seen = None
