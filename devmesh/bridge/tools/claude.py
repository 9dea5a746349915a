"""Claude Code's control protocol over standard input and output: it asks before every edit and command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from devmesh.bridge.tools.dialogue import Conversation, Message
from devmesh.bridge.tools.talking import Subject
from devmesh.bridge.tools.tool import Permission, Said, TextSaid, ToolEnded, ToolStarted, UsageCounted, Wish

PATHS = ("file_path", "notebook_path", "path")
_INPUT_TOKENS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def converse(subject: Subject) -> Conversation:
    """A fresh conversation."""
    return Conversation(subject, Claude)


class Claude:
    """One conversation with it."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._tools: dict[str, tuple[str, tuple[str, ...]]] = {}
        "What runs: its id, name and paths."
        self._requests = 0
        self._meanings: dict[str, Callable[[Message], Iterable[Said]]] = {
            "system": lambda event: conversation.name(str(event.get("session_id", ""))),
            "control_response": self._answered,
            "control_request": self._asked,
            "control_cancel_request": self._withdrawn,
            "assistant": self._spoke,
            "user": self._used,
            "result": self._ended,
        }

    def begin(self) -> None:
        """Shake hands; the prompt goes out when that was answered."""
        self._request({"subtype": "initialize", "hooks": None})

    def heard(self, message: Message) -> Iterable[Said]:
        """What an event means. Kinds that are not known mean nothing."""
        meaning = self._meanings.get(str(message.get("type")))
        return meaning(message) if meaning else ()

    def interrupt(self) -> None:
        """Its turn ends in a result then."""
        self._request({"subtype": "interrupt"})

    async def close(self) -> None:
        """Nothing is left to close."""

    def _request(self, request: Message) -> None:
        self._requests += 1
        self._conversation.send(
            {"type": "control_request", "request_id": f"devmesh-{self._requests}", "request": request}
        )

    def _answered(self, event: Message) -> Iterator[Said]:
        response = event.get("response") or {}
        if response.get("request_id") != "devmesh-1":
            return
        if response.get("subtype") == "error":
            yield self._conversation.over(success=False, reason=str(response.get("error") or "no handshake"))
            return
        content = self._conversation.subject.prompt
        said = {"role": "user", "content": content}
        self._conversation.send({"type": "user", "message": said, "parent_tool_use_id": None, "session_id": "default"})

    def _asked(self, event: Message) -> Iterable[Said]:
        number, request = event.get("request_id"), event.get("request") or {}
        if request.get("subtype") != "can_use_tool":
            refusal = {"subtype": "error", "request_id": number, "error": "not supported"}
            self._conversation.send({"type": "control_response", "response": refusal})
            return ()
        given = request.get("input") or {}
        wish = wish_of(str(request.get("tool_name", "")), given)
        self._conversation.ask(number, wish, lambda permission: self._answer(number, wish, given, permission))
        return ()

    def _answer(self, number: object, wish: Wish, given: Message, permission: Permission) -> None:
        verdict: Message
        if not permission.granted:
            verdict = {"behavior": "deny", "message": permission.reason or "Not permitted."}
        elif wish.question:
            verdict = {"behavior": "allow", "updatedInput": {**given, "answers": {wish.question: permission.reason}}}
        else:
            verdict = {"behavior": "allow", "updatedInput": given}
        response = {"subtype": "success", "request_id": number, "response": verdict}
        self._conversation.send({"type": "control_response", "response": response})

    def _withdrawn(self, event: Message) -> Iterable[Said]:
        self._conversation.forget(event.get("request_id"))
        return ()

    def _spoke(self, event: Message) -> Iterator[Said]:
        for part in _parts(event):
            if part.get("type") == "text":
                yield TextSaid(str(part.get("text", "")) + "\n")
            elif part.get("type") == "tool_use":
                name, paths = str(part.get("name", "")), _paths(part.get("input") or {})
                self._tools[str(part.get("id"))] = name, paths
                yield ToolStarted(name, paths)

    def _used(self, event: Message) -> Iterator[Said]:
        for part in _parts(event):
            if part.get("type") == "tool_result":
                yield ToolEnded(*self._tools.pop(str(part.get("tool_use_id")), ("", ())))

    def _ended(self, event: Message) -> Iterator[Said]:
        used = event.get("usage") or {}
        given = sum(int(used.get(key) or 0) for key in _INPUT_TOKENS)
        yield UsageCounted(given, int(used.get("output_tokens") or 0), event.get("total_cost_usd"))
        success = event.get("subtype") == "success" and event.get("is_error") is False
        if not success:
            self._conversation.fail("", int(event.get("api_error_status") or 0))
        text = str(event.get("result") or "")
        errors = event.get("errors") or [event.get("subtype")]
        yield self._conversation.over(success=success, text=text, reason=text or str(errors[0]))


def wish_of(name: str, given: Mapping[str, Any]) -> Wish:
    """What a tool wants, in the words of all tools."""
    questions = given.get("questions") if name == "AskUserQuestion" else None
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        options = tuple(str(one.get("label", "")) for one in questions[0].get("options") or [])
        return Wish(name, question=str(questions[0].get("question", "")), options=options)
    return Wish(name, paths=_paths(given), command=str(given.get("command", "")) if name == "Bash" else "")


def _parts(event: Message) -> list[Message]:
    content = (event.get("message") or {}).get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _paths(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(given[key]) for key in PATHS if isinstance(given.get(key), str))
