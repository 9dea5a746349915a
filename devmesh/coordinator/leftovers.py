"""Temporary files of the gate, anywhere in a project: what a killed process may have left there. Only looks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devmesh.repository.staging import PREFIX, mark_of

MOST_ENTRIES: Final = 500_000
"Entries looked at, at most."

_OURS = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]{{12}}-[0-9a-f]{{12}}")


def left_in(root: Path) -> Iterator[tuple[str, str]]:
    """Each temporary file, relative to the root, and the path it was made for, or its own name where that is gone."""
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git" and not name.startswith(PREFIX[:-1])]
        seen += len(files)
        if seen > MOST_ENTRIES:
            return
        for name in filter(_OURS.fullmatch, files):
            above = os.path.relpath(folder, root)
            prefix = "" if above == "." else f"{above}/"
            yield prefix + name, next((path for path in _near(folder, prefix) if name.startswith(mark_of(path))), name)


def _near(folder: str, prefix: str) -> Iterator[str]:
    """What a temporary file in that folder may have been made for: it lies beside it, or one folder above."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            yield prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                with os.scandir(entry.path) as inside:
                    yield from sorted(f"{prefix}{entry.name}/{inner.name}" for inner in inside)
    except OSError:
        return
