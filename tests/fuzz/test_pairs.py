"""Overlap of random targets against brute force: what either contains is listed, and compared."""

from __future__ import annotations

import random
import sys
from functools import lru_cache
from time import perf_counter

import pytest

from devmesh.core.overlap import overlap
from devmesh.core.targets import canonical
from tests.core.test_overlap import FILES, matches

PAIRS = 100_000
SEED = 20_261_123
ATOMS = ("a", "b", "*", "?", "[ab]", "[!a]", "a", "b")
SMALL = [file for file in FILES if file.count("/") < 3]


@lru_cache(maxsize=1 << 14)
def contents(target: str) -> frozenset[int]:
    """The numbers of the small files in it, by the description alone."""
    return frozenset(number for number, file in enumerate(SMALL) if matches(target, file))


def target_of(chance: random.Random) -> str:
    """A file, a folder or a glob of up to three segments, each of up to two atoms."""
    words = []
    for _ in range(chance.choice([1, 1, 2, 2, 3])):
        word = "".join(chance.choice(ATOMS) for _ in range(chance.choice([1, 1, 2])))
        words.append("**" if word == "**" or chance.random() < 0.12 else word)
    return canonical("/".join(words) + chance.choice(["", "", "", "/"]))


def small_enough(first: str, second: str) -> bool:
    """Whether a common file, if there is one, is among those listed: no more than three short segments are needed."""
    return first.count("**") + second.count("**") + first.endswith("/") + second.endswith("/") <= 1


def compare(seed: int, pairs: int) -> tuple[int, int]:
    """How many pairs were compared in both directions, and how many of those overlap."""
    chance = random.Random(seed)
    pool = [target_of(chance) for _ in range(1500)]
    exact = meeting = 0
    for _ in range(pairs):
        first, second = chance.choice(pool), chance.choice(pool)
        said = overlap(first, second)
        common = not contents(first).isdisjoint(contents(second))
        assert said == overlap(second, first), (first, second)
        assert said or not common, f"overlooked: {first} and {second}"
        if small_enough(first, second):
            exact, meeting = exact + 1, meeting + said
            assert said == common, f"invented: {first} and {second}"
    return exact, meeting


def test_some_pairs_overlap_as_their_files_do() -> None:
    """Most are compared in both directions, and the answer is not always the same."""
    exact, meeting = compare(SEED, 2_000)
    assert exact > 1_000
    assert 0.05 < meeting / exact < 0.95


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(4))
def test_many_pairs_overlap_as_their_files_do(part: int) -> None:
    """The same, for longer."""
    begun = perf_counter()
    exact, meeting = compare(SEED * 100 + part, PAIRS // 4)
    seconds = perf_counter() - begun
    sys.stdout.write(f"pairs: {PAIRS // 4}, {exact} in both directions, {meeting} overlap, {seconds:.1f} s\n")
