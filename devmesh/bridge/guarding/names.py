"""Every name that a path has in a project: as it is written, where its links lead, and the links that lead to it.

Looks at links, reads no file, decides nothing. Paths come back from the project's folder on; folders end in `/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

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
    """The names in one project, whose folder is given as it really is. Remembers its links: ask for one wish only."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._links: dict[str, list[tuple[str, str]]] = {}

    def seen(self, path: str) -> Seen:
        """The path, as a tool wrote it, seen from the project."""
        text = os.fspath(path).rstrip("/")
        if "\0" in text:
            return Seen()
        written = _join(self._root, text)
        spelled = os.path.normpath(written)
        real = tuple(dict.fromkeys(map(os.path.realpath, (spelled, written))))
        if not all(map(self._is_inside, real)):
            return Seen()
        folder, name = os.path.split(spelled)
        called = {spelled, _join(os.path.realpath(folder), name)}
        called.update(name for one in real for name in self._leading_to(one))
        ending = "/" if path.endswith("/") else ""
        return Seen(
            tuple(self._shown(one, ending) for one in real),
            tuple(sorted(self._shown(one, ending) for one in called if self._is_inside(one))),
        )

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
