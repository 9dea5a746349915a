"""The sample shop is broken as it ships, and whole once its nine tasks are done, in whatever order they land."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devmesh.samples import SampleTask, copy_shop, shop_tasks
from devmesh.scripted.__main__ import main
from devmesh.scripted.performing import GRAMMAR
from devmesh.scripted.script import find_script, parse

TASKS = shop_tasks()


def check(task: SampleTask, shop: Path) -> int:
    """The exit code of the task's own check, with the interpreter of the tests."""
    program, *arguments = task.check.split()
    assert program == "python3"
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=shop, env=environment, stderr=subprocess.DEVNULL, check=False
    ).returncode


def an_order(seed: int) -> list[SampleTask]:
    """The tasks in a random order that keeps what they depend on first."""
    chance, waiting, done = random.Random(seed), list(TASKS), list[SampleTask]()
    while waiting:
        ready = [task for task in waiting if set(task.depends_on) <= {other.key for other in done}]
        done.append(chance.choice(ready))
        waiting.remove(done[-1])
    return done


def test_the_shop_is_broken_as_it_ships(tmp_path: Path) -> None:
    """Every task's check fails before it is done."""
    shop = copy_shop(tmp_path / "shop")
    passing = [task.key for task in TASKS if not check(task, shop)]
    assert passing == []


def test_the_tasks_are_well_formed() -> None:
    """Nine of them, each after those it depends on, each with a script; those to be reviewed have two."""
    assert len(TASKS) == 9
    keys = [task.key for task in TASKS]
    assert all(set(task.depends_on) <= set(keys[:number]) for number, task in enumerate(TASKS))
    assert all(parse(find_script(task.prompt, "work") or "", GRAMMAR) for task in TASKS)
    assert [find_script(task.prompt, "review") is not None for task in TASKS] == [task.review for task in TASKS]
    assert any(task.review for task in TASKS)


def test_the_tasks_get_in_each_others_way() -> None:
    """All touch the changelog, all but one the exports, three the cart, and three what cannot be merged."""
    touched = [name for task in TASKS for name in task.files]
    assert touched.count("CHANGELOG.md") == 9
    assert touched.count("shop/__init__.py") == 8
    assert touched.count("shop/cart.py") == 3
    assert touched.count("migrations/schema.sql") == 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_the_shop_ends_up_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """Each task's own check passes when it is done; that of the last is all tests."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    shop = copy_shop(tmp_path / "shop")
    for task in an_order(seed):
        prompt = re.sub(r"(?m)^sleep .*$", "", task.prompt)
        assert main(["--directory", str(shop), "--kind", "work", prompt]) == 0, capsys.readouterr().out
        assert check(task, shop) == 0
