"""The sample project of the demo, and the work to be done on it. Knows nothing of the mesh that will do it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class SampleTask:
    """One piece of work. `key` names it, for the `depends_on` of others."""

    key: str
    title: str
    prompt: str
    check: str
    files: tuple[str, ...]
    priority: int = 3
    review: bool = False
    depends_on: tuple[str, ...] = ()


def shop_tasks() -> tuple[SampleTask, ...]:
    """The nine tasks of the shop, each after those it depends on."""
    tables = tomllib.loads((_HERE / "shop_tasks.toml").read_text(encoding="utf-8"))["task"]
    return tuple(_task(table) for table in tables)


def copy_shop(target: Path) -> Path:
    """A fresh copy of the shop, failing tests and all, at `target`, which must not exist yet."""
    shutil.copytree(_HERE / "shop", target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def _task(table: Mapping[str, Any]) -> SampleTask:
    listed = {name: tuple(table.get(name, ())) for name in ("files", "depends_on")}
    return SampleTask(**{**table, "prompt": table["prompt"].strip(), **listed})
