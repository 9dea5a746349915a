"""Codex's app-server protocol: JSON-RPC over standard input and output; it asks before every patch and command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from devmesh.bridge.tools.dialogue import Conversation, Message
from devmesh.bridge.tools.talking import Subject
from devmesh.bridge.tools.tool import Permission, Said, TextSaid, ToolEnded, ToolStarted, UsageCounted, Wish

UNKNOWN_METHOD = -32601
_WORKS = {"fileChange", "commandExecution", "mcpToolCall", "webSearch"}


def converse(subject: Subject) -> Conversation:
    """A fresh conversation."""
    return Conversation(subject, Codex)


class Codex:
    """One conversation with it: one thread, and a turn for each prompt."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._number = 0
        self._expected: dict[int, Callable[[Message], Iterable[Said]]] = {}
        "What to do with the answers to our requests."
        self._steers: dict[int, str] = {}
        "Reasons for a refusal, on their way into the turn that goes on."
        self._items: dict[str, Message] = {}
        self._thread = ""
        self._turn = ""
        self._stopping = False
        self._before: tuple[int, int] | None = None
        "Tokens of the thread before this run."
        self._told: dict[str, Callable[[Message], Iterable[Said]]] = {
            "item/started": self._item_started,
            "item/completed": self._item_completed,
            "thread/tokenUsage/updated": self._usage,
            "turn/started": self._turn_started,
            "turn/completed": self._turn_completed,
            "error": self._error,
        }

    def begin(self) -> None:
        """Shake hands; the thread and its first turn follow."""
        about = {"name": "devmesh", "title": "DevMesh", "version": "1"}
        self._request("initialize", {"clientInfo": about}, self._greeted)

    def heard(self, message: Message) -> Iterable[Said]:
        """An answer to us, a request of its own, or news."""
        params = message.get("params") or {}
        if "method" not in message:
            return self._answered(message)
        if "id" in message:
            self._asked(message["id"], str(message["method"]), params)
            return ()
        meaning = self._told.get(str(message["method"]))
        return meaning(params) if meaning and params.get("threadId", self._thread) == self._thread else ()

    def interrupt(self) -> None:
        """Its turn ends as interrupted then; without a turn, the conversation ends."""
        self._stopping = True
        if self._turn:
            self._request("turn/interrupt", {"threadId": self._thread, "turnId": self._turn}, lambda _: ())
        else:
            self._conversation.over(success=False, reason="interrupted")

    async def close(self) -> None:
        """Nothing is left to close."""

    # ---- what we ask ----

    def _request(self, method: str, params: Message, then: Callable[[Message], Iterable[Said]]) -> None:
        self._number += 1
        self._expected[self._number] = then
        self._conversation.send({"id": self._number, "method": method, "params": params})

    def _answered(self, message: Message) -> Iterable[Said]:
        number = message.get("id", 0)
        if number in self._steers:
            reason = self._steers.pop(number)
            self._conversation.denied += [reason] if "error" in message else []  # the turn was over already
            return ()
        then = self._expected.pop(number, None)
        if then is None:
            return ()
        if "error" in message:
            return [self._conversation.over(success=False, reason=_reason(message["error"]))]
        return then(message)

    def _greeted(self, _: Message) -> Iterable[Said]:
        subject = self._conversation.subject
        self._conversation.send({"method": "initialized"})
        how = {"cwd": str(subject.workspace), "approvalPolicy": "untrusted", "sandbox": "workspace-write"}
        if subject.known.entry.model:
            how["model"] = subject.known.entry.model
        if subject.wants.resume:
            self._request("thread/resume", {**how, "threadId": subject.wants.resume}, self._opened)
        else:
            self._request("thread/start", how, self._opened)
        return ()

    def _opened(self, message: Message) -> Iterator[Said]:
        self._thread = str(message["result"]["thread"]["id"])
        self._say(self._conversation.subject.prompt)
        yield from self._conversation.name(self._thread)

    def _say(self, text: str) -> None:
        given = {"threadId": self._thread, "input": [{"type": "text", "text": text}]}
        self._request("turn/start", given, self._begun)

    def _begun(self, message: Message) -> Iterable[Said]:
        self._turn = str(message["result"]["turn"]["id"])
        return ()

    # ---- what it asks ----

    def _asked(self, number: object, method: str, params: Message) -> None:
        item = self._items.get(str(params.get("itemId")), {})
        if method == "item/fileChange/requestApproval":
            self._ask(number, Wish("apply_patch", paths=(*_paths(item), *_root(params))))
        elif method == "item/commandExecution/requestApproval":
            self._ask(number, Wish("shell", command=str(params.get("command") or item.get("command") or "")))
        elif method == "item/tool/requestUserInput":
            self._question(number, params.get("questions") or [])
        else:
            why = {"code": UNKNOWN_METHOD, "message": f"{method} is not supported"}
            self._conversation.send({"id": number, "error": why})

    def _ask(self, number: object, wish: Wish) -> None:
        self._conversation.ask(number, wish, lambda permission: self._decide(number, permission))

    def _decide(self, number: object, permission: Permission) -> None:
        """A refusal has no room for a reason, so the model is told of it in the turn that goes on."""
        decision = "accept" if permission.granted else "decline"
        self._conversation.send({"id": number, "result": {"decision": decision}})
        if permission.granted:
            return
        reason = permission.reason or "Not permitted."
        self._conversation.denied.append(reason)
        if self._turn and (reminder := self._conversation.reminder()):
            steer = {"threadId": self._thread, "expectedTurnId": self._turn}
            self._request("turn/steer", {**steer, "input": [{"type": "text", "text": reminder}]}, lambda _: ())
            self._steers[self._number] = reason

    def _question(self, number: object, questions: list[Message]) -> None:
        first = questions[0] if questions else {}
        options = tuple(str(one.get("label", "")) for one in first.get("options") or [])
        wish = Wish("question", question=str(first.get("question", "")), options=options)

        def answer(permission: Permission) -> None:
            answers = {str(one.get("id")): {"answers": [permission.reason]} for one in questions}
            self._conversation.send({"id": number, "result": {"answers": answers}})

        self._conversation.ask(number, wish, answer)

    # ---- what it tells ----

    def _item_started(self, params: Message) -> Iterator[Said]:
        item = params.get("item") or {}
        if item.get("type") in _WORKS:
            self._items[str(item.get("id"))] = item
            yield ToolStarted(str(item["type"]), _paths(item))

    def _item_completed(self, params: Message) -> Iterator[Said]:
        item = params.get("item") or {}
        if item.get("type") in _WORKS:
            self._items.pop(str(item.get("id")), None)
            yield ToolEnded(str(item["type"]), _paths(item))
        elif item.get("type") == "agentMessage" and item.get("text"):
            yield TextSaid(str(item["text"]) + "\n")

    def _usage(self, params: Message) -> Iterator[Said]:
        """It counts the thread; we count the run."""
        used = params.get("tokenUsage") or {}
        total, last = (_tokens(used.get(key) or {}) for key in ("total", "last"))
        if not self._turn or params.get("turnId", self._turn) != self._turn:  # told again when a thread is resumed
            self._before = total
            return
        if self._before is None:
            self._before = total[0] - last[0], total[1] - last[1]
        yield UsageCounted(total[0] - self._before[0], total[1] - self._before[1])

    def _turn_started(self, params: Message) -> Iterable[Said]:
        self._turn = str((params.get("turn") or {}).get("id", self._turn))
        return ()

    def _turn_completed(self, params: Message) -> Iterator[Said]:
        turn = params.get("turn") or {}
        self._turn = ""
        success = turn.get("status") == "completed"
        reminder = self._conversation.reminder() if success and not self._stopping else ""
        if reminder:
            self._say(reminder)
            return
        if turn.get("error"):
            self._error({"error": turn["error"]})
        reason = _reason(turn.get("error") or {}) or str(turn.get("status"))
        yield self._conversation.over(success=success, reason=reason)

    def _error(self, params: Message) -> Iterable[Said]:
        error = params.get("error") or {}
        self._conversation.fail(_reason(error), _status(error.get("codexErrorInfo")))
        return ()


def _reason(error: Message) -> str:
    return " ".join(str(error[key]) for key in ("message", "additionalDetails") if error.get(key))


def _status(info: object) -> int:
    """The HTTP status, wherever it lies in what it says of an error."""
    if not isinstance(info, dict):
        return 0
    return next((value for value in (*_numbers(info), *map(_status, info.values())) if value), 0)


def _numbers(info: dict[str, Any]) -> list[int]:
    return [value for key, value in info.items() if key == "httpStatusCode" and isinstance(value, int)]


def _tokens(used: Message) -> tuple[int, int]:
    return int(used.get("inputTokens") or 0), int(used.get("outputTokens") or 0)


def _paths(item: Message) -> tuple[str, ...]:
    """Files an item changes, with where they are moved to."""
    changes = item.get("changes") or []
    moved = [str(to) for change in changes if (to := (change.get("kind") or {}).get("move_path"))]
    return (*(str(change.get("path")) for change in changes), *moved)


def _root(params: Message) -> tuple[str, ...]:
    """A folder it wants to write at will for the rest of the session."""
    return (str(params["grantRoot"]),) if params.get("grantRoot") else ()
