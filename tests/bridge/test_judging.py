"""Reviews by a real program: shown what the task's check says, asked for a verdict it forgot, and heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from devmesh.settings import Settings
from devmesh.vocabulary import facts
from devmesh.vocabulary.requests import PauseAgent, ResumeAgent
from devmesh.vocabulary.terms import TaskKind, Verdict
from tests.bridge.rig import Mesh, meshed, scripted, until
from tests.coordinator.rig import looped

pytestmark = pytest.mark.slow

READS_A_FILE = (
    *("{executable}", "-P", "-m", "devmesh.scripted", "--session-file", "{papers}.own/session"),
    *("--prompt-file", "{prompt_file}", "{conversation}"),
)
APPROVED = "```script review\n{first}\nanswer Fine by me.\n| VERDICT: APPROVE\n```\n"
PROMPT_SAYS = 'run sh -c \'grep -A14 "What its check says" "$DEVMESH_WORKSPACE.prompt"\''


def said_of(mesh: Mesh, kind: TaskKind) -> str:
    """What was reported of the tasks of that kind."""
    numbers = {award.task for award in mesh.person.seen(facts.TaskAwarded) if award.task_kind is kind}
    return "".join(one.text for one in mesh.person.seen(facts.OutputReported) if one.task in numbers)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("cat a.txt && grep -q x a.txt", ("it passed", "line 5")),
        ("echo no y there >&2; grep -q y a.txt", ("it failed with exit code 1", "no y there")),
    ],
)
@looped
async def test_a_reviewer_is_shown_what_the_check_says_on_the_change(
    project: Path, settings: Settings, check: str, said: tuple[str, ...]
) -> None:
    """Run in the review's workspace, by the reviewer's own bridge, before the tool is asked."""
    tool = scripted(prompt="file", command=READS_A_FILE)
    limited = settings.model_copy(update={"max_attempts": 1})
    async with meshed(project, limited) as mesh, mesh.bridge(tool=tool), mesh.bridge(tool=tool):
        prompt = "```script\nappend a.txt\n| x\n```\n" + APPROVED.format(first=PROMPT_SAYS)
        task = await mesh.person.post(prompt, review=True, check=check)
        given = await mesh.person.sees(facts.ReviewGiven, task=task)
        assert given.verdict is Verdict.APPROVE
        wanted = (f"`{check}` was run on this change", *said)
        await until(lambda: all(text in said_of(mesh, TaskKind.REVIEW) for text in wanted))


@looped
async def test_a_verdict_that_was_forgotten_is_asked_for_once(project: Path, settings: Settings) -> None:
    """In the same conversation; the second answer counts."""
    forgot = (
        "```script review\nanswer Looks fine.\n```\n```script again\nanswer Use Decimal.\n| VERDICT: CHANGES\n```\n"
    )
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        task = await mesh.person.post("```script\nappend a.txt\n| x\n```\n" + forgot, review=True)
        given = await mesh.person.sees(facts.ReviewGiven, task=task)
        assert (given.verdict, given.remarks) == (Verdict.CHANGES_WANTED, "Use Decimal.")
        await until(lambda: "Continuing" in said_of(mesh, TaskKind.REVIEW))


@looped
async def test_remarks_go_back_into_the_authors_conversation(project: Path, settings: Settings) -> None:
    """The author's tool goes on where it was, and the second change is judged again."""
    prompt = (
        "```script\nappend a.txt\n| x\n```\n```script again\nappend a.txt\n| as wanted\n```\n"
        "```script review\nrun grep -q wanted a.txt\nor lie Not yet.\n| VERDICT: CHANGES\n"
        "answer Good.\n| VERDICT: APPROVE\n```\n"
    )
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        task = await mesh.person.post(prompt, review=True)
        await mesh.person.sees(facts.TaskCompleted, task=task)
        assert [given.remarks for given in mesh.person.seen(facts.ReviewGiven)] == ["Not yet.", "Good."]
        assert (project / "a.txt").read_text().endswith("x\nas wanted\n")
        assert "Continuing with step 1 of 1." in said_of(mesh, TaskKind.WORK)


@looped
async def test_a_paused_reviewers_check_stands_still(project: Path, settings: Settings) -> None:
    """As its tool would; it goes on when the agent is resumed."""
    check = "echo begun >> $DEVMESH_WORKSPACE.begun; sleep 1"
    prompt = "```script\nappend a.txt\n| x\n```\n" + APPROVED.format(first="say judging")
    async with meshed(project, settings) as mesh, mesh.bridge(), mesh.bridge():
        task = await mesh.person.post(prompt, review=True, check=check)
        award = await mesh.person.sees(facts.TaskAwarded, task_kind=TaskKind.REVIEW)
        await until(lambda: any((mesh.home / "workspaces").glob(f"*-{award.task}-1.begun")))
        await mesh.person.say(PauseAgent(agent=award.agent))
        await mesh.person.say(ResumeAgent(agent=award.agent))
        await mesh.person.sees(facts.ReviewGiven, task=task)
