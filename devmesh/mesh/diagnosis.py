"""How each CLI is doing, in a line with what to do about it; and whether our own programs in its hands would answer.

Starts programs, prompts no model, changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devmesh.bridge import mcp
from devmesh.bridge.desk import SOCKET
from devmesh.bridge.guarding.dialects import hooked, program
from devmesh.bridge.tools.catalogue import OVERRIDES
from devmesh.bridge.tools.probing import Probed, probe_all
from devmesh.errors import DevMeshError
from devmesh.mesh.checkup import Finding, Verdict

if TYPE_CHECKING:
    from devmesh.settings import Settings

_OWN_LIMIT: Final = 30.0
"Seconds that our own programs may take to answer."
_REFUSED: Final = 2
"The exit code by which a hook says no."
_PROTOCOLS: Final = {"claude": "its own protocol", "codex": "its own protocol", "acp": "ACP"}
_HELLO: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "doctor", "version": "1"}},
}
_EDIT: Final = {"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "x", "content": ""}}


def tools(settings: Settings, badges: Mapping[str, str], names: Iterable[str] = ()) -> list[Finding]:
    """A finding for every CLI, those that are here first. On a thread of its own: a loop may run here already.

    `badges`: by tool, what the canary found when an agent of it last worked in the project itself.
    """
    with ThreadPoolExecutor(1) as worker:
        probed = worker.submit(asyncio.run, probe_all(settings.home, names)).result()
    found = [finding_of(one, settings.home, badges.get(one.name, "")) for one in probed]
    return sorted(found, key=lambda finding: finding.verdict is Verdict.ABSENT)


def finding_of(probed: Probed, home: Path, badge: str = "") -> Finding:
    """What one CLI's probing means, and what to do about it."""
    entry = probed.entry
    if probed.executable is None:
        return Finding(probed.name, Verdict.ABSENT, "not installed", f"To get it: {entry.install}")
    program_ = Path(probed.executable).name
    troubles: list[tuple[str, str]] = []
    if not probed.version:
        troubles.append(("it did not say its version", f"Run `{program_}` once by hand: it may want to be set up."))
    elif probed.helpless:
        troubles.append(("it printed no help, so nothing is known of its flags", f"Try `{program_} --help` by hand."))
    if probed.missing:
        advice = f"Write what fits {probed.version or 'it'} under [tools.{probed.name}] in {home / OVERRIDES}"
        seen = f", or install {probed.seen_with}, with which ours was run" if probed.seen_with else ""
        troubles.append((f"its help no longer has {', '.join(probed.missing)}", f"{advice}{seen}."))
    shaken = probed.handshake
    if shaken is not None and not shaken.answered:
        said = f"it did not answer over {_PROTOCOLS[shaken.protocol]} ({shaken.complaint})"
        troubles.append((said, f"Run `{program_}` once by hand: it may want to be signed in, or be updated."))
    found = "; ".join([_what(probed), *(trouble for trouble, _ in troubles), *_abilities(probed, badge)])
    return Finding(
        probed.name, Verdict.NOTE if troubles else Verdict.OK, found, " ".join(dict.fromkeys(to for _, to in troubles))
    )


def _what(probed: Probed) -> str:
    version = probed.version or "installed"
    if probed.version and probed.seen_with and probed.version != probed.seen_with:
        version += f" (our row was run with {probed.seen_with})"
    if not probed.seen_with:
        version += " (our row is from its documentation only)"
    flags = "" if probed.missing or probed.helpless else ", all our flags in its help"
    return f"{version} at {probed.executable}{flags}"


def _abilities(probed: Probed, badge: str) -> list[str]:
    """What it can do for us beyond taking a prompt."""
    entry, shaken = probed.entry, probed.handshake
    abilities = []
    if shaken is not None and shaken.answered:
        abilities.append(f"asks before it edits, over {_PROTOCOLS[shaken.protocol]} (answered in {shaken.seconds:g} s)")
    if hooked(entry):
        abilities.append("runs our hook before an edit")
    elif entry.talk is None and entry.edits:
        abilities.append("cannot be made to ask before it edits")
    if badge:
        abilities.append(f"in the project itself its canary found it {badge}")
    elif hooked(entry) or entry.talk is not None:
        abilities.append("no canary has tried it here yet: it does when it joins with --workspace shared")
    if entry.mcp is not None or (entry.talk is not None and entry.talk.protocol == "acp"):
        abilities.append("takes the mesh's tools (MCP)")
    return abilities


# ---- our own programs ----


def mesh_tools(_: Path, settings: Settings) -> Finding:
    """The MCP server that a bridge gives its tool: whether it starts, and how long that takes."""
    if not settings.mcp:
        return Finding("mesh tools", Verdict.NOTE, "DEVMESH_MCP is off: no tool is given any", "Unset it to give them.")
    server = mcp.program(Path(os.devnull))
    began = time.monotonic()
    said = _run(server.argv, server.env, json.dumps(_HELLO) + "\n")
    if said is not None and '"serverInfo"' in said.stdout:
        return Finding("mesh tools", Verdict.OK, f"the MCP server answers in {time.monotonic() - began:.1f} s")
    why = said.stderr.strip().splitlines()[-1:] if said is not None else [f"no answer in {_OWN_LIMIT:g} s"]
    return Finding("mesh tools", Verdict.NOTE, f"the MCP server does not start: {' '.join(why)[:200]}", _REINSTALL)


def hook(_: Path, __: Settings) -> Finding:
    """The hook that a tool runs before an edit: without a bridge to ask, it has to refuse."""
    asked = program("claude", Path(os.devnull))
    began = time.monotonic()
    said = _run(asked.argv, asked.env, json.dumps(_EDIT))
    if said is not None and (said.returncode == _REFUSED or '"deny"' in said.stdout):
        took = 1000 * (time.monotonic() - began)
        return Finding("hook", Verdict.OK, f"refuses an edit when no bridge answers it ({took:.0f} ms)")
    advice = f"Do not use --workspace shared. {_REINSTALL}"
    return Finding("hook", Verdict.PROBLEM, "it does not refuse an edit that nobody allowed", advice)


EXAMINATIONS: Final = (mesh_tools, hook)
_REINSTALL: Final = "Install devmesh anew: a part of it is missing."


def _run(argv: tuple[str, ...], env: Mapping[str, str], given: str) -> subprocess.CompletedProcess[str] | None:
    surroundings = {name: value for name, value in os.environ.items() if name != SOCKET} | dict(env)
    with suppress(subprocess.TimeoutExpired, OSError):
        return subprocess.run(
            argv, env=surroundings, input=given, capture_output=True, text=True, timeout=_OWN_LIMIT, check=False
        )
    return None


def badges_on_record(project: Path, settings: Settings) -> dict[str, str]:
    """By tool, the badge of its latest agent in the project itself; nothing where no mesh has kept a record."""
    from devmesh.address import home_of
    from devmesh.mesh.record import Past

    home = home_of(project, settings)
    try:
        joined = Past(home, project).events("agent_joined", limit=500) if home.is_dir() else None
    except DevMeshError:
        return {}
    if joined is None or "probes" not in joined:
        return {}
    tried = joined[joined["probes"].map(bool).astype(bool)]  # of no rows, `map` makes no mask
    return {str(tool): str(badge) for tool, badge in zip(tried["tool"], tried["badge"], strict=True)}
