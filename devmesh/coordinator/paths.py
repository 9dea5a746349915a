"""Requests with paths, made canonical before the rules see them. Knows which fields those are; decides nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from devmesh.audit.volumes import remote_kind
from devmesh.coordinator.canonical import Canonicaliser
from devmesh.core.events import Objection
from devmesh.core.targets import canonical, escape
from devmesh.errors import BadTarget, MeshError, SettingError
from devmesh.vocabulary.requests import AnyRequest, OfferChange, PostTask, ProposeFramework, ReportWrite, RequestLock
from devmesh.vocabulary.terms import Limits, PlannedTask


@dataclass(frozen=True, slots=True)
class Understood:
    """A request with canonical paths, or what is wrong with one of them."""

    request: AnyRequest
    objection: Objection | None = None


class Paths:
    """Understands the paths of requests to one project."""

    def __init__(self, canonicaliser: Canonicaliser, root: str) -> None:
        self._canonicaliser = canonicaliser
        self.slow = bool(remote_kind(Path(root)))
        "Whether the project's disk may take its time, so that it must not be asked on the loop."

    def needs_disk(self, request: AnyRequest) -> bool:
        """Whether the project's directory entries must be looked at."""
        return isinstance(request, RequestLock | PostTask | ProposeFramework)

    def understand(self, request: AnyRequest, *, scan: bool = True) -> Understood:
        """Raises NeedsScan when `scan` would be needed; nothing else."""
        try:
            return Understood(self._canonical(request, scan=scan))
        except BadTarget as wrong:
            return Understood(request, Objection(code=wrong.code, message=wrong.message[:500], field=wrong.field))

    def _canonical(self, request: AnyRequest, *, scan: bool) -> AnyRequest:
        match request:
            case RequestLock():
                return replace(request, targets=self._targets(request.targets, scan=scan))
            case PostTask():
                return replace(request, files=self._keys(request.files, "files", scan=scan))
            case ProposeFramework():
                tasks = tuple(self._planned(number, task, scan=scan) for number, task in enumerate(request.tasks))
                return replace(request, tasks=tasks)
            case ReportWrite():
                _refuse_unplain(request.path, "path")
            case OfferChange():
                for number, file in enumerate(request.files):
                    _refuse_unplain(file.path, f"files[{number}].path")
        return request

    def _planned(self, number: int, task: PlannedTask, *, scan: bool) -> PlannedTask:
        return replace(task, files=self._keys(task.files, f"tasks[{number}].files", scan=scan))

    def _targets(self, texts: tuple[str, ...], *, scan: bool) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for number, text in enumerate(texts):
            with _naming(f"targets[{number}]"):
                found.update(dict.fromkeys(self._canonicaliser.targets(text, scan=scan)))
        return tuple(found)

    def _keys(self, texts: tuple[str, ...], field: str, *, scan: bool) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for number, text in enumerate(texts):
            with _naming(f"{field}[{number}]"):
                found[self._canonicaliser.key(text, scan=scan)] = None
        return tuple(found)


class _naming:  # noqa: N801 - reads as a statement
    """Says in an objection which field it is about."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadTarget):
            error.field = self._field


def _refuse_unplain(path: str, field: str) -> None:
    """A changed file is named as git names it: no pattern, no folder, no detour. What lies there, the gate looks at."""
    with _naming(field):
        canonical(escape(path))
        if any(part in {"", "."} for part in path.split("/")):
            raise BadTarget(f"{path[:200]!r} is not the plain name of a file")


def spelled(limits: Limits) -> Limits:
    """With the globs of the lanes as the rules spell them. Raises SettingError for one that is none."""
    try:
        lanes = tuple(replace(lane, glob=canonical(lane.glob)) for lane in limits.lanes)
    except BadTarget as wrong:
        raise SettingError(f"DEVMESH_LOCKED_LANES holds {wrong.message}") from None
    return replace(limits, lanes=lanes)


def refuse_a_place_that_is_no_project(folder: Path) -> None:
    """Raises MeshError for all of a disk, or all a person has: it would be copied for every agent.

    And for a place that cannot be written to, where nothing could ever land.
    """
    if folder in (Path(folder.anchor), Path.home()):
        raise MeshError(f"{folder} is no project: all in it would be part of it", hint="Name the project's own folder.")
    if not os.access(folder, os.W_OK):
        raise MeshError(
            f"{folder} cannot be written to: no change could land", hint="Is it mounted read-only, or not yours?"
        )
