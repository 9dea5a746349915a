"""The extension as Jupyter Server loads it: mounted behind its door, or not at all where that door is open."""

from __future__ import annotations

import time

from jupyter_server.extension.application import ExtensionApp

from devmesh.coordinator.pace import FAILURES, Bucket
from devmesh.errors import SettingError
from devmesh.jupyter.server.handlers import mounted
from devmesh.jupyter.server.meshes import Meshes
from devmesh.jupyter.server.openapi import PREFIX
from devmesh.jupyter.server.problems import NowhereHandler
from devmesh.jupyter.server.relay import RelayHandler
from devmesh.jupyter.server.routes import ROUTES
from devmesh.jupyter.server.stream import EventsHandler
from devmesh.settings import Settings

_MESH = r"(?P<project>[^/]+)"


class DevMeshExtension(ExtensionApp):
    """Adds `/devmesh/...` to a server that asks who one is."""

    name = "devmesh"
    extension_url = f"{PREFIX}/health"
    load_other_extensions = False

    def initialize_handlers(self) -> None:
        """Raises SettingError, so that nothing is mounted, where anybody could come in."""
        assert self.serverapp is not None  # noqa: S101 - linked before
        if not self.serverapp.identity_provider.auth_enabled:
            raise SettingError(
                "this Jupyter Server asks nobody who they are, so /devmesh is not served on it",
                field="IdentityProvider.token",
                hint="Start it with its token: do not set IdentityProvider.token to an empty text.",
            )
        self.meshes = Meshes(Settings.load())
        failures = Bucket(FAILURES, time.monotonic)
        self.handlers.extend(mounted(ROUTES, self.meshes, PREFIX))
        self.handlers.append((rf"/devmesh/events/{_MESH}", EventsHandler, {"meshes": self.meshes}))
        relay = {"meshes": self.meshes, "failures": failures}
        self.handlers.append((rf"/devmesh/ws/{_MESH}", RelayHandler, relay))
        self.handlers.append((r"/devmesh(?:/.*)?", NowhereHandler))

    async def stop_extension(self) -> None:
        """The server ends; the meshes do not."""
        self.meshes.close()
