"""What the machine has, measured; and what of it may be granted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from devmesh.coordinator.sample import Sampler
from devmesh.settings import Settings


class Driver:
    """A GPU driver with two cards, or one that went away."""

    class NVMLError(Exception):
        """The library's own error."""

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - the library's name
        """Two, while it is there."""
        if self.gone:
            raise self.NVMLError
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802 - the library's name
        """A handle is a number here."""
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:  # noqa: N802 - the library's name
        """8 GB each, 1 and 2 GB used."""
        return SimpleNamespace(total=8_000_000_000, used=(handle + 1) * 1_000_000_000)

    def nvmlShutdown(self) -> None:  # noqa: N802 - the library's name
        """Nothing to do."""


def with_driver(driver: Driver | None) -> Sampler:
    """A sampler on that driver."""
    sampler = Sampler()
    sampler.close()
    sampler._nvml = driver
    return sampler


def test_ram_is_the_machines() -> None:
    """In gigabytes of 10^9 bytes; some of it is in use."""
    sampled = with_driver(None).look()
    assert sampled.total.ram_gb == round(psutil.virtual_memory().total / 1e9, 3)
    assert 0 < sampled.used.ram_gb < sampled.total.ram_gb
    assert sampled.total.vram_gb == sampled.used.vram_gb == 0


def test_gpus_are_added_up() -> None:
    """All cards are one pool."""
    sampled = with_driver(Driver()).look()
    assert (sampled.total.vram_gb, sampled.used.vram_gb) == (16.0, 3.0)


def test_a_driver_that_goes_away_is_no_gpu() -> None:
    """And no error."""
    assert with_driver(Driver(gone=True)).look().total.vram_gb == 0


@pytest.mark.parametrize(("ram", "expected"), [(7.5, 7.5), (0, 0.0)])
def test_settings_say_what_may_be_granted(ram: float, expected: float) -> None:
    """Also that nothing is managed."""
    assert with_driver(None).grantable(Settings.load(ram_gb=ram, gpu_vram_gb=0)).ram_gb == expected


def test_unset_it_is_measured_with_some_kept_for_the_system() -> None:
    """Less than all, more than half."""
    sampler = with_driver(Driver())
    total = sampler.look().total
    granted = sampler.grantable(Settings.load())
    assert total.ram_gb / 2 < granted.ram_gb < total.ram_gb
    assert granted.vram_gb == 16.0
