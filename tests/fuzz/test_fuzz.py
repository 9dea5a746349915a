"""Whatever is read from outside is taken or refused cleanly: never a traceback, whatever the bytes."""

from __future__ import annotations

import random
import sys
from time import perf_counter

import pytest

from tests.fuzz.mutation import Mutator
from tests.fuzz.targets import TARGETS, Target

PARTS = 4
"Runs a target is divided into, so that several processors can work on it."
QUICK = 400
SEED = 20_261_122
"Of the suite. `python -m tests.fuzz.run SEED TIMES` goes on with others."


def fuzz(name: str, seed: int, inputs: int) -> int:
    """Read so many inputs; how many were taken. A failure names target, seed, number and input."""
    target: Target = TARGETS[name]
    mutator = Mutator(target.corpus(), seed)
    taken = 0
    for number in range(inputs):
        made = mutator.make()
        try:
            target.read(made)
            taken += 1
        except target.refuses:
            pass
        except Exception as error:
            error.add_note(f"target={name!r} seed={seed} number={number} input={made[:2000]!r}")
            raise
    return taken


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_are_taken(name: str) -> None:
    """The fuzzer begins from inputs that mean something: most of them are taken, or the rest proves nothing."""
    target = TARGETS[name]
    taken = 0
    for text in target.corpus():
        try:
            target.read(text)
            taken += 1
        except target.refuses:
            continue
    assert taken >= 1
    assert fuzz(name, SEED + 1, 20 if target.inputs < 5_000 else QUICK) >= 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_a_traceback(name: str, part: int) -> None:
    """Each part with a seed of its own."""
    seed, inputs = SEED * 100 + part, TARGETS[name].inputs // PARTS
    begun = perf_counter()
    taken = fuzz(name, seed, inputs)
    sys.stdout.write(f"{name}: {inputs} inputs, {taken} taken, seed {seed}, {perf_counter() - begun:.1f} s\n")


def test_the_same_seed_makes_the_same_inputs() -> None:
    """What fails once can be looked at."""
    corpus = TARGETS["messages of clients"].corpus()
    first, second, other = Mutator(corpus, 7), Mutator(corpus, 7), Mutator(corpus, 8)
    made = [first.make() for _ in range(200)]
    assert made == [second.make() for _ in range(200)]
    assert made != [other.make() for _ in range(200)]
    random.seed()
