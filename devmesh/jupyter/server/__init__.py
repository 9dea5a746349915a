"""The Jupyter Server extension: `/devmesh/api`, `/devmesh/ws` and `/devmesh/events`, behind Jupyter's own door.

Finds meshes by their connection files and asks them as anybody does; knows nothing of how a mesh decides.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What Jupyter Server looks for."""
    from devmesh.jupyter.server.extension import DevMeshExtension

    return [{"module": "devmesh.jupyter.server", "app": DevMeshExtension}]
