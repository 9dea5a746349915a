"""Every place of the product that changes something on disk, found by reading its code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "address.py",
    "audit",
    "coordinator",
    "repository",
    "bridge/credential.py",
    "bridge/join.py",
    "bridge/launch.py",
)

_OS = {"write", "pwrite", "ftruncate", "replace", "rename", "link", "symlink", "unlink", "rmdir", "mkdir", "fchmod"}
_PATH = {"unlink", "mkdir", "write_bytes", "write_text", "touch", "rename", "symlink_to", "chmod", "rmdir"}
_FLAGS = ("O_CREAT", "O_WRONLY", "O_RDWR", "flags", "_CREATE")
_RENAMING = {"exchange", "move"}
_GIT = {"init", "config", "add", "commit-tree", "write-tree", "read-tree", "update-index", "worktree", "update-ref"}


def write_points() -> set[str]:
    """`module:function` of each."""
    found: set[str] = set()
    for room in ROOMS:
        place = ROOT / "devmesh" / room
        for file in [place] if place.suffix else sorted(place.rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            found |= {f"{module}:{name}" for name, body in _functions(ast.parse(file.read_text())) if _writes(body)}
    return found


def _functions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Each outermost function with its name; what is inside it belongs to it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{above}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{above}{node.name}", node
        else:
            yield from _functions(node, above)


def _writes(body: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) and _is_write(node) for node in ast.walk(body))


def _is_write(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    of, name, text = ast.unparse(call.func.value), call.func.attr, ast.unparse(call)
    words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    signs = (
        name in _PATH,
        of == "os" and name in _OS,
        of == "os" and name == "open" and any(flag in text for flag in _FLAGS),
        of == "shutil" and name == "rmtree",
        of == "renaming" and name in _RENAMING,
        name == "replace" and len(call.args) == 1 and not call.keywords,
        name in {"open", "fdopen"} and any(len(word) <= 3 and set(word) & set("wax+") for word in words),
        name == "execute" and "COMMIT" in words,
        name in {"run", "line", "try_run"} and bool(words) and words[0] in _GIT,
    )
    return any(signs)
