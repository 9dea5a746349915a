"""A stand-in for NVIDIA's shared library, at its C boundary: what it is called with are ctypes, as by the real binding.

`pynvml` itself runs unchanged above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pynvml

GONE = 15
"NVML_ERROR_GPU_IS_LOST."
SUCCESS, TOO_SMALL = 0, 7


class Card:
    """One card: bytes in all, and what each process has of them."""

    def __init__(self, total: int, computing: dict[int, int], drawing: dict[int, int] | None = None) -> None:
        self.total, self.computing, self.drawing = total, computing, drawing or {}


class Driver:
    """The functions of libnvidia-ml that are called, by their C names."""

    def __init__(self, *cards: Card) -> None:
        self.cards = cards
        self.is_gone = False
        self._handles: dict[int, int] = {}

    def nvmlInitWithFlags(self, _: Any) -> int:  # noqa: N802 - the library's name
        """Nothing to open."""
        return SUCCESS

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        """How many cards."""
        count._obj.value = len(self.cards)
        return GONE if self.is_gone else SUCCESS

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:  # noqa: N802
        """A pointer that is never followed: the number of the card, from 1."""
        handle._obj.contents = handle._obj._type_()
        self._handles[id(handle._obj)] = int(index.value)
        return SUCCESS

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        """Total and used."""
        card = self._card(handle)
        memory._obj.total = card.total
        memory._obj.used = sum((card.computing | card.drawing).values())
        return SUCCESS

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Any, count: Any, room: Any) -> int:  # noqa: N802
        """The size first, then the list."""
        return self._list(self._card(handle).computing, count, room)

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, handle: Any, count: Any, room: Any) -> int:  # noqa: N802
        """Likewise."""
        return self._list(self._card(handle).drawing, count, room)

    def _card(self, handle: Any) -> Card:
        return self.cards[self._handles[id(handle)]]

    @staticmethod
    def _list(processes: dict[int, int], count: Any, room: Any) -> int:
        if room is None:
            count._obj.value = len(processes)
            return TOO_SMALL if processes else SUCCESS
        for place, (pid, used) in enumerate(processes.items()):
            room[place].pid, room[place].usedGpuMemory = pid, used
        count._obj.value = len(processes)
        return SUCCESS


def install(driver: Driver | None, setattr_: Callable[..., None]) -> None:
    """Have `pynvml` find this library loaded; None: a machine without one."""
    setattr_(pynvml, "nvmlLib", driver)
    setattr_(pynvml, "_nvmlGetFunctionPointer_cache", {})
    if driver is None:

        def not_found() -> None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)  # type: ignore[no-untyped-call]

        setattr_(pynvml, "_LoadNvmlLibrary", not_found)
