"""One real tool in a workspace, without a mesh: run with a prompt, heard, asked, judged."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import psutil

from devmesh.bridge.running import Listeners, Run
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.tools.tool import Judgement, Permission, Said, SessionNamed, Wants, Wish
from tests.tools.gateways import Gateway
from tests.tools.stub_model import StubModel

HELD = "locked.txt is held by B (WRITE) for another 30 s."


class Trial:
    """A tool, a stub behind it, and a folder to work in."""

    def __init__(self, name: str, gateway: Gateway, model: StubModel, folder: Path, home: Path) -> None:
        self.name = name
        self.tool = GenericTool.find(name)
        self.entry = self.tool.entry
        self.model = model
        self.workspace = folder / "workspaces" / "w"
        self.workspace.mkdir(parents=True)
        (self.workspace / "locked.txt").write_text("original\n")
        subprocess.run(["git", "init", "-q", self.workspace], check=True)
        self.said: list[Said] = []
        self.wishes: list[Wish] = []
        self.current: Run | None = None
        self._gateway = gateway
        self._home = home

    async def run(self, prompt: str, limit: float = 90.0, wants: Wants | None = None) -> Judgement:
        """Once, to its end."""
        self.said.clear()
        self.current = Run(self.tool, Listeners(self.said.append))
        options = [option.replace("{home}", str(self._home)) for option in self._gateway.options]
        surroundings = {"DEVMESH_WORKSPACE": str(self.workspace)}
        return await self.current.to_end(
            prompt,
            self.workspace,
            options=options if not (wants and wants.asks) else (),
            context=surroundings,
            limit=limit,
            wants=wants or Wants(),
            gate=self._gate,
        )

    def once(self, prompt: str, limit: float = 90.0, wants: Wants | None = None) -> Judgement:
        """The same, on a loop of its own."""
        return asyncio.run(self.run(prompt, limit, wants))

    async def _gate(self, wish: Wish) -> Permission:
        self.wishes.append(wish)
        if "locked" in " ".join((*wish.paths, wish.command)):
            return Permission(granted=False, reason=HELD)
        return Permission(granted=True)

    def session(self) -> str:
        """What it called the conversation."""
        return next((said.session for said in self.said if isinstance(said, SessionNamed)), "")

    def processes(self) -> list[str]:
        """Its living processes."""
        return [" ".join(found) for process in psutil.process_iter() if (found := self._command_of(process))]

    def _command_of(self, process: psutil.Process) -> list[str]:
        try:
            ours = process.environ().get("DEVMESH_WORKSPACE") == str(self.workspace)
            return process.cmdline() if ours else []
        except psutil.Error:
            return []
