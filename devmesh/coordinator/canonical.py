"""One name for one file: what the disk knows and a spelling cannot, links, letter case and second names.

The spelling itself is `devmesh.core.targets`. Reads directory entries only; opens and writes no file.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from devmesh.core.targets import WHOLE, canonical, divided, escape, is_directory, is_glob, literal_prefix
from devmesh.errors import PathEscapes

MOST_ENTRIES = 200_000
"Directory entries looked at to find the names of one file; beyond them a name counts as its own file."
MOST_REMEMBERED = 10_000

Identity = tuple[int, int]
"Device and inode: the file itself, whatever its names."


class NeedsScan(Exception):
    """A file with several names turned up. No error: finding them takes long, so ask again where that may be."""


class Canonicaliser:
    """Names files of one project. The same file has the same key, as far as its names lie in the project."""

    def __init__(self, project: Path) -> None:
        self._root = os.path.realpath(project)
        self.folds = _folds_case(self._root)
        "Whether the volume takes `A` and `a` for the same name."
        self._keys: OrderedDict[Identity, str] = OrderedDict()

    def key(self, text: str, *, scan: bool = True) -> str:
        """The canonical target for what was written; of several names of one file, the first in the alphabet.

        Raises BadTarget, PathEscapes for what leads out of the project, and NeedsScan when `scan` would be needed.
        """
        file, cell = divided(text)
        if cell:
            canonical(text)  # whether it may be written so at all
            return canonical(f"{self.key(file, scan=scan).removesuffix('/')}#{cell}")
        return self._key(text, self._spelled(text), scan=scan)

    def _key(self, text: str, spelled: str, *, scan: bool) -> str:
        named = literal_prefix(spelled)
        if not named:
            return self._folded(spelled)
        real, status = self._resolve(named, text)
        rest = spelled.split("/")[len(named) :]
        if status is not None and stat.S_ISREG(status.st_mode) and not is_glob(spelled):
            rest = []
            if status.st_nlink > 1:
                real = tuple(self._first_name("/".join(real), status, scan=scan).split("/"))
        elif status is not None and stat.S_ISDIR(status.st_mode) and not rest:
            rest = [""]
        if not rest and real == named and not is_directory(spelled):
            return self._folded(spelled)
        found = "/".join([*map(escape, real), *rest]) or WHOLE
        return self._folded(canonical(found))

    def targets(self, text: str, *, scan: bool = True) -> tuple[str, ...]:
        """The key, and the name as it was written where that is another one.

        Whoever locks a link, or a second name, holds both: the file everybody means, and the name that would land.
        """
        file, cell = divided(text)
        if cell:
            self.key(text, scan=scan)
            return tuple(canonical(f"{one.removesuffix('/')}#{cell}") for one in self.targets(file, scan=scan))
        own = self._spelled(text)
        key = self._key(text, own, scan=scan)
        if key == own:
            return (key,)
        if is_directory(key) != is_directory(own) and not is_glob(own):
            own = f"{own}/" if is_directory(key) else own.rstrip("/")
        return (key,) if own == key else (key, own)

    def _spelled(self, text: str) -> str:
        """`app/[id]/page.tsx` is a glob, unless there is a file of that very name."""
        literal = escape(text)
        if literal != text and os.path.lexists(f"{self._root}/{text.rstrip('/')}"):
            return canonical(literal)
        return canonical(text)

    def _folded(self, target: str) -> str:
        return canonical(target.casefold()) if self.folds else target

    def _resolve(self, named: tuple[str, ...], text: str) -> tuple[tuple[str, ...], os.stat_result | None]:
        """The same place without links, as far as it exists, and what is there."""
        path = self._root
        status = None
        for name in named:
            path = f"{path}/{name}"
            try:
                status = os.lstat(path)
            except OSError:
                return named, None
            if stat.S_ISLNK(status.st_mode):
                return self._through_links("/".join([self._root, *named]), text)
        return named, status

    def _through_links(self, path: str, text: str) -> tuple[tuple[str, ...], os.stat_result | None]:
        real = os.path.realpath(path)
        if real != self._root and not real.startswith(f"{self._root}/"):
            raise PathEscapes(f"{text[:200]!r} leads out of the project through a symbolic link", field="targets")
        try:
            status = os.lstat(real)
        except OSError:
            status = None
        inside = real[len(self._root) + 1 :]
        return (tuple(inside.split("/")) if inside else ()), status

    def _first_name(self, path: str, status: os.stat_result, *, scan: bool) -> str:
        """Remembered, so that a name added later does not change what is already locked."""
        identity = status.st_dev, status.st_ino
        if identity not in self._keys:
            if not scan:
                raise NeedsScan
            self._keys[identity] = min([path, *self._names(identity)])
            if len(self._keys) > MOST_REMEMBERED:
                self._keys.popitem(last=False)
        self._keys.move_to_end(identity)
        return self._keys[identity]

    def _names(self, identity: Identity) -> Iterator[str]:
        for seen, entry in enumerate(_entries(self._root)):
            if seen >= MOST_ENTRIES:
                return
            if entry.inode() == identity[1] and _identity(entry) == identity:
                yield os.path.relpath(entry.path, self._root)


def canonical_target(project: Path, text: str) -> str:
    """The key of one target in `project`. Raises BadTarget and PathEscapes."""
    return Canonicaliser(project).key(text)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every entry below, links not followed, what cannot be read passed by, git's own folder left out."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        yield entry
        if entry.name != ".git" and entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path)


def _identity(entry: os.DirEntry[str]) -> Identity | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folds_case(root: str) -> bool:
    """Asked of the project's own name in the folder above, which exists and is not ours to change."""
    place = Path(root)
    swapped = place.with_name(place.name.swapcase()) if place.name else place
    try:
        return swapped != place and place.samefile(swapped)
    except OSError:
        return False
