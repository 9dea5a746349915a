"""One thread per source tells all panels, lives only while there is somebody to tell, and survives a broken one."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from devmesh_widgets.pump import Pump
from devmesh_widgets.rows import View
from tests.dashboard.rows import Still, view

PATIENCE = 5.0


class Ear:
    """Listens a few times, then says that nobody looks."""

    def __init__(self, times: int = 1_000_000) -> None:
        self.heard: list[View] = []
        self.times = times
        self.called = threading.Event()

    def beat(self, shown: View) -> bool:
        """Keep it."""
        self.heard.append(shown)
        self.called.set()
        return len(self.heard) < self.times


class Broken(Ear):
    """Fails when told anything."""

    def beat(self, shown: View) -> bool:
        """Fail."""
        super().beat(shown)
        raise RuntimeError("a broken panel")


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "devmesh-panels"]


def test_all_panels_of_a_source_share_one_pump_and_one_reading() -> None:
    """Two listeners, one look at the source per beat."""
    source = Still(view())
    pump = Pump.of(source)
    assert Pump.of(source) is pump
    pump._listeners = {1: (Ear(),), 2: (Ear(),)}
    pump.beat()
    assert source.read == 1


def test_another_source_has_another_pump_and_none_is_kept_alive() -> None:
    """Pumps go with their panels: nothing is remembered of a source that nobody shows."""
    gc.collect()
    before = len(Pump._of)
    one, other = Still(view()), Still(view())
    pumps = [Pump.of(one), Pump.of(other)]
    assert pumps[0] is not pumps[1]
    del pumps
    gc.collect()
    assert len(Pump._of) == before


def test_nothing_is_read_while_nobody_listens() -> None:
    """An idle pump leaves the mesh alone."""
    source = Still(view())
    Pump(source).beat()
    assert source.read == 0


def test_the_thread_starts_with_the_first_listener_and_ends_with_the_last() -> None:
    """It can start again."""
    pump, ear = Pump(Still(view()), period=0.01), Ear()
    assert not pump.running
    for _ in range(2):
        ear.called.clear()
        pump.add(ear)
        assert ear.called.wait(PATIENCE)
        pump.remove(ear)
        assert pump.join(PATIENCE)


def test_a_listener_nobody_looks_at_is_forgotten() -> None:
    """When it says so the thread ends by itself."""
    pump, ear = Pump(Still(view()), period=0.01), Ear(times=3)
    pump.add(ear)
    assert ear.called.wait(PATIENCE)
    assert pump.join(PATIENCE)
    assert len(ear.heard) == 3


def test_a_listener_added_again_while_it_says_that_nobody_looks_stays() -> None:
    """Its view closed and another opened at the same moment: it is not forgotten."""
    pump = Pump(Still(view()))

    class Reopened(Ear):
        def beat(self, shown: View) -> bool:
            pump._listeners[1] = (self,)  # what `add` does, from the thread that hears the browser
            return super().beat(shown)

    ear = Reopened(times=1)
    pump._listeners = {1: (ear,)}
    pump.beat()
    pump.beat()
    assert len(ear.heard) == 2


def test_a_broken_panel_does_not_freeze_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It is dropped with a line in the log; the other one goes on."""
    pump, broken, ear = Pump(Still(view())), Broken(), Ear()
    pump._listeners = {1: (broken,), 2: (ear,)}
    pump.beat()
    pump.beat()
    assert (len(broken.heard), len(ear.heard)) == (1, 2)
    assert "could not be updated" in caplog.text


def test_a_source_that_fails_once_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """The rows could not be read at one beat; at the next they are."""

    class Shaky(Still):
        def view(self) -> View:
            if self.read == 0:
                self.read += 1
                raise RuntimeError("not now")
            return super().view()

    pump, ear = Pump(Shaky(view()), period=0.01), Ear(times=1)
    pump.add(ear)
    assert ear.called.wait(PATIENCE)
    assert pump.join(PATIENCE)
    assert "could not be read" in caplog.text
