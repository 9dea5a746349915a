"""The program: takes a prompt, performs its script, ends with a result event and an exit code that agrees with it."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from devmesh.scripted.editing import CannotEdit
from devmesh.scripted.hooking import HookedStream
from devmesh.scripted.misbehaving import refusal
from devmesh.scripted.performing import GRAMMAR, VERBS, perform
from devmesh.scripted.remembering import Forgotten, Memory, recall
from devmesh.scripted.script import AGAIN, KINDS, ScriptError, Step, find_script, parse
from devmesh.scripted.stream import VERSION, Stream
from devmesh.scripted.surroundings import Ended, Surroundings
from devmesh.scripted.talking import Hearing, TalkingStream

DONE, FAILED, NOT_UNDERSTOOD, INTERRUPTED = 0, 1, 2, 130

_LANGUAGE = """\
The prompt holds a block fenced by ```script (for a review: ```script review, for a plan: ```script plan, for when a
conversation is continued after its end: ```script again). In it,
a line is a verb with its argument; lines that begin with | are text; `with` divides old from new; `or` in front of a
verb makes it the alternative of the step above, tried when that cannot be done; # starts a comment. An edit that was
already made counts as done, so a script can be run again on a project that has moved on.

    ```script
    replace shop/cart.py
    |     return total
    with
    |     return round(total, 2)
    or replace shop/cart.py
    |     return total - discount
    with
    |     return round(total - discount, 2)
    append CHANGELOG.md
    | - Totals are rounded.
    run python -m unittest -q
    ```

verbs:
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 done, 1 failed, 2 prompt or script not understood, 130 interrupted."""
    options = _options().parse_args(arguments)
    try:
        return _main(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more at its exit
        return FAILED


def _main(options: argparse.Namespace) -> int:
    hearing = Hearing() if options.talk else None
    prompt = hearing.prompt() if hearing is not None else _prompt(options)
    folder = Path(options.directory).resolve()
    make: type[Stream] = (HookedStream if options.hook else Stream) if hearing is None else TalkingStream
    name = options.resume or options.session or sha256(prompt.encode(errors="replace")).hexdigest()[:16]
    stream = make(session=name, read=len(prompt))
    if isinstance(stream, TalkingStream) and hearing is not None:
        stream.hearing = hearing
    if isinstance(stream, HookedStream):
        stream.hook, stream.unhooked = json.loads(options.hook), tuple(options.unhooked)
    try:
        memory = _memory(options, prompt, name, folder)
        steps = parse(memory.script, GRAMMAR)
    except Forgotten as unknown:
        stream.result(str(unknown), error=True, seconds=0.0)
        return _complain(str(unknown), FAILED)
    except ScriptError as wrong:
        return _complain(f"the script cannot be read: {wrong}")
    return _perform(Surroundings(folder, stream, budget=options.budget), steps, options, memory)


def _memory(options: argparse.Namespace, prompt: str, name: str, folder: Path) -> Memory:
    """What is to be done: what the prompt says, else what the conversation was about.

    A script that was interrupted is gone on with; one that was done is done again, or what `again` says instead.
    """
    given = find_script(prompt, options.kind)
    if given is not None:
        return Memory(name, str(folder), given, find_script(prompt, AGAIN) or "")
    if not options.resume:
        wanted = "```script" if options.kind in {None, "work"} else f"```script {options.kind}"
        raise ScriptError(f"the prompt holds no block fenced by {wanted}; see devmesh-scripted --help")
    memory = recall(options.session_file, name, folder)
    if memory.ended:
        memory = replace(memory, script=memory.again or memory.script, done=0, ended=False)
    return memory


def _perform(here: Surroundings, steps: tuple[Step, ...], options: argparse.Namespace, memory: Memory) -> int:
    started, stream = time.monotonic(), here.stream
    stream.emit("session", session_id=stream.session, model="scripted", version=VERSION, cwd=str(here.root))
    if options.resume:
        stream.emit("text", text=f"Continuing with step {memory.done + 1} of {len(steps)}.")
    try:
        ending = _ending(here, steps, options, memory)
    except KeyboardInterrupt:
        stream.result("Interrupted.", error=True, seconds=time.monotonic() - started)
        raise
    memory.ended = True
    memory.keep(options.session_file)
    if ending.code is not None:
        return ending.code
    stream.result(ending.text, error=ending.error, seconds=time.monotonic() - started, status=ending.status)
    return FAILED if ending.error else DONE


def _ending(here: Surroundings, steps: tuple[Step, ...], options: argparse.Namespace, memory: Memory) -> Ended:
    if options.refuse:
        return refusal(options.refuse.replace(":", " "))
    if _attempt(options.state, memory.script) <= options.fail_first:
        return Ended(f"Told to fail the first {options.fail_first} attempts.", error=True)
    pauses = random.Random(options.seed)
    try:
        for step in steps[memory.done :]:
            memory.keep(options.session_file)
            time.sleep(options.delay * pauses.uniform(0.5, 1.5))
            perform(here, step)
            memory.done += 1
    except Ended as early:
        return early
    except CannotEdit as refused:
        return Ended(f"Not done: {refused}", error=True)
    return Ended(here.answer or f"Done: {len(steps)} step{'s' if len(steps) != 1 else ''}.", error=False)


def _prompt(options: argparse.Namespace) -> str:
    if options.prompt is not None:
        return str(options.prompt)
    if options.prompt_file is not None:
        return Path(options.prompt_file).read_text(encoding="utf-8", errors="replace")
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode(errors="replace")


def _attempt(state: str | None, text: str) -> int:
    """Which attempt at this script it is: told by the bridge, or counted in the state folder, else the first."""
    told = os.environ.get("DEVMESH_TASK_ATTEMPT", "")
    if told.isdecimal():
        return int(told)
    if state is None:
        return 1
    counter = Path(state) / f"{sha256(text.encode(errors='replace')).hexdigest()[:16]}.attempts"
    counter.parent.mkdir(parents=True, exist_ok=True)
    attempt = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(attempt))
    return attempt


def _complain(message: str, code: int = NOT_UNDERSTOOD) -> int:
    sys.stderr.write(f"devmesh-scripted: {message}\n")
    return code


def _options() -> argparse.ArgumentParser:
    verbs = "\n".join(f"  {verb.usage:<38} {verb.meaning}" for verb in VERBS.values())
    options = argparse.ArgumentParser(
        prog="devmesh-scripted",
        description="A coding CLI without a model: does what the script inside its prompt says.",
        epilog=_LANGUAGE + verbs,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("prompt", nargs="?", help="the prompt; left out, it is read from standard input")
    options.add_argument("--prompt-file", metavar="FILE", help="read the prompt from a file")
    options.add_argument("--directory", metavar="DIR", default=".", help="work there (default: here)")
    options.add_argument("--kind", choices=KINDS, help="which of the prompt's scripts to perform (default: work)")
    options.add_argument("--hook", metavar="JSON", help="a command line, as JSON text, to run before each tool")
    options.add_argument(
        "--unhooked", action="append", default=[], metavar="VERB", help="a verb that no hook is run before, for tests"
    )
    options.add_argument("--session", metavar="ID", help="the session id to report")
    options.add_argument("--resume", metavar="ID", help="continue that conversation, from where it was interrupted")
    options.add_argument("--session-file", type=Path, metavar="FILE", help="remember the conversation there")
    options.add_argument("--talk", action="store_true", help="talk in both directions, as Claude Code does, and ask")
    options.add_argument("--budget", type=float, metavar="USD", help="end when more than that was spent")
    options.add_argument("--refuse", metavar="STATUS[:S]", help="fail as when the service refuses every time")
    options.add_argument(
        "--delay", type=float, default=0.0, metavar="S", help="seconds before each step, give or take half"
    )
    options.add_argument("--seed", type=int, default=0, metavar="N", help="makes those delays reproducible")
    options.add_argument("--fail-first", type=int, default=0, metavar="N", help="fail the first N attempts at a script")
    options.add_argument("--state", metavar="DIR", help="where attempts are counted when no bridge tells them")
    options.add_argument("--version", action="version", version=f"devmesh-scripted {VERSION}")
    return options


if __name__ == "__main__":
    sys.exit(main())
