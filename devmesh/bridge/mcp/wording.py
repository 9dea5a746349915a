"""How the mesh is told to a model: short lines, bounded, with every text of somebody else quoted as data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Final

from devmesh.bridge.prompt import quoted
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import BoardShown, ChangeApplied, Discovery, QuestionAsked, WriteFound
from devmesh.vocabulary.facts.board import AgentOnBoard, LockOnBoard, TaskOnBoard, WaitOnBoard
from devmesh.vocabulary.plain import plain
from devmesh.vocabulary.terms import WrittenBehind

LONGEST: Final = 30_000
"Characters of one result; the middle of a longer one is left out."
_ONE_TEXT: Final = 4_000
"Characters of one quoted text among several."
_FILES: Final = 20

Event = tuple[float, ChangeApplied | WriteFound]
"When it was told here (Unix seconds), and what."


def board_in_words(board: BoardShown, me: str | None) -> str:
    """The plan, the tasks, the agents, the questions."""
    parts = [f"You are {me}." if me else ""]
    if board.goal:
        parts.append(f"The person's goal:\n{quoted(board.goal)}")
    if board.overview:
        parts.append(f"The plan in force (version {board.framework}):\n{quoted(board.overview[: LONGEST // 3])}")
    parts.append(_headed("Tasks, the open ones first", map(_task, board.tasks), "No task is posted."))
    architect = board.architect
    parts.append(_headed("Agents", (_agent(agent, architect) for agent in board.agents), "No agent is in the mesh."))
    if board.questions:
        parts.append(_headed("Questions you may answer (answer_question)", map(_question, board.questions), ""))
    if board.left_out:
        parts.append(f"{board.left_out} more are not shown.")
    return bounded("\n\n".join(part for part in parts if part))


def locks_in_words(board: BoardShown) -> str:
    """Who holds what, and who waits."""
    parts = [_headed("Locks", map(_lock, board.locks), "Nobody holds a lock.")]
    if board.waiting:
        parts.append(_headed("Waiting in line", map(_waiting, board.waiting), ""))
    if board.left_out:
        parts.append(f"{board.left_out} more are not shown.")
    return bounded("\n\n".join(parts))


def knowledge_in_words(found: Sequence[Discovery]) -> str:
    """The hits, best first."""
    if not found:
        return "Nobody has shared anything like that."
    return bounded(
        "\n\n".join(f"[{one.discovery}] {said(one.title)}, from {one.agent}:\n{quoted(cut(one.text))}" for one in found)
    )


def events_in_words(events: Iterable[Event], now: float | None = None) -> str:
    """What changed, the newest first."""
    now = time.time() if now is None else now
    lines = [_event(at, fact, now) for at, fact in events]
    return bounded("\n".join(lines)) if lines else "No file of the project has changed since you joined."


def answer_in_words(answer: str) -> str:
    """What the person, or whoever answered, said. It answers the model's own question, and stays quoted."""
    return bounded(f"The answer:\n{quoted(answer)}") if answer else "The question was closed without an answer."


def said(text: str) -> str:
    """One line of somebody else, in quotation marks that nothing inside it can end."""
    return json.dumps(" ".join(plain(text).split()), ensure_ascii=False)


def cut(text: str) -> str:
    """The beginning of one text among several."""
    return text if len(text) <= _ONE_TEXT else f"{text[:_ONE_TEXT]}\n[... {len(text) - _ONE_TEXT} characters more]"


def bounded(text: str) -> str:
    """The text, its middle left out where it is too long for an answer."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def recorded_event(recorded: Recorded, now: float) -> Event | None:
    """The fact as an event about files, if it is one."""
    fact = recorded.fact
    return (recorded.at or now, fact) if isinstance(fact, ChangeApplied | WriteFound) else None


def _headed(title: str, lines: Iterable[str], nothing: str) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"{title}:\n{listed}" if listed else nothing


def _task(task: TaskOnBoard) -> str:
    parts = [f"task {task.task} [{task.state}, priority {task.priority}] {said(task.title)}"]
    if task.agent:
        parts.append(f"by {task.agent}")
    if task.files:
        parts.append(f"files: {listed(task.files)}")
    if task.depends_on:
        parts.append(f"after {', '.join(map(str, task.depends_on))}")
    if task.summary:
        parts.append(f"result: {said(task.summary)}")
    return "; ".join(parts)


def _agent(agent: AgentOnBoard, architect: str | None) -> str:
    doing = [
        f"works on task {agent.task}" if agent.task else "",
        f"reviews for task {agent.reviewing}" if agent.reviewing else "",
        "is the architect" if agent.agent == architect else "",
    ]
    return "; ".join([f"{agent.agent} ({agent.tool}, {agent.state})", *filter(None, doing)])


def _question(asked: QuestionAsked) -> str:
    choices = f" Choose from: {', '.join(map(said, asked.options))}." if asked.options else ""
    return f"question {asked.question}, from {asked.agent}: {said(cut(asked.text))}{choices}"


def _lock(lock: LockOnBoard) -> str:
    task = f", task {lock.task}" if lock.task else ""
    return f"{said(lock.target)}: {lock.mode} by {lock.agent}{task}, for {lock.left:g} s unless renewed"


def _waiting(wait: WaitOnBoard) -> str:
    return f"{wait.agent} waits for {wait.mode} on {listed(wait.targets)}"


def _event(at: float, fact: ChangeApplied | WriteFound, now: float) -> str:
    ago = f"{max(0.0, now - at):.0f} s ago"
    if isinstance(fact, WriteFound):
        by = f"by {fact.agent}" if fact.agent else "by the person, a program or a tool"
        how = "by a task that failed, and stays" if fact.found_by is WrittenBehind.LEFT else "without a lock"
        return f"- {ago}: {said(fact.path)} was written {by}, {how}"
    files = listed(fact.files) or "no file"
    merged = f" (merged with what others did: {listed(fact.merged)})" if fact.merged else ""
    return f"- {ago}: {fact.agent} changed {files} for task {fact.task}{merged}"


def listed(paths: Sequence[str]) -> str:
    """Some paths, each in quotation marks."""
    more = f" and {len(paths) - _FILES} more" if len(paths) > _FILES else ""
    return ", ".join(map(said, paths[:_FILES])) + more
