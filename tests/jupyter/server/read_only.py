"""An authorizer as a hub may have one: everybody may look, nobody may do anything."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer


class ReadOnly(Authorizer):
    """Only `read`."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Whatever the resource."""
        del handler, user, resource
        return action == "read"
