"""The Agent Client Protocol, for every CLI that speaks it: permissions and file writes pass our gate.

The package `agent-client-protocol` carries the messages; what they hold is read leniently, for agents differ.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from acp import PROTOCOL_VERSION, RequestError
from acp.connection import Connection
from acp.meta import AGENT_METHODS, CLIENT_METHODS

from devmesh.bridge.tools.dialogue import Conversation, Message, Total
from devmesh.bridge.tools.talking import Subject
from devmesh.bridge.tools.tool import Permission, Program, Said, TextSaid, ToolEnded, ToolStarted, UsageCounted, Wish

REFUSED = -32000
"The code of an error that says no; agents use it for a missing login, too."
CANCELLED_WITHIN = 1.5
"Seconds an agent may take to end its turn once it was told to."
_PATHS = ("file_path", "filePath", "filepath", "fileName", "absolute_path", "path")
_ENDED = {"completed", "failed"}


def converse(subject: Subject) -> Conversation:
    """A fresh conversation."""
    return Conversation(subject, Agent)


class _Channel:
    """The conversation, as the package wants to read and write it."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.arrived: asyncio.Queue[Message | None] = asyncio.Queue()

    async def send(self, message: Message) -> None:
        self._conversation.send(message)

    async def receive(self) -> Message | None:
        return await self.arrived.get()

    async def close(self) -> None:
        self.arrived.put_nowait(None)


class Agent:
    """One conversation with an agent: one session, and as many turns as it takes."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._channel = _Channel(conversation)
        self._connection: Connection
        self._driving: asyncio.Task[None]
        self._session = ""
        self._silent = False
        "While a session is loaded, its past is told again."
        self._tools: dict[str, ToolStarted] = {}
        self._granted: set[Path] = set()
        "Files it may write once, as it was permitted a moment ago."
        self._total = Total()

    def begin(self) -> None:
        """Shake hands, open or load the session, prompt it."""
        self._connection = Connection(self._asked, self._channel)
        self._driving = asyncio.get_running_loop().create_task(self._drive(), name="acp")

    def heard(self, message: Message) -> Iterable[Said]:
        """What comes of it is told later, in order."""
        self._channel.arrived.put_nowait(message)
        return ()

    def interrupt(self) -> None:
        """Its turn ends as cancelled then; before its first, the conversation ends."""
        if self._session:
            note = {"jsonrpc": "2.0", "method": AGENT_METHODS["session_cancel"], "params": {"sessionId": self._session}}
            self._conversation.send(note)
            asyncio.get_running_loop().call_later(CANCELLED_WITHIN, self._driving.cancel)
        else:
            self._driving.cancel()

    async def close(self) -> None:
        """End the connection and all that waits on it."""
        self._driving.cancel()
        await asyncio.gather(self._driving, return_exceptions=True)
        await self._connection.close()

    # ---- our side ----

    async def _drive(self) -> None:
        conversation = self._conversation
        try:
            await self._open()
            reason = await self._turn(conversation.subject.prompt)
            while not reason and (reminder := conversation.reminder()):
                reason = await self._turn(reminder)
            conversation.tell(conversation.over(success=not reason, reason=reason))
        except RequestError as error:
            conversation.tell(conversation.over(success=False, reason=_reason(error)))
        except ConnectionError:
            return
        except asyncio.CancelledError:
            conversation.over(success=False, reason="interrupted")
            raise
        except Exception as error:
            logging.getLogger(__name__).exception("a conversation failed by a fault of ours")
            conversation.tell(conversation.over(success=False, reason=f"{type(error).__name__}: {error}"))

    async def _open(self) -> None:
        subject = self._conversation.subject
        await self._request(
            "initialize",
            protocolVersion=PROTOCOL_VERSION,
            clientCapabilities={"fs": {"readTextFile": True, "writeTextFile": True}, "terminal": False},
            clientInfo={"name": "devmesh", "title": "DevMesh", "version": "1"},
        )
        where: Message = {"cwd": str(subject.workspace), "mcpServers": _servers(subject.wants.mcp)}
        if subject.wants.resume:
            self._silent = True
            opened = await self._request("session_load", sessionId=subject.wants.resume, **where)
            self._silent = False
            opened = {**opened, "sessionId": subject.wants.resume}
        else:
            opened = await self._request("session_new", **where)
        self._session = str(opened["sessionId"])
        self._conversation.tell(*self._conversation.name(self._session))
        mode = subject.talk.mode
        if mode and (opened.get("modes") or {}).get("currentModeId", mode) != mode:
            await self._request("session_set_mode", sessionId=self._session, modeId=mode)

    async def _turn(self, prompt: str) -> str:
        """One prompt, to the end of its turn; why it failed, or nothing."""
        words = [{"type": "text", "text": prompt}]
        result = await self._request("session_prompt", sessionId=self._session, prompt=words)
        counted = _usage(result)
        if counted is not None:
            self._conversation.tell(self._total.count(*counted))
        reason = str(result.get("stopReason"))
        return "" if reason == "end_turn" else f"its turn ended by {reason}"

    async def _request(self, method: str, **params: Any) -> Message:
        answer = await self._connection.send_request(AGENT_METHODS[method], params)
        return answer if isinstance(answer, dict) else {}

    # ---- its side ----

    async def _asked(self, method: str, params: Any, is_notification: bool) -> Any:  # noqa: FBT001 - as it is called
        given: Message = params if isinstance(params, dict) else {}
        if method == CLIENT_METHODS["session_update"]:
            self._updated(given.get("update") or {})
            return None
        if method == CLIENT_METHODS["session_request_permission"]:
            return await self._permission(given)
        if method == CLIENT_METHODS["fs_write_text_file"]:
            return await self._write(str(given.get("path", "")), str(given.get("content", "")))
        if method == CLIENT_METHODS["fs_read_text_file"]:
            file = await asyncio.to_thread(self._inside, str(given.get("path", "")))
            return {"content": await asyncio.to_thread(_read, file, given.get("line"), given.get("limit"))}
        if is_notification:
            return None
        raise RequestError.method_not_found(method)

    def _updated(self, update: Message) -> None:
        kind = update.get("sessionUpdate")
        if self._silent:
            return
        if kind == "agent_message_chunk":
            text = (update.get("content") or {}).get("text")
            self._conversation.tell(*([TextSaid(text)] if isinstance(text, str) and text else []))
            self._count_step(((update.get("_meta") or {}).get("usage")) or {})
        elif kind in {"tool_call", "tool_call_update"}:
            self._tool(update)
        elif kind == "usage_update" and (update.get("cost") or {}).get("currency") == "USD":
            counted = self._total.counted
            self._total.counted = UsageCounted(
                counted.input_tokens, counted.output_tokens, float(update["cost"]["amount"])
            )

    def _count_step(self, used: Message) -> None:
        """Some count each step, in the margin of an empty word."""
        if used:
            before = self._total.counted
            given, made = before.input_tokens + int(used.get("inputTokens") or 0), int(used.get("outputTokens") or 0)
            self._total.counted = UsageCounted(given, before.output_tokens + made, before.dollars)
            self._conversation.tell(self._total.counted)

    def _tool(self, update: Message) -> None:
        number = str(update.get("toolCallId"))
        begun = self._tools.get(number)
        if begun is None:
            name = str(update.get("kind") or update.get("title") or "tool")
            begun = self._tools[number] = ToolStarted(name, _paths(update))
            self._conversation.tell(begun)
        if update.get("status") in _ENDED:
            self._conversation.tell(ToolEnded(begun.name, _paths(update) or begun.paths))
            self._tools.pop(number)

    async def _permission(self, asked: Message) -> Message:
        call = asked.get("toolCall") or {}
        given = call.get("rawInput") or {}
        command = given.get("command", "") if isinstance(given, dict) else ""
        paths = () if call.get("kind") in {"read", "search"} else _paths(call)
        if not command and call.get("kind") == "execute":
            command = call.get("title", "")
        permission = await self._decided(Wish(str(call.get("kind") or "tool"), paths=paths, command=str(command)))
        if permission.granted:
            self._granted |= {self._conversation.subject.workspace.resolve() / path for path in paths}
        chosen = _option(asked.get("options") or [], permission)
        return {"outcome": {"outcome": "selected", "optionId": chosen} if chosen else {"outcome": "cancelled"}}

    async def _write(self, path: str, content: str) -> Message:
        file = await asyncio.to_thread(self._inside, path)
        if file in self._granted:
            self._granted.discard(file)
        else:
            permission = await self._decided(Wish("write_text_file", paths=(path,)))
            if not permission.granted:
                raise RequestError(REFUSED, permission.reason or "Not permitted.")
        await asyncio.to_thread(_written, file, content)
        return {}

    async def _decided(self, wish: Wish) -> Permission:
        """The protocol has no room for a reason: the model is told it with the next prompt."""
        permission = await self._conversation.permission(wish)
        if not permission.granted:
            self._conversation.denied.append(permission.reason or f"{wish.name}: not permitted")
        return permission

    def _inside(self, path: str) -> Path:
        """A file of the workspace: we read and write no other for anybody."""
        workspace = self._conversation.subject.workspace.resolve()
        file = (workspace / path).resolve()
        if not file.is_relative_to(workspace):
            raise RequestError(REFUSED, f"{path} is outside of the workspace {workspace}")
        return workspace / path


def _option(options: list[Message], permission: Permission) -> str:
    kinds = ("allow_once", "allow_always") if permission.granted else ("reject_once", "reject_always")
    by_kind = {str(option.get("kind")): str(option.get("optionId")) for option in reversed(options)}
    return next((by_kind[kind] for kind in kinds if kind in by_kind), "")


def _written(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8", newline="")


def _read(file: Path, line: object, limit: object) -> str:
    """Its text, or some lines of it. A file that is not there is empty: agents that create it look first."""
    if not file.is_file():
        return ""
    text = file.read_bytes().decode(errors="replace")
    if not isinstance(line, int) and not isinstance(limit, int):
        return text
    start = line - 1 if isinstance(line, int) and line > 0 else 0
    lines = text.splitlines(keepends=True)[start:]
    return "".join(lines[:limit] if isinstance(limit, int) else lines)


def _paths(call: Message) -> tuple[str, ...]:
    """Wherever an agent tells which files a call is about."""
    raw = call.get("rawInput") if isinstance(call.get("rawInput"), dict) else {}
    told = [location.get("path") for location in call.get("locations") or []]
    told += [part.get("path") for part in call.get("content") or [] if part.get("type") == "diff"]
    told += [(raw or {}).get(key) for key in _PATHS]
    return tuple(dict.fromkeys(path for path in told if isinstance(path, str) and path))


def _servers(program: Program | None) -> list[Message]:
    if program is None:
        return []
    env = [{"name": name, "value": value} for name, value in program.env.items()]
    return [{"name": "devmesh", "command": program.argv[0], "args": list(program.argv[1:]), "env": env}]


def _usage(result: Message) -> tuple[int, int] | None:
    used = result.get("usage")
    if isinstance(used, dict):
        return int(used.get("inputTokens") or 0), int(used.get("outputTokens") or 0)
    counts = ((result.get("_meta") or {}).get("quota") or {}).get("token_count")
    if isinstance(counts, dict):
        return int(counts.get("input_tokens") or 0), int(counts.get("output_tokens") or 0)
    return None


def _reason(error: RequestError) -> str:
    told = error.data.get("details") or error.data.get("message") if isinstance(error.data, dict) else error.data
    return f"{error} {told}".strip() if told else str(error)
