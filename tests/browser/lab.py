"""A real JupyterLab on loopback with settings of its own, and a page in it. Ends all it started."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
PATIENCE = 90_000
"Milliseconds for the slow steps: the first page of a cold Lab, the first kernel."

READY = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  const kernel = context?.session?.kernel;
  const connected = !!kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
  return connected && !document.querySelector('.jp-Dialog');
}"""


class Lab:
    """A server that runs, and how to open notebooks on it."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    def open(self, browser: Browser, notebook: str, *, size: tuple[int, int] = (1400, 1000)) -> LabPage:
        """A fresh page on this notebook with its kernel ready; nothing has run yet."""
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        shown = LabPage(page, self.address)
        page.goto(f"{self.address}/lab/tree/{notebook}?reset&token={self.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
        shown.accept_kernel()
        return shown


class LabPage:
    """One page. `foreign` holds requests to anywhere but the server, `errors` what the page complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: None if _ours(request.url, address) else self.foreign.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def accept_kernel(self) -> None:
        """Say yes to the question for a kernel, which comes a little after the cells, and wait until it is idle."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(READY):
            if time.monotonic() > end:
                raise TimeoutError("the kernel never became idle")
            accept = self.page.query_selector(".jp-Dialog button.jp-mod-accept")
            if accept is not None:
                accept.click()
            self.page.wait_for_timeout(200)

    def run_all(self) -> None:
        """Run every cell. Does not wait: the command would only return after the last one."""
        self.command("notebook:run-all-cells")

    def command(self, name: str, **arguments: Any) -> None:
        """Start a command of Lab."""
        self.page.evaluate("([name, args]) => { window.jupyterapp.commands.execute(name, args); }", [name, arguments])

    def theme(self, theme: str) -> None:
        """Change to light or dark, and wait until the page has."""
        self.command("apputils:change-theme", theme=THEMES[theme])
        light = "true" if theme == "light" else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached", timeout=PATIENCE)
        self.page.wait_for_timeout(600)  # the sheet of the theme is loaded after the attribute is set

    def fold_sidebar(self) -> None:
        """Give the notebook the whole width."""
        if self.page.evaluate("() => window.jupyterapp.shell.leftCollapsed === false"):
            self.command("application:toggle-left-area")

    def save(self) -> None:
        """Save the notebook, and wait until that is done."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def cell_runs(self) -> bool:
        """Whether a cell is being run: its star, since the kernel's light also follows what subshells do."""
        return self.page.get_by_text("[*]:", exact=True).count() > 0


def _ours(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws"), "blob:", "data:"))


@contextlib.contextmanager
def running_lab(folder: Path, notebooks: Path, *, theme: str = "light") -> Iterator[Lab]:
    """JupyterLab serving `notebooks`, with every setting and run-time file below `folder`."""
    port, token = _free_port(), secrets.token_hex(16)
    address = f"http://127.0.0.1:{port}"
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            _command(port, token, notebooks),
            env=_environment(folder, theme),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_until_up(server, f"{address}/api/status?token={token}", folder / "lab.log")
            yield Lab(address, token)
        finally:
            _end(server, address, token)


def _command(port: int, token: str, notebooks: Path) -> list[str]:
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={notebooks}",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip


def _environment(folder: Path, theme: str) -> dict[str, str]:
    settings = folder / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": THEMES[theme]}))
    places = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "user-settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }  # fmt: skip
    paths = os.pathsep.join([str(ROOT), str(ROOT / "widgets")])
    return {**os.environ, "PYTHONPATH": paths, **{name: str(folder / place) for name, place in places.items()}}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):  # noqa: S310  # loopback http
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not come up:\n{log.read_text()[-2000:]}")


def _end(server: subprocess.Popen[bytes], address: str, token: str) -> None:
    """End the kernels through the server, then the server; by force if it will not."""
    stop = urllib.request.Request(f"{address}/api/shutdown?token={token}", method="POST")  # noqa: S310  # loopback http
    with contextlib.suppress(OSError):
        urllib.request.urlopen(stop, timeout=5).close()  # noqa: S310  # loopback http
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
