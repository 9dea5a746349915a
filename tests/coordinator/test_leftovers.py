"""Temporary files of the gate are recognised anywhere in a project, and what they were made for."""

from __future__ import annotations

from pathlib import Path

from devmesh.coordinator.leftovers import left_in
from devmesh.repository.staging import temporary_name


def test_they_are_found_with_the_path_they_were_made_for(project: Path) -> None:
    """Beside the file, one folder above it, and where the file is gone; git's folder and other names are left alone."""
    beside, above, gone = (temporary_name(path) for path in ("src/app.py", "src/app.py", "src/gone.py"))
    (project / ".git").mkdir()
    for place in (f"src/{beside}", above, f"src/{gone}", f".git/{beside}", ".devmesh-notes"):
        (project / place).write_text("x")
    assert sorted(left_in(project)) == sorted(
        [(f"src/{beside}", "src/app.py"), (above, "src/app.py"), (f"src/{gone}", gone)]
    )
