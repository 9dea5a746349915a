"""A recorded conversation with a real CLI, held again: what it said is fed, and what we say must be what was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.entry import Talk
from devmesh.bridge.tools.talking import dialogue
from devmesh.bridge.tools.tool import Dialogue, Judgement, Permission, Said, Wants, Wish

HERE = Path(__file__).parent / "dialogues"
PLACE = "/srv/project"
"Where the recorded conversations were held."
HELD = "locked.txt is held by B (WRITE) for another 30 s."
STEPS = [
    {"write": "locked-new.txt", "text": "changed\n"},
    {"write": "free.txt", "text": "ok\n"},
    {"run": "echo x > locked.txt"},
    {"run": "echo y > shell.txt"},
    {"say": "All done."},
]
PROMPT = f"Do what is asked.\nSTUB: {json.dumps({'work': STEPS, 'review': []})}\n"
"What the stub model behind the CLI was told to do."
PATIENCE = 5.0

Message = dict[str, Any]


async def refuse_locked(wish: Wish) -> Permission:
    """The gate of the recordings: whatever names something locked is refused."""
    if "locked" in " ".join((*wish.paths, wish.command)):
        return Permission(granted=False, reason=HELD)
    return Permission(granted=True)


class Rehearsal:
    """One dialogue without a process: a wire that remembers, and a gate that is watched."""

    def __init__(
        self,
        tool: str,
        workspace: Path,
        prompt: str = PROMPT,
        gate: Callable[[Wish], Awaitable[Permission]] = refuse_locked,
        wants: Wants | None = None,
    ) -> None:
        known = catalogue.find(tool)
        talk = known.entry.talk
        assert isinstance(talk, Talk)
        self.dialogue: Dialogue = dialogue(known, talk, prompt, workspace, wants or Wants(asks=True))
        self.workspace = workspace
        self.sent: list[Message] = []
        self.heard: list[Said] = []
        self.wishes: list[Wish] = []
        self.closed = 0
        self._gate = gate
        self._file = HERE / f"{tool}.jsonl"

    # ---- the wire and the gate ----

    def write(self, text: bytes) -> None:
        """What we say."""
        self.sent += [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        """The conversation is over."""
        self.closed += 1

    async def gate(self, wish: Wish) -> Permission:
        """Asked before each act."""
        self.wishes.append(wish)
        return await self._gate(wish)

    # ---- what a test does ----

    def begin(self) -> None:
        """As a run does, once the process stands."""
        self.dialogue.begin(self, self.heard.append, self.gate)

    def says(self, *messages: Message) -> None:
        """The tool says this, in pieces of a few bytes as pipes do."""
        data = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        for start in range(0, len(data), 512):
            self.heard += self.dialogue.feed(data[start : start + 512])

    def has_sent(self, number: int) -> bool:
        """Whether that many of our messages went out."""
        return len(self.sent) >= number

    async def until(self, condition: Callable[[], object]) -> None:
        """Until it holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def hold(self) -> Judgement:
        """The recorded conversation from its beginning to its end, each of our words compared."""
        self.begin()
        text = self._file.read_text(encoding="utf-8").replace(PLACE, str(self.workspace))
        said = 0
        for line in text.splitlines():
            message = json.loads(line[2:])
            if line.startswith(">"):
                said += 1
                await self.until(partial(self.has_sent, said))
                assert self.sent[said - 1] == message
            else:
                self.says(message)
        await self.until(lambda: self.closed)
        assert len(self.sent) == said
        self.heard += self.dialogue.end()
        judgement = self.dialogue.judge(0, "")
        await self.dialogue.close()
        return judgement
