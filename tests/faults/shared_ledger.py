"""What really happened to each file, write by write, and what must be on record of it. Knows nothing of the product.

A hunk is a line that a write took away although somebody else had written it. It is lost without a trace if both the
version that had it and the one without it were looked at while they lay there, and no conflict shows one that has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

GATE = "the gate"
"The author of what lands through it."


class Kept(NamedTuple):
    """One write that the mesh has on record, with both versions as it shows them."""

    path: str
    before: str | None
    after: str | None


@dataclass
class Entry:
    """What a file was from one write to the next."""

    text: str | None
    author: str
    rightly: bool
    "Under a lock the author was granted, or through the gate."
    informed: bool = False
    "Made of what the file held then: what it takes away was meant to go."
    watched: bool = True
    "Whether any agent was at work in the project when it was written."
    seen: bool = False
    "Whether anybody who watches looked while it lay there, or a witness had read it when somebody did."


@dataclass
class Verdict:
    """What became of all hunks, and of all that was reported."""

    lost: list[str] = field(default_factory=list)
    "Seen, taken away, and nowhere on record."
    shown: int = 0
    "Taken away, and both found out and to be had back."
    unseen: int = 0
    "Not on record, for the version that had it or the one that took it was gone before anybody could look."
    unwatched: int = 0
    "Taken away while no agent was at work in the project: nobody's matter but the person's."
    mistaken: int = 0
    """Not on record, for what took it, or brought it, displaced a tool's own write before anybody could look, and was
    taken for that."""
    false: list[str] = field(default_factory=list)
    "Reported, although everything in between was written rightly."
    right: int = 0
    "Writes that were made rightly."
    reported: int = 0


class Ledger:
    """Every write of some files, in order."""

    def __init__(self, files: Iterable[str], text: str) -> None:
        self.watched = False
        self.pages = {name: [Entry(text, "beginning", rightly=True)] for name in files}
        self._witnessed: set[tuple[str, str | None]] = set()

    def wrote(self, name: str, text: str | None, author: str, *, rightly: bool = False, informed: bool = False) -> None:
        """The file is that from now on."""
        self.pages[name].append(Entry(text, author, rightly, informed, self.watched))

    def saw(self) -> None:
        """Somebody looked at everything."""
        for page in self.pages.values():
            page[-1].seen = True

    def witnessed(self, read: Iterable[tuple[str, str | None]]) -> None:
        """Somebody read this in these files, and perhaps before it is written down here."""
        self._witnessed.update(read)

    def judged(self, kept: list[Kept]) -> Verdict:
        """Compare with what is on record."""
        verdict = Verdict(reported=len(kept))
        for name, page in self.pages.items():
            for entry in page:
                entry.seen |= (name, entry.text) in self._witnessed
            versions = {text for one in kept if one.path == name for text in (one.before, one.after)}
            verdict.right += sum(entry.rightly for entry in page[1:])
            for number in range(1, len(page)):
                for line in sorted(_lines(page[number - 1].text) - _lines(page[number].text)):
                    self._settle(verdict, name, number, line, versions)
        verdict.false = [f"{one.path}: {_why(self.pages[one.path], one)}" for one in kept if not self._rightly(one)]
        return verdict

    def _settle(self, verdict: Verdict, name: str, number: int, line: str, versions: set[str | None]) -> None:
        page = self.pages[name]
        begun = number - 1
        while begun and line in _lines(page[begun - 1].text):
            begun -= 1
        if page[begun].author == page[number].author or page[number].informed:
            return
        lay = [entry for entry in page[begun:number] if entry.seen]
        if any(entry.text in versions for entry in lay):
            verdict.shown += 1
        elif not page[number].watched:
            verdict.unwatched += 1
        elif not lay or not page[number].seen:
            verdict.unseen += 1
        elif any(one.rightly and not one.seen for one in (page[max(begun - 1, 0)], page[number - 1])):
            verdict.mistaken += 1
        else:
            verdict.lost.append(f"{name}, write {number}: {line!r}, taken away by {page[number].author}")

    def _rightly(self, kept: Kept) -> bool:
        """Whether somebody wrote without leave from the one version to the other.

        Of two writes under one grant nobody can tell which was the tool's: there, the one before and the next count.
        """
        page = self.pages[kept.path]
        behind = [number for number, entry in enumerate(page) if not entry.rightly]
        return any(
            entry.text == kept.after
            and any(begun < one <= number or (entry.author != GATE and one in {begun, number + 1}) for one in behind)
            for begun, first in enumerate(page)
            if first.text == kept.before
            for number, entry in enumerate(page[begun + 1 :], begun + 1)
        )


def _lines(text: str | None) -> set[str]:
    return {line.strip() for line in (text or "").splitlines()}


def _why(page: list[Entry], kept: Kept) -> str:
    """For whoever must find out: where the two versions lie in the file's life."""
    places = [[number for number, entry in enumerate(page) if entry.text == text] for text in (kept.before, kept.after)]
    return f"versions {places[0]} and {places[1]} of {len(page)}, by {[page[at].author for at in places[1]]}"
