"""How each CLI is pointed at a model's server, as a person would do it: variables, its own settings file, options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = "stub-key"


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a person sets. `{url}` is the server, `{home}` the person's home folder."""

    package: str
    "Where it comes from."
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    "Settings files, by their place in the home folder."
    options: tuple[str, ...] = ()
    "The tool's own, as `mesh.launch(..., options=...)` takes them."
    table: str = ""
    "More for `tools.toml`."

    def lay(self, home: Path, url: str) -> dict[str, str]:
        """Write the settings files; returns the variables."""
        for place, text in self.files.items():
            file = home / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("{url}", url))
        return {name: value.replace("{url}", url).replace("{home}", str(home)) for name, value in self.env.items()}


_CODEX = """\
model = "gpt-5.5"
model_provider = "stub"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.stub]
name = "stub"
base_url = "{url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
"""
_CONTINUE = """\
name: stub
version: 1.0.0
schema: v1
models:
  - name: stub-model
    provider: openai
    model: stub-model
    apiBase: {url}/v1
    apiKey: stub-key
    roles: [chat, edit, apply]
"""
_OPENCODE = {
    "model": "stub/stub-model",
    "provider": {
        "stub": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": "{url}/v1", "apiKey": _TOKEN},
            "models": {"stub-model": {"name": "Stub"}},
        }
    },
}
_DROID = {
    "customModels": [
        {
            "model": "stub-model",
            "displayName": "Stub",
            "baseUrl": "{url}/v1",
            "apiKey": _TOKEN,
            "provider": "generic-chat-completion-api",
        }
    ]
}
_OPENAI = {"OPENAI_API_KEY": _TOKEN}

GATEWAYS: dict[str, Gateway] = {
    "claude": Gateway(
        "npm @anthropic-ai/claude-code",
        env={
            "ANTHROPIC_BASE_URL": "{url}",
            "ANTHROPIC_API_KEY": _TOKEN,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
    ),
    "codex": Gateway(
        "npm @openai/codex",
        env={"CODEX_HOME": "{home}/.codex", **_OPENAI},
        files={".codex/config.toml": _CODEX},
    ),
    "gemini": Gateway(
        "npm @google/gemini-cli",
        env={"GOOGLE_GEMINI_BASE_URL": "{url}", "GEMINI_API_KEY": _TOKEN, "GEMINI_MODEL": "stub-model"},
        files={
            ".gemini/settings.json": json.dumps(
                {
                    "security": {"auth": {"selectedType": "gemini-api-key"}},
                    "privacy": {"usageStatisticsEnabled": False},
                }
            )
        },
    ),
    "aider": Gateway(
        "PyPI aider-chat",
        env={"OPENAI_API_BASE": "{url}/v1", "AIDER_MODEL": "openai/stub-model", **_OPENAI},
    ),
    "copilot": Gateway(
        "npm @github/copilot",
        env={
            "COPILOT_PROVIDER_BASE_URL": "{url}/v1",
            "COPILOT_PROVIDER_API_KEY": _TOKEN,
            "COPILOT_MODEL": "stub-model",
            "COPILOT_OFFLINE": "true",
        },
    ),
    "qwen": Gateway(
        "npm @qwen-code/qwen-code",
        env={"OPENAI_BASE_URL": "{url}/v1", "OPENAI_MODEL": "stub-model", **_OPENAI},
        files={".qwen/settings.json": json.dumps({"security": {"auth": {"selectedType": "openai"}}})},
    ),
    "continue": Gateway(
        "npm @continuedev/cli",
        files={".continue/config.yaml": _CONTINUE},
        options=("--config", "{home}/.continue/config.yaml"),
    ),
    "opencode": Gateway(
        "npm opencode-ai",
        env={"OPENCODE_CONFIG": "{home}/opencode.json", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
        files={"opencode.json": json.dumps(_OPENCODE)},
    ),
    "droid": Gateway(
        "npm droid",
        env={"FACTORY_API_KEY": "fk-stub"},
        files={".factory/settings.json": json.dumps(_DROID)},
        options=("--model", "custom:stub-model"),
    ),
    "sgpt": Gateway(
        "PyPI shell-gpt",
        env={"API_BASE_URL": "{url}/v1", "DEFAULT_MODEL": "stub-model", **_OPENAI},
    ),
}
