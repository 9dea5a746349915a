"""Where locks, and those who wait for them, are found by what they overlap: a tree of directories.

Looking something up costs what lies on its way, not what is held elsewhere. Knows neither rules nor time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

from devmesh.core.overlap import advance, overlap, start
from devmesh.core.patterns import Segments, divided, parse
from devmesh.core.targets import is_directory, is_glob, literal_prefix
from devmesh.vocabulary.terms import LockMode


class Item(Protocol):
    """What can be kept here: a lock, or a waiting request under each of its targets."""

    @property
    def number(self) -> int:
        """Its token or ticket: never given twice, growing."""

    @property
    def mode(self) -> LockMode:
        """As it is held or wanted."""


T = TypeVar("T", bound=Item)


class Crowd(Generic[T]):
    """Several on one target: per mode in the order of their numbers."""

    __slots__ = ("modes",)

    def __init__(self) -> None:
        self.modes: dict[LockMode, tuple[list[int], list[T]]] = {}

    def add(self, item: T) -> None:
        """Let it in."""
        numbers, items = self.modes.setdefault(item.mode, ([], []))
        place = bisect_left(numbers, item.number)
        numbers.insert(place, item.number)
        items.insert(place, item)

    def remove(self, item: T) -> bool:
        """Take it out; True if nobody is left."""
        numbers, items = self.modes[item.mode]
        place = bisect_left(numbers, item.number)
        del numbers[place], items[place]
        if not numbers:
            del self.modes[item.mode]
        return not self.modes

    def each(self, modes: Collection[LockMode], before: int | None) -> Iterator[T]:
        """Those in these modes with smaller numbers, the latest first."""
        for mode, (numbers, items) in self.modes.items():
            if mode in modes:
                for place in range(len(items) if before is None else bisect_left(numbers, before), 0, -1):
                    yield items[place - 1]


class Node(Generic[T]):
    """A directory. Counts, per mode, what is in it and below, so that a search can turn back."""

    __slots__ = ("below", "children", "counts", "files", "globs")

    def __init__(self) -> None:
        self.counts: dict[LockMode, int] = {}
        self.children: dict[str, Node[T]] = {}
        self.below: dict[str, T | Crowd[T]] = {}
        "The directory itself as a target: at most one entry."
        self.files: dict[str, T | Crowd[T]] = {}
        "Files as targets, by name. One alone is kept bare: most are."
        self.globs: dict[str, T | Crowd[T]] = {}
        "Globs whose fixed part ends here, and cells of notebooks that lie here, by their text."


class Place(NamedTuple):
    """Where a target belongs: its directory, the table there and the key in it."""

    directories: tuple[str, ...]
    table: str
    key: str


@lru_cache(maxsize=1 << 15)
def place_of(target: str) -> Place:
    """The one place of a canonical target."""
    prefix = literal_prefix(target)
    if is_glob(target):
        return Place(prefix, "globs", target)
    if divided(target)[1]:
        return Place(prefix[:-1], "globs", target)
    return Place(prefix, "below", target) if is_directory(target) else Place(prefix[:-1], "files", prefix[-1])


class LockIndex(Generic[T]):
    """Items by target. Items added under a target must be removed under it."""

    def __init__(self) -> None:
        self.root: Node[T] = Node()
        self.visits = 0
        "Nodes, files and globs looked at so far: what a test holds against the number of locks."

    def add(self, target: str, item: T) -> None:
        """Keep it under this target."""
        place = place_of(target)
        node = self.root
        node.counts[item.mode] = node.counts.get(item.mode, 0) + 1
        for name in place.directories:
            child = node.children.get(name)
            if child is None:
                child = node.children[name] = Node()
            node = child
            node.counts[item.mode] = node.counts.get(item.mode, 0) + 1
        _join(getattr(node, place.table), place.key, item)

    def remove(self, target: str, item: T) -> None:
        """Take it from under this target; what nobody needs any more goes with it."""
        place = place_of(target)
        node = self.root
        trail = [node]
        for name in place.directories:
            node = node.children[name]
            trail.append(node)
        _part(getattr(node, place.table), place.key, item)
        for depth, node in enumerate(trail):
            node.counts[item.mode] -= 1
            if not node.counts[item.mode]:
                del node.counts[item.mode]
            if depth and not node.counts:
                del trail[depth - 1].children[place.directories[depth - 1]]
                return

    def overlapping(self, target: str, modes: Collection[LockMode], before: int | None = None) -> Iterator[T]:
        """Items in these modes, numbered below `before`, that share a file with the target; the nearest first.

        One item can come more than once if it was added under several targets.
        """
        place = place_of(target)
        trail = self._trail(place.directories, modes)
        if len(trail) > len(place.directories):
            yield from self._inside(trail[-1], place, modes, before)
        for node in reversed(trail):
            for each in node.below.values():
                yield from _each(each, modes, before)
            for text, each in node.globs.items():
                self.visits += 1
                if overlap(text, target):
                    yield from _each(each, modes, before)

    def _trail(self, directories: tuple[str, ...], modes: Collection[LockMode]) -> list[Node[T]]:
        """The nodes on the way, as far as they have anything in these modes."""
        node: Node[T] | None = self.root
        trail: list[Node[T]] = []
        for name in (*directories, None):
            self.visits += 1
            if node is None or node.counts.keys().isdisjoint(modes):
                return trail
            trail.append(node)
            node = None if name is None else node.children.get(name)
        return trail

    def _inside(self, node: Node[T], place: Place, modes: Collection[LockMode], before: int | None) -> Iterator[T]:
        if place.table == "files":
            if (found := node.files.get(place.key)) is not None:
                yield from _each(found, modes, before)
            return
        segments = parse(divided(place.key)[0])
        reach = start(segments)
        for name in place.directories:
            reach = advance(segments, reach, name)
        yield from self._matching(node, _Search(segments, reach, place.key, modes, before))

    def _matching(self, node: Node[T], search: _Search) -> Iterator[T]:
        """What lies in and below the node and is met by the segments from `reach` on."""
        final = 1 << len(search.segments)
        for name in _names(node.files, search):
            self.visits += 1
            if advance(search.segments, search.reach, name) & final:
                yield from _each(node.files[name], search.modes, search.before)
        for name in _names(node.children, search):
            self.visits += 1
            child = node.children[name]
            reach = advance(search.segments, search.reach, name) & ~final
            if not reach or child.counts.keys().isdisjoint(search.modes):
                continue
            for each in child.below.values():
                yield from _each(each, search.modes, search.before)
            for text, each in child.globs.items():
                self.visits += 1
                if overlap(text, search.target):
                    yield from _each(each, search.modes, search.before)
            yield from self._matching(child, search._replace(reach=reach))


class _Search(NamedTuple):
    """What is looked for below a node."""

    segments: Segments
    reach: int
    target: str
    modes: Collection[LockMode]
    before: int | None


def _names(table: Collection[str], search: _Search) -> list[str]:
    """The names worth trying: where only fixed ones can follow, those alone."""
    wanted = []
    for index, segment in enumerate(search.segments):
        if search.reach >> index & 1:
            if not isinstance(segment, str):
                return list(table)
            wanted.append(segment)
    return [name for name in wanted if name in table]


def _join(table: dict[str, T | Crowd[T]], key: str, item: T) -> None:
    found = table.get(key)
    if found is None:
        table[key] = item
        return
    if not isinstance(found, Crowd):
        crowd: Crowd[T] = Crowd()
        crowd.add(found)
        table[key] = found = crowd
    found.add(item)


def _part(table: dict[str, T | Crowd[T]], key: str, item: T) -> None:
    found = table[key]
    if not isinstance(found, Crowd) or found.remove(item):
        del table[key]


def _each(found: T | Crowd[T], modes: Collection[LockMode], before: int | None) -> Iterator[T]:
    if isinstance(found, Crowd):
        yield from found.each(modes, before)
    elif found.mode in modes and (before is None or found.number < before):
        yield found
