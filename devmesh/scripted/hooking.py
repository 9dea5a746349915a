"""The program with a hook before each edit and command, in the manner of Claude Code. Knows no hook's meaning."""

from __future__ import annotations

import json
import os
import subprocess

from devmesh.scripted.stream import Stream

REFUSED = 2
"The exit code by which a hook refuses. Any other failure of a hook lets the edit happen, as with the real ones."


class HookedStream(Stream):
    """Runs a command before each tool, and does what it says."""

    hook = ""
    unhooked: tuple[str, ...] = ()
    "Tools that it does not run the hook for, like a CLI whose hooks have a hole."

    def refusal(self, tool: str, paths: list[str], argument: str) -> str:
        """Why the hook refuses; empty when it does not."""
        if tool in self.unhooked:
            return ""
        shell = tool == "run"
        given = [{"command": argument}] if shell else [{"file_path": path} for path in paths]
        reasons = (self._asked("Bash" if shell else tool.capitalize(), one) for one in given)
        return next((reason for reason in reasons if reason), "")

    def _asked(self, tool: str, given: dict[str, str]) -> str:
        told = {
            "session_id": self.session,
            "cwd": os.getcwd(),  # noqa: PTH109 - as a text
            "hook_event_name": "PreToolUse",
            "tool_name": tool,
            "tool_input": given,
        }
        ran = subprocess.run(
            ["sh", "-c", self.hook], input=json.dumps(told), capture_output=True, text=True, check=False
        )
        if ran.returncode == REFUSED:
            return ran.stderr.strip() or "refused by a hook"
        try:
            answer = json.loads(ran.stdout)["hookSpecificOutput"]
        except (ValueError, KeyError, TypeError):
            return ""
        refused = answer.get("permissionDecision") == "deny"
        return (str(answer.get("permissionDecisionReason")) or "refused by a hook") if refused else ""
