"""GPU memory by NVIDIA's library: of the machine and of single processes. No GPU is a normal case, and no error."""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, NamedTuple

_LISTS: Final = ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3")
"A process that computes and draws is in both, with the same figure."


class CardMemory(NamedTuple):
    """Bytes over all cards."""

    total: int
    used: int
    "By programs; of a driver before 510, with what it keeps for itself."
    kept: int = 0
    "By the driver for itself: no program can have it."


class Graphics:
    """Every NVIDIA card of the machine, as one pool. A card or driver that goes away leaves a machine without it."""

    def __init__(self) -> None:
        self._nvml: Any = _opened()

    @property
    def cards(self) -> int:
        """How many there are."""
        return len(self._handles())

    def memory(self) -> CardMemory:
        """What there is and what is in use, as `nvidia-smi` says it."""
        nvml, found = self._nvml, [CardMemory(0, 0)]
        for handle in self._handles():
            with suppress(nvml.NVMLError):
                found.append(_memory_on(nvml, handle))
        return CardMemory(*map(sum, zip(*found, strict=True)))

    def memory_of(self, pids: Collection[int]) -> int:
        """Bytes these processes have on all cards together; 0 where the driver does not say (WSL, some containers)."""
        if self._nvml is None or not pids:
            return 0
        return sum(_on_card(self._nvml, handle, set(pids)) for handle in self._handles())

    def _handles(self) -> list[Any]:
        nvml = self._nvml
        if nvml is None:
            return []
        found = []
        with suppress(nvml.NVMLError):
            for index in range(nvml.nvmlDeviceGetCount()):
                with suppress(nvml.NVMLError):
                    found.append(nvml.nvmlDeviceGetHandleByIndex(index))
        return found


def _memory_on(nvml: Any, handle: Any) -> CardMemory:
    """By the second version of the question: the first counts what the driver keeps for itself as used."""
    try:
        told = nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2)
    except nvml.NVMLError:  # a driver that has only the first
        told = nvml.nvmlDeviceGetMemoryInfo(handle)
    return CardMemory(int(told.total), int(told.used), int(getattr(told, "reserved", 0)))


def _on_card(nvml: Any, handle: Any, pids: set[int]) -> int:
    taken: dict[int, int] = {}
    for name in _LISTS:
        try:
            listed = getattr(nvml, name)(handle)
        except (nvml.NVMLError, AttributeError):  # an old driver has no such list
            continue
        taken |= {one.pid: int(one.usedGpuMemory or 0) for one in listed if one.pid in pids}
    return sum(taken.values())


_opening = threading.Lock()
_shared: list[Graphics] = []


def graphics() -> Graphics:
    """The one of this process: the driver is opened once, and closed by the system."""
    with _opening:
        if not _shared:
            _shared.append(Graphics())
        return _shared[0]


def _opened() -> Any | None:
    """NVIDIA's library, opened; None without a GPU or its driver."""
    try:
        module: Any = import_module("pynvml")
    except ImportError:
        return None
    try:
        module.nvmlInit()
    except module.NVMLError:
        return None
    return module
