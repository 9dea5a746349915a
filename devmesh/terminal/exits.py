"""What the exit code of `devmesh` means. A table: the help, the README and the tests read it."""

from __future__ import annotations

from typing import Final

from devmesh import errors

DONE, FAILED, USAGE, NO_MESH, REFUSED, NO_TOOL, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

MEANINGS: Final[dict[int, str]] = {
    DONE: "it was done",
    FAILED: "it was tried and failed: a task, the demo, an examination",
    USAGE: "the command line or a DEVMESH_* variable does not fit",
    NO_MESH: "no mesh runs for this project, or it cannot be reached",
    REFUSED: "the mesh said no",
    NO_TOOL: "the tool is not on PATH",
    BUSY: "another process coordinates this project, or the port is taken",
    INTERRUPTED: "stopped with Ctrl-C; what was asked for goes on",
}

_BY_ERROR: Final[tuple[tuple[type[errors.DevMeshError], int], ...]] = (
    (errors.Malformed, USAGE),
    (errors.SettingError, USAGE),
    (errors.NoMesh, NO_MESH),
    (errors.MeshLost, NO_MESH),
    (errors.Refused, REFUSED),
    (errors.ToolNotFound, NO_TOOL),
    (errors.AlreadyRunning, BUSY),
    (errors.PortTaken, BUSY),
)


def code_of(error: errors.DevMeshError) -> int:
    """The exit code of an error; FAILED for all that have no row."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), FAILED)


def table() -> str:
    """The codes as lines of text."""
    return "\n".join(f"{code:>4}  {meaning}" for code, meaning in MEANINGS.items())
