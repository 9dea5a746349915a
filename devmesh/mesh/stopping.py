"""The end of a mesh: agents are sent home, those of ours that do not go are ended, then the coordinator stops."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from devmesh.errors import DevMeshError, MeshError
from devmesh.mesh.waiting import rest, settled

if TYPE_CHECKING:
    from devmesh.coordinator.hosts import Host
    from devmesh.mesh.door import Door
    from devmesh.mesh.operations import Operations

GOING = 5.0
"Seconds the agents have to stop their tools and leave."
_GRACE = 2.0


def stop(door: Door, operations: Operations, host: Host | None) -> None:
    """See `Mesh.stop`. Raises MeshError for a mesh that another process runs: it is stopped there."""
    if door.is_closed:
        return
    if host is None:
        raise MeshError(
            f"the mesh of {door.project} runs in another process",
            hint="Stop it there, or with `devmesh stop`; close() lets go of this handle.",
        )
    try:
        _send_home(door, operations)
    finally:
        operations.launcher.end_all(_GRACE)
        with suppress(DevMeshError, TimeoutError):
            door.call(operations.launcher.revoke_ended(door), timeout=_GRACE)
        door.close(stopped=True)
        host.stop()


def _send_home(door: Door, operations: Operations) -> None:
    """Dismiss every agent and wait until they have left, and the processes of ours have ended."""
    deadline = time.monotonic() + GOING
    with suppress(DevMeshError, TimeoutError):
        for agent in operations.present():
            with suppress(DevMeshError):
                door.call(operations.dismiss(agent, "the mesh stops"), timeout=GOING)
        settled(door.replica.when(lambda state: not state.present or None), max(0.0, deadline - time.monotonic()))
    while operations.launcher.living() and time.monotonic() < deadline:
        rest(0.05)
