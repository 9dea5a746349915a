"""A tool sees where things are, and none of the notebook's secrets."""

from __future__ import annotations

import pytest

from devmesh.processes import allowed_environment


def test_only_allowed_and_kept_variables_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and globs; what is given on top wins."""
    for name in ("AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "JPY_API_TOKEN", "GIT_DIR", "PYTHONPATH", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TERM", "dumb")
    seen = allowed_environment({"TERM": "xterm", "DEVMESH_TASK_ID": "7"}, keep=["OPENAI_*"])
    assert {name: value for name, value in seen.items() if value == "secret"} == {"OPENAI_API_KEY": "secret"}
    assert (seen["TERM"], seen["LC_ALL"], seen["DEVMESH_TASK_ID"]) == ("xterm", "C", "7")
    assert "PATH" in seen
