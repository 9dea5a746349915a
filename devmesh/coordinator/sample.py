"""Measures the machine's memory: RAM by psutil, GPU memory by NVML where there is a GPU. Knows no agent, no ledger."""

from __future__ import annotations

import psutil

from devmesh.core.events import Sampled
from devmesh.processes.graphics import Graphics
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Resources

EVERY = 5.0
"Seconds between two samples."
_GIGABYTE = 1e9
_KEPT_FREE = 0.1
"Share of the RAM not granted, for the system and the notebook."


class Sampler:
    """A look takes 0.1 ms, but 0.1 s while programs start or end on a card: it is not for the loop.

    No GPU is a normal case, and so is a driver that went away.
    """

    def __init__(self, graphics: Graphics | None = None) -> None:
        self._graphics = graphics or Graphics()

    def look(self) -> Sampled:
        """What there is, and what of it is in use now."""
        memory = psutil.virtual_memory()
        cards = self._graphics.memory()
        return Sampled(
            total=Resources(ram_gb=_rounded(memory.total), vram_gb=_rounded(cards.total)),
            used=Resources(ram_gb=_rounded(memory.total - memory.available), vram_gb=_rounded(cards.used)),
        )

    def grantable(self, settings: Settings) -> Resources:
        """What the hardware ledger may grant: the settings' figures; where they have none, what programs can have."""
        ram, vram = settings.ram_gb, settings.gpu_vram_gb
        cards = self._graphics.memory()
        return Resources(
            ram_gb=_rounded(psutil.virtual_memory().total * (1 - _KEPT_FREE)) if ram is None else round(ram, 3),
            vram_gb=_rounded(cards.total - cards.kept) if vram is None else round(vram, 3),
        )


def _rounded(count: float) -> float:
    return round(count / _GIGABYTE, 3)
