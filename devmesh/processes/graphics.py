"""GPU memory by NVIDIA's library: of the machine and of single processes. No GPU is a normal case, and no error."""

from __future__ import annotations

import threading
from collections.abc import Collection
from importlib import import_module
from typing import Any, Final

_LISTS: Final = ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3")
"A process that computes and draws is in both, with the same figure."


class Graphics:
    """Every NVIDIA card of the machine, as one pool. A driver that goes away leaves a machine without a card."""

    def __init__(self) -> None:
        self._nvml = _opened()

    @property
    def cards(self) -> int:
        """How many there are."""
        return len(self._handles())

    def memory(self) -> tuple[int, int]:
        """Total and used bytes over all cards."""
        nvml = self._nvml
        if nvml is None:
            return 0, 0
        try:
            found = [nvml.nvmlDeviceGetMemoryInfo(handle) for handle in self._handles()]
        except nvml.NVMLError:
            return 0, 0
        return sum(int(one.total) for one in found), sum(int(one.used) for one in found)

    def memory_of(self, pids: Collection[int]) -> int:
        """Bytes these processes have on all cards together; 0 where the driver does not say (WSL, some containers)."""
        if self._nvml is None or not pids:
            return 0
        return sum(_on_card(self._nvml, handle, set(pids)) for handle in self._handles())

    def _handles(self) -> list[Any]:
        nvml = self._nvml
        if nvml is None:
            return []
        try:
            return [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError:
            return []


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
