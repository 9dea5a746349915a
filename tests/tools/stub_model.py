"""A model server on loopback that does what the prompt's own script says, for real CLIs to be run against.

The script is one line of the prompt, `STUB: {"work": [step, ...], "review": [step, ...]}`; a step is one of
`{"write": path, "text": ...}`, `{"run": command}`, `{"call": name, "with": arguments}`, `{"say": text}`,
`{"refuse": HTTP status}` and `{"wait": true}`.
It keeps nothing between requests: the tool results in a request's own history say which step is next.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.tools.dialects import DIALECTS, SEARCH, Answer, Call, Dialect, Heard, Offer, Refuse, Say

Step = Mapping[str, Any]

WRITES = ("Write", "write_file", "write", "create", "Create")
SHELLS = ("Bash", "run_shell_command", "bash", "shell", "exec_command", "shell_command", "Execute")
PATHS = ("file_path", "filePath", "filepath", "absolute_path", "path")
CONTENTS = ("content", "contents", "file_text", "text")
COMMANDS = ("command", "cmd", "script")
EMPTY = {"boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}
"What stands in a property that a tool demands and we have nothing to say about, by its type; else a word."
_SEARCHED = re.compile(rf'"name": "{SEARCH}", "arguments"')
_SCRIPT = re.compile(r"^STUB: (?=\{)", re.MULTILINE)
_WORKSPACE = re.compile(r"""/[^\s"'\\<>()`]*/workspaces/[^\s"'\\<>()`/]+""")
_REVIEW = "Another coding agent made a change"


def script(*work: Step, review: Sequence[Step] = ()) -> str:
    """A prompt that the stub follows."""
    return f"Do what is asked.\nSTUB: {json.dumps({'work': work, 'review': review})}\n"


# ---- choosing the answer ----


def answer(heard: Heard) -> Answer:
    """The step whose turn it is, in terms of the tools that are offered."""
    steps = _steps(heard.prompt)
    ahead = steps[heard.results - _searched(heard) :] if heard.offers else steps
    if not ahead:
        return Say("STUB: there is nothing more to do.")
    given: Answer
    match ahead[0]:
        case {"write": str() as path, "text": str() as text}:
            given = _write(heard, path, text)
        case {"run": str() as command}:
            given = _shell(heard, command)
        case {"call": str() as name, "with": dict() as arguments}:
            given = _called(heard, name, arguments)
        case {"refuse": int() as status}:
            given = Refuse(status)
        case {"say": str() as text}:
            given = Say(text)
        case _:
            given = Say("STUB: this step is unknown.")
    return given


def waits(heard: Heard) -> bool:
    """Whether the answer is to wait for ever."""
    return any("wait" in step for step in _steps(heard.prompt)[heard.results :][:1])


def _steps(prompt: str) -> list[Step]:
    found = _SCRIPT.search(prompt)
    if found is None:
        return []
    steps, _ = json.JSONDecoder().raw_decode(prompt, found.end())
    return list(steps["review" if _REVIEW in prompt else "work"])


def _write(heard: Heard, path: str, text: str) -> Answer:
    place = _WORKSPACE.search(heard.body)
    full = f"{place[0]}/{path}" if place else path
    offer = _offered(heard, WRITES)
    if offer is not None:
        return Call(offer, _filled(offer, {_key(offer, PATHS): full, _key(offer, CONTENTS): text}))
    patch = _offered(heard, ("apply_patch",))
    if patch is not None:
        lines = "".join(f"+{line}\n" for line in text.splitlines())
        return Call(patch, f"*** Begin Patch\n*** Add File: {full}\n{lines}*** End Patch")
    if heard.offers:
        return _shell(heard, f"printf %s {shlex.quote(text)} > {shlex.quote(full)}")
    return Say(f"{path}\n```\n{text}```\n")


def _shell(heard: Heard, command: str) -> Answer:
    offer = _offered(heard, SHELLS)
    if offer is None:
        return Say("STUB: no shell is offered.")
    key = _key(offer, COMMANDS)
    as_list = offer.properties.get(key, {}).get("type") == "array"
    return Call(offer, _filled(offer, {key: ["sh", "-c", command] if as_list else command}))


def _called(heard: Heard, name: str, arguments: dict[str, Any]) -> Answer:
    """A tool of an MCP server, whose name each CLI writes its own way: `mcp__devmesh__board`, `devmesh_board`."""
    found = next((offer for offer in heard.offers if offer.name.endswith(name)), None)
    search = _offered(heard, (SEARCH,))
    if found is None and search is not None and not _searched(heard):
        kept_back = re.search(rf"\w+__{name}\b", heard.body)
        return Call(search, {"query": f"select:{kept_back[0]}" if kept_back else name})
    return Call(found, arguments) if found else Say(f"STUB: {name} is not offered.")


def _searched(heard: Heard) -> int:
    """How many results of tools were of searches for tools."""
    return len(_SEARCHED.findall(heard.body))


def _offered(heard: Heard, names: Sequence[str]) -> Offer | None:
    by_name = {offer.name: offer for offer in heard.offers}
    return next((by_name[name] for name in names if name in by_name), None)


def _key(offer: Offer, names: Sequence[str]) -> str:
    return next((name for name in names if name in offer.properties), names[0])


def _filled(offer: Offer, arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: _anything(offer.properties.get(name, {})) for name in offer.required} | arguments


def _anything(wanted: Mapping[str, Any]) -> object:
    return wanted["enum"][0] if wanted.get("enum") else EMPTY.get(str(wanted.get("type", "")), "stub")


# ---- the server ----


class StubModel:
    """The server; a context manager. `heard` holds every request for an answer, in order."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="stub model")

    @property
    def url(self) -> str:
        """Where it listens: http://127.0.0.1:<port>."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def longest_prompt(self) -> int:
        """Characters of the longest text of a user that arrived."""
        return max((len(heard.prompt) for heard in self.heard), default=0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, model: StubModel) -> None:
        self.model = model
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A CLI that was stopped leaves its connection as it is."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""

    def do_GET(self) -> None:
        """Lists of models, which some CLIs look at first."""
        models = [{"id": "stub-model", "object": "model", "type": "model", "display_name": "Stub", "created": 1}]
        self._send(200, "application/json", json.dumps({"object": "list", "data": models, "models": []}).encode())

    def do_POST(self) -> None:
        """One question to the model."""
        path = urlsplit(self.path).path
        body = self._body()
        dialect = next((each for each in DIALECTS if each.speaks(path)), None)
        if path.endswith(("count_tokens", ":countTokens")) or dialect is None:
            self._send(200, "application/json", b'{"input_tokens": 10, "totalTokens": 10}')
            return
        self._answer(dialect, path, body)

    def _answer(self, dialect: Dialect, path: str, body: dict[str, Any]) -> None:
        heard = dialect.heard(body)
        model = self.server.model
        model.heard.append(heard)
        if waits(heard):
            model.closing.wait()
            self.close_connection = True
            return
        given = answer(heard)
        if isinstance(given, Refuse):
            self._send(given.status, "application/json", json.dumps(dialect.refusal(given.status)).encode())
        elif dialect.streams(path, body):
            self._send(200, "text/event-stream", b"".join(_event(event) for event in dialect.stream(given)))
        else:
            self._send(200, "application/json", json.dumps(dialect.whole(given)).encode())

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _body(self) -> dict[str, Any]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b"".join(iter(self._chunk, b""))
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        body: dict[str, Any] = json.loads(data or b"{}")
        return body

    def _chunk(self) -> bytes:
        data = self.rfile.read(int(self.rfile.readline().split(b";")[0], 16))
        self.rfile.readline()
        return data


def _event(event: Mapping[str, Any] | str) -> bytes:
    """As server-sent events are written, with its name where it has one."""
    if isinstance(event, str):
        return f"data: {event}\n\n".encode()
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()
