"""When a coordinator goes on after a failed turn, and when it does not."""

from __future__ import annotations

import pytest

from devmesh.audit.database import Damaged
from devmesh.coordinator.setbacks import Setbacks, passes
from devmesh.errors import Code, MeshError, StorageError


def test_a_record_that_cannot_be_trusted_is_the_end_at_once() -> None:
    """The error itself is raised, with what it says."""
    broken = StorageError("the disk reported an error", code=Code.STORAGE_FAILED)
    with pytest.raises(StorageError, match="reported an error"):
        Setbacks().refuse_to_go_on(broken, 0.0)


def test_a_full_disk_is_never_the_end() -> None:
    """However often it fills up."""
    setbacks = Setbacks()
    for now in range(100):
        setbacks.refuse_to_go_on(StorageError("full", code=Code.STORAGE_FULL), float(now))


def test_faults_of_ones_own_are_forgiven_when_they_are_rare() -> None:
    """Five within a minute are; the sixth is one too many, and brings what it failed at."""
    setbacks = Setbacks()
    for now in (0.0, 100.0, 110.0, 120.0, 130.0, 140.0):
        setbacks.refuse_to_go_on(ZeroDivisionError(), now)
    with pytest.raises(MeshError, match="again and again") as caught:
        setbacks.refuse_to_go_on(ZeroDivisionError("story"), 150.0)
    assert str(caught.value.__cause__) == "story"


def test_damage_is_mended_as_long_as_it_is_rare() -> None:
    """Nobody's request is to blame for it; a record that is damaged again and again is on a broken disk."""
    damaged, setbacks = Damaged("malformed"), Setbacks()
    assert passes(damaged)
    assert not passes(StorageError("the disk reported an error"))
    for now in range(5):
        setbacks.refuse_to_go_on(damaged, float(now))
    with pytest.raises(MeshError, match="again and again"):
        setbacks.refuse_to_go_on(damaged, 5.0)
