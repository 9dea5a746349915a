"""What a person holds: the handle, its nouns, and the session behind them.

It asks, reads and waits; it decides nothing. The rules are `devmesh.core`, what performs them is `devmesh.coordinator`.
"""

from __future__ import annotations

from devmesh.mesh.handle import Mesh
from devmesh.mesh.opening import connect, current, enable_nested, start, start_here
from devmesh.mesh.task import Task, TaskResult

__all__ = ["Mesh", "Task", "TaskResult", "connect", "current", "enable_nested", "start", "start_here"]
