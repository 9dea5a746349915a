"""Review by a second agent (Rule 5)."""

from __future__ import annotations

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import ChangeState, Outcome, TaskState, Verdict
from tests.core.rig import Rig, only

APPROVE, SEND_BACK = Verdict.APPROVE, Verdict.CHANGES_WANTED


def under_review(rig: Rig, *tools: str) -> tuple[facts.TaskAwarded, int, int]:
    """A change of `author-1` that waits for a review: the award, the change, the review task."""
    rig.join("author", *tools)
    award = rig.begin(rig.post(review=True), "author-1")
    change = rig.offer(award, "a.py").change
    return award, change, rig.state.changes[change].review or 0


def test_the_author_cannot_approve() -> None:
    """Not even by naming the change from its own connection."""
    rig = Rig()
    _, change, _ = under_review(rig, "critic")
    said = rig.say("author-1", requests.Review(change=change, verdict=APPROVE))
    assert (only(said, facts.RequestRefused).code, rig.kept[-1].fact.rule) == ("OWN_CHANGE", 5)  # type: ignore[union-attr]


def test_the_author_is_not_asked_to_review() -> None:
    """Alone in the mesh, a change waits; nobody is asked."""
    rig = Rig()
    _, change, review = under_review(rig)
    assert rig.state.tasks[review].bidding is None
    assert rig.state.changes[change].state is ChangeState.REVIEWING


def test_an_agent_without_the_review_cannot_judge() -> None:
    """Being another agent is not enough: the review must be its own."""
    rig = Rig()
    _, change, _ = under_review(rig, "critic", "bystander")
    said = rig.say("bystander-1", requests.Review(change=change, verdict=APPROVE))
    assert only(said, facts.RequestRefused).code == "NOT_ASSIGNED"


def test_the_person_may_judge_and_ends_the_review() -> None:
    """The person's approval counts, and the review task is called off."""
    rig = Rig()
    _, change, review = under_review(rig, "critic")
    rig.award(review)
    rig.say(rig.person(), requests.Review(change=change, verdict=APPROVE))
    assert rig.state.gate == change
    assert rig.state.tasks[review].state is TaskState.CANCELLED


def test_remarks_go_back_to_the_author() -> None:
    """Changes wanted: the author gets the remarks and may offer again, in the same attempt."""
    rig = Rig()
    award, change, review = under_review(rig, "critic")
    rig.award(review)
    said = rig.say("critic-1", requests.Review(change=change, verdict=SEND_BACK, remarks="name it better"))
    returned = only(said, facts.ChangeReturned)
    assert (returned.agent, returned.code, returned.message) == ("author-1", "CHANGES_WANTED", "name it better")
    assert rig.state.tasks[award.task].state is TaskState.WORKING
    rig.offer(award, "a.py")


def test_two_authors_review_each_other() -> None:
    """Agents whose own changes wait for review may review, so two of them never wait for each other."""
    rig = Rig()
    rig.join("a", "b")
    first = rig.offer(rig.begin(rig.post(review=True), "a-1"), "a.py").change
    review_of_first = rig.state.changes[first].review or 0
    rig.say("b-1", requests.Decline(task=review_of_first))
    second_award = rig.begin(rig.post(review=True), "b-1")
    second = rig.offer(second_award, "b.py").change
    review_of_second = rig.state.changes[second].review or 0
    assert rig.award(review_of_second).agent == "a-1"
    assert rig.award(review_of_first).agent == "b-1"


def test_a_review_is_done_only_with_a_verdict() -> None:
    """Finishing a review without having judged is refused."""
    rig = Rig()
    _, _, review = under_review(rig, "critic")
    rig.award(review)
    rig.say("critic-1", requests.Start(task=review, attempt=1))
    said = rig.say("critic-1", requests.Finish(task=review, attempt=1, outcome=Outcome.DONE))
    assert only(said, facts.RequestRefused).code == "UNCHECKED"


def test_a_verdict_on_nothing_is_refused() -> None:
    """An unknown change, and one that is not under review."""
    rig = Rig()
    award, change, review = under_review(rig, "critic")
    assert (
        only(rig.say(rig.person(), requests.Review(change=9, verdict=APPROVE)), facts.RequestRefused).code == "UNKNOWN"
    )
    rig.say(rig.person(), requests.Review(change=change, verdict=APPROVE))
    said = rig.say(rig.person(), requests.Review(change=change, verdict=APPROVE))
    assert only(said, facts.RequestRefused).code == "WRONG_STATE"
    assert award.task != review


def test_cancelling_the_task_calls_its_review_off() -> None:
    """Nobody reviews what nobody wants."""
    rig = Rig()
    award, change, review = under_review(rig, "critic")
    rig.say(rig.person(), requests.CancelTask(task=award.task))
    assert rig.state.tasks[review].state is TaskState.CANCELLED
    assert rig.state.changes[change].state is ChangeState.WITHDRAWN


def test_a_review_that_was_never_started_is_not_done() -> None:
    """Its verdict counts, its end is refused: an agent that leaves out `start` cannot stop the coordinator."""
    rig = Rig()
    _, change, review = under_review(rig, "critic")
    award = rig.award(review)
    rig.say("critic-1", requests.Review(change=change, verdict=APPROVE))
    done = requests.Finish(task=review, attempt=award.attempt, outcome=Outcome.DONE)
    assert only(rig.say("critic-1", done), facts.RequestRefused).code == "WRONG_STATE"
    rig.say(rig.person(), requests.PauseTask(task=review))
    assert only(rig.say("critic-1", done), facts.RequestRefused).code == "WRONG_STATE"
    rig.say(rig.person(), requests.ResumeTask(task=review))
    rig.say("critic-1", requests.Start(task=review, attempt=award.attempt))
    assert only(rig.say("critic-1", done), facts.TaskCompleted).task == review


def test_a_review_by_the_credential_of_the_author_is_the_authors() -> None:
    """Whatever it is called by now: the core looks at what it came in by, and refuses as it refuses the author."""
    rig = Rig()
    _, change, review = under_review(rig, "critic")
    rig.award(review)
    for agent in ("author-1", "critic-1"):
        rig.state.sessions[rig.state.agents[agent].joined.session].credential = 1
    said = rig.say("critic-1", requests.Review(change=change, verdict=APPROVE))
    assert only(said, facts.RequestRefused).code == "OWN_CHANGE"
    rig.state.sessions[rig.state.agents["author-1"].joined.session].credential = 2
    only(rig.say("critic-1", requests.Review(change=change, verdict=APPROVE)), facts.ReviewGiven)
