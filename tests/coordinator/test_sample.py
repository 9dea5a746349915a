"""What the machine has, measured; and what of it may be granted."""

from __future__ import annotations

import psutil
import pytest

from devmesh.coordinator.sample import Sampler
from devmesh.settings import Settings
from tests.processes.nvml_driver import Card, Driver, install


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """Two cards of 8 GB, with 1 and 2 GB in use."""
    made = Driver(Card(8 * 10**9, {7: 10**9}), Card(8 * 10**9, {8: 2 * 10**9}))
    install(made, monkeypatch.setattr)
    return made


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one."""
    install(None, monkeypatch.setattr)


@pytest.mark.usefixtures("no_card")
def test_ram_is_the_machines() -> None:
    """In gigabytes of 10^9 bytes; some of it is in use."""
    sampled = Sampler().look()
    assert sampled.total.ram_gb == round(psutil.virtual_memory().total / 1e9, 3)
    assert 0 < sampled.used.ram_gb < sampled.total.ram_gb
    assert sampled.total.vram_gb == sampled.used.vram_gb == 0


def test_gpus_are_added_up(driver: Driver) -> None:
    """All cards are one pool."""
    sampled = Sampler().look()
    assert (sampled.total.vram_gb, sampled.used.vram_gb) == (16.0, 3.0)


def test_a_driver_that_goes_away_is_no_gpu(driver: Driver) -> None:
    """And no error."""
    sampler = Sampler()
    driver.is_gone = True
    assert sampler.look().total.vram_gb == 0


@pytest.mark.parametrize(("ram", "expected"), [(7.5, 7.5), (0, 0.0)])
@pytest.mark.usefixtures("no_card")
def test_settings_say_what_may_be_granted(ram: float, expected: float) -> None:
    """Also that nothing is managed."""
    assert Sampler().grantable(Settings.load(ram_gb=ram, gpu_vram_gb=0)).ram_gb == expected


def test_unset_it_is_measured_with_some_kept_for_the_system(driver: Driver) -> None:
    """Less than all, more than half."""
    sampler = Sampler()
    total = sampler.look().total
    granted = sampler.grantable(Settings.load())
    assert total.ram_gb / 2 < granted.ram_gb < total.ram_gb
    assert granted.vram_gb == 16.0


def test_what_the_driver_keeps_for_itself_is_not_granted(driver: Driver) -> None:
    """No program can have it; nor is it in use."""
    driver.cards[0].kept = 10**9
    sampled = Sampler().look()
    assert (sampled.total.vram_gb, sampled.used.vram_gb) == (16.0, 3.0)
    assert Sampler().grantable(Settings.load()).vram_gb == 15.0
