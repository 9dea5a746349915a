"""One mesh seen from everywhere: two tabs, a second notebook, Notebook 7, and what is left in an exported page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import devmesh
from tests.browser.lab import PATIENCE, Lab, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

STARTS = "import devmesh\nmesh = devmesh.start({project!r}, home={home!r}, ws_port=0)\nmesh"
JOINS = "import devmesh\ndevmesh.connect({project!r}, home={home!r}).dashboard()"


def written(folder: Path, name: str, source: str) -> str:
    """A notebook of one cell; its name."""
    cell: dict[str, object] = {
        "id": "c",
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / name).write_text(json.dumps(content))
    return name


def test_a_mesh_is_the_same_in_every_window(chromium: Browser, tmp_path: Path) -> None:
    """A task posted elsewhere shows where the mesh was started, in another notebook, in a second tab, in Notebook 7."""
    notebooks, project, settings = (tmp_path / name for name in ("notebooks", "shop", "settings"))
    for folder in (notebooks, project, settings):
        folder.mkdir()
    where = {"project": str(project), "home": str(tmp_path / "home")}
    first, second = (
        written(notebooks, "a.ipynb", STARTS.format(**where)),
        written(notebooks, "b.ipynb", JOINS.format(**where)),
    )
    with running_lab(settings, notebooks) as lab:
        pages = [opened(lab, chromium, name) for name in (first, second)]
        pages.append(chromium.new_page())
        pages[-1].goto(f"{lab.address}/lab/workspaces/other/tree/{first}?token={lab.token}")
        pages.append(chromium.new_page())
        pages[-1].goto(f"{lab.address}/notebooks/{first}?token={lab.token}")
        for page in pages:
            page.wait_for_selector(".dm-panel-tasks", timeout=PATIENCE)
        mesh = devmesh.connect(project, home=tmp_path / "home")
        mesh.post("for nobody", agents="nobody", title="seen everywhere")
        for page in pages:
            page.get_by_text("seen everywhere").first.wait_for(timeout=30_000)
        mesh.close()
        exported(notebooks / first, chromium)


def opened(lab: Lab, chromium: Browser, name: str) -> Page:
    """A notebook in Lab whose cell has run, saved."""
    shown = lab.open(chromium, name)
    shown.run_all()
    shown.page.wait_for_selector(".dm-panel-tasks", timeout=PATIENCE)
    shown.save()
    return shown.page


def exported(notebook: Path, chromium: Browser) -> None:
    """Without a kernel, the page says what the mesh was when the cell ran."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(notebook)]
    subprocess.run(command, check=True, timeout=60)
    page = chromium.new_page()
    page.route("http*://**", lambda route: route.abort())  # nothing of the network is needed
    page.goto(notebook.with_suffix(".html").as_uri())
    text = page.locator("body").inner_text()
    assert "shop" in text
    assert "No tasks yet" in text
