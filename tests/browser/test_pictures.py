"""The pictures of the README: a real mesh at an eventful moment in JupyterLab.

They go to build/pictures; docs/images holds a copy.
"""

from __future__ import annotations

import argparse
import json
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import PATIENCE, ROOT, running_lab
from tests.browser.take_screenshots import SIZES, take

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PICTURES = ROOT / "build" / "pictures"
SCENE = """import pathlib, devmesh
from devmesh.mesh.demonstration import post_sample_tasks, sample_project
from devmesh.vocabulary.facts import QuestionAsked
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.terms import QuestionKind
from tests.mesh.visitor import Visitor

mesh = devmesh.start(sample_project("shop"), ws_port=0, home=pathlib.Path("state").resolve(), lock_ttl_sec=600)
mesh.launch("scripted", count=4, options=["--delay", "6"])
mesh.budget(usd=5)
mesh.knowledge.share("Amounts are integers, in cents", "shop/money.py adds them up; only the display divides.")
mesh.post(\"\"\"Say in the README what prices are
```script
spend 0.42
append README.md
| Prices are in cents.
```\"\"\", to=2, priority=1, files="README.md")
post_sample_tasks(mesh)
yours = Visitor(mesh, "yours", works=False)
yours.say(Ask(text="May I run: pip install python-dateutil", options=("yes", "no"), default="no", wait=600,
              question_kind=QuestionKind.PERMISSION))
mesh"""


def test_the_pictures_show_a_mesh_at_work(chromium: Browser, tmp_path: Path) -> None:
    """Light, dark and narrow: a question, two versions to choose from, agents at work; each as wide as it says."""
    notebooks, settings = tmp_path / "notebooks", tmp_path / "settings"
    notebooks.mkdir()
    settings.mkdir()
    cells: list[dict[str, object]] = [
        {"id": f"c{n}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate((SCENE, "yours.leave(); mesh.stop()"))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    written = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (notebooks / "mesh.ipynb").write_text(json.dumps(written))
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running_lab(settings, notebooks) as lab:
        shown = lab.open(chromium, "mesh.ipynb")
        shown.fold_sidebar()
        shown.command("notebook:run-cell")
        page = shown.page
        page.locator(".dm-conflict").nth(1).wait_for(timeout=PATIENCE)
        page.locator(".dm-question").wait_for(timeout=PATIENCE)
        page.locator(".dm-panel-tools .dm-tool").first.wait_for(timeout=PATIENCE)
        take(shown, argparse.Namespace(panel=".dm-root", whole=False, folder=PICTURES, name="dashboard"))
        page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
        shown.command("notebook:run-cell")
        page.get_by_text("The mesh was stopped").first.wait_for(timeout=30_000)
        assert (shown.foreign, shown.errors) == ([], [])
    for look, (width, _) in SIZES.items():
        across, down = struct.unpack(">II", (PICTURES / f"dashboard-{look}.png").read_bytes()[16:24])
        assert width * 0.75 < across <= width
        assert down > 1_000
