"""Whether this machine has what a mesh needs, and what to do where it has not. Looks; changes nothing."""

from __future__ import annotations

import difflib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from devmesh.address import find_connection, home_of
from devmesh.audit.database import SAFE_VERSION
from devmesh.errors import DevMeshError, NoMesh
from devmesh.mesh.faces import table
from devmesh.processes import landlock
from devmesh.processes.confinement import lacking
from devmesh.settings import VARIABLES, Settings, unknown_variables


class Verdict(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    NOTE = "note"
    "Works, and could be better."
    PROBLEM = "problem"
    "A mesh does not work like this."
    ABSENT = "absent"
    "Not here, and not needed."


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do about it."""

    about: str
    verdict: Verdict
    found: str
    advice: str = ""


class Findings(tuple[Finding, ...]):
    """All of them; shown as a table. `healthy` when nothing is a problem."""

    __slots__ = ()

    @property
    def healthy(self) -> bool:
        """Whether a mesh can work here."""
        return all(finding.verdict is not Verdict.PROBLEM for finding in self)

    def _bundle(self) -> dict[str, str]:
        return table("findings", Finding._fields, [tuple(finding) for finding in self])

    def __repr__(self) -> str:
        return self._bundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle()


def examine(project: Path, settings: Settings, *, tools: bool = True) -> Findings:
    """Look at everything a mesh for `project` would need; with `tools`, at every CLI as well, which takes a while."""
    from devmesh.mesh import diagnosis

    found = [look(project, settings) for look in (*EXAMINATIONS, *diagnosis.EXAMINATIONS)]
    if tools:
        found += diagnosis.tools(settings, diagnosis.badges_on_record(project, settings))
    return Findings(found)


def _python(_: Path, __: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", Verdict.OK, f"{version} at {sys.executable}")


def _git(_: Path, __: Settings) -> Finding:
    found = shutil.which("git")
    if found is None:
        return Finding("git", Verdict.PROBLEM, "not on PATH", "Install git: workspaces and merges are made with it.")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    return Finding("git", Verdict.OK, f"{said.removeprefix('git version').strip()} at {found}")


def _sqlite(_: Path, __: Settings) -> Finding:
    if sqlite3.sqlite_version_info < SAFE_VERSION:
        wanted = ".".join(map(str, SAFE_VERSION))
        note = f"{wanted} mends a rare fault with several writers; a mesh has one writer."
        return Finding("SQLite", Verdict.OK, sqlite3.sqlite_version, note)
    return Finding("SQLite", Verdict.OK, sqlite3.sqlite_version)


def _project(project: Path, _: Settings) -> Finding:
    if not project.is_dir():
        return Finding("project", Verdict.PROBLEM, f"{project} is not a folder", "Name the project's folder.")
    if not os.access(project, os.W_OK):
        return Finding("project", Verdict.PROBLEM, f"{project} is read-only", "Changes could not land there.")
    return Finding("project", Verdict.OK, str(project))


def _state(project: Path, settings: Settings) -> Finding:
    home = home_of(project, settings)
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(place, os.W_OK):
        return Finding(
            "state folder", Verdict.PROBLEM, f"{place} is read-only", "Set DEVMESH_HOME to a folder of yours."
        )
    free = shutil.disk_usage(place).free / 1e9
    if free < 1:
        return Finding("state folder", Verdict.NOTE, f"{home}, {free:.1f} GB free", "Free some space.")
    return Finding("state folder", Verdict.OK, f"{home}, {free:.0f} GB free")


def _mesh(project: Path, settings: Settings) -> Finding:
    try:
        connection = find_connection(project, settings)
    except NoMesh:
        return Finding("mesh", Verdict.OK, "none runs for this project")
    except DevMeshError as wrong:
        return Finding("mesh", Verdict.PROBLEM, wrong.message, wrong.hint or "")
    return Finding("mesh", Verdict.OK, f"runs in process {connection.pid} at {connection.url}")


def _confinement(_: Path, settings: Settings) -> Finding:
    has = f"Landlock {landlock.version()}" if landlock.version() else "no Landlock"
    if missing := lacking(settings):
        verdict = Verdict.PROBLEM if settings.tool_confine == "on" else Verdict.NOTE
        return Finding("confinement", verdict, missing, "Set DEVMESH_TOOL_CONFINE to off, or use a newer kernel.")
    return Finding("confinement", Verdict.OK, f"{settings.tool_confine} ({has})")


def _settings(_: Path, __: Settings) -> Finding:
    if not (unknown := unknown_variables()):
        return Finding("settings", Verdict.OK, "every DEVMESH_* variable is known")
    like = difflib.get_close_matches(unknown[0], [variable.name for variable in VARIABLES], n=1)
    advice = f"Did you mean {like[0]}?" if like else "The README lists every variable."
    return Finding("settings", Verdict.NOTE, f"{', '.join(unknown)}: there is no such setting", advice)


def _port(project: Path, settings: Settings) -> Finding:
    where = f"{settings.ws_host}:{settings.ws_port}"
    with suppress(DevMeshError):
        if find_connection(project, settings).port == settings.ws_port:
            return Finding("port", Verdict.OK, f"{where} is in use by this project's mesh")
    family = socket.AF_INET6 if ":" in settings.ws_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.ws_host, settings.ws_port))
        except OSError as failed:
            verdict = Verdict.NOTE if settings.port_fallback else Verdict.PROBLEM
            advice = "Another will be taken." if settings.port_fallback else "Set DEVMESH_WS_PORT to a free one, or 0."
            return Finding("port", verdict, f"{where}: {str(failed.strerror).lower()}", advice)
    return Finding("port", Verdict.OK, f"{where} is free")


EXAMINATIONS: Final[tuple[Callable[[Path, Settings], Finding], ...]] = (
    _python,
    _git,
    _sqlite,
    _project,
    _state,
    _settings,
    _confinement,
    _port,
    _mesh,
)
