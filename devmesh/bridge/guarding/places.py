"""What the words of a command mean as paths, in the folder where they stand. Looks at names, and writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devmesh.bridge.guarding.shell import CannotTell
from devmesh.bridge.guarding.words import Word

MOST_BELOW = 10_000
"Files that are looked at in the folders of one word."
MOST_ARRIVING = 60
"Files that go, one by one, into a folder that is there."


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths as text; folders end in `/`."""

    folder: str
    made: frozenset[str] = frozenset()
    "Folders that are not there yet, and will be."

    def absolute(self, path: str) -> str:
        """The path, from the root on. A `..` behind a link leads to where the link leads, as for the system."""
        ending = "/" if path.endswith("/") else ""
        joined = os.path.join(self.folder, path)  # noqa: PTH118 - text, which may be no path
        parts = joined.split("/")
        if ".." in parts and "\0" not in joined:
            last = len(parts) - parts[::-1].index("..")
            joined = "/".join([os.path.realpath("/".join(parts[:last])), *parts[last:]])
        return os.path.normpath(joined) + ending

    def of(self, word: Word) -> list[str]:
        """Every path that one word stands for. Raises CannotTell for one not known before it runs."""
        if word.dynamic:
            raise CannotTell(f"{word.text[:60] or 'a path'!r} is known only when it runs")
        text = os.path.expanduser(word.text) if word.home else word.text  # noqa: PTH111 - as above
        if not word.glob:
            return [self.absolute(text)]
        if text.startswith("/") or word.quoted or "[" in text or ".." in text:
            raise CannotTell(f"{text[:60]!r} stands for files that cannot be told")
        try:
            found = sorted(map(str, Path(self.folder).glob(text)))
        except (ValueError, OSError) as error:  # a pattern that the shell understands and pathlib does not
            raise CannotTell(f"{text[:60]!r} stands for files that cannot be told") from error
        return found or [self.absolute(text)]

    def one(self, word: Word) -> str:
        """The only one."""
        paths = self.of(word)
        if len(paths) != 1:
            raise CannotTell("it leads to several files")
        return paths[0]

    def all(self, words: Iterable[Word]) -> list[str]:
        """Of all the words."""
        return [path for word in words for path in self.of(word)]

    def whole(self, words: Iterable[Word]) -> list[str]:
        """The same, where a folder means all that is in it: itself, and each file below it."""
        paths = self.all(words)
        try:
            return [one for path in paths for one in _with_all_below(path, path)]
        except CannotTell as why:
            raise CannotTell(str(why), (f"{path}/" if is_folder(path) else path for path in paths)) from why

    def into(self, operands: Sequence[Word]) -> list[str]:
        """What appears when the last of them is where the others go."""
        if len(operands) < 2:  # noqa: PLR2004 - from, to
            raise CannotTell("it does not say whereto")
        written = self.one(operands[-1])
        place = written.rstrip("/")
        inside = written.endswith("/") or is_folder(place) or place in self.made
        try:
            return [
                path
                for word in operands[:-1]
                for source in self.of(word)
                for path in _arriving(source, word.text, place, inside=inside)
            ]
        except CannotTell as why:
            raise CannotTell(str(why), [f"{place}/"]) from why


def is_folder(path: str) -> bool:
    """Whether there is a folder now."""
    return os.path.isdir(path)  # noqa: PTH112 - takes a text that may be no path, as it comes


def below(folder: str) -> list[str]:
    """Each file and link in a folder, seen from it. Raises CannotTell when there are more than can be looked at."""
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118
        found += [os.path.relpath(os.path.join(place, name), folder) for name in (*files, *links)]  # noqa: PTH118
        if len(found) > MOST_BELOW:
            raise CannotTell(f"{Path(folder).name[:60]!r} holds too many files to look at")
    return found


def _with_all_below(source: str, target: str) -> list[str]:
    """The target with what the source holds."""
    if not is_folder(source):
        return [target]
    whole = target.rstrip("/")
    return [f"{whole}/", *(f"{whole}/{name}" for name in below(source))]


def _arriving(source: str, written: str, place: str, *, inside: bool) -> list[str]:
    """What a source, as it was written, becomes in a place; `from/.` is what it holds, not the folder."""
    last = written.rstrip("/").rpartition("/")[2]
    if last in {"..", ""}:
        raise CannotTell("it takes all that a folder above holds")
    if not inside or (is_folder(source) and not is_folder(place) and last == "."):
        return _with_all_below(source, place)
    if last != ".":
        return _with_all_below(source, f"{place}/{Path(source).name}")
    names = below(source)
    if len(names) > MOST_ARRIVING:
        raise CannotTell("it writes too many files to name each")
    return [f"{place}/{name}" for name in names]
