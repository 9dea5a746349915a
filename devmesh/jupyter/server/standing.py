"""The same interface without JupyterLab: a Jupyter Server with this extension, and none of its other services.

No kernels, files or terminals are served, and no configuration of the person's Jupyter is read.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from devmesh.errors import SettingError
from devmesh.jupyter.server.handlers import MOST_READ
from devmesh.settings import Settings
from devmesh.vocabulary.codec import MAX_MESSAGE

TOKEN_FILE = "http.token"  # noqa: S105 - the name of a file


def refuse_open_door(host: str, certificate: Path | None, key: Path | None, token: str) -> None:
    """Raises SettingError for an address that others can reach without both a token and TLS."""
    if not token:
        raise SettingError("the HTTP interface has no token", field="DEVMESH_HTTP_HOST")
    if certificate is not None and key is None:
        raise SettingError("DEVMESH_HTTP_CERTIFICATE is set without its key", field="DEVMESH_HTTP_KEY")
    if not _is_loopback(host) and certificate is None:
        raise SettingError(
            f"DEVMESH_HTTP_HOST={host!r} can be reached by others, and has no TLS",
            field="DEVMESH_HTTP_HOST",
            hint="Set DEVMESH_HTTP_CERTIFICATE and DEVMESH_HTTP_KEY, or reach 127.0.0.1 through an SSH tunnel.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def leave_token(home: Path) -> tuple[str, Path]:
    """A fresh token of 256 bits, and the 0600 file that has it."""
    token, path = secrets.token_urlsafe(32), home / TOKEN_FILE
    draft = home / f".{TOKEN_FILE}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    draft.replace(path)
    return token, path


class StandingServer(ServerApp):
    """Only who one is, and what the extension adds."""

    name = "devmesh-http"
    default_services = ("auth",)  # type: ignore[assignment]  # the library types the tuple it happens to have

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Nobody else's."""


def run(home: Path, settings: Settings, ready: Callable[[str, Path], None]) -> None:
    """Serve until standard input ends, or SIGTERM; `ready` is told the URL and the file of the token.

    Raises SettingError, before anything listens, for an address that it must not listen on.
    """
    os.umask(0o077)
    state = home / "http"
    state.mkdir(mode=0o700, exist_ok=True)
    os.environ["JUPYTER_RUNTIME_DIR"] = str(state)
    token, token_file = leave_token(home)
    refuse_open_door(settings.http_host, settings.http_certificate, settings.http_key, token)
    try:
        server = _made(settings, state, token)
        if server.identity_provider.token != token:
            raise SettingError("the HTTP interface has another token than its own", field="DEVMESH_HTTP_HOST")
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
        scheme = "https" if settings.http_certificate else "http"
        url = f"{scheme}://{settings.http_host}:{server.port}/devmesh/api"
        server.io_loop.add_callback(lambda: ready(url, token_file))  # behind the callback that begins to listen
        server.start()
    finally:
        token_file.unlink(missing_ok=True)


def _made(settings: Settings, state: Path, token: str) -> ServerApp:
    from traitlets.config import Config

    options: dict[str, Any] = {
        "ip": settings.http_host,
        "port": settings.http_port or _free_port(settings.http_host),
        "port_retries": 50 if settings.port_fallback or not settings.http_port else 0,
        "open_browser": False,
        "no_browser_open_file": True,
        "allow_root": True,
        "root_dir": str(state),
        "certfile": str(settings.http_certificate or ""),
        "keyfile": str(settings.http_key or ""),
        "jpserver_extensions": {"devmesh.jupyter.server": True},
        "reraise_server_extension_failures": True,
        "max_body_size": MOST_READ,
        "max_buffer_size": 2 * MAX_MESSAGE,
        "log_level": "WARN",
    }
    StandingServer.clear_instance()
    server = StandingServer.instance(config=Config({"ServerApp": options, "IdentityProvider": {"token": token}}))
    server.initialize(argv=[], find_extensions=False)
    return server


def _free_port(host: str) -> int:
    """One that is free now; Jupyter Server could not say which it took by itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.bind((host, 0))
        return int(tried.getsockname()[1])


def _end_with_parent(server: ServerApp) -> None:
    """Whoever started us holds the other end of standard input."""
    while sys.stdin.buffer.read(1):
        pass
    server.io_loop.add_callback(server.stop)
