"""One project that agents change through the gate while others write behind it: who wrote what, and what must be there.

Every writer adds lines that nobody else writes. A foreign write defines its file anew; the gate only ever adds.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from devmesh.coordinator.landing import POINTS, RESCUED
from devmesh.coordinator.tree import WriteGate
from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.repository import Repository, blob_id
from devmesh.vocabulary.terms import FileChange, FileKind, PlannedWrite

FILES = ("a.txt", "b.txt", "src/c.txt")
BEGINNING = "".join(f"line {number}\n" for number in range(12))
TRIES = 6
"Times a change is prepared again after somebody wrote in between."


@dataclass
class Count:
    """What happened in one interleaving, or in many."""

    landed: int = 0
    came_back: int = 0
    moved: int = 0
    foreign: int = 0
    rescued: int = 0
    lost: list[str] = field(default_factory=list)


@dataclass
class Offer:
    """What an agent made of what it read."""

    base: str
    head: str
    files: tuple[FileChange, ...]
    lines: dict[str, str]


class Scene:
    """A project under git with some files, and lines that nobody else writes, all from one seed."""

    def __init__(self, project: Path, seed: int) -> None:
        self.project = project
        self.random = Random(seed)
        self.number = 0
        for name in FILES:
            (project / name).parent.mkdir(exist_ok=True, parents=True)
            (project / name).write_text(BEGINNING)
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "begin")

    def git(self, *arguments: str) -> None:
        """As Ada, in the project."""
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
        subprocess.run(["git", *identity, *arguments], cwd=self.project, check=True, capture_output=True)

    def line(self, who: str) -> str:
        """One that was never there."""
        self.number += 1
        return f"{who} {self.number}"

    def added(self, text: str, line: str) -> str:
        """The text with that line, somewhere."""
        lines = text.splitlines()
        lines.insert(self.random.randint(0, len(lines)), line)
        return "".join(f"{one}\n" for one in lines)


class Crowd(Scene):
    """One interleaving after the other on one project, all from one seed."""

    def __init__(self, project: Path, home: Path, seed: int) -> None:
        super().__init__(project, seed)
        self.count = Count()
        self.must = {name: set(BEGINNING.splitlines()) for name in FILES}
        "The lines that must be in each file, unless they were rescued."
        self._at: str | None = None
        self._overwritten: set[str] = set()
        "Files somebody wrote while the present exchange ran: what they then held counts, nothing else."
        self.gate = WriteGate(Repository(project, home).open(), failpoint=self._failpoint)

    # ---- agents, through the gate

    def interleave(self) -> None:
        """Some agents read, others write, the agents land one after the other, and others write in between."""
        self._tidy()
        offers = [self._offer() for _ in range(self.random.randint(1, 3))]
        for offer in offers:
            for _ in range(self.random.choice([0, 1, 1, 2])):
                self._write_behind()
            self._land(offer)
            self._compare()

    def _offer(self) -> Offer:
        base = self.gate.repository.snapshot()
        changes, lines = [], {}
        for name in self.random.sample(FILES, self.random.choice([1, 1, 2, 3])):
            before = (self.project / name).read_bytes() if (self.project / name).is_file() else None
            line = self.line("agent")
            after = self.added(before.decode() if before is not None else "", line).encode()
            kind = FileKind.ADDED if before is None else FileKind.MODIFIED
            oid = self.gate.repository.write_blob(after)
            old = None if before is None else blob_id(before)
            changes.append(FileChange(path=name, kind=kind, before=old, after=oid))
            lines[name] = line
        writes = [PlannedWrite(path=one.path, expected=one.before, after=one.after) for one in changes]
        return Offer(base, self.gate.repository.combined_tree(base, writes), tuple(changes), lines)

    def _land(self, offer: Offer) -> None:
        """As the core does: prepared again when somebody wrote in between, and back to its agent on a conflict."""
        paths = tuple(change.path for change in offer.files)
        for _ in range(TRIES):
            self._overwritten.clear()
            prepared = self.gate.prepare(
                PrepareChange(change=1, base=offer.base, head=offer.head, files=offer.files, mergeable=paths)
            )
            assert not prepared.problem, prepared.problem
            if prepared.conflicts:
                break
            self._at = self.random.choice([None, None, *POINTS])
            applied = self.gate.apply(ApplyChange(change=1, plan=prepared.plan))
            self._at = None
            assert not applied.problem, applied.problem
            self.count.rescued += len(applied.rescued)
            if not applied.moved:
                self.count.landed += 1
                for name, line in offer.lines.items():
                    if name not in self._overwritten:
                        self.must[name].add(line)
                return
            self.count.moved += 1
        self.count.came_back += 1

    def _failpoint(self, name: str) -> None:
        if name == self._at:
            self._at = None
            self._write_behind()

    # ---- everybody else

    def _write_behind(self) -> None:
        """Somebody writes a file with whatever tool; what it then holds is what must stay."""
        name = self.random.choice(FILES)
        path = self.project / name
        line = self.line("behind")
        self.random.choice(WRITERS)(self, path, line)
        self.count.foreign += 1
        text = path.read_text() if path.is_file() else ""
        self.must[name] = set(text.splitlines())
        self._overwritten.add(name)

    def _compare(self) -> None:
        """Nothing that must be there is missing, but for what the gate rescued."""
        for name, wanted in self.must.items():
            path = self.project / name
            held = set(path.read_text().splitlines()) if path.is_file() else set()
            missing = wanted - held
            if missing and not missing <= self._rescued_lines():
                self.count.lost += [f"{name}: {line}" for line in sorted(missing)]
            self.must[name] = held

    def _rescued_lines(self) -> set[str]:
        folder = self.gate.repository.home / RESCUED
        return {line for kept in folder.glob("*") for line in kept.read_text().splitlines()}

    def _tidy(self) -> None:
        """Files do not grow for ever, and a deleted one comes back."""
        for name in FILES:
            path = self.project / name
            if not path.is_file() or path.stat().st_size > 2_000:
                path.write_text(BEGINNING)
                self.must[name] = set(BEGINNING.splitlines())


Writer = Callable[[Scene, Path, str], Any]


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def edit_in_place(scene: Scene, path: Path, line: str) -> None:
    """A person's editor that writes the same file."""
    path.write_text(scene.added(_text(path), line))


def edit_by_renaming(scene: Scene, path: Path, line: str) -> None:
    """A person's editor that puts a new file in the old one's place."""
    fresh = path.with_name(f"{path.name}~")
    fresh.write_text(scene.added(_text(path), line))
    fresh.replace(path)


def whole_file(_: Scene, path: Path, line: str) -> None:
    """A tool's Write: everything anew."""
    with path.open("w") as file:
        file.write(f"{BEGINNING}{line}\n")


def sed_in_place(_: Scene, path: Path, line: str) -> None:
    """`sed -i`."""
    if path.is_file():
        subprocess.run(["sed", "-i", f"1i {line}", str(path)], check=True)


def shell_redirection(_: Scene, path: Path, line: str) -> None:
    """`>`."""
    subprocess.run(["sh", "-c", 'printf "%s\\n" "$1" > "$0"', str(path), line], check=True)


def shell_append(_: Scene, path: Path, line: str) -> None:
    """`>>`."""
    subprocess.run(["sh", "-c", 'printf "%s\\n" "$1" >> "$0"', str(path), line], check=True)


def move_over(_: Scene, path: Path, line: str) -> None:
    """`mv`."""
    other = path.with_name("other~")
    other.write_text(f"{BEGINNING}moved {line}\n")
    subprocess.run(["mv", str(other), str(path)], check=True)


def python_open(_: Scene, path: Path, line: str) -> None:
    """`open(path, "w")` in a process of its own."""
    program = "import sys; file = open(sys.argv[1], 'w'); file.write(sys.argv[2] + chr(10)); file.close()"
    subprocess.run([sys.executable, "-I", "-S", "-c", program, str(path), line], check=True)


def formatter(_: Scene, path: Path, line: str) -> None:
    """Rewrites every line, and adds none."""
    del line
    path.write_text("".join(f"{one.strip()}\n" for one in _text(path).splitlines()))


def checkout(scene: Scene, path: Path, line: str) -> None:
    """`git checkout -- file`: back to what was committed."""
    del line
    scene.git("checkout", "-q", "--", str(path.relative_to(scene.project)))


def remove(_: Scene, path: Path, line: str) -> None:
    """`rm`."""
    del line
    path.unlink(missing_ok=True)


WRITERS: tuple[Writer, ...] = (
    edit_in_place, edit_in_place, edit_by_renaming, edit_by_renaming, whole_file, sed_in_place, shell_redirection,
    shell_append, move_over, python_open, formatter, checkout, remove,
)  # fmt: skip
"Who writes behind the gate; a person twice as often as each of the others."
