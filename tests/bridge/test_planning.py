"""The architect with a real program: its plan is taken, mended once, or refused where the person sees why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devmesh.bridge.planning import PLAN, SCHEMA
from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import AnswerQuestion, SetGoal
from tests.bridge.rig import gone, meshed, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow


def planned(**tasks: tuple[str, ...]) -> str:
    """A plan whose tasks depend on these keys, in one line."""
    listed = [
        {
            "key": key,
            "title": key,
            "prompt": f"```script\nappend a.txt\n| {key}\n```",
            "files": ["a.txt"],
            "depends_on": needs,
        }
        for key, needs in tasks.items()
    ]
    return json.dumps({"overview": "One after the other.", "tasks": listed})


def goal(first: str, then: str = "") -> SetGoal:
    """A goal that the scripted CLI answers with `first`, and when it is asked again with `then`."""
    again = f"```script again\nanswer\n| {then}\n```\n" if then else ""
    return SetGoal(text=f"Make it so.\n```script plan\nanswer\n| {first}\n```\n{again}")


def test_the_tool_is_shown_the_schema() -> None:
    """With every key of a task, and what is needed."""
    prompt = PLAN.format(agent="a-1", schema=SCHEMA, goal="g")
    assert all(f'"{key}"' in prompt for key in ("overview", "key", "depends_on", "files", "priority", "required"))


@looped
async def test_a_plan_that_does_not_fit_is_mended_with_its_exact_fault(project: Path, settings: Settings) -> None:
    """In the same conversation; its tasks carry files and dependencies, and are done in their order."""
    told: list[str] = []
    async with meshed(project, settings) as mesh, mesh.bridge(told=told):
        await mesh.person.sees(facts.ArchitectNamed)
        await mesh.person.say(goal(planned(one=(), two=("none",)), planned(one=(), two=("one",))))
        proposed = await mesh.person.sees(facts.FrameworkProposed)
        assert proposed.tasks[1].depends_on == ("one",)
        assert any("task 'two' depends on 'none', which is no task's key (one, two)" in line for line in told)
        posted = mesh.person.seen(facts.TaskPosted)
        assert [(task.files, task.depends_on) for task in posted] == [(("a.txt",), ()), (("a.txt",), (1,))]
        await mesh.person.sees(facts.TaskCompleted, 2)
        assert (project / "a.txt").read_text().endswith("one\ntwo\n")


@looped
async def test_a_plan_that_never_fits_is_refused_and_the_person_asked(project: Path, settings: Settings) -> None:
    """With what was wrong; meanwhile the agent works, and told to it plans again."""
    circle = planned(one=("two",), two=("one",))
    async with meshed(project, settings) as mesh, mesh.bridge():
        await mesh.person.sees(facts.ArchitectNamed)
        await mesh.person.say(goal(circle, circle))
        asked = await mesh.person.sees(facts.QuestionAsked)
        assert "these tasks wait for one another: one -> two -> one" in asked.text
        assert asked.options == ("plan again", "leave it")
        task = await mesh.person.post("append b.txt\n| x")
        await mesh.person.sees(facts.TaskCompleted, task=task)
        await mesh.person.say(AnswerQuestion(question=asked.question, answer="plan again"))
        again = await mesh.person.sees(facts.QuestionAsked, 2)
        await mesh.person.say(AnswerQuestion(question=again.question, answer="leave it"))
        assert mesh.person.seen(facts.FrameworkProposed) == []
        await gone(mesh)


@looped
async def test_a_tool_that_cannot_plan_is_no_secret(project: Path, settings: Settings) -> None:
    """The person reads why."""
    told: list[str] = []
    async with meshed(project, settings) as mesh, mesh.bridge("--refuse", "401", told=told):
        await mesh.person.sees(facts.ArchitectNamed)
        await mesh.person.say(goal(planned(one=())))
        asked = await mesh.person.sees(facts.QuestionAsked)
        assert "Invalid API key" in asked.text
        await until(lambda: any(line.startswith("no plan: ") for line in told))
