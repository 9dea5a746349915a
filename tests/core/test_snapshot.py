"""The state as bytes and back."""

from __future__ import annotations

import pytest

from devmesh.core.apply import apply
from devmesh.core.snapshot import freeze, thaw
from devmesh.core.state import MeshState
from devmesh.vocabulary.codec import decode_recorded, encode
from tests.simulation.test_simulation import essence
from tests.simulation.world import World


@pytest.mark.parametrize("seed", [3, 8, 14])
def test_a_thawed_state_goes_on_like_the_frozen_one(seed: int) -> None:
    """Freeze in the middle of a history, thaw, apply the rest: the same state as without the stop."""
    world = World(seed)
    world.run(150)
    half, middle = freeze(world.state), len(world.disk)
    world.run(150)
    resumed = thaw(half)
    for line in world.disk[middle:]:
        apply(resumed, decode_recorded(line))
    assert essence(resumed) == essence(world.state)


def test_freezing_twice_gives_the_same_bytes() -> None:
    """Deterministic: equal states, equal snapshots."""
    world = World(5)
    world.run(100)
    assert freeze(thaw(freeze(world.state))) == freeze(world.state)


def test_recorded_facts_survive_the_wire() -> None:
    """What was recorded comes back from its bytes equal, so replay sees what was live."""
    world = World(9)
    world.run(100)
    for line in world.disk:
        assert encode(decode_recorded(line)) == line


def test_an_empty_state_freezes_too() -> None:
    """Nothing yet is a state like any other."""
    assert essence(thaw(freeze(MeshState()))) == essence(MeshState())
