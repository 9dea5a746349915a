"""Whether files of the project may have been written since one last asked, told from their stamps alone.

What triggers a real look, and never replaces one: a write within one tick of the disk's clock may leave no new stamp.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

Stamp = tuple[int, int, int, int]


class Footprint:
    """The stamps of some files, and of the folders they are in."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamps: dict[str, Stamp | None] = {}

    def tread(self, files: Iterable[str]) -> None:
        """Watch these, too, from now on, as they are now, and their folders: there a new file would show."""
        named = set(files)
        folders = {str(folder) for name in named for folder in PurePosixPath(name).parents} | {"."}
        self._stamps |= {name: self._stamp(name) for name in (named | folders).difference(self._stamps)}

    def changed(self) -> bool:
        """Whether one is not as it was when this was last asked; what is new counts as known from now on."""
        now = {name: self._stamp(name) for name in self._stamps}
        before, self._stamps = self._stamps, now
        return now != before

    def _stamp(self, name: str) -> Stamp | None:
        try:
            status = os.lstat(self._root / name)
        except OSError:
            return None
        return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino
