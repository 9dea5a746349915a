"""What each verb of a script does, and the table of them all."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from devmesh.scripted import editing, misbehaving
from devmesh.scripted.editing import CannotEdit
from devmesh.scripted.script import Grammar, Step
from devmesh.scripted.surroundings import Ended, Surroundings

_SHOWN = 4000
"Characters of a command's output that are shown."


@dataclass(frozen=True)
class Verb:
    """One word of the language. `perform` returns whether anything changed."""

    grammar: Grammar
    usage: str
    meaning: str
    perform: Callable[[Surroundings, Step], bool]
    tool: bool = True
    "Whether it shows as a tool call in the output."


# ---- edits ----


def _edit(here: Surroundings, named: str, change: Callable[[str], str], *, create: bool = False) -> bool:
    path = here.path(named)
    if not path.is_file() and not create:
        raise CannotEdit(f"there is no file {named}")
    before = path.read_bytes().decode() if path.exists() else ""
    after = change(before)
    if after == before and path.exists():
        return False
    here.stream.said += len(after) - min(len(before), len(after))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(after.encode())
    return True


def _replace(here: Surroundings, step: Step) -> bool:
    old, new = step.blocks
    return _edit(here, step.argument, lambda text: editing.replace(text, old, new))


def _insert(here: Surroundings, step: Step, *, after: bool) -> bool:
    anchor, new = step.blocks
    return _edit(here, step.argument, lambda text: editing.insert(text, anchor, new, after=after))


def _append(here: Surroundings, step: Step) -> bool:
    return _edit(here, step.argument, lambda text: editing.append(text, step.blocks[0]), create=True)


def _write(here: Surroundings, step: Step) -> bool:
    text = "".join(line + "\n" for line in step.blocks[0])
    return _edit(here, step.argument, lambda _: text, create=True)


def _resolve(here: Surroundings, step: Step) -> bool:
    named, _, keep = step.argument.rpartition(" ")
    return _edit(here, named, lambda text: editing.resolve(text, keep))


def _delete(here: Surroundings, step: Step) -> bool:
    path = here.path(step.argument)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def _rename(here: Surroundings, step: Step) -> bool:
    old, _, new = (part.strip() for part in step.argument.partition("->"))
    source, target = here.path(old), here.path(new)
    if not source.exists():
        if target.exists():
            return False
        raise CannotEdit(f"there is no file {old}")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return True


def _outside(here: Surroundings, step: Step) -> bool:
    path = here.root / step.argument
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in step.blocks[0]))
    return True


# ---- commands and words ----


def _run(here: Surroundings, step: Step) -> bool:
    argv = shlex.split(step.argument)
    if argv[0] in {"python", "python3"}:
        argv[0] = sys.executable
    try:
        done = subprocess.run(
            argv, cwd=here.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError as failed:
        raise CannotEdit(f"{argv[0]}: {failed.strerror}") from None
    if done.stdout:
        here.stream.say(done.stdout.decode(errors="replace")[-_SHOWN:])
    if done.returncode:
        raise CannotEdit(f"{step.argument} ended with {done.returncode}")
    return True


def _say(here: Surroundings, step: Step) -> bool:
    here.stream.say(step.text)
    return False


def _answer(here: Surroundings, step: Step) -> bool:
    here.answer = step.text
    return False


def _sleep(_: Surroundings, step: Step) -> bool:
    time.sleep(float(step.argument))
    return False


def _ask(here: Surroundings, step: Step) -> bool:
    options = list(step.blocks[0]) if step.blocks else []
    told = here.stream.ask(step.argument, options)
    if told is None:
        raise CannotEdit("there is nobody to ask")
    here.stream.say(f"Answered: {told}")
    return False


def _spend(here: Surroundings, step: Step) -> bool:
    here.stream.dollars = round((here.stream.dollars or 0.0) + float(step.argument), 6)
    here.stream.usage()
    if here.budget is not None and here.stream.dollars > here.budget:
        raise Ended(f"The budget of {here.budget:g} USD is used up.", error=True)
    return False


VERBS: dict[str, Verb] = {
    "replace": Verb(Grammar((2,), True), "replace PATH |old| with |new|", "lines become others", _replace),
    "insert-after": Verb(
        Grammar((2,), True), "insert-after PATH |anchor| with |new|", "lines added below", partial(_insert, after=True)
    ),
    "insert-before": Verb(
        Grammar((2,), True),
        "insert-before PATH |anchor| with |new|",
        "lines added above",
        partial(_insert, after=False),
    ),
    "append": Verb(Grammar((1,), True), "append PATH |text|", "lines added at the end", _append),
    "write": Verb(Grammar((1,), True), "write PATH |text|", "the whole file", _write),
    "delete": Verb(Grammar((0,), True), "delete PATH", "no such file any more", _delete),
    "rename": Verb(Grammar((0,), True), "rename OLD -> NEW", "the same file elsewhere", _rename),
    "resolve": Verb(
        Grammar((0,), True), "resolve PATH ours|theirs|both", "conflict markers, where there are any, settled", _resolve
    ),
    "run": Verb(Grammar((0,), True), "run COMMAND", "a command, without a shell; must end with 0", _run),
    "sleep": Verb(Grammar((0,), True), "sleep SECONDS", "think for a while", _sleep, tool=False),
    "say": Verb(Grammar((0, 1), False), "say TEXT", "tell the person", _say, tool=False),
    "answer": Verb(Grammar((0, 1), False), "answer TEXT", "what the final result says", _answer, tool=False),
    "ask": Verb(Grammar((0, 1), True), "ask QUESTION |options|", "a question to the person", _ask, tool=False),
    "spend": Verb(Grammar((0,), True), "spend DOLLARS", "cost so much more", _spend, tool=False),
    "refused": Verb(
        Grammar((0,), True),
        "refused STATUS [SECONDS]",
        "fail as when the service refuses",
        misbehaving.refused,
        tool=False,
    ),
    "fail": Verb(Grammar((0, 1), False), "fail TEXT", "end at once with an error", misbehaving.fail, tool=False),
    "exit": Verb(
        Grammar((0,), True), "exit CODE", "end at once, without any result", misbehaving.exit_silently, tool=False
    ),
    "lie": Verb(Grammar((0, 1), False), "lie TEXT", "claim success and skip the rest", misbehaving.lie, tool=False),
    "hang": Verb(
        Grammar((0,), False), "hang [SECONDS]", "ignore SIGTERM, for ever or so long", misbehaving.hang, tool=False
    ),
    "hoard": Verb(Grammar((0,), True), "hoard MEGABYTES", "take memory and keep it", misbehaving.hoard, tool=False),
    "flood": Verb(Grammar((0,), True), "flood MEGABYTES [stderr]", "very much output", misbehaving.flood, tool=False),
    "daemon": Verb(
        Grammar((0,), True), "daemon SECONDS", "leave a grandchild in its own session", misbehaving.daemon, tool=False
    ),
    "outside": Verb(Grammar((1,), True), "outside PATH |text|", "write outside the working directory", _outside),
}
"The whole language; `--help` prints it."

GRAMMAR = {name: verb.grammar for name, verb in VERBS.items()}


def perform(here: Surroundings, step: Step) -> None:
    """Do the step, or the first alternative that can be done. Raises CannotEdit when none can."""
    reasons = []
    for choice in step.choices:
        try:
            _perform(here, choice)
        except CannotEdit as refused:
            reasons.append(f"line {choice.line}: {refused}")
        else:
            return
    raise CannotEdit("; ".join(reasons))


def _perform(here: Surroundings, step: Step) -> None:
    verb = VERBS[step.verb]
    if not verb.tool:
        verb.perform(here, step)
        return
    paths = _paths(step)
    refusal = here.stream.refusal(step.verb, paths, step.argument)
    if refusal:
        raise CannotEdit(refusal)
    call = here.stream.start(step.verb, paths, step.argument)
    try:
        changed = verb.perform(here, step)
    except (CannotEdit, OSError, UnicodeDecodeError) as failed:
        here.stream.end(call, "error", paths, str(failed))
        raise CannotEdit(str(failed)) from None
    here.stream.end(call, "ok" if changed else "unchanged", paths)


def _paths(step: Step) -> list[str]:
    match step.verb:
        case "run":
            return []
        case "rename":
            return [part.strip() for part in step.argument.split("->")]
        case "resolve":
            return [step.argument.rpartition(" ")[0]]
    return [os.fspath(step.argument)]
