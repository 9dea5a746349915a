"""GPU memory, through NVIDIA's own binding, on a driver made up at its C boundary."""

from __future__ import annotations

import pytest

from devmesh.processes.graphics import Graphics
from tests.processes.nvml_driver import Card, Driver, install

GIGABYTE = 10**9


def two_cards() -> Driver:
    """16 GB in all. One process is on both cards; one computes and draws with the same memory."""
    return Driver(
        Card(8 * GIGABYTE, {10: 2 * GIGABYTE, 11: 1 * GIGABYTE}, {11: 1 * GIGABYTE}),
        Card(8 * GIGABYTE, {10: 3 * GIGABYTE}),
    )


def test_all_cards_are_one_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Total and used."""
    install(two_cards(), monkeypatch.setattr)
    graphics = Graphics()
    assert graphics.cards == 2
    assert graphics.memory() == (16 * GIGABYTE, 6 * GIGABYTE, 0)


def test_a_tree_of_processes_has_what_each_has_on_every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process both computes and draws with is counted once; strangers are not."""
    install(two_cards(), monkeypatch.setattr)
    graphics = Graphics()
    assert graphics.memory_of([10, 99]) == 5 * GIGABYTE
    assert graphics.memory_of([10, 11]) == 6 * GIGABYTE
    assert graphics.memory_of([]) == graphics.memory_of([99]) == 0


def test_a_machine_without_a_card_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not there: no error, no memory."""
    install(None, monkeypatch.setattr)
    graphics = Graphics()
    assert (graphics.cards, graphics.memory(), graphics.memory_of([1])) == (0, (0, 0, 0), 0)


def test_a_driver_that_goes_away_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on."""
    driver = two_cards()
    install(driver, monkeypatch.setattr)
    graphics = Graphics()
    driver.is_gone = True
    assert (graphics.cards, graphics.memory(), graphics.memory_of([10])) == (0, (0, 0, 0), 0)


def test_what_the_driver_keeps_for_itself_is_not_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `nvidia-smi` has it; a driver that cannot tell them apart counts it in."""
    driver = Driver(Card(8 * GIGABYTE, {10: 2 * GIGABYTE}, kept=GIGABYTE), Card(8 * GIGABYTE, {}, kept=GIGABYTE))
    install(driver, monkeypatch.setattr)
    assert Graphics().memory() == (16 * GIGABYTE, 2 * GIGABYTE, 2 * GIGABYTE)
    driver.is_old = True
    assert Graphics().memory() == (16 * GIGABYTE, 4 * GIGABYTE, 0)


def test_a_card_that_is_lost_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pool, and in what each process has."""
    driver = two_cards()
    install(driver, monkeypatch.setattr)
    graphics = Graphics()
    driver.cards[0].is_lost = True
    assert graphics.cards == 1
    assert graphics.memory() == (8 * GIGABYTE, 3 * GIGABYTE, 0)
    assert graphics.memory_of([10, 11]) == 3 * GIGABYTE
