"""Three versions of a notebook become one, cell by cell. Knows nbformat, and a merge of texts that it is given.

A cell is the same cell where its id is (nbformat 4.5). No cell is lost: what one side deleted and the other rewrote is
a conflict, and so is everything that is not a notebook with ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devmesh.errors import RepositoryError

ENDING = ".ipynb"

TextMerge = Callable[[bytes, bytes, bytes], "tuple[bytes, int]"]
"Merges base, ours and theirs; the text and how many conflicts it has marked in it."

Notebook = dict[str, Any]
Cell = dict[str, Any]
_MINOR: Final = 5
"The first minor version of format 4 in which cells have ids."
_DERIVED: Final = frozenset(
    {"collapsed", "ExecuteTime", "execution", "jp-MarkdownHeadingCollapsed", "language_info", "scrolled"}
)
"Metadata that a program writes anew: of two versions ours stays, and nothing is lost."


class NotMergeable(RepositoryError):
    """One of the three is no notebook whose cells have ids."""


@dataclass(slots=True)
class _Merge:
    """What is being merged, and how many conflicts it has so far."""

    text: TextMerge
    labels: tuple[str, str, str]
    conflicts: int = 0


def merge_notebooks(
    versions: tuple[bytes, bytes, bytes], text: TextMerge, labels: tuple[str, str, str]
) -> tuple[bytes, int]:
    """Merge (base, ours, theirs); the notebook and its conflicts, which are marked in the source of their cells.

    Outputs go with the source they were made from; where the merged source is neither side's, there are none. Raises
    NotMergeable, and what is merged is a valid notebook or that is raised as well.
    """
    base, ours, theirs = (_read(one) for one in versions)
    merge = _Merge(text, labels)
    merged = dict(ours)
    merged["nbformat_minor"] = max(one["nbformat_minor"] for one in (base, ours, theirs))
    merged["metadata"] = _mappings(merge, base["metadata"], ours["metadata"], theirs["metadata"])
    merged["cells"] = _cells(merge, base["cells"], ours["cells"], theirs["cells"])
    return _written(merged, newline=versions[1].endswith(b"\n")), merge.conflicts


# ---- reading and writing


def _read(data: bytes) -> Notebook:
    from nbformat import v4

    try:
        notebook: Notebook = v4.reads(data.decode("utf-8"))  # type: ignore[no-untyped-call]  # nbformat ships no types
        version = notebook["nbformat"], notebook["nbformat_minor"]
        if not all(isinstance(one, int) for one in version) or version[0] != 4 or version[1] < _MINOR:  # noqa: PLR2004
            raise NotMergeable("its cells have no ids: it is older than nbformat 4.5")
        names = [cell["id"] for cell in notebook["cells"]]
        if len(set(names)) != len(names):
            raise NotMergeable("two of its cells have the same id")
        _check(notebook)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotMergeable(f"it is no notebook: {type(error).__name__}: {error}"[:300]) from error
    return notebook


def _check(notebook: Notebook) -> None:
    import nbformat

    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise NotMergeable(f"it is no valid notebook: {error}"[:300]) from error


def _written(notebook: Notebook, *, newline: bool) -> bytes:
    from nbformat import from_dict, v4

    _check(notebook)
    text = str(v4.writes(from_dict(notebook))).rstrip("\n")  # type: ignore[no-untyped-call]  # nbformat ships no types
    return f"{text}\n".encode() if newline else text.encode()


# ---- which cells, and in which order


def _cells(merge: _Merge, base: list[Cell], ours: list[Cell], theirs: list[Cell]) -> list[Cell]:
    before, here, there = ({cell["id"]: cell for cell in cells} for cells in (base, ours, theirs))
    kept: dict[str, Cell] = {}
    for name in {**before, **here, **there}:
        cell = _cell(merge, before.get(name), here.get(name), there.get(name))
        if cell is not None:
            kept[name] = cell
    return [kept[name] for name in _order(merge, list(before), list(here), list(there), kept)]


def _order(merge: _Merge, before: list[str], here: list[str], there: list[str], kept: Mapping[str, Cell]) -> list[str]:
    """One side's order, with what only the other has put in after what it follows there; ours first at one place.

    Where both have moved the same cells differently, ours stays, and that is a conflict.
    """
    common = [name for name in before if name in kept and name in here and name in there]
    our_order = [name for name in here if name in set(common)]
    their_order = [name for name in there if name in set(common)]
    moved_here, moved_there = our_order != common, their_order != common
    if moved_here and moved_there and our_order != their_order:
        merge.conflicts += 1
    if moved_there and not moved_here:
        frame, other = there, here
    else:
        frame, other = here, there
    order = [name for name in frame if name in kept]
    alone = set(frame) - set(other)
    for place, name in enumerate(other):
        if name in kept and name not in order:
            _insert(order, name, other[:place], passed=set() if other is here else alone, frame=set(frame))
    return order


def _insert(order: list[str], name: str, leading: list[str], *, passed: set[str], frame: set[str]) -> None:
    """Put a cell after the nearest of those that lead it, and after those of `passed` that stand there already."""
    follows = next((one for one in reversed(leading) if one in order), None)
    place = 0 if follows is None else order.index(follows) + 1
    while (follows is None or follows in frame) and place < len(order) and order[place] in passed:
        place += 1
    order.insert(place, name)


def _cell(merge: _Merge, before: Cell | None, here: Cell | None, there: Cell | None) -> Cell | None:
    """What becomes of one cell; None: it goes."""
    if here is not None and there is not None:
        return _merged(merge, before, here, there)
    survivor = here if here is not None else there
    if survivor is None:
        return None
    if before is None:
        return survivor
    if survivor["source"] == before["source"] and survivor["cell_type"] == before["cell_type"]:
        return None
    merge.conflicts += 1
    ours, _, theirs = merge.labels
    gone, stays = ("(deleted)", survivor["source"]) if here is None else (survivor["source"], "(deleted)")
    marked = f"<<<<<<< {ours}\n{gone}\n=======\n{stays}\n>>>>>>> {theirs}\n"
    return type(survivor)({**survivor, "source": marked})


# ---- one cell


def _merged(merge: _Merge, before: Cell | None, here: Cell, there: Cell) -> Cell:
    if here == there:
        return here
    if before is None:
        before = type(here)({**here, "source": "", "metadata": {}})
    cell = type(here)(here)
    cell["cell_type"] = _one(merge, before["cell_type"], here["cell_type"], there["cell_type"])
    cell["source"] = _source(merge, before["source"], here["source"], there["source"])
    cell["metadata"] = _mappings(merge, before["metadata"], here["metadata"], there["metadata"])
    if any("attachments" in one for one in (before, here, there)):
        attached = (one.get("attachments", {}) for one in (before, here, there))
        cell["attachments"] = _mappings(merge, *attached)
    _put_outputs(cell, before, here, there)
    return cell


def _source(merge: _Merge, before: str, here: str, there: str) -> str:
    if there in (here, before):
        return here
    if here == before:
        return there
    text, conflicts = merge.text(before.encode(), here.encode(), there.encode())
    merge.conflicts += conflicts
    return text.decode()


def _put_outputs(cell: Cell, before: Cell, here: Cell, there: Cell) -> None:
    """Outputs and count of a side whose source it is; of two such, of the one that ran it."""
    for name in ("outputs", "execution_count"):
        cell.pop(name, None)
    if cell["cell_type"] != "code":
        return
    cell.pop("attachments", None)
    sides = [one for one in (here, there) if one["source"] == cell["source"] and one["cell_type"] == "code"]
    ran = [one for one in sides if one.get("outputs") != before.get("outputs")]
    chosen = next(iter([*ran, *sides]), None)
    cell["outputs"] = [] if chosen is None else chosen.get("outputs", [])
    cell["execution_count"] = None if chosen is None else chosen.get("execution_count")


_MISSING: Final = object()


def _mappings(merge: _Merge, before: Any, here: Any, there: Any) -> Any:
    """Key by key; what both changed differently is a conflict, except what a program derives."""
    merged = type(here)()
    for key in {**here, **there}:
        was, ours, theirs = (one.get(key, _MISSING) for one in (before, here, there))
        if key in _DERIVED:
            value = theirs if ours == was else ours
        elif all(isinstance(one, Mapping) for one in (ours, theirs)):
            value = _mappings(merge, was if isinstance(was, Mapping) else type(here)(), ours, theirs)
        else:
            value = _one(merge, was, ours, theirs)
        if value is not _MISSING:
            merged[key] = value
    return merged


def _one(merge: _Merge, before: Any, here: Any, there: Any) -> Any:
    if there in (here, before):
        return here
    if here == before:
        return there
    merge.conflicts += 1
    return here if here is not _MISSING else there
