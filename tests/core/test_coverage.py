"""Whether locks cover a change. The refusals are in test_gate; here, what counts as cover."""

from __future__ import annotations

from devmesh.core.attempts import backoff
from devmesh.core.awards import lane_of, lane_of_file, locked_globs
from devmesh.core.coverage import mergeable, still_held
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import Lane, LanePolicy, Limits, LockMode
from tests.core.rig import Rig, offer_of, only

LANES = (LanePolicy(glob="docs/**", lane=Lane.OPTIMISTIC), LanePolicy(glob="**/*.lock", lane=Lane.LOCKED))


def test_a_directory_and_a_glob_cover_what_is_below() -> None:
    """A lock on `src/` or `*.md` is cover for the files in it."""
    rig = Rig()
    rig.join("x")
    award = rig.begin(rig.post())
    tokens = rig.lock("x-1", "src/", "*.md")
    said = rig.say("x-1", offer_of(award, "src/deep/a.py", "README.md", tokens=tokens))
    only(said, facts.ChangeOffered)


def test_the_first_policy_that_matches_decides() -> None:
    """A lock file under docs/ is optimistic, elsewhere it is locked, anything else optimistic."""
    rig = Rig(Limits(lanes=LANES))
    assert lane_of(rig.state, "docs/x.lock") is Lane.OPTIMISTIC
    assert lane_of(rig.state, "a/x.lock") is Lane.LOCKED
    assert lane_of(rig.state, "a.py") is Lane.OPTIMISTIC
    assert locked_globs(rig.state) == ("**/*.lock",)


def test_only_the_optimistic_lane_merges() -> None:
    """Of a change with both, the gate may merge one."""
    rig = Rig(Limits(lanes=LANES))
    rig.join("x")
    award = rig.begin(rig.post())
    tokens = rig.lock("x-1", "a.py", "x.lock", mode=LockMode.WRITE)
    change = only(rig.say("x-1", offer_of(award, "a.py", "x.lock", tokens=tokens)), facts.ChangeOffered).change
    assert mergeable(rig.state, rig.state.changes[change]) == ("a.py",)
    assert still_held(rig.state, rig.state.changes[change])
    rig.state.locks.unpin(tokens)
    rig.say("x-1", requests.ReleaseLock(tokens=tokens))
    assert not still_held(rig.state, rig.state.changes[change])


def test_back_off_has_a_ceiling() -> None:
    """1, 2, 4 ... but never more than 100 s."""
    state = Rig().state
    assert [backoff(state, attempt) for attempt in (1, 2, 3, 50)] == [1.0, 2.0, 4.0, 100.0]


def test_a_name_with_brackets_is_a_name() -> None:
    """A file called `[id].lock` is covered by a lock on itself, and is of the lane that its ending says."""
    rig = Rig(Limits(lanes=LANES))
    rig.join("x")
    award = rig.begin(rig.post())
    assert lane_of_file(rig.state, "app/[id].lock") is Lane.LOCKED
    tokens = rig.lock("x-1", "app/[[]id[]].lock", mode=LockMode.WRITE)
    only(rig.say("x-1", offer_of(award, "app/[id].lock", tokens=tokens)), facts.ChangeOffered)


def test_a_better_cover_that_was_not_offered_does_not_count_against_the_one_that_was() -> None:
    """Two locks of the agent cover the file; the offer names the lesser, which is enough."""
    rig = Rig()
    rig.join("x")
    award = rig.begin(rig.post())
    shared = rig.lock("x-1", "a.py")
    rig.lock("x-1", "./", mode=LockMode.WRITE)
    only(rig.say("x-1", offer_of(award, "a.py", tokens=shared)), facts.ChangeOffered)
