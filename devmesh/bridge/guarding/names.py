"""Every name that a path has in a project: as it is written, where its links lead, and the links that lead to it.

Looks at links, reads no file, decides nothing. Paths come back from the project's folder on; folders end in `/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_NAMES = 40
"On the way of one path: the system follows no more links either."
_join = os.path.join
"Of texts, which may be no paths."


@dataclass(frozen=True, slots=True)
class Seen:
    """One path, seen from the project."""

    real: tuple[str, ...] = ()
    "Where it leads. More than one where systems differ about `..` behind a link; none if any of them leads out."
    names: tuple[str, ...] = ()
    "What else it is called: a file of that name is changed, made or taken away."


class Names:
    """The names in one project, whose folder is given as it really is. Remembers its links: for one wish only."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._links: dict[str, list[tuple[str, str]]] = {}
        self._folders: dict[str, str] = {}
        self._targets: dict[str, str] = {}

    def seen(self, path: str) -> Seen:
        """The path, as a tool wrote it, seen from the project."""
        text = os.fspath(path).rstrip("/")
        if "\0" in text:
            return Seen()
        written = _join(self._root, text)
        spelled = os.path.normpath(written)
        beside = self._beside(spelled)
        leading = os.path.realpath(beside) if os.path.islink(beside) else beside  # noqa: PTH114
        real = tuple(dict.fromkeys([leading, os.path.realpath(written) if ".." in text else leading]))
        if not all(map(self._is_inside, real)):
            return Seen()
        called = {beside, *self._on_the_way(spelled)}
        called.update(name for one in real for name in self._leading_to(one))
        ending = "/" if path.endswith("/") else ""
        return Seen(
            tuple(self._shown(one, ending) for one in real),
            tuple(sorted(self._shown(one, ending) for one in called if self._is_inside(one))),
        )

    def _on_the_way(self, path: str) -> set[str]:
        """The path, and what it is called after each of its links."""
        found: set[str] = set()
        left = [path]
        while left and len(found) < _MOST_NAMES:
            one = left.pop()
            if one not in found and self._is_inside(one):
                found.add(one)
                left += [after for at in self._ends(one) if (after := self._followed(one[:at], one[at:]))]
        return found

    def _ends(self, path: str) -> list[int]:
        """Where each of its parts below the project ends."""
        return [at for at in range(len(self._root) + 1, len(path) + 1) if at == len(path) or path[at] == "/"]

    def _followed(self, part: str, rest: str) -> str:
        """What the path is called once this part of it is followed; empty where that is no link."""
        if part not in self._targets:
            target = os.readlink(part) if os.path.islink(part) else ""  # noqa: PTH114, PTH115
            self._targets[part] = target and os.path.normpath(_join(os.path.realpath(os.path.dirname(part)), target))  # noqa: PTH120
        return self._targets[part] and self._targets[part] + rest

    def _beside(self, path: str) -> str:
        """The path's own name in the folder where it really is."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return _join(self._folders[folder], name)

    def _is_inside(self, path: str) -> bool:
        return path.startswith(f"{self._root}/")

    def _shown(self, path: str, ending: str) -> str:
        return path[len(self._root) + 1 :] + (ending or ("/" if os.path.isdir(path) else ""))  # noqa: PTH112

    def _leading_to(self, real: str) -> Iterator[str]:
        """Through links in its own folder and in those above: the usual places of a second name."""
        folder = real
        while folder != self._root:
            folder = os.path.dirname(folder)  # noqa: PTH120
            for link, target in self._linked(folder):
                if real == target or real.startswith(f"{target}/"):
                    yield link + real[len(target) :]

    def _linked(self, folder: str) -> list[tuple[str, str]]:
        """The links in a folder, each with where it leads at last."""
        if folder not in self._links:
            try:
                with os.scandir(folder) as entries:
                    found = [(one.path, os.path.realpath(one.path)) for one in entries if one.is_symlink()]
            except OSError:
                found = []
            self._links[folder] = found
        return self._links[folder]
