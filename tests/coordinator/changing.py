"""Changes made the way an agent's bridge makes them: a snapshot, a workspace, an edit, a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.core.events import Applied, Prepared
from devmesh.repository import Repository
from devmesh.vocabulary.facts import TaskAwarded
from devmesh.vocabulary.requests import OfferChange
from devmesh.vocabulary.terms import FileChange

Edit = Callable[[Path], object]


@dataclass(frozen=True)
class Made:
    """A change, ready to be offered."""

    base: str
    head: str
    files: tuple[FileChange, ...]

    def to_prepare(self, *, mergeable: bool = True, number: int = 1) -> PrepareChange:
        """What the core would ask for."""
        paths = tuple(file.path for file in self.files) if mergeable else ()
        return PrepareChange(change=number, base=self.base, head=self.head, files=self.files, mergeable=paths)

    def to_offer(self, awarded: TaskAwarded, *tokens: int) -> OfferChange:
        """What its agent says of it."""
        return OfferChange(
            task=awarded.task,
            attempt=awarded.attempt,
            base=self.base,
            head=self.head,
            files=self.files,
            tokens=tokens,
        )


def make(repository: Repository, edit: Edit) -> Made:
    """Edit a fresh workspace; the work tree is gone afterwards."""
    base = repository.snapshot()
    place = repository.home / "workspaces" / "made"
    repository.worktree_add(place, base)
    try:
        edit(place)
        head = repository.commit_worktree(place, "A change\n", base)
    finally:
        repository.worktree_remove(place)
    return Made(base, head, repository.changes(base, head))


def write(**texts: str) -> Edit:
    """Write files; `__` in a name is a `/`, the last `_` a dot."""

    def edit(place: Path) -> None:
        for name, text in texts.items():
            stem, _, ending = name.replace("__", "/").rpartition("_")
            file = place / f"{stem}.{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return edit


def replaced(file: Path, old: str, new: str) -> None:
    """Edit as a person's editor does: a new file takes the old one's place."""
    text = file.read_text()
    assert old in text
    fresh = file.with_name(f"{file.name}~")
    fresh.write_text(text.replace(old, new))
    fresh.replace(file)


def land(gate: WriteGate, made: Made, *, mergeable: bool = True) -> tuple[Prepared, Applied | None]:
    """Prepare it and, without conflicts, apply it."""
    prepared = gate.prepare(made.to_prepare(mergeable=mergeable))
    if prepared.conflicts or prepared.problem:
        return prepared, None
    return prepared, gate.apply(ApplyChange(change=1, plan=prepared.plan))


def temporary_files(project: Path) -> list[str]:
    """What the gate left beside the files; there should be nothing."""
    return sorted(str(found.relative_to(project)) for found in project.rglob(".devmesh-*"))
