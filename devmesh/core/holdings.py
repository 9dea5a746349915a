"""What one agent holds, and what of it lies around a given target. Knows nothing of the others."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from devmesh.core.overlap import overlap
from devmesh.core.patterns import WHOLE, divided, escape
from devmesh.core.targets import is_directory, is_glob, literal_prefix


class Held(Protocol):
    """A lock."""

    @property
    def number(self) -> int:
        """Its token."""

    @property
    def target(self) -> str:
        """Canonical."""


T = TypeVar("T", bound=Held)


class Holdings(Generic[T]):
    """One agent's locks: at most one per target."""

    __slots__ = ("by_number", "by_target", "globs")

    def __init__(self) -> None:
        self.by_number: dict[int, T] = {}
        self.by_target: dict[str, T] = {}
        self.globs: dict[str, T] = {}

    def add(self, lock: T) -> None:
        """Hold it."""
        self.by_number[lock.number] = lock
        self.by_target[lock.target] = lock
        if is_glob(lock.target):
            self.globs[lock.target] = lock

    def remove(self, lock: T) -> None:
        """Hold it no more."""
        del self.by_number[lock.number], self.by_target[lock.target]
        self.globs.pop(lock.target, None)

    def around(self, target: str) -> tuple[T, ...]:
        """The locks whose target contains all of this one: itself, a directory above it, or a glob around one file.

        A cell is contained in its notebook as well.
        Whether one glob contains another, or a directory, is not looked into.
        """
        if not self.by_target:
            return ()
        containing = dict.fromkeys((target, divided(target)[0], *_above(target)))
        around = [self.by_target[each] for each in containing if each in self.by_target]
        if self.globs and not is_glob(target) and not is_directory(target):
            around += [lock for text, lock in self.globs.items() if overlap(text, target)]
        return tuple(around)


def _above(target: str) -> list[str]:
    """The directories that contain the target, the nearest first."""
    prefix = literal_prefix(target)
    if not is_glob(target):
        prefix = prefix[:-1]
    names = [escape(name) for name in prefix]
    return ["".join(f"{name}/" for name in names[:depth]) or WHOLE for depth in range(len(names), -1, -1)]
