"""The front door: `start`, `connect`, `Mesh` and `errors`, each fetched when first asked for.

Owns the public names, and nothing else. Every bridge walks through here, so it must stay light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from devmesh import errors as errors
    from devmesh.mesh import (
        Mesh as Mesh,
        connect as connect,
        enable_nested as enable_nested,
        start as start,
        start_here as start_here,
    )

__version__ = "0.1.0"

__all__ = [
    "Mesh",
    "__version__",
    "connect",
    "enable_nested",
    "errors",
    "load_ipython_extension",
    "start",
    "start_here",
    "unload_ipython_extension",
]

#: Where each public name lives. Named by text, so that importing `devmesh` imports none of them.
_HOMES = dict.fromkeys(("start", "start_here", "connect", "enable_nested", "Mesh"), "devmesh.mesh")


def __getattr__(name: str) -> object:
    """Fetch a public name on first use."""
    if name == "errors":
        return import_module("devmesh.errors")
    if name not in _HOMES:
        message = f"module 'devmesh' has no attribute {name!r}"
        raise AttributeError(message)
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, for Tab."""
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext devmesh`: adds the `%devmesh` magic and its completion."""
    import_module("devmesh.jupyter.magics").load_ipython_extension(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext devmesh`: takes both away again. A running mesh keeps running."""
    import_module("devmesh.jupyter.magics").unload_ipython_extension(shell)
