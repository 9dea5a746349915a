"""The four ways in which CLIs ask a model: what a request says, and how an answer is written. Knows no script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol

Json = dict[str, Any]
SEARCH = "tool_search"
"By which a model finds tools that a CLI keeps back."
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool that the CLI offers to the model."""

    name: str
    properties: Mapping[str, Json] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    freeform: bool = False
    "Takes text as it is, instead of JSON."
    namespace: str = ""
    "The server it is of, where an API names that apart."


@dataclass(frozen=True, slots=True)
class Heard:
    """One request."""

    prompt: str
    "All that users say in it."
    results: int
    "How many results of tools it holds."
    offers: tuple[Offer, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Say:
    """Words that end the turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """Use a tool."""

    offer: Offer
    arguments: Json | str

    @property
    def as_json(self) -> Json:
        """The arguments, for an API that knows nothing else."""
        return self.arguments if isinstance(self.arguments, dict) else {"input": self.arguments}


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an HTTP error."""

    status: int


Answer = Say | Call | Refuse


class Dialect(Protocol):
    """One API."""

    def speaks(self, path: str) -> bool:
        """Whether a request to that path is in this dialect."""
        ...

    def heard(self, body: Json) -> Heard:
        """What it says."""
        ...

    def streams(self, path: str, body: Json) -> bool:
        """Whether the answer is wanted as a stream of events."""
        ...

    def stream(self, answer: Say | Call) -> Iterable[Json | str]:
        """The answer as such."""
        ...

    def whole(self, answer: Say | Call) -> Json:
        """The answer in one."""
        ...

    def refusal(self, status: int) -> Json:
        """The body of an HTTP error."""
        ...


REFUSALS = {
    401: ("authentication_error", "Incorrect API key provided"),
    429: ("rate_limit_error", "Rate limit reached, please try again in 20s"),
    503: ("overloaded_error", "The server is overloaded"),
}
"Status -> kind and words, as real services choose them."


def refusal(status: int) -> Json:
    """Has what each API's clients look for."""
    kind, words = REFUSALS.get(status, ("api_error", "Refused"))
    message = f"{words}: refused by the stub model with {status}"
    error = {"type": kind, "message": message, "code": status, "status": "STUB"}
    return {"type": "error", "error": error}


def _id(kind: str) -> str:
    return f"{kind}_{next(_numbers):08}"


def _texts(content: object) -> str:
    """The words of a message, however they are wrapped."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_texts, content)))
    return str(content.get("text") or "") if isinstance(content, dict) else ""


def _offer(name: str, schema: Json | None, *, freeform: bool = False) -> Offer:
    known = schema or {}
    return Offer(name, known.get("properties") or {}, tuple(known.get("required") or ()), freeform)


class Anthropic:
    """Messages."""

    usage: Json = {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0}
    refusal = staticmethod(refusal)

    def speaks(self, path: str) -> bool:
        """`/v1/messages`."""
        return path.endswith("/messages")

    def heard(self, body: Json) -> Heard:
        """Results of tools are parts of a user's messages."""
        said = [message for message in body.get("messages", []) if message["role"] == "user"]
        parts = [part for message in said if isinstance(message["content"], list) for part in message["content"]]
        offers = tuple(_offer(tool["name"], tool.get("input_schema")) for tool in body.get("tools") or [])
        results = sum(part.get("type") == "tool_result" for part in parts)
        return Heard(_texts([message["content"] for message in said]), results, offers, json.dumps(body))

    def streams(self, path: str, body: Json) -> bool:
        """The request says so."""
        return bool(body.get("stream"))

    def stream(self, answer: Say | Call) -> Iterable[Json]:
        """One block, in one piece."""
        whole = self.whole(answer)
        block = whole["content"][0]
        if isinstance(answer, Say):
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": answer.text}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.as_json)}
        stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
        yield {"type": "content_block_start", "index": 0, "content_block": empty}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        yield {"type": "message_delta", "delta": stop, "usage": self.usage}
        yield {"type": "message_stop"}

    def whole(self, answer: Say | Call) -> Json:
        """A message."""
        block: Json = {"type": "text", "text": answer.text} if isinstance(answer, Say) else {
            "type": "tool_use", "id": _id("toolu"), "name": answer.offer.name, "input": answer.as_json}  # fmt: skip
        return {
            "id": _id("msg"),
            "type": "message",
            "role": "assistant",
            "model": "stub-model",
            "content": [block],
            "stop_reason": "end_turn" if isinstance(answer, Say) else "tool_use",
            "stop_sequence": None,
            "usage": self.usage,
        }


class Chat:
    """OpenAI's chat completions, which most others speak too."""

    usage: Json = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    refusal = staticmethod(refusal)

    def speaks(self, path: str) -> bool:
        """`/v1/chat/completions`."""
        return path.endswith("/chat/completions")

    def heard(self, body: Json) -> Heard:
        """Results of tools are messages of their own."""
        messages = body.get("messages", [])
        functions = [tool["function"] for tool in body.get("tools") or [] if "function" in tool]
        offers = tuple(_offer(one["name"], one.get("parameters")) for one in functions)
        prompt = _texts([message.get("content") for message in messages if message["role"] == "user"])
        return Heard(prompt, sum(message["role"] == "tool" for message in messages), offers, json.dumps(body))

    def streams(self, path: str, body: Json) -> bool:
        """The request says so."""
        return bool(body.get("stream"))

    def stream(self, answer: Say | Call) -> Iterable[Json | str]:
        """One delta, the reason for the end, the usage."""
        whole = self.whole(answer)
        choice = whole["choices"][0]
        chunk = {**whole, "object": "chat.completion.chunk", "usage": None}
        delta = choice["message"]
        if "tool_calls" in delta:
            delta = {**delta, "tool_calls": [{**call, "index": 0} for call in delta["tool_calls"]]}
        yield {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
        yield {**chunk, "choices": [], "usage": self.usage}
        yield "[DONE]"

    def whole(self, answer: Say | Call) -> Json:
        """A completion."""
        message: Json = {"role": "assistant", "content": answer.text if isinstance(answer, Say) else None}
        if isinstance(answer, Call):
            function = {"name": answer.offer.name, "arguments": json.dumps(answer.as_json)}
            message["tool_calls"] = [{"id": _id("call"), "type": "function", "function": function}]
        reason = "stop" if isinstance(answer, Say) else "tool_calls"
        return {
            "id": _id("chatcmpl"),
            "object": "chat.completion",
            "created": 1,
            "model": "stub-model",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": self.usage,
        }


class Responses:
    """OpenAI's responses."""

    usage: Json = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    refusal = staticmethod(refusal)

    def speaks(self, path: str) -> bool:
        """`/v1/responses`."""
        return path.endswith("/responses")

    def heard(self, body: Json) -> Heard:
        """Results of tools are items; a freeform tool is called custom."""
        given = body.get("input") or []
        items: list[Json] = [{"role": "user", "content": given}] if isinstance(given, str) else given
        prompt = _texts([item.get("content") for item in items if item.get("role") == "user"])
        results = sum(item.get("type", "").endswith("_call_output") for item in items)
        found = [tool for item in items for tool in item.get("tools") or []]
        offers = tuple(self._offers([*(body.get("tools") or []), *found]))
        return Heard(prompt, results, offers, json.dumps(body))

    def streams(self, path: str, body: Json) -> bool:
        """The request says so."""
        return bool(body.get("stream"))

    def stream(self, answer: Say | Call) -> Iterable[Json]:
        """The item begins and ends; then all of it."""
        whole = self.whole(answer)
        item = whole["output"][0]
        yield {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}
        yield {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        yield {"type": "response.completed", "response": whole}

    def whole(self, answer: Say | Call) -> Json:
        """A response of one item."""
        return {
            "id": _id("resp"),
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "stub-model",
            "output": [self._item(answer)],
            "usage": self.usage,
        }

    def _offers(self, tools: Iterable[Json], namespace: str = "") -> Iterable[Offer]:
        """Those of a server stand in a namespace; some are kept back until they are searched for."""
        for tool in tools:
            if tool["type"] == "namespace":
                yield from self._offers(tool["tools"], tool["name"])
            elif tool["type"] == SEARCH:
                yield _offer(SEARCH, tool.get("parameters"))
            elif "name" in tool:
                offer = _offer(tool["name"], tool.get("parameters"), freeform=tool["type"] == "custom")
                yield replace(offer, namespace=namespace)

    def _item(self, answer: Say | Call) -> Json:
        if isinstance(answer, Say):
            content = [{"type": "output_text", "text": answer.text, "annotations": []}]
            return {"type": "message", "id": _id("msg"), "status": "completed", "role": "assistant", "content": content}
        call = {"id": _id("fc"), "status": "completed", "call_id": _id("call"), "name": answer.offer.name}
        if answer.offer.freeform:
            return {"type": "custom_tool_call", **call, "input": answer.arguments}
        if answer.offer.name == SEARCH:
            return {"type": "tool_search_call", **call, "execution": "client", "arguments": answer.as_json}
        named = {"namespace": answer.offer.namespace} if answer.offer.namespace else {}
        return {"type": "function_call", **call, **named, "arguments": json.dumps(answer.as_json)}


class Gemini:
    """Gemini's generateContent."""

    refusal = staticmethod(refusal)

    def speaks(self, path: str) -> bool:
        """`/v1beta/models/<model>:generateContent`, streamed or not."""
        return path.lower().endswith("generatecontent")

    def heard(self, body: Json) -> Heard:
        """Results of tools are parts of a user's messages."""
        said = [content for content in body.get("contents", []) if content.get("role") != "model"]
        parts = [part for content in said for part in content.get("parts", [])]
        functions = [one for tool in body.get("tools") or [] for one in tool.get("functionDeclarations") or []]
        offers = tuple(
            _offer(one["name"], one.get("parametersJsonSchema") or one.get("parameters")) for one in functions
        )
        results = sum("functionResponse" in part for part in parts)
        return Heard(_texts(parts), results, offers, json.dumps(body))

    def streams(self, path: str, body: Json) -> bool:
        """The path says so."""
        return ":stream" in path

    def stream(self, answer: Say | Call) -> Iterable[Json]:
        """All in one event."""
        yield self.whole(answer)

    def whole(self, answer: Say | Call) -> Json:
        """A candidate."""
        part: Json = {"text": answer.text} if isinstance(answer, Say) else {
            "functionCall": {"name": answer.offer.name, "args": answer.as_json}}  # fmt: skip
        return {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
            "modelVersion": "stub-model",
        }


DIALECTS: tuple[Dialect, ...] = (Anthropic(), Chat(), Responses(), Gemini())
