"""As under JupyterHub or Binder: a Lab below a base and behind a reverse proxy, and a page that knows only that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import PATIENCE, LabPage
from tests.jupyter.server.reverse import reverse_proxy
from tests.jupyter.server.rig import jupyter_server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

BASE = "/user/someone/"
CELLS = (
    'import devmesh\nmesh = devmesh.start("shop", ws_port=0)\nmesh.launch("scripted")\nmesh',
    (
        'task = mesh.post("Leave a note.\\n```script\\nappend notes.md\\n| - through the proxy\\nanswer Yes.\\n```")\n'
        "task.result(60).files"
    ),
    "mesh.stop()",
)
ASKED = """async () => {
  const sign = (document.cookie.match(/_xsrf=([^;]+)/) || [])[1];
  const meshes = await fetch('/user/someone/devmesh/api/projects', {headers: {'X-XSRFToken': sign}});
  const [mesh] = await meshes.json();
  const socket = new WebSocket(`ws://${location.host}/user/someone/devmesh/ws/${mesh.id}`);
  const relayed = await new Promise((done) => {
    socket.onopen = () => done('let in');
    socket.onerror = () => done('refused');
  });
  return [meshes.status, relayed];
}"""


def notebook(folder: Path) -> None:
    """A small project, and a notebook that has a mesh work on it."""
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "notes.md").write_text("# Notes\n")
    cells: list[dict[str, object]] = [
        {"id": f"c{n}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate(CELLS)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "mesh.ipynb").write_text(json.dumps(content))


def test_the_dashboard_needs_nothing_but_the_proxys_address(chromium: Browser, tmp_path: Path) -> None:
    """Opened, run and kept up to date; every request and socket of the page goes to the proxy, and below the base."""
    folder = tmp_path / "jupyter"
    notebook(folder)
    quiet = folder / "user-settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    more = (
        f"--LabApp.user_settings_dir={folder / 'user-settings'}",
        f"--LabApp.workspaces_dir={folder / 'workspaces'}",
        "--LabApp.expose_app_in_browser=True",
    )
    with (
        jupyter_server(folder, tmp_path / "home", base=BASE, more=more) as server,
        reverse_proxy(server.port, BASE) as proxy,
    ):
        address = f"http://127.0.0.1:{proxy.port}{BASE}"
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
        shown = LabPage(page, address)
        page.goto(f"{address}lab/tree/mesh.ipynb?reset&token={server.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
        shown.accept_kernel()
        run(shown, 0)
        page.locator(".dm-panel-agents .dm-body .dm-row", has_text="scripted-1").wait_for(timeout=PATIENCE)
        assert page.evaluate(ASKED) == [200, "refused"]
        run(shown, 1)
        row = page.locator(".dm-panel-tasks .dm-body .dm-row", has_text="Leave a note.")
        row.get_by_text("completed").wait_for(timeout=PATIENCE)
        assert "through the proxy" in (folder / "shop" / "notes.md").read_text()
        run(shown, 2)
        page.get_by_text("The mesh was stopped").first.wait_for(timeout=PATIENCE)
        page.close()
        assert shown.errors == []
        assert shown.foreign == []
        assert proxy.refused == []
        assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def run(shown: LabPage, index: int) -> None:
    """Run one cell."""
    shown.page.evaluate(
        """(index) => {
          window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
          window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        index,
    )
