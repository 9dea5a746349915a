"""What agents are called: never so that one could be taken for the person, or for another that is here.

Knows names; nothing else of who bears them.
"""

from __future__ import annotations

import re
from typing import Final

from devmesh.core.reviews import PERSON
from devmesh.core.state import MeshState
from devmesh.core.turn import Turn
from devmesh.errors import Code

_BETWEEN: Final = re.compile(r"[^a-z0-9]+")
_READ_AS: Final = str.maketrans("035", "oes")
_HINT: Final = "Let the tool join by a name of its own."


def name_for(turn: Turn, tool: str) -> str | None:
    """The next name of the tool: `claude-3`. None, with the request refused, where it would be taken for another's."""
    if not tool.isascii():
        message = f"{tool} has letters beside a to z, and some of those look alike"
        turn.refuse(Code.BAD_REQUEST, message, field="tool", hint=_HINT)
    elif reads_like_the_person(tool):
        turn.refuse(Code.FORBIDDEN, f"{tool} reads like {PERSON}, who is no agent", field="tool", hint=_HINT)
    elif (other := _taken_for(turn.state, tool)) is not None:
        message = f"{tool} would be taken for {other}, which is here"
        turn.refuse(Code.ALREADY_JOINED, message, field="tool", hint=_HINT)
    else:
        return _numbered(turn.state, tool)
    return None


def reads_like_the_person(tool: str) -> bool:
    """Whether one of its words does, or all of them together: capitals, numbers and digits for letters aside."""
    words = _BETWEEN.split(tool.lower())
    return any(word.strip("0123456789").translate(_READ_AS) == PERSON for word in (*words, "".join(words)))


def _taken_for(state: MeshState, tool: str) -> str | None:
    """An agent here that is called like the tool, or whose tool is, but for capitals."""
    folded = tool.lower()
    for agent in state.present:
        theirs = agent.joined.tool
        if agent.name.lower() == folded or (theirs != tool and theirs.lower() == folded):
            return agent.name
    return None


def _numbered(state: MeshState, tool: str) -> str:
    """Numbers are never used again; one that would make it the name of a tool here is left out."""
    number, tools = state.names.get(tool, 0) + 1, {agent.joined.tool.lower() for agent in state.present}
    while f"{tool}-{number}".lower() in tools:
        number += 1
    return f"{tool}-{number}"
