"""What NVIDIA's library says of a real card and of the processes on it, beside what `nvidia-smi` says."""

from __future__ import annotations

import os
import signal

import pytest

from devmesh.coordinator.sample import Sampler
from devmesh.processes.graphics import Graphics
from devmesh.settings import Settings
from tests.card.card import GIGABYTE, MEBIBYTE, MEGABYTE, memory, needs_card, processes, said, taking, until

pytestmark = [pytest.mark.slow, needs_card]

NEAR = 64 * MEBIBYTE
"What may be rounded off, or change between two looks; what the driver keeps for itself is several times as much."


def test_total_and_used_are_those_of_nvidia_smi() -> None:
    """In bytes: of an idle card, and of one in use."""
    graphics = Graphics()
    assert graphics.cards > 0
    assert graphics.memory()[:2] == pytest.approx(memory(), abs=NEAR)
    with taking(2000):
        assert graphics.memory()[:2] == pytest.approx(memory(), abs=NEAR)


def test_each_process_of_a_tree_is_counted_once() -> None:
    """A parent, and a child in a session of its own: each as `nvidia-smi` has it, and together."""
    graphics = Graphics()
    with taking(1000, 3000) as taker:
        told = processes()
        each = [graphics.memory_of([pid]) for pid in taker.pids]
        assert each == pytest.approx([told[pid] for pid in taker.pids], abs=2 * MEBIBYTE)
        assert graphics.memory_of(taker.pids) == sum(each) > 4 * GIGABYTE
        assert each[1] - each[0] == pytest.approx(2 * GIGABYTE, abs=NEAR)


def test_what_is_given_back_is_not_counted_any_more() -> None:
    """First by a process that goes on, then by its end."""
    graphics = Graphics()
    before = graphics.memory().used
    with taking(2000) as taker:
        taken = graphics.memory_of(taker.pids)
        assert graphics.memory().used - before == pytest.approx(taken, abs=NEAR)
        taker.process.send_signal(signal.SIGUSR1)
        assert said(taker.process) == "freed"
        assert taken - graphics.memory_of(taker.pids) == pytest.approx(2 * GIGABYTE, abs=NEAR)
    until(lambda: graphics.memory_of(taker.pids) == 0, 2)
    until(lambda: graphics.memory().used < before + NEAR, 2)


def test_processes_of_others_add_nothing() -> None:
    """Neither those that have memory of the card, nor pids of nobody."""
    graphics = Graphics()
    with taking(500, 500) as taker:
        parent, child = taker.pids
        assert graphics.memory_of([os.getpid(), 2**22 + 1]) == 0
        assert graphics.memory_of([parent, os.getpid(), 2**22 + 1]) == graphics.memory_of([parent])
        assert graphics.memory_of([parent]) < graphics.memory_of([parent, child])


def test_a_sample_has_the_cards_figures() -> None:
    """In gigabytes of 10^9 bytes."""
    with taking(1500):
        told, sampled = memory(), Sampler().look()
        assert sampled.total.vram_gb == pytest.approx(told.total / GIGABYTE, abs=0.01)
        assert sampled.used.vram_gb == pytest.approx(told.used / GIGABYTE, abs=NEAR / GIGABYTE)


def test_what_may_be_granted_can_be_had() -> None:
    """All of it, on a card that nobody else uses: what the driver keeps for itself is not granted."""
    graphics = Graphics()
    if graphics.cards > 1 or graphics.memory().used > NEAR:
        pytest.skip("somebody else uses the card, or there are several")
    granted = Sampler(graphics).grantable(Settings.load()).vram_gb * GIGABYTE
    with taking(1) as small:
        needed = graphics.memory_of(small.pids)
    with taking(int((granted - needed) / MEGABYTE) - 64) as large:
        assert graphics.memory_of(large.pids) == pytest.approx(granted, abs=2 * NEAR)
