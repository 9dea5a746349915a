"""Runs any notebook in JupyterLab and takes pictures of a panel in it: `take_screenshots.py NOTEBOOK FOLDER`.

The notebook runs in a copy; the pictures are of the first panel in it, in light, dark and narrow.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "widgets")]

from tests.browser.chromium import LAUNCH  # noqa: E402  # it is run as a program, from anywhere
from tests.browser.lab import PATIENCE, LabPage, running_lab  # noqa: E402  # see above

ROOM = 320
"Pixels for Lab's own bars and the cell above the panel."
SIZES = {"light": (1400, 1180), "dark": (1400, 1180), "narrow": (600, 1180)}


def main() -> None:
    """Read the command line, run the notebook, take the pictures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("notebook", type=Path)
    words.add_argument("folder", type=Path, help="where the pictures go")
    words.add_argument("--name", default="dashboard", help="first part of the file names")
    words.add_argument("--wait", type=float, default=8.0, help="seconds between the first panel and the first picture")
    words.add_argument("--panel", default=".dm-root", help="CSS selector of what the pictures show")
    words.add_argument("--whole", action="store_true", help="the whole page instead of the panel alone")
    arguments = words.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        notebooks, settings = Path(scratch, "notebooks"), Path(scratch, "settings")
        shutil.copytree(arguments.notebook.parent, notebooks, ignore=shutil.ignore_patterns(".*", "*.md"))
        settings.mkdir()
        with running_lab(settings, notebooks) as lab, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**LAUNCH)
            shown = lab.open(browser, arguments.notebook.name)
            shown.fold_sidebar()
            shown.run_all()
            shown.page.wait_for_selector(arguments.panel, timeout=PATIENCE)
            shown.page.wait_for_timeout(arguments.wait * 1000)
            take(shown, arguments)
            browser.close()


def take(shown: LabPage, arguments: argparse.Namespace) -> None:
    """One picture per size, without a new run in between."""
    for look, (width, height) in SIZES.items():
        shown.page.set_viewport_size({"width": width, "height": height})
        shown.theme("dark" if look == "dark" else "light")
        panel = shown.page.locator(arguments.panel).first
        if not arguments.whole:  # what lies below the window is not painted
            tall = panel.evaluate("(node) => Math.ceil(node.getBoundingClientRect().height)")
            shown.page.set_viewport_size({"width": width, "height": max(height, tall + ROOM)})
            shown.page.wait_for_timeout(500)
        path = arguments.folder / f"{arguments.name}-{look}.png"
        shown.page.evaluate("() => document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, 0)")
        shown.page.wait_for_timeout(500)
        if arguments.whole:
            shown.page.screenshot(path=path)
        else:
            panel.screenshot(path=path)
        print(path)  # noqa: T201  # this is a program
    print("requests to elsewhere:", shown.foreign, "page errors:", shown.errors)  # noqa: T201  # see above


if __name__ == "__main__":
    main()
