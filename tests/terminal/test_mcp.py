"""`devmesh mcp`: what a person's own CLI starts speaks the protocol on standard output, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devmesh.bridge.mcp.toolbelt import BY_NAME
from devmesh.bridge.tools.catalogue import packages

pytestmark = pytest.mark.slow


def asked(number: int, method: str, **params: object) -> str:
    """A request of the protocol."""
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def test_a_cli_is_answered_and_nothing_else_is_printed(tmp_path: Path) -> None:
    """Its tools, and an error that a model understands where no mesh runs; it ends with its input."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    said = asked(1, "initialize", **hello) + '{"jsonrpc": "2.0", "method": "notifications/initialized"}\n'
    said += asked(2, "tools/list") + asked(3, "tools/call", name="board", arguments={})
    command = [sys.executable, "-P", "-m", "devmesh.terminal", "mcp", "--project", str(tmp_path)]
    env = {**os.environ, "DEVMESH_HOME": str(tmp_path / "state"), "PYTHONPATH": packages()}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(said)
        process.stdin.flush()
        answers = {answer["id"]: answer for answer in (json.loads(process.stdout.readline()) for _ in range(3))}
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait(20) == 0
    assert answers[1]["result"]["serverInfo"]["name"] == "devmesh"
    assert {tool["name"] for tool in answers[2]["result"]["tools"]} == set(BY_NAME)
    assert answers[3]["result"]["isError"]
    assert "no mesh" in answers[3]["result"]["content"][0]["text"].lower()
