"""A real mesh in a real JupyterLab, steered from its dashboard alone: connect, post, answer, approve, reload, dark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import PATIENCE, LabPage, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

START = """%load_ext devmesh
import pathlib, devmesh
mesh = devmesh.start("shop", ws_port=0, home=pathlib.Path("state").resolve())
mesh"""
ASK = """from tests.mesh.visitor import Visitor
from devmesh.vocabulary.requests import Ask
from devmesh.vocabulary.facts import QuestionAsked
visitor = Visitor(mesh)
visitor.ask(QuestionAsked, Ask(text="May I run pip install six?", options=("yes", "no"), default="no")).question"""
ANSWERED = "mesh.inbox[1].answered"
STOP = "visitor.leave(); mesh.stop()"

PROMPT = "Leave a note.\n```script\nappend notes.md\n| - from the browser\nanswer Noted.\n```"


def notebook(folder: Path) -> Path:
    """A folder with a small project, and a notebook that starts a mesh for it and shows it."""
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "notes.md").write_text("# Notes\n")
    cells: list[dict[str, object]] = [
        {"id": f"c{n}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate((START, ASK, ANSWERED, STOP))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "mesh.ipynb").write_text(json.dumps(content))
    return folder


def test_a_mesh_is_steered_from_its_dashboard(chromium: Browser, tmp_path: Path) -> None:
    """One Lab and one mesh for all of it, as a person would use them, one step after the other."""
    settings = tmp_path / "settings"
    settings.mkdir()
    folder = notebook(tmp_path / "notebooks")
    with running_lab(settings, folder) as lab:
        shown = lab.open(chromium, "mesh.ipynb")
        shown.fold_sidebar()
        run_cell(shown, 0)
        page = shown.page
        page.wait_for_selector(".dm-panel-tools .dm-tool", timeout=PATIENCE)
        connects_a_tool(page)
        posts_a_task_and_sees_it_land(page, folder)
        answers_a_question(shown)
        chooses_between_two(page, folder)
        is_there_after_a_reload_in_the_dark(shown)
        run_cell(shown, 3)
        page.get_by_text("The mesh was stopped").first.wait_for(timeout=30_000)
        assert shown.foreign == []
        assert shown.errors == []


def run_cell(shown: LabPage, index: int) -> None:
    """Run one cell, whatever is selected, without scrolling to it."""
    shown.page.evaluate(
        """(index) => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = index;
          window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        index,
    )


def connects_a_tool(page: Page) -> None:
    """Two agents of the scripted tool, started by a button, are in the table of agents."""
    tool = page.locator(".dm-tool", has_text="script").first
    tool.get_by_role("combobox").select_option("2")
    tool.get_by_role("button", name="Connect").click()
    page.locator(".dm-panel-agents .dm-body .dm-row", has_text="scripted-2").wait_for(timeout=60_000)


def posts_a_task_and_sees_it_land(page: Page, folder: Path) -> None:
    """From the command centre; its row says completed, its diff is what the project holds."""
    page.get_by_label("What is to be done").fill(PROMPT)
    page.get_by_label("What is to be done").press("Control+Enter")
    page.get_by_text("posted task #1").wait_for(timeout=30_000)
    row = page.locator(".dm-panel-tasks .dm-body .dm-row", has_text="Leave a note.")
    row.get_by_text("completed").wait_for(timeout=60_000)
    assert "from the browser" in (folder / "shop" / "notes.md").read_text()
    row.click()
    page.get_by_role("tab", name="Diff").click()
    page.locator(".dm-diff-add", has_text="- from the browser").wait_for(timeout=30_000)
    page.get_by_role("tab", name="Bids").click()
    page.get_by_text("(won)").wait_for(timeout=30_000)
    page.get_by_role("button", name="Close").first.click()


def answers_a_question(shown: LabPage) -> None:
    """A real agent asks; a press on its card is the answer it gets."""
    run_cell(shown, 1)
    card = shown.page.locator(".dm-question", has_text="pip install six")
    card.wait_for(timeout=30_000)
    card.get_by_role("button", name="yes", exact=True).click()
    card.wait_for(state="detached", timeout=30_000)
    run_cell(shown, 2)
    shown.page.get_by_text("('yes', 'person')").wait_for(timeout=30_000)


def chooses_between_two(page: Page, folder: Path) -> None:
    """The same task for two agents: both wait to be compared; one is approved and lands, the other is called off."""
    page.get_by_label("What is to be done").fill(PROMPT.replace("from the browser", "chosen"))
    page.get_by_label("To agents").fill("2")
    page.get_by_label("What is to be done").press("Control+Enter")
    cards = page.locator(".dm-conflict")
    cards.nth(1).wait_for(timeout=60_000)
    cards.first.get_by_role("button", name="Compare").click()
    cards.first.locator(".dm-diff-add", has_text="- chosen").wait_for(timeout=30_000)
    assert "chosen" not in (folder / "shop" / "notes.md").read_text()
    cards.first.get_by_role("button", name="Approve").click()
    page.locator(".dm-panel-conflicts").wait_for(state="hidden", timeout=60_000)
    page.locator(".dm-panel-tasks .dm-body .dm-row", has_text="cancelled").wait_for(timeout=30_000)
    assert "chosen" in (folder / "shop" / "notes.md").read_text()


def is_there_after_a_reload_in_the_dark(shown: LabPage) -> None:
    """The same kernel, a new page, another theme: the rows are there, and a task opens."""
    shown.save()
    shown.page.reload()
    shown.page.wait_for_selector(".dm-panel-tasks .dm-body .dm-row", timeout=PATIENCE)
    shown.theme("dark")
    shown.page.locator(".dm-panel-tasks .dm-body .dm-row", has_text="completed").first.click()
    shown.page.get_by_role("tab", name="Output").click()
    shown.page.locator(".dm-leaf pre", has_text="append notes.md").wait_for(timeout=30_000)
