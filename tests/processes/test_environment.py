"""A tool sees where things are, and none of the notebook's secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.processes import allowed_environment
from devmesh.processes.environment import secrets_in


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


def test_values_of_what_is_named_like_a_secret_are_looked_for(tmp_path: Path) -> None:
    """Long enough, and neither a number nor the place of something."""
    secret = {
        "GITHUB_TOKEN": "a-token-7",
        "PGPASSWORD": "hunter22",
        "DB_PASS": "hunter23",
        "DJANGO_SECRET_KEY": "django-insecure-1",
        "FOO_CREDENTIALS": "me:pass-word",
        "API_KEY_2": "/abcdefgh+ijkl",
    }
    plain = {
        "DB_PASSWORD": "short",
        "MAX_TOKENS": "100000000",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json"),
        "SSH_AUTH_SOCK": str(tmp_path / "agent"),
        "KEYBOARD_LAYOUT": "de-nodeadkeys",
        "TOKENIZERS_PARALLELISM": "false-or-true",
        "PWD": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PASSENGER_ROOT": "somewhere-else",
    }
    assert set(secrets_in(secret | plain)) == set(secret.values())
