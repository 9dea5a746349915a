"""Every mutant of the protocol is killed, and the real core survives what kills them."""

from __future__ import annotations

from collections import Counter
from inspect import isfunction
from types import ModuleType

import pytest

from devmesh.errors import IllegalTransition
from tests.mutants import identity, landing, locks, spending, work
from tests.mutants.mutants import MUTANTS, Mutant, Seeds
from tests.simulation.test_simulation import history
from tests.simulation.test_storms import storm

KILLED = (AssertionError, IllegalTransition)
"A promise that fell, or the core's own alarm. Anything else is a mutant that does not run."

SURVIVED = sorted({each.killed_by for each in MUTANTS if isinstance(each.killed_by, Seeds)})


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_killed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one mechanism taken out, some history breaks a promise or never ends; or a directed scenario fails."""
    mutant.mutate(monkeypatch)
    assert killed(mutant), f"survived: {mutant.breaks}"


def killed(mutant: Mutant) -> bool:
    """Whether anything notices; the first to notice is enough."""
    if isinstance(mutant.killed_by, Seeds):
        seeds = mutant.killed_by
        return any(not survives(seed, seeds) for seed in seeds.order)
    try:
        mutant.killed_by()
    except KILLED:
        return True
    return False


def survives(seed: int, among: Seeds) -> bool:
    """Whether a history goes well."""
    try:
        play(seed, among)
    except KILLED:
        return False
    return True


def play(seed: int, among: Seeds) -> None:
    """A history of the kind that notices: faults of the shell in hard ones, of the core in those they were found in."""
    if among.storms:
        storm(seed)
    else:
        history(seed, strangers=among.strangers, spending=among.spending, doubles=among.doubles, hard=False)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SURVIVED, ids=str)
def test_the_real_core_survives_what_kills_the_mutants(seeds: Seeds) -> None:
    """The same histories, with every mechanism in its place."""
    play(seeds.first, seeds)


@pytest.mark.parametrize(
    "scenario",
    [each.killed_by for each in MUTANTS if not isinstance(each.killed_by, Seeds)],
    ids=lambda each: each.__name__,
)
def test_the_real_core_passes_every_scenario(scenario: object) -> None:
    """So do the directed ones, with every mechanism in its place."""
    assert callable(scenario)
    scenario()


def test_the_table_is_whole() -> None:
    """Every mutation written down is in the table, once, and says what it breaks."""
    assert not [name for name, times in Counter(each.name for each in MUTANTS).items() if times > 1]
    assert all(each.breaks for each in MUTANTS)
    written = {name for room in (identity, landing, locks, spending, work) for name in _mutations(room)}
    assert written <= {each.mutate.__name__ for each in MUTANTS}


def _mutations(room: ModuleType) -> list[str]:
    return [name for name, each in vars(room).items() if _is_mutation(each, room)]


def _is_mutation(each: object, room: ModuleType) -> bool:
    ours = isfunction(each) and each.__module__ == room.__name__ and not each.__name__.startswith("_")
    return ours and "Callable" not in str(each.__annotations__["return"])
