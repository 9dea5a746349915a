"""What a panel looks up when somebody opens something: one function each, from the record and the replica.

Each takes the operations of a mesh and what is asked, and gives plain JSON values. They read files: none for a loop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import msgspec

from devmesh.jupyter import browsing
from devmesh.mesh.conflicts import Conflicts, difference
from devmesh.mesh.contests import latest_change, stands
from devmesh.mesh.spending import allowed
from devmesh.mesh.toolbox import survey
from devmesh.vocabulary import facts
from devmesh.vocabulary.record import kind_of
from devmesh.vocabulary.terms import ChangeState, Verdict

if TYPE_CHECKING:
    from devmesh.mesh.operations import Operations
    from devmesh.mesh.toolbox import Tools
    from devmesh.vocabulary.codec import Recorded
    from devmesh_widgets.messages import Look

FACTS = 200
"Facts of one task that are listed, the latest."
PAGE = 200
"Events of one page."
HISTORY = 30
FOUND = 30
OUTPUT = 60_000
"Characters of a tool's output that are shown, the last."
PATHS_IN_HEAT = 40
WAITS = 5_000
"Waits that the heat is made of, the latest."


# ---- one task ----


def task(operations: Operations, look: Look) -> dict[str, Any]:
    """What was asked for, and what came of it."""
    entry = operations.door.replica.read(lambda state: state.tasks[int(look.key)])
    posted = entry.posted
    return {
        "prompt": posted.prompt,
        "files": posted.files,
        "depends_on": posted.depends_on,
        "agents": posted.agents,
        "capabilities": posted.capabilities,
        "budget": allowed(entry.budget),
        "posted_by": posted.posted_by,
        "summary": entry.summary,
    }


def output(operations: Operations, look: Look) -> dict[str, str]:
    """The end of what its tool said; of one stream where one is named."""
    text = operations.record.output(int(look.key), stream=look.words or None)
    return {"text": text if len(text) <= OUTPUT else f"… {len(text) - OUTPUT} characters before\n{text[-OUTPUT:]}"}


def diff(operations: Operations, look: Look) -> dict[str, Any]:
    """What its latest change does."""
    change = operations.door.replica.read(lambda state: latest_change(state, int(look.key)))
    if change is None:
        return {"text": "", "change": None, "state": "", "judged": False}
    return {
        "text": operations.record.diff(change.offered.base, change.offered.head) or "It changes no file.",
        "change": change.number,
        "state": "waits for approval" if change.state is ChangeState.REVIEWING else stands(change),
        "judged": change.state is ChangeState.REVIEWING,
    }


def verdicts(operations: Operations, look: Look) -> list[dict[str, Any]]:
    """The checks that ran and the reviews that were given, latest first."""
    made = (_verdict(recorded.fact) for recorded in operations.record.story(int(look.key)))
    return [one for one in made if one is not None][::-1]


def _verdict(fact: facts.AnyFact) -> dict[str, Any] | None:
    match fact:
        case facts.CheckEnded():
            said = f"{'passed' if fact.passed else 'failed'} in {fact.seconds:.1f} s, change {fact.change}"
            return {"good": fact.passed, "title": fact.command, "note": said, "text": fact.tail}
        case facts.ReviewGiven():
            good = fact.verdict is Verdict.APPROVE
            said = f"{fact.verdict.replace('_', ' ')}, change {fact.change}"
            return {"good": good, "title": fact.reviewer, "note": said, "text": fact.remarks}
        case facts.ChangeReturned():
            files = "\n".join(f"{one.path}: {one.reason}" for one in fact.conflicts)
            said = f"change {fact.change} came back"
            return {"good": False, "title": fact.code, "note": said, "text": f"{fact.message}\n{files}".strip()}
    return None


def bids(operations: Operations, look: Look) -> list[dict[str, Any]]:
    """Every bid, and who won."""
    rows: list[dict[str, Any]] = []
    won: set[tuple[int, str]] = set()
    for recorded in operations.record.story(int(look.key)):
        match recorded.fact:
            case facts.BidPlaced() as bid:
                rows.append({"attempt": bid.attempt, "agent": bid.agent, "fitness": bid.fitness, "reason": bid.reason})
            case facts.BidDeclined() as no:
                rows.append({"attempt": no.attempt, "agent": no.agent, "fitness": None, "reason": no.reason})
            case facts.TaskAwarded() as award:
                won.add((award.attempt, award.agent))
    return [row | {"won": (row["attempt"], row["agent"]) in won} for row in rows]


def story(operations: Operations, look: Look) -> list[dict[str, Any]]:
    """The facts about it, latest first."""
    told = [one for one in operations.record.story(int(look.key)) if not isinstance(one.fact, facts.OutputReported)]
    return [browsing.line(recorded) for recorded in told[: -FACTS - 1 : -1]]


# ---- the record ----


def events(operations: Operations, look: Look) -> list[dict[str, Any]]:
    """A page of facts, newest first: of these kinds, with these words, before that number."""
    globs = str(look.key).split()
    found = browsing.page(operations.record.home, _kinds(globs), look.words, look.before, PAGE)
    return [browsing.line(recorded, whole="output_reported" in globs) for recorded in found]


def fact(operations: Operations, look: Look) -> dict[str, str]:
    """One fact, whole."""
    (recorded,) = browsing.page(operations.record.home, (), "", int(look.key) + 1, 1)
    return {"text": _pretty(recorded)}


def _pretty(recorded: Recorded) -> str:
    return msgspec.json.format(msgspec.json.encode(recorded.fact), indent=2).decode()


def _kinds(globs: list[str]) -> tuple[str, ...]:
    kinds = sorted(kind_of(kind) for kind in facts.AnyFact.__args__)
    return tuple(kind for kind in kinds if any(fnmatchcase(kind, glob) for glob in globs))


def history(operations: Operations, _: Look) -> list[dict[str, Any]]:
    """What the person asked for lately, each once, latest first."""
    found = browsing.page(operations.record.home, ("task_posted",), "", 0, 5 * HISTORY)
    by_hand = [one.fact for one in reversed(found) if isinstance(one.fact, facts.TaskPosted) and _by_hand(one.fact)]
    mine = list({posted.prompt: posted for posted in by_hand}.values())
    keep = ("task", "prompt", "files", "priority", "check", "review")
    return [{name: getattr(posted, name) for name in keep} for posted in mine[: -HISTORY - 1 : -1]]


def _by_hand(posted: facts.TaskPosted) -> bool:
    return posted.reviews is None and posted.framework is None


def contention(operations: Operations, _: Look) -> list[dict[str, Any]]:
    """The paths that were waited for, as a tree: how often and how long, each folder with all below it."""
    targets = browsing.waited(operations.record.home, WAITS)
    waits: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    for path, waited in targets:
        for each in _above(path):
            waits[each] += 1
            seconds[each] += waited
    shown = sorted(sorted(waits, key=lambda path: -seconds[path])[:PATHS_IN_HEAT])
    return [
        {"path": path, "depth": path.rstrip("/").count("/"), "waits": waits[path], "seconds": seconds[path]}
        for path in shown
    ]


def _above(path: str) -> list[str]:
    """The path and the folders it is in."""
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))] + [path]


# ---- what waits for the person ----


def question(operations: Operations, look: Look) -> dict[str, str]:
    """The whole text of a question."""
    return {"text": operations.door.replica.read(lambda state: state.questions[int(look.key)].asked.text)}


def conflict(operations: Operations, look: Look) -> dict[str, Any]:
    """Every file of it, in its versions."""
    versions = Conflicts(operations)[str(look.key)].versions()
    return {"files": [version._asdict() | {"diff": difference(version)} for version in versions]}


# ---- knowledge, tools, paths ----


def knowledge(operations: Operations, look: Look) -> dict[str, Any]:
    """What was shared, latest first; with words, what has them, best first."""
    shared = operations.record.discoveries()
    found: Any = shared[: -FOUND - 1 : -1]
    if look.words:
        found = operations.door.call(operations.search(look.words, FOUND))
    keep = ("discovery", "title", "text", "agent", "task")
    return {"total": len(shared), "found": [{name: getattr(one, name) for name in keep} for one in found]}


_surveyed: dict[str, Tools] = {}
"The CLIs as last looked for, by the home of all meshes."


def tools(operations: Operations, look: Look) -> list[dict[str, Any]]:
    """The CLIs, those here first; looked for once more when told to."""
    home = operations.record.home.parent
    if look.words or str(home) not in _surveyed:
        _surveyed[str(home)] = survey(home)
    return [tool._asdict() | {"note": "" if tool.installed else "not on PATH"} for tool in _surveyed[str(home)]]


def paths(operations: Operations, look: Look) -> list[str]:
    """Paths of the project with these letters in them: those that begin so first, short ones first."""
    return browsing.paths(operations.record.project, look.words)


LOOKUPS: Final[dict[str, Callable[[Operations, Look], Any]]] = {
    "bids": bids,
    "conflict": conflict,
    "contention": contention,
    "diff": diff,
    "events": events,
    "fact": fact,
    "facts": story,
    "history": history,
    "knowledge": knowledge,
    "output": output,
    "paths": paths,
    "question": question,
    "task": task,
    "tools": tools,
    "verdicts": verdicts,
}


def find(operations: Operations, look: Look) -> Any:
    """What is asked for. Raises LookupError, with a line for the person, when there is no such thing."""
    if look.what not in LOOKUPS:
        raise LookupError(f"there is no {look.what!r} to look up")
    try:
        return LOOKUPS[look.what](operations, look)
    except (KeyError, ValueError):
        raise LookupError(f"there is no {look.what} {look.key} any more") from None
