"""Run by a test: prepares and applies a change, and kills itself at a named instant.

python killed_gate.py PROJECT HOME BASE HEAD PATH:BEFORE:AFTER,... POINT HIT
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from devmesh.coordinator.tree import open_gate
from devmesh.core.effects import ApplyChange, PrepareChange
from devmesh.vocabulary.terms import FileChange, FileKind


def main() -> None:
    """See above."""
    project, home, base, head, listed, point, hit = sys.argv[1:]
    left = int(hit)

    def failpoint(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    files = []
    for one in listed.split(","):
        path, before, after = one.split(":")
        kind = FileKind.ADDED if not before else FileKind.DELETED if not after else FileKind.MODIFIED
        files.append(FileChange(path=path, kind=kind, before=before or None, after=after or None))
    gate = open_gate(Path(project), Path(home), failpoint=failpoint)
    paths = tuple(file.path for file in files)
    prepared = gate.prepare(PrepareChange(change=1, base=base, head=head, files=tuple(files), mergeable=paths))
    gate.apply(ApplyChange(change=1, plan=prepared.plan))


if __name__ == "__main__":
    main()
