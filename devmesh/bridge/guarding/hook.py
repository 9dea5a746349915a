"""The hook that a CLI runs before each edit and command: puts it to the bridge's desk, and says the answer its way.

A program of its own, started as `python -SEs -B hook.py --dialect NAME`; imports next to nothing, for it runs before
every edit. Whatever goes wrong, and whatever is not a clear yes, is a no: exit code 2, with the reason on stderr.
"""

import os
import sys

DESK = "DEVMESH_DESK"
DEADLINE = 540
"Seconds; less than the 600 that every CLI is told to wait, for most let the edit happen when a hook takes longer."
MOST_BYTES = 1_000_000
GRANTED = b'{"granted": true'
REFUSED = b'{"granted": false, "reason": '
"How the desk begins its answers, to the letter: what follows the second is the reason, as JSON, and `}`."
_CLAUDE = (
    '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":%s}}'
)
DENIALS = {
    "claude": _CLAUDE,
    "codex": _CLAUDE,
    "qwen": _CLAUDE,
    "gemini": '{"decision":"deny","reason":%s}',
    "copilot": '{"permissionDecision":"deny","permissionDecisionReason":%s}',
    "droid": "",
    "scripted": _CLAUDE,
}
"How each dialect hears a no on standard output, with exit code 0; empty: by exit code 2, on standard error."


def refuse(reason: str) -> None:
    """The no that every dialect understands. Does not return."""
    try:
        os.write(2, f"DevMesh refuses this: {reason}\n".encode(errors="replace"))
    finally:
        os._exit(2)


def main() -> None:
    """Ask, and answer. Does not return."""
    import _signal  # type: ignore[import-not-found]  # what `signal` is made of; that takes longer to load than all this

    _signal.signal(_signal.SIGALRM, lambda *_: refuse("nobody answered in time. Try again, or work on something else."))
    _signal.alarm(DEADLINE)
    dialect = sys.argv[sys.argv.index("--dialect") + 1]
    denial = DENIALS[dialect]
    given = _read(0)
    answer = _asked(b'{"ask":"hook","dialect":"%s","input":%s}\n' % (dialect.encode(), given.replace(b"\n", b" ")))
    if answer.startswith(GRANTED):
        os._exit(0)
    if denial and answer.startswith(REFUSED) and answer.endswith(b'"}\n'):
        os.write(1, denial.encode() % answer[len(REFUSED) : -2] + b"\n")
        os._exit(0)
    refuse(_reason(answer))


def _read(descriptor: int) -> bytes:
    """All of it. A line end in JSON is only a space."""
    pieces = []
    size = 0
    while piece := os.read(descriptor, 65536):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            refuse("it is too long to be looked at. Use several smaller edits.")
    return b"".join(pieces)


def _asked(question: bytes) -> bytes:
    """One line to the desk, and the line that comes back; empty when none does."""
    import _socket  # as above

    desk = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    desk.connect(os.environ[DESK])
    desk.sendall(question)
    answer = b""
    while not answer.endswith(b"\n"):
        piece = desk.recv(65536)
        if not piece:
            return b""
        answer += piece
    return answer


def _reason(answer: bytes) -> str:
    """Why not, in words; this takes the time to load what reads JSON."""
    import json

    told = json.loads(answer)
    return str(told.get("reason") or told.get("error") or "it was not granted")


if __name__ == "__main__":
    try:
        main()
    except BaseException as doubt:  # noqa: BLE001 - a hook that fails must not let the edit happen
        refuse(f"its hook failed ({type(doubt).__name__}: {doubt}).")
