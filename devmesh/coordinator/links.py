"""Where the symbolic links of a tree lead, and by which other names its files are reached. Knows no disk and no git.

Paths are from the project's folder on. What is no link is taken for a folder: it may be missing or a file today and a
folder tomorrow, so a target leads the way it would lead then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from devmesh.vocabulary.delicate import is_delicate

OURS: Final = ".devmesh"
"What every name of the mesh's own in a project begins with."
MOST_STEPS: Final = 200
"Names on the way of one link, those of all links it passes included; what takes more leads nobody knows where."

LONGEST: Final = 4095
"Bytes of what a link says."


class Place(NamedTuple):
    """Where a path leads."""

    path: str | None
    "From the project's folder on, empty for that itself; None: outside, or nobody can tell."
    out: bool
    "Whether any step of the way left the project, or entered a folder of git's or the mesh's."


class Links:
    """The symbolic links of one tree, by path, with what each says; followed step by step, as the system does.

    `fold`: as on a volume that takes names for one that differ in capitals, or in how their letters are composed.
    """

    def __init__(self, targets: Mapping[str, str], root: str, *, fold: bool = True) -> None:
        self.targets = targets
        self.root = root
        self._fold = fold
        self._linked = {self.key(path): target for path, target in targets.items()}
        self._root = [self.key(part) for part in root.split("/") if part]

    def key(self, name: str) -> str:
        """The name as it is compared."""
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) if self._fold else name

    def place(self, path: str) -> Place:
        """Where it leads in the end. A circle leads out, as does what takes too many steps, or could not be a link."""
        here, waiting, out = list(self._root), path.split("/")[::-1], False
        depth = len(self._root)
        for _ in range(MOST_STEPS):
            if not waiting:
                return Place("/".join(here[depth:]) if here[:depth] == self._root else None, out)
            part = waiting.pop()
            if part == "..":
                del here[-1:]
            elif part not in {"", "."}:
                here.append(self.key(part))
            inside = here[:depth] == self._root
            out = out or not inside or _belongs_to_nobody(part)
            target = self._linked.get("/".join(here[depth:])) if inside else None
            if target is not None and not _is_possible(target):
                break
            if target is not None:
                here = [] if target.startswith("/") else here[:-1]
                waiting += target.split("/")[::-1]
        return Place(None, out=True)

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where each link leads."""
        return {path: self.place(path) for path in self.targets}

    @cached_property
    def leading_to(self) -> dict[str | None, list[str]]:
        """The links that lead to a place, by its path as it is compared."""
        found: dict[str | None, list[str]] = {}
        for path, place in self.places.items():
            found.setdefault(place.path, []).append(path)
        return found


def leading_out(before: Links, after: Links) -> tuple[str, ...]:
    """The links that lead out of the project after a change, and did not do so before.

    A link that the change made or turned elsewhere never may; one that was there already is left as it is, unless it
    leads out only now, because of another. Told for both ways in which a volume may compare names.
    """
    if before.targets == after.targets:
        return ()
    found: dict[str, None] = {}
    for fold in (False, True):
        then, now = (Links(tree.targets, tree.root, fold=fold) for tree in (before, after))
        for path, place in now.places.items():
            same = before.targets.get(path) == after.targets[path]
            if place.out and not (same and then.places[path].out):
                found[path] = None
    return tuple(found)


def obeyed_names(written: Iterable[str], before: Links, after: Links) -> tuple[str, ...]:
    """The delicate names by which what a change writes is reached, before it or after it.

    A link that leads elsewhere since the change counts as written, though its own text is the same.
    """
    reaching = dict.fromkeys(written)
    if before is not after:
        every = (*before.targets, *after.targets)
        reaching |= {path: None for path in every if before.places.get(path) != after.places.get(path)}
    names = (name for tree in dict.fromkeys((before, after)) for name in _names(reaching, tree))
    return tuple(dict.fromkeys(filter(is_delicate, names)))


def _names(paths: Iterable[str], tree: Links) -> Iterator[str]:
    """The paths, and whatever leads to them: of what follows a link, its first two names tell who obeys it.

    The same name below the same link tells nothing new, so a circle comes to an end.
    """
    seen: set[tuple[str, ...]] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(path, ()) for path in paths]
    while waiting:
        path, below = waiting.pop()
        yield "/".join([path, *below])
        if not tree.targets:
            continue
        parts = path.split("/")
        for depth in range(len(parts) + 1):
            rest = (*parts[depth:], *below)[:2]
            for link in tree.leading_to.get(tree.key("/".join(parts[:depth])), ()):
                if (link, *rest[:1]) not in seen:
                    seen.add((link, *rest[:1]))
                    waiting.append((link, rest))


def _is_possible(target: str) -> bool:
    """Whether the system would make such a link at all; git keeps whatever it is given."""
    return "\0" not in target and 0 < len(target.encode(errors="surrogateescape")) <= LONGEST


def _belongs_to_nobody(name: str) -> bool:
    """Of git's or the mesh's own."""
    return name.casefold() == ".git" or name.casefold().startswith(OURS)
