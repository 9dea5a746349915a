"""The dashboard without a notebook, as `devmesh dashboard` serves it: a real server, a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page

import devmesh
from devmesh.mesh import Mesh
from tests.browser.lab import PATIENCE, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh with an agent."""
    (tmp_path / "shop").mkdir()
    with devmesh.start(tmp_path / "shop", ws_port=0, home=tmp_path / "home") as started:
        started.launch("scripted")
        yield started


@contextmanager
def served(mesh: Mesh) -> Iterator[str]:
    """`devmesh dashboard` for this mesh: its address. Ended as by Ctrl-C, with everything it started."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "widgets")])
    command = [sys.executable, "-m", "devmesh.terminal", "dashboard", "-C", str(mesh.project), "--port", "0", "--json"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": paths, "DEVMESH_HOME": str(mesh.home.parent)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    children = psutil.Process(process.pid).children(recursive=True)
    try:
        yield said["url"]
    finally:
        children += psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()
        _, alive = psutil.wait_procs(children, 10)
        assert alive == []


def test_the_dashboard_lives_without_a_notebook(chromium: Browser, mesh: Mesh) -> None:
    """With the token it is there and moves, and its buttons work; without it nothing is; it asks nobody else."""
    with served(mesh) as url:
        address, _, token = url.partition("/?token=")
        assert address.startswith("http://127.0.0.1:")
        assert len(token) >= 32
        assert token not in " ".join(word for child in psutil.process_iter(["cmdline"]) for word in child.cmdline())
        with urllib.request.urlopen(f"{address}/?token=wrong", timeout=20) as refused:  # noqa: S310  # loopback http
            assert "/login" in refused.url
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        came: list[str] = []
        page.on("response", lambda response: came.append(response.url))
        page.goto(url)
        page.wait_for_selector(".dm-panel-agents .dm-body .dm-row", timeout=PATIENCE)
        follows(page, mesh)
        assert [one for one in came if not one.startswith((address, "data:", "blob:"))] == []
        page.set_viewport_size({"width": 600, "height": 1000})
        page.wait_for_timeout(300)
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.close()
        assert mesh.is_running


def follows(page: Page, mesh: Mesh) -> None:
    """A task posted elsewhere appears; a press on the page reaches the mesh."""
    mesh.post("wait for nobody", agents="nobody", title="from the kernel")
    page.get_by_text("from the kernel").first.wait_for(timeout=15_000)
    page.get_by_role("button", name="Pause scripted-1").click()
    page.get_by_role("button", name="Resume scripted-1").wait_for(timeout=15_000)
    assert mesh.agents["scripted-1"].state == "paused"
