"""What a program may take and where it may not write: a plain value, and what the settings make of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devmesh.processes.landlock import version

if TYPE_CHECKING:
    from devmesh.settings import Settings

GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Confinement:
    """Limits by their name in `resource` (NPROC, FSIZE, AS, NOFILE), and folders closed to writing."""

    limits: Mapping[str, int] = field(default_factory=dict)
    closed: tuple[Path, ...] = ()
    "Nothing below is written, "
    opened: tuple[Path, ...] = ()
    "except below these."
    required: bool = False
    "Whether a program is not started where the kernel cannot do it."

    def opening(self, *places: Path) -> Confinement:
        """The same with these open, too, as far as they are below a closed folder, and none is in them."""
        closed = [folder.resolve() for folder in self.closed]
        ways = {place: [place.resolve(), *place.resolve().parents] for place in places}
        inner = [place for place, way in ways.items() if any(folder in way[1:] for folder in closed)]
        free = tuple(place for place in inner if not any(ways[place][0] in (it, *it.parents) for it in closed))
        return replace(self, opened=(*self.opened, *free))

    def words(self) -> tuple[str, ...]:
        """For the supervisor, as NAME=VALUE."""
        return (
            *(f"{name}={value}" for name, value in self.limits.items()),
            *(f"CLOSED={path}" for path in self.closed),
            *(f"OPENED={path}" for path in self.opened),
            *(("REQUIRED=1",) if self.closed and self.required else ()),
        )


def confinement_of(settings: Settings, project: Path, home: Path, *, own_workspace: bool) -> Confinement:
    """As the settings say. A tool that works in the project itself is not kept from it, only from the mesh's folder.

    Each of its runs has its own places opened; nothing else of the mesh's folder is, git's part of it included.
    """
    wanted = {
        "AS": int(settings.tool_memory_gb * GIGABYTE),
        "NPROC": settings.tool_processes,
        "FSIZE": int(settings.tool_file_gb * GIGABYTE),
    }
    limits = {name: value for name, value in wanted.items() if value}
    if settings.tool_confine == "off":
        return Confinement(limits)
    closed = (project, home) if own_workspace else (home,)
    return Confinement(limits, closed, required=settings.tool_confine == "on")


def lacking(settings: Settings) -> str:
    """What of the confinement asked for cannot be had on this machine; empty when nothing is."""
    if settings.tool_confine == "off" or version():
        return ""
    why = "only Linux has Landlock" if sys.platform != "linux" else "this kernel has no Landlock"
    return f"tools are not kept from writing the project: {why}"
