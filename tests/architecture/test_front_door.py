"""The front door offers a pinned set of names and weighs next to nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from statistics import median

import pytest

import devmesh
from devmesh import errors
from tests.architecture.walls import ROOT

PUBLIC = [
    "Mesh",
    "__version__",
    "connect",
    "enable_nested",
    "errors",
    "load_ipython_extension",
    "start",
    "start_here",
    "unload_ipython_extension",
]

HEAVY = {
    "pandas",
    "numpy",
    "plotly",
    "ipywidgets",
    "anywidget",
    "IPython",
    "websockets",
    "pydantic",
    "asyncio",
    "sqlite3",
}

#: Milliseconds that `import devmesh` may add to a bare interpreter.
LIGHT = 100

_WEIGH = """
import json, sys, time
before = time.perf_counter()
import devmesh
print(json.dumps([(time.perf_counter() - before) * 1000, sorted(sys.modules)]))
"""


def weighed() -> tuple[float, set[str]]:
    """Milliseconds that importing devmesh takes in a fresh interpreter, and what is loaded afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", _WEIGH],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    took, loaded = json.loads(done.stdout)
    return took, {name.partition(".")[0] for name in loaded}


def test_the_public_names_are_these() -> None:
    """Adding one is a promise; taking one away breaks somebody."""
    assert sorted(devmesh.__all__) == sorted(PUBLIC)
    assert dir(devmesh) == sorted(devmesh.__all__)


@pytest.mark.skipif(importlib.util.find_spec("devmesh.mesh") is None, reason="there is no mesh in this checkout")
def test_every_public_name_can_be_fetched() -> None:
    """Late, and the same one every time."""
    assert all(getattr(devmesh, name) is getattr(devmesh, name) for name in PUBLIC)
    assert devmesh.errors is errors


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'strat'"):
        devmesh.strat  # noqa: B018


def test_importing_devmesh_is_light() -> None:
    """Under 100 ms, and nothing heavy comes along: every bridge walks through this door."""
    runs = [weighed() for _ in range(3)]
    assert not runs[0][1] & HEAVY
    assert median(took for took, _ in runs) < LIGHT


def test_only_the_settings_read_our_variables() -> None:
    """`DEVMESH_*` is looked up in one module; the scripted CLI and the mark on our processes are no settings."""
    allowed = ("devmesh/settings.py", "devmesh/scripted/", "devmesh/processes/")
    readers = [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in sorted((ROOT / "devmesh").rglob("*.py"))
        if not path.relative_to(ROOT).as_posix().startswith(allowed)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\benviron\b|getenv", line) and "DEVMESH_" in line
    ]
    assert not readers
