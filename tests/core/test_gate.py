"""The way of a change through the gate."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.core import events
from devmesh.core.effects import ApplyChange, PrepareChange, RunCheck
from devmesh.errors import Code
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import (
    ChangeState,
    Conflict,
    Lane,
    LanePolicy,
    Limits,
    LockMode,
    Outcome,
    PlannedWrite,
    TaskState,
    Verdict,
)
from tests.core.rig import BLOB, ZERO, Rig, offer_of, only

PLAN = (PlannedWrite(path="a.py", expected=BLOB["a"], after=BLOB["b"]),)


def started(rig: Rig, **options: Any) -> facts.TaskAwarded:
    """One agent at work on one task."""
    rig.join("claude")
    return rig.begin(rig.post(**options))


def test_a_covered_change_is_prepared_applied_and_told_to_all() -> None:
    """Rule 9: offered, compared, intended, exchanged; every agent hears which files changed."""
    rig = Rig()
    award = started(rig)
    rig.join("other")
    change = rig.offer(award, "a.py").change
    assert rig.wanted(PrepareChange)[0].mergeable == ("a.py",)
    said = rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
    assert only(said, facts.ChangeApplying).plan == PLAN
    assert rig.wanted(ApplyChange)[0].plan == PLAN
    applied = only(rig.feed(events.Applied(change=change)), facts.ChangeApplied)
    assert (applied.files, applied.kind_of_landing) == (("a.py",), "exact")
    assert any(isinstance(f, facts.ChangeApplied) for f in rig.told[rig.connections["other-1"]])


@pytest.mark.parametrize(
    "path",
    ["CLAUDE.md", "sub/AGENTS.md", ".vscode/tasks.json", ".cursor/rules/a.mdc", ".husky/x", ".vscode", ".github"],
)
@pytest.mark.parametrize("review", [False, True], ids=["alone", "with a review"])
def test_what_would_be_obeyed_lands_by_the_persons_approval_only(path: str, review: bool) -> None:  # noqa: FBT001 - the case
    """Whatever tool wrote it, and whether or not that tool can be told to ask first; no agent's review will do."""
    rig = Rig()
    award = started(rig, review=review)
    rig.join("critic")
    change = rig.offer(award, "a.py", path).change
    assert rig.state.changes[change].state is ChangeState.REVIEWING
    assert rig.state.changes[change].review is None
    assert not rig.wanted(PrepareChange)
    refused = only(rig.say("critic-1", requests.Review(change=change, verdict=Verdict.APPROVE)), facts.RequestRefused)
    assert refused.code == Code.NOT_ASSIGNED
    rig.say(rig.person(), requests.Review(change=change, verdict=Verdict.APPROVE))
    assert rig.wanted(PrepareChange)[0].change == change


@pytest.mark.parametrize("review", [False, True], ids=["alone", "after a review"])
def test_what_links_make_obeyed_lands_by_the_persons_approval_only(review: bool) -> None:  # noqa: FBT001 - the case
    """Known only when it is compared; no agent's approval will do, and the gate is free for others meanwhile."""
    rig = Rig()
    rig.join("claude", "critic")
    award = rig.begin(rig.post(review=review), "claude-1")
    change = rig.offer(award, "GUIDE.md").change
    if review:
        asked = rig.begin(rig.state.changes[change].review or 0, "critic-1")
        rig.say("critic-1", requests.Review(change=change, verdict=Verdict.APPROVE))
        rig.say("critic-1", requests.Finish(task=asked.task, attempt=1, outcome=Outcome.DONE))
    told = events.Prepared(change=change, plan=PLAN, current=ZERO, obeyed=("CLAUDE.md",))
    wanted = only(rig.feed(told), facts.ReviewRequested)
    assert (wanted.change, wanted.review, wanted.obeyed) == (change, None, ("CLAUDE.md",))
    assert (rig.state.changes[change].state, rig.state.gate) == (ChangeState.REVIEWING, None)
    assert rig.state.tasks[award.task].state is TaskState.REVIEW
    assert not rig.wanted(ApplyChange)
    refused = only(rig.say("critic-1", requests.Review(change=change, verdict=Verdict.APPROVE)), facts.RequestRefused)
    assert refused.code == Code.NOT_ASSIGNED
    rig.say(rig.person(), requests.Review(change=change, verdict=Verdict.APPROVE))
    rig.feed(told)
    assert rig.wanted(ApplyChange)[0].change == change


def test_what_links_make_obeyed_comes_back_when_the_person_refuses() -> None:
    """Like any other change that was not approved; nothing of it lands."""
    rig = Rig()
    award = started(rig)
    change = rig.offer(award, "GUIDE.md").change
    rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO, obeyed=("CLAUDE.md",)))
    no = requests.Review(change=change, verdict=Verdict.CHANGES_WANTED, remarks="not yours to say")
    assert only(rig.say(rig.person(), no), facts.ChangeReturned).code == "CHANGES_WANTED"
    assert not rig.wanted(ApplyChange)
    assert rig.state.tasks[award.task].state is TaskState.WORKING


def test_the_person_is_told_what_is_obeyed() -> None:
    """By the names themselves, of many a few."""
    rig = Rig()
    award = started(rig)
    paths = [f"{number}/CLAUDE.md" for number in range(20)]
    said = rig.say("claude-1", offer_of(award, "a.py", *paths, tokens=rig.lock("claude-1", "**", task=award.task)))
    assert only(said, facts.ReviewRequested).obeyed == tuple(paths[:10])


def test_the_intent_is_on_record_before_the_files_are_touched() -> None:
    """The record of ChangeApplying comes before the effect that exchanges files."""
    rig = Rig()
    change = rig.offer(started(rig), "a.py").change
    rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
    names = [type(effect).__name__ for effect in rig.effects]
    assert names.index("Record") < names.index("ApplyChange")


def test_an_uncovered_file_is_refused() -> None:
    """Promise 3: a change with a file under no writing lock does not enter."""
    rig = Rig()
    award = started(rig)
    tokens = rig.lock("claude-1", "a.py", task=award.task)
    said = rig.say("claude-1", offer_of(award, "a.py", "b.py", tokens=tokens))
    assert only(said, facts.RequestRefused).code == "NOT_COVERED"


def test_a_read_lock_covers_nothing() -> None:
    """READ and INTENT are no licence to write."""
    rig = Rig()
    award = started(rig)
    tokens = rig.lock("claude-1", "a.py", mode=LockMode.READ)
    said = rig.say("claude-1", offer_of(award, "a.py", tokens=tokens))
    assert only(said, facts.RequestRefused).code == "NOT_COVERED"


def test_a_stale_token_is_refused() -> None:
    """Promise 2: a token that is not a live lock of this very agent opens nothing."""
    rig = Rig()
    award = started(rig)
    (token,) = rig.lock("claude-1", "a.py")
    rig.say("claude-1", requests.ReleaseLock(tokens=(token,)))
    said = rig.say("claude-1", offer_of(award, "a.py", tokens=(token,)))
    assert only(said, facts.RequestRefused).code == "STALE_TOKEN"


def test_anothers_token_opens_nothing() -> None:
    """A token is of use only to its holder."""
    rig = Rig()
    award = started(rig)
    rig.join("other")
    stolen = rig.lock("other-1", "a.py")
    said = rig.say("claude-1", offer_of(award, "a.py", tokens=stolen))
    assert only(said, facts.RequestRefused).code == "STALE_TOKEN"


def test_what_cannot_be_merged_needs_write() -> None:
    """A file of the locked lane is refused under CO_WRITE, taken under WRITE, and never merged."""
    rig = Rig(Limits(lanes=(LanePolicy(glob="**/*.ipynb", lane=Lane.LOCKED),)))
    award = started(rig)
    shared = rig.lock("claude-1", "n.ipynb")
    assert only(rig.say("claude-1", offer_of(award, "n.ipynb", tokens=shared)), facts.RequestRefused).rule == 3
    alone = rig.lock("claude-1", "n.ipynb", mode=LockMode.WRITE)
    only(rig.say("claude-1", offer_of(award, "n.ipynb", tokens=alone)), facts.ChangeOffered)
    assert rig.wanted(PrepareChange)[0].mergeable == ()


def test_a_conflict_goes_back_with_everything_needed() -> None:
    """Nothing is touched; the agent gets the files and the tree to start from, and may offer again."""
    rig = Rig()
    award = started(rig)
    change = rig.offer(award, "a.py").change
    conflict = Conflict(path="a.py", reason="both changed line 3")
    returned = only(
        rig.feed(events.Prepared(change=change, conflicts=(conflict,), current=BLOB["c"])), facts.ChangeReturned
    )
    assert (returned.code, returned.conflicts, returned.current) == ("CONFLICT", (conflict,), BLOB["c"])
    assert not rig.wanted(ApplyChange)
    assert rig.state.tasks[award.task].state is TaskState.WORKING
    rig.offer(award, "a.py")


def test_a_failed_check_sends_the_change_back() -> None:
    """The coordinator's own run of the check decides, on the combined tree."""
    rig = Rig()
    award = started(rig, check="pytest -q")
    change = rig.offer(award, "a.py").change
    rig.feed(events.Prepared(change=change, plan=PLAN, current=BLOB["c"]))
    (check,) = rig.wanted(RunCheck)
    assert (check.command, check.plan) == ("pytest -q", PLAN)
    said = rig.feed(events.Checked(change=change, passed=False, tree=BLOB["d"], exit_code=1, tail="1 failed"))
    returned = only(said, facts.ChangeReturned)
    assert (returned.code, returned.resume_from, returned.current) == ("CHECK_FAILED", BLOB["d"], BLOB["c"])
    assert "1 failed" in returned.message


def test_a_passed_check_lands_the_plan_it_was_run_on() -> None:
    """What was checked is what is exchanged."""
    rig = Rig()
    award = started(rig, check="true")
    change = rig.offer(award, "a.py").change
    rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
    rig.feed(events.Checked(change=change, passed=True, tree=BLOB["d"], exit_code=0))
    assert rig.wanted(ApplyChange)[0].plan == PLAN


def test_somebody_wrote_in_between_so_the_gate_begins_anew() -> None:
    """Files moved during the exchange: nothing landed, the change is compared again."""
    rig = Rig()
    change = rig.offer(started(rig), "a.py").change
    rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
    said = rig.feed(events.Applied(change=change, moved=("a.py",)))
    only(said, facts.GateEntered)
    assert rig.wanted(PrepareChange)
    assert rig.state.changes[change].state is ChangeState.PREPARING


def test_a_change_that_never_gets_through_goes_back_in_the_end() -> None:
    """Endless editing by others ends in a conflict, not in an endless gate."""
    rig = Rig()
    change = rig.offer(started(rig), "a.py").change
    for _ in range(30):
        if rig.state.changes[change].state is ChangeState.RETURNED:
            break
        rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
        rig.feed(events.Applied(change=change, moved=("a.py",)))
    assert rig.state.changes[change].state is ChangeState.RETURNED


def test_one_change_at_a_time() -> None:
    """The second waits until the first has left, then enters by itself."""
    rig = Rig()
    rig.join("a", "b")
    first = rig.offer(rig.begin(rig.post(), "a-1"), "a.py").change
    second = rig.offer(rig.begin(rig.post(), "b-1"), "b.py").change
    assert rig.state.gate == first
    assert rig.state.gate_queue == [second]
    rig.land(first)
    assert rig.state.gate == second


def test_what_is_there_already_is_recognised() -> None:
    """Rule 8: an empty change and a duplicate land without touching a file."""
    rig = Rig()
    award = started(rig)
    empty = rig.offer(award).change
    said = rig.feed(events.Prepared(change=empty, current=ZERO))
    assert only(said, facts.ChangeApplied).kind_of_landing == "empty"
    rig.say("claude-1", requests.Finish(task=award.task, attempt=1, outcome=Outcome.DONE))
    again = rig.begin(rig.post())
    twin = rig.offer(again, "a.py").change
    said = rig.feed(events.Prepared(change=twin, current=ZERO))
    assert only(said, facts.ChangeApplied).kind_of_landing == "duplicate"


def test_a_lock_that_ended_while_the_change_waited_sends_it_back() -> None:
    """Tokens are looked at again when the change enters the gate and when it is applied."""
    rig = Rig()
    rig.join("a", "b")
    first = rig.offer(rig.begin(rig.post(), "a-1"), "a.py").change
    offered = rig.offer(rig.begin(rig.post(), "b-1"), "b.py")
    rig.say(rig.person(), requests.ForceRelease(token=offered.tokens[0], reason="test"))
    rig.land(first)
    assert rig.state.changes[offered.change].state is ChangeState.RETURNED
    assert rig.state.changes[offered.change].outcome.code == "STALE_TOKEN"  # type: ignore[union-attr]


def test_a_full_disk_sends_the_change_back() -> None:
    """A problem of storage is said, nothing landed, and the gate is free again."""
    rig = Rig()
    change = rig.offer(started(rig), "a.py").change
    said = rig.feed(events.Prepared(change=change, problem="no space left"))
    assert only(said, facts.ChangeReturned).code == "STORAGE_FAILED"
    assert rig.state.gate is None


def test_late_outcomes_change_nothing() -> None:
    """An outcome for a change that is no longer waiting for it is ignored."""
    rig = Rig()
    change = rig.offer(started(rig), "a.py").change
    rig.land(change)
    before = rig.state.sequence
    for event in (
        events.Prepared(change=change, plan=PLAN),
        events.Checked(change=change, passed=False),
        events.Applied(change=change, moved=("a.py",)),
        events.Applied(change=99),
    ):
        rig.feed(event)
    assert rig.state.sequence == before


def test_the_gate_goes_on_after_a_restart() -> None:
    """What was being exchanged is finished, what was being compared or checked begins anew."""
    for state, effect in ((ChangeState.PREPARING, PrepareChange), (ChangeState.APPLYING, ApplyChange)):
        rig = Rig()
        change = rig.offer(started(rig), "a.py").change
        if state is ChangeState.APPLYING:
            rig.feed(events.Prepared(change=change, plan=PLAN, current=ZERO))
        rig.feed(events.Started(project="rig", version="test", limits=rig.limits))
        assert rig.wanted(effect), state


def test_a_second_offer_of_the_same_attempt_waits_for_the_first() -> None:
    """One change of an attempt at a time, and none after one has landed."""
    rig = Rig()
    award = started(rig)
    change = rig.offer(award, "a.py").change
    assert only(rig.say("claude-1", offer_of(award)), facts.RequestRefused).code == "WRONG_STATE"
    rig.land(change)
    assert only(rig.say("claude-1", offer_of(award)), facts.RequestRefused).code == "WRONG_STATE"


def test_an_offer_before_the_start_is_refused() -> None:
    """The order of a task's life is kept."""
    rig = Rig()
    rig.join("claude")
    award = rig.award(rig.post())
    assert only(rig.say("claude-1", offer_of(award)), facts.RequestRefused).code == "WRONG_STATE"


def test_a_reviewed_change_waits_for_approval() -> None:
    """Rule 5: with review=True the gate is entered only after another agent has approved."""
    rig = Rig()
    rig.join("author", "critic")
    award = rig.begin(rig.post(review=True), "author-1")
    change = rig.offer(award, "a.py").change
    assert rig.state.gate_queue == []
    assert rig.state.tasks[award.task].state is TaskState.REVIEW
    review = rig.state.changes[change].review or 0
    judge = rig.award(review)
    assert (judge.agent, judge.head) == ("critic-1", BLOB["f"])
    rig.say("critic-1", requests.Start(task=review, attempt=1))
    rig.say("critic-1", requests.Review(change=change, verdict=Verdict.APPROVE))
    assert rig.state.gate == change
    only(rig.say("critic-1", requests.Finish(task=review, attempt=1, outcome=Outcome.DONE)), facts.TaskCompleted)
