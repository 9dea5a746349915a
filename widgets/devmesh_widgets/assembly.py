"""One ES module made of several, because a widget's front end is a single text. Knows only files of `static/`.

The parts are plain ES modules that a browser can load as they are; here their imports of one another are followed,
each part is put once before whoever needs it, and the import and export words are dropped.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<name>[a-z_]+\.js)";\n', re.MULTILINE)
_DOCUMENTATION = re.compile(r"^[ \t]*/\*\*(?s:.*?)\*/[ \t]*\n", re.MULTILINE)
"For who reads the modules; every widget sends its text to the browser."
_EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)


def parts_of(entry: str, folder: Path = STATIC) -> list[str]:
    """The names of the modules `entry` needs, each after those it imports; `entry` is the last."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ImportError(f"{' -> '.join([*above, name])} go round in a circle")
        if name in order:
            return
        for found in _IMPORT.finditer((folder / name).read_text(encoding="utf-8")):
            visit(found["name"], (*above, name))
        order.append(name)

    visit(entry, ())
    return order


@cache
def assemble(entry: str, folder: Path = STATIC) -> str:
    """One self-contained ES module: `entry` and all it imports. Raises ImportError on a circle or a foreign import."""
    pieces = []
    for name in parts_of(entry, folder):
        text = _DOCUMENTATION.sub("", (folder / name).read_text(encoding="utf-8"))
        text = _EXPORT.sub("", _IMPORT.sub("", text))
        if re.search(r"^import\b|await import\(", text, re.MULTILINE):
            raise ImportError(f"{name} imports something that is not beside it")
        pieces.append(f"// ---- {name} ----\n{text}")
    return "\n".join(pieces)


@cache
def styles(folder: Path = STATIC) -> str:
    """All sheets of the folder as one."""
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sorted(folder.glob("*.css")))
