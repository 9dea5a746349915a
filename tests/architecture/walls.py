"""The floors of the house and the walls between its rooms, and the search for breaches in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Each floor may use those below it; the rooms of one floor are strangers, except in the ground.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "devmesh.errors",
        "devmesh.vocabulary",
        "devmesh.settings",
        "devmesh.address",
        "devmesh.logs",
        "devmesh.repository",
        "devmesh.processes",
        "devmesh.samples",
    ),
    ("devmesh.core",),
    ("devmesh.audit",),
    ("devmesh.coordinator", "devmesh.bridge"),
    ("devmesh.mesh",),
    ("devmesh_widgets",),
    ("devmesh.jupyter", "devmesh.terminal"),
)

#: Rooms that may use nothing of the house at all: programs of their own.
STRANGERS = ("devmesh.scripted",)

#: What a room must not know besides, whatever its floor: name -> why.
FORBIDDEN: dict[str, dict[str, str]] = {
    "devmesh.bridge": {
        "devmesh.core": "a bridge is another process and knows the words, not the rules",
        "devmesh.audit": "a bridge has no record",
    },
    **{
        room: dict.fromkeys(
            (
                "asyncio",
                "concurrent",
                "datetime",
                "multiprocessing",
                "os",
                "pathlib",
                "psutil",
                "random",
                "secrets",
                "selectors",
                "shutil",
                "signal",
                "socket",
                "sqlite3",
                "subprocess",
                "tempfile",
                "threading",
                "time",
                "uuid",
                "websockets",
            ),
            "pure: no clock, loop, disk, thread or chance",
        )
        for room in ("devmesh.core", "devmesh.vocabulary")
    },
}


def breaches(root: Path = ROOT) -> list[str]:
    """Every import that goes through a wall, as `file:line: what and why`."""
    return [breach for path in modules(root) for breach in _of_file(path, root)]


def modules(root: Path = ROOT) -> list[Path]:
    """Every Python file of the packages, the sample project excepted."""
    found = [*(root / "devmesh").rglob("*.py"), *(root / "widgets").rglob("*.py")]
    return sorted(path for path in found if "samples/shop" not in path.as_posix())


def name_of(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a file's module."""
    relative = path.relative_to(root).with_suffix("")
    parts = [part for part in relative.parts if part != "widgets"]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room a module is in; None for the front door and for everything foreign."""
    rooms = [*(room for floor in FLOORS for room in floor), *STRANGERS]
    return next((room for room in rooms if module == room or module.startswith(room + ".")), None)


def _of_file(path: Path, root: Path) -> Iterator[str]:
    here = name_of(path, root)
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for line, module in _imports(tree, here, is_package=path.name == "__init__.py"):
        why = _wall(here, module)
        if why:
            yield f"{path.relative_to(root).as_posix()}:{line}: {here} imports {module}: {why}"


def _imports(tree: ast.Module, here: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Each imported module with its line, at any depth, those for type checkers alone excepted."""
    for node in _outside_type_checking(tree):
        match node:
            case ast.Import():
                yield from ((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom(module=module, level=0):
                # `from devmesh import core` imports devmesh.core
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
            case ast.ImportFrom(module=module, level=level):
                package = here.split(".")[: None if is_package and level == 1 else -(level - is_package)]
                yield from ((node.lineno, ".".join((*package, module or alias.name))) for alias in node.names)


def _outside_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield from _outside_type_checking(other)
            continue
        yield child
        yield from _outside_type_checking(child)


def _wall(here: str, module: str) -> str | None:
    mine, theirs = room_of(here), room_of(module)
    for name, why in FORBIDDEN.get(mine or "", {}).items():
        if module == name or module.startswith(name + "."):
            return why
    if theirs is None or mine == theirs:
        return None
    if mine is None:
        return "the front door imports nothing: it fetches by name"
    if mine in STRANGERS or theirs in STRANGERS:
        return "the scripted CLI is a foreign program"
    above, below = _floor(theirs), _floor(mine)
    if above > below:
        return f"{theirs} is on a floor above"
    return f"{theirs} is a stranger on the same floor" if above == below > 0 else None


def _floor(room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if room in floor)
