"""A stand-in for NVIDIA's shared library, at its C boundary: what it is called with are ctypes, as by the real binding.

`pynvml` itself runs unchanged above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pynvml

GONE = 15
"NVML_ERROR_GPU_IS_LOST."
SUCCESS, TOO_SMALL, NO_SUCH_FUNCTION = 0, 7, 13


class Card:
    """One card: bytes in all, what each process has of them, and what the driver keeps for itself."""

    def __init__(
        self, total: int, computing: dict[int, int], drawing: dict[int, int] | None = None, kept: int = 0
    ) -> None:
        self.total, self.computing, self.drawing, self.kept = total, computing, drawing or {}, kept
        self.is_lost = False

    @property
    def taken(self) -> int:
        """By programs."""
        return sum((self.computing | self.drawing).values())


class Driver:
    """The functions of libnvidia-ml that are called, by their C names."""

    def __init__(self, *cards: Card) -> None:
        self.cards = cards
        self.is_gone = False
        self.is_old = False
        "It knows only the first version of the question for memory."
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
        return GONE if self.cards[index.value].is_lost else SUCCESS

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        """The first version: what the driver keeps counts as used."""
        card = self._card(handle)
        memory._obj.total, memory._obj.used = card.total, card.taken + card.kept
        return SUCCESS

    def nvmlDeviceGetMemoryInfo_v2(self, handle: Any, memory: Any) -> int:  # noqa: N802
        """The second: it does not, and is said."""
        card = self._card(handle)
        memory._obj.total, memory._obj.used, memory._obj.reserved = card.total, card.taken, card.kept
        return NO_SUCH_FUNCTION if self.is_old else SUCCESS

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
