"""The dashboard in a real JupyterLab: it moves while a cell runs, follows the theme, fits, and survives a reload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import PATIENCE, LabPage, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SHOW = """from devmesh_widgets import Dashboard
from tests.dashboard.synthetic import SyntheticSource
source = SyntheticSource()
Dashboard(source)"""
BLOCK = """import pathlib, time
while not pathlib.Path("enough").exists():
    time.sleep(0.2)"""

NEWEST = (
    "() => Number(document.querySelector('.dm-panel-events .dm-body .dm-row > *')?.title.replace('Fact ', '') ?? 0)"
)
TOO_WIDE = """() => [...document.querySelectorAll('.dm-panel, .dm-row')]
    .filter((node) => node.scrollWidth > node.clientWidth + 1).length"""


def notebook(folder: Path) -> Path:
    """A folder with a notebook that shows a dashboard, then blocks the kernel until a file is there."""
    folder.mkdir()
    cells: list[dict[str, object]] = [
        {"id": f"c{n}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate((SHOW, BLOCK))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "live.ipynb").write_text(json.dumps(content))
    return folder


def test_a_dashboard_lives_in_jupyterlab(chromium: Browser, tmp_path: Path) -> None:
    """One Lab for all of it: a Lab takes seconds to start."""
    settings = tmp_path / "settings"
    settings.mkdir()
    with running_lab(settings, notebook(tmp_path / "notebooks")) as lab:
        shown = lab.open(chromium, "live.ipynb")
        shown.fold_sidebar()
        shown.run_all()
        shown.page.wait_for_selector(".dm-panel-events .dm-body .dm-row", timeout=PATIENCE)
        moves_while_a_cell_runs(shown)
        follows_the_theme(shown)
        fits_a_narrow_window(shown)
        obeys_its_buttons_while_a_cell_runs(shown)
        (tmp_path / "notebooks" / "enough").touch()
        is_rebuilt_after_a_reload(shown)
        assert shown.foreign == []
        assert shown.errors == []


def moves_while_a_cell_runs(shown: LabPage) -> None:
    """New facts appear although the kernel is busy sleeping."""
    first = shown.page.evaluate(NEWEST)
    shown.page.wait_for_function(f"{NEWEST[6:]} > {first} + 4", timeout=15_000)
    assert shown.cell_runs()


def follows_the_theme(shown: LabPage) -> None:
    """The sheet of a panel is light, then dark, then light again."""
    sheet = "() => getComputedStyle(document.querySelector('.dm-panel')).backgroundColor"
    light = shown.page.evaluate(sheet)
    shown.theme("dark")
    assert shown.page.evaluate(sheet) != light
    shown.theme("light")
    assert shown.page.evaluate(sheet) == light


def fits_a_narrow_window(shown: LabPage) -> None:
    """At 600 px nothing runs over, and the newest fact is still there."""
    shown.page.set_viewport_size({"width": 600, "height": 1000})
    shown.page.wait_for_timeout(500)
    assert shown.page.evaluate(TOO_WIDE) == 0
    shown.page.set_viewport_size({"width": 1400, "height": 1000})


def obeys_its_buttons_while_a_cell_runs(shown: LabPage) -> None:
    """A press takes effect although the kernel is busy: Lab and kernel have a subshell for it."""
    shown.page.get_by_role("button", name="Pause codex-1").click()
    shown.page.get_by_role("button", name="Resume codex-1").wait_for(timeout=60_000)
    assert shown.cell_runs()


def is_rebuilt_after_a_reload(shown: LabPage) -> None:
    """The same kernel, a new page: the rows are there, they go on, and the pause is still a pause."""
    last = shown.page.evaluate(NEWEST)
    shown.save()
    shown.page.reload()
    shown.page.wait_for_selector(".dm-panel-events .dm-body .dm-row", timeout=PATIENCE)
    shown.page.wait_for_function(f"{NEWEST[6:]} > {last} + 4", timeout=30_000)
    assert shown.page.get_by_role("button", name="Resume codex-1").count() == 1
