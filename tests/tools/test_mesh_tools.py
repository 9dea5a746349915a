"""The mesh's own tools in the hands of real CLIs: their model calls one, and is answered in the agent's name."""

from __future__ import annotations

import pytest

from devmesh.bridge.tools.generic import GenericTool
from devmesh.vocabulary.terms import TaskState
from tests.tools.conftest import Bench
from tests.tools.stub_model import script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PATIENCE = 150.0


def test_a_lock_that_the_model_asks_for_is_its_agents(bench: Bench) -> None:
    """Granted to the agent, for its task; the model reads that it holds it; it ends with the task."""
    if not GenericTool.find(bench.name).takes_mcp:
        pytest.skip(f"{bench.name} takes no MCP server")
    agent = bench.launch()
    task = bench.post(script({"call": "acquire_lock", "with": {"paths": ["notes.md"]}}, {"say": "All done."}))
    assert task.result(PATIENCE).outcome is TaskState.COMPLETED
    granted = bench.mesh.audit.df("lock_granted")
    assert [(row.agent, row.target, row.mode) for row in granted.itertuples()] == [(agent, "notes.md", "write")]
    assert any("You hold write on" in heard.body for heard in bench.model.heard)
