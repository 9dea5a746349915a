"""What a lock target is made of: segments that are names, patterns (`*`, `?`, `[...]`) or `**`.

Reads and writes the syntax. Knows neither the disk nor which targets are allowed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from devmesh.core.characters import ANYTHING, Characters, bracket, intersect, spelled

Atom = str | Characters | None
"A character, one of a set of characters, or STAR."

STAR: Final[Atom] = None
"Any characters, or none."
SPECIAL: Final = frozenset("*?[")
_ESCAPES: Final = str.maketrans({character: f"[{character}]" for character in SPECIAL})


NOTEBOOK_CELL: Final = ".ipynb#"
"Stands between a notebook's name and the id of one of its cells, in a target's last segment."


def divided(target: str) -> tuple[str, str]:
    """The file and the cell of a canonical target; the whole target and nothing where it names no cell."""
    name, mark, cell = target.rpartition("#")
    return (name, cell) if mark and name.endswith(".ipynb") and "/" not in cell else (target, "")


def escape(path: str) -> str:
    """The target that means exactly this file, whatever its name contains (the same as `glob.escape`)."""
    return path.translate(_ESCAPES)


def _spelling(atom: Atom) -> str:
    if atom is None:
        return "*"
    return escape(atom) if isinstance(atom, str) else spelled(atom)


class Pattern:
    """A segment with wildcards. Two of them are equal when their canonical spelling is."""

    __slots__ = ("anywhere", "atoms", "letters", "sets", "stars", "text")

    def __init__(self, atoms: tuple[Atom, ...]) -> None:
        self.atoms = atoms
        self.text = "".join(map(_spelling, atoms))
        self.stars = 0
        "Bit i: atom i is STAR."
        self.anywhere = 0
        "Bit i: atom i is `?`."
        self.letters: dict[str, int] = {}
        "Bit i: atom i is this character."
        self.sets: list[tuple[int, Characters]] = []
        "The bracketed atoms, each with its bit."
        for index, atom in enumerate(atoms):
            self._place(1 << index, atom)

    def _place(self, bit: int, atom: Atom) -> None:
        if atom is None:
            self.stars |= bit
        elif isinstance(atom, str):
            self.letters[atom] = self.letters.get(atom, 0) | bit
        elif atom == ANYTHING:
            self.anywhere |= bit
        else:
            self.sets.append((bit, atom))

    def admitting(self, atom: str | Characters) -> int:
        """The atoms, as bits, that share a character with this one."""
        mask = self.anywhere
        if isinstance(atom, str):
            mask |= self.letters.get(atom, 0)
            atom = ((ord(atom), ord(atom)),)
        else:
            for letter, bits in self.letters.items():
                if intersect(atom, ((ord(letter), ord(letter)),)):
                    mask |= bits
        for bit, characters in self.sets:
            if intersect(atom, characters):
                mask |= bit
        return mask

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


class AnyDepth:
    """`**`: any number of segments, or none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ANY_DEPTH"


Segment = str | Pattern | AnyDepth
Segments = tuple[Segment, ...]
ANY_DEPTH: Final = AnyDepth()
ANY_SEGMENT: Final = Pattern((STAR,))
BELOW: Final[Segments] = (ANY_SEGMENT, ANY_DEPTH)
"What the `/` at the end of a directory stands for: at least one segment."
WHOLE: Final = "./"
"The project itself, spelled."


@lru_cache(maxsize=1 << 15)
def parse(target: str) -> Segments:
    """The segments of a canonical target; a directory ends in BELOW."""
    if target == WHOLE:
        return BELOW
    below = target.endswith("/")
    words = (target[:-1] if below else target).split("/")
    segments: Segments = tuple(words) if SPECIAL.isdisjoint(target) else tuple(map(segment_of, words))
    return segments + BELOW if below else segments


def spell(segments: Segments) -> str:
    """The text of these segments, canonical if they are. The inverse of `parse`."""
    below = segments[-2:] == BELOW
    words = [word_of(segment) for segment in (segments[:-2] if below else segments)]
    return "/".join([*words, ""]) if below and words else WHOLE if below else "/".join(words)


def segment_of(text: str) -> Segment:
    """One segment, understood. Raises BadTarget for brackets that do not close, or a range that runs backwards."""
    if text == "**":
        return ANY_DEPTH
    atoms: list[Atom] = []
    position = 0
    while position < len(text):
        if text[position] == "[":
            characters, position = bracket(text, position + 1)
            _append(atoms, _simplest(characters))
        else:
            _append(atoms, {"*": STAR, "?": ANYTHING}.get(text[position], text[position]))
            position += 1
    letters = [atom for atom in atoms if isinstance(atom, str)]
    return "".join(letters) if len(letters) == len(atoms) else Pattern(tuple(atoms))


def _append(atoms: list[Atom], atom: Atom) -> None:
    """`**` within a segment is one `*`; `*?` is `?*`."""
    if atoms and atoms[-1] is STAR:
        if atom is STAR:
            return
        if atom == ANYTHING:
            atoms.insert(-1, atom)
            return
    atoms.append(atom)


def _simplest(characters: Characters) -> Atom:
    """One character stands for itself."""
    if len(characters) == 1 and characters[0][0] == characters[0][1]:
        return chr(characters[0][0])
    return characters


def word_of(segment: Segment) -> str:
    """One segment, spelled."""
    if isinstance(segment, str):
        return escape(segment)
    return segment.text if isinstance(segment, Pattern) else "**"
