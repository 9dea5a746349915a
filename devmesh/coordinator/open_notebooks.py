"""Which notebooks of the project have a kernel in a Jupyter server of ours: not to be written behind their back.

Asks the servers on this machine that Jupyter's runtime folder names. Knows no change; without any it is silent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import psutil

ENDING: Final = ".ipynb"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PATIENCE: Final = 1.0
"Seconds for one server's answer. A server that says nothing has nothing open, as far as we can know."
_MOST: Final = 4 * 1024 * 1024


class Server(NamedTuple):
    """A Jupyter server as its own file describes it."""

    host: str
    port: int
    base: str
    token: str
    root: Path


def open_in_jupyter(project: Path, paths: Iterable[str]) -> dict[str, str]:
    """Those of these project-relative paths that a Jupyter has open, each with the address of that server.

    Never raises; asks nobody when none of them is a notebook.
    """
    wanted = {os.path.realpath(project / path): path for path in paths if path.endswith(ENDING)}
    if not wanted:
        return {}
    found: dict[str, str] = {}
    for server in _servers():
        for place in _sessions(server):
            if place in wanted:
                found[wanted[place]] = f"http://{server.host}:{server.port}{server.base}"
    return found


def _servers() -> Iterator[Server]:
    """Those alive, on loopback and without TLS; of nobody else, for the folder and its files are ours."""
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        files = sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"))
    except (ImportError, OSError):
        return
    for file in files:
        try:
            status = file.stat()
            described = json.loads(file.read_bytes())
            address = urlsplit(str(described["url"]))
            alive = psutil.pid_exists(int(described["pid"]))
            server = Server(
                str(address.hostname), int(address.port or 0), address.path or "/", str(described["token"]),
                Path(described["root_dir"]),
            )  # fmt: skip
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            continue
        ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        if ours and alive and address.scheme == "http" and server.host in _LOOPBACK:
            yield server


def _sessions(server: Server) -> Iterator[str]:
    """Where the notebooks lie that have a kernel."""
    connection = HTTPConnection(server.host, server.port, timeout=_PATIENCE)
    try:
        connection.request("GET", f"{server.base}api/sessions", headers={"Authorization": f"token {server.token}"})
        answer = connection.getresponse()
        listed = json.loads(answer.read(_MOST)) if answer.status == 200 else []  # noqa: PLR2004 - OK
        for session in listed:
            yield os.path.realpath(server.root / _path_of(session))
    except (OSError, HTTPException, ValueError, TypeError, LookupError, AttributeError):
        return
    finally:
        connection.close()


def _path_of(session: Any) -> str:
    """JupyterLab marks the path of what it edits with others by a drive (`RTC:nb.ipynb`)."""
    path = str(session["path"]).removeprefix("RTC:")
    return path.lstrip("/")
