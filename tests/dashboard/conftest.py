"""Every test of the dashboard starts and ends without an open comm and without a pump's thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from comm.base_comm import CommManager

from tests.dashboard.recorded import recording

PATIENCE = 5.0


@pytest.fixture
def comms() -> Iterator[CommManager]:
    """A kernel's comms, recorded. None may be open before or after."""
    with recording() as manager:
        yield manager
    end = time.monotonic() + PATIENCE
    while any(thread.name == "devmesh-panels" for thread in threading.enumerate()):
        assert time.monotonic() < end, "a pump still runs"
        time.sleep(0.01)
