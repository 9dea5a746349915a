"""What the sub-commands of `%devmesh` do that answer, limit, compare and picture: one function each."""

from __future__ import annotations

from typing import Any, Final

from IPython.core.error import UsageError

from devmesh import mesh as meshes
from devmesh.jupyter.actions import Words

PICTURED: Final = ("agents", "audit", "costs", "hardware", "locks", "tasks")
"The nouns there may be a picture of."


def inbox(words: Words) -> object:
    """The open questions, or a frame of all there were."""
    inbox = meshes.current().inbox
    return inbox.df() if words.given.df else inbox


def answer(words: Words) -> object:
    """That it was answered."""
    return meshes.current().answer(words.given.question, _said(words))


def rule(words: Words) -> object:
    """The rules in force, after one was set or dropped."""
    inbox, given = meshes.current().inbox, words.given
    if given.drop is not None:
        return inbox.drop(given.drop)
    if given.pattern is not None:
        inbox.rule(given.pattern, _said(words), kind=given.kind)
    return inbox.rules


def budget(words: Words) -> object:
    """What may be spent from now on, or what may be spent now."""
    mesh, given = meshes.current(), words.given
    if given.usd is None and given.tokens is None and not given.none:
        return mesh.costs.budget
    return mesh.budget(usd=given.usd, tokens=given.tokens, task=given.task)


def costs(words: Words) -> object:
    """What was spent, or a frame of it."""
    costs = meshes.current().costs
    return costs.df() if words.given.df else costs


def conflicts(words: Words) -> object:
    """What there are two versions of, one of them, or a frame of the writes behind the gate."""
    conflicts = meshes.current().conflicts
    if words.given.name:
        return conflicts.named(*words.given.name)
    return conflicts.df() if words.given.df else conflicts


def compare(words: Words) -> object:
    """The copies of a task, as a frame."""
    return meshes.current().compare(words.given.task)


def command(_: Words) -> object:
    """The command centre."""
    return meshes.current().command()


def plot(words: Words) -> object:
    """A picture of a noun's history."""
    noun: Any = getattr(meshes.current(), words.given.noun)
    return noun.plot()


def replay(_: Words) -> object:
    """A slider that plays the record again on the same panels."""
    return meshes.current().replay()


def _said(words: Words) -> str:
    """The text of the cell, or of the line."""
    text = (words.cell if words.cell is not None else " ".join(words.given.answer)).strip()
    if not text:
        raise UsageError("%devmesh: say what the answer is, in the line or as the cell's text.")
    return text
