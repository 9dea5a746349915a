"""What deciding costs, apart from any socket or disk: steps, folds and the codec, each beside its reference.

`python tests/bench/bench_core.py` prints the figures; `make bench` runs it with the others.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from functools import partial
from time import process_time

import msgspec

from devmesh.core import events
from devmesh.core.apply import apply
from devmesh.core.effects import Record
from devmesh.core.snapshot import freeze, thaw
from devmesh.core.state import MeshState
from devmesh.core.step import step
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Message, Recorded, decode_message, decode_recorded, encode
from devmesh.vocabulary.terms import Limits, LockMode, Role

AGENTS = 40
CYCLES = 6_000
MESSAGES = 50_000
ROUNDS = 5


def mesh() -> MeshState:
    """Forty agents, each connected and joined."""
    state = MeshState()
    step(state, events.Started(project="bench", version="bench", limits=Limits()), 0.0)
    for number in range(1, AGENTS + 1):
        step(state, events.Connected(connection=number, role=Role.AGENT, key=str(number)), 0.0)
        step(state, events.Heard(connection=number, id=1, request=requests.Join(tool="bench")), 0.0)
    return state


def cycles(state: MeshState) -> list[Recorded]:
    """Locks asked for and given back by all in turn. Returns what was recorded."""
    kept: list[Recorded] = []
    for cycle in range(CYCLES):
        connection, number = cycle % AGENTS + 1, 2 + 2 * (cycle // AGENTS)
        asked = requests.RequestLock(targets=(f"src/file{cycle % 200}.py",), mode=LockMode.WRITE)
        effects = step(state, events.Heard(connection=connection, id=number, request=asked), 1.0)
        released = requests.ReleaseLock(tokens=(state.sequence,))
        effects += step(state, events.Heard(connection=connection, id=number + 1, request=released), 1.0)
        kept += [effect.recorded for effect in effects if isinstance(effect, Record)]
    return kept


def best(action: Callable[[], object]) -> float:
    """CPU seconds of the quickest of several runs."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        started = process_time()
        action()
        times.append(process_time() - started)
    return min(times)


def fold(beginning: bytes, history: list[Recorded]) -> None:
    """The same history, applied by somebody who only reads it."""
    state = thaw(beginning)
    for recorded in history:
        apply(state, recorded)


def codec() -> dict[str, float]:
    """Nanoseconds per message, ours beside the standard library's and msgspec without types."""
    said = encode(Message(id=7, request=requests.RequestLock(targets=("src/app.py",), mode=LockMode.WRITE)))
    granted = facts.LockGranted(token=9, agent="claude-1", target="src/app.py", mode=LockMode.WRITE, lease=30.0)
    line = Recorded(sequence=9, fact=granted, now=1.0, session=1, request=7)
    told, untyped = encode(line), msgspec.json.Decoder()
    actions: dict[str, Callable[[], object]] = {
        "decode_request_ns": lambda: decode_message(said),
        "decode_request_json_ns": lambda: json.loads(said),
        "decode_request_untyped_ns": lambda: untyped.decode(said),
        "encode_fact_ns": lambda: encode(line),
        "decode_fact_ns": lambda: decode_recorded(told),
    }
    return {name: best(partial(repeated, action)) / MESSAGES * 1e9 for name, action in actions.items()}


def repeated(action: Callable[[], object]) -> None:
    """Over and over, keeping nothing."""
    for _ in range(MESSAGES):
        action()


def bench() -> dict[str, float]:
    """Every figure by name; ratios compare rows of this run."""
    beginning = freeze(mesh())
    history = cycles(thaw(beginning))
    deciding = best(lambda: cycles(thaw(beginning)))
    folding = best(lambda: fold(beginning, history))
    found = codec()
    return {
        "core_steps_per_s": 2 * CYCLES / deciding,
        "core_cycle_us": deciding / CYCLES * 1e6,
        "core_folds_per_s": len(history) / folding,
        "decide_over_fold": deciding / folding,
        **found,
        "decode_request_over_json": found["decode_request_ns"] / found["decode_request_json_ns"],
        "decode_request_over_untyped": found["decode_request_ns"] / found["decode_request_untyped_ns"],
    }


if __name__ == "__main__":
    for name, figure in bench().items():
        print(f"{name:<32}{figure:>14,.2f}")  # noqa: T201 - a bench prints
