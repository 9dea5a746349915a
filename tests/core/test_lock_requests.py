"""What is decided about locks: grants, queues, upgrades, refusals, releases, expiry."""

from __future__ import annotations

import pytest

from devmesh.core import lock_requests
from devmesh.errors import Code
from devmesh.vocabulary import facts
from devmesh.vocabulary.terms import Limits, LockMode
from tests.core.lock_desk import BEGINNING, Desk, holders, only

READ, WRITE, INTENT, CO_WRITE = LockMode.READ, LockMode.WRITE, LockMode.INTENT, LockMode.CO_WRITE


# ---- granted


def test_a_free_target_is_granted_at_once() -> None:
    """With the sequence number of the fact as its token, and the mesh's lease."""
    desk = Desk()
    granted = only(desk.ask("a", "src//app.py", task=3), facts.LockGranted)
    assert granted == facts.LockGranted(token=1, agent="a", target="src/app.py", mode=WRITE, lease=30.0, task=3)


def test_several_targets_are_granted_together_or_not_at_all() -> None:
    """One that is held keeps all of them waiting, and holds none of them."""
    desk = Desk()
    (token,) = desk.take("a", "y")
    ticket = desk.wait("b", "z", "x", "y", "./x")
    assert holders(desk) == {"y": [("a", "write")]}
    granted = desk.release("a", token)[1:]
    assert [(fact.target, fact.ticket) for fact in granted] == [("x", ticket), ("y", ticket), ("z", ticket)]
    assert [fact.token for fact in granted] == sorted({fact.token for fact in granted})


def test_asking_again_for_what_is_held_gives_a_fresh_token_in_its_place() -> None:
    """Even where somebody has joined since, and somebody waits: it is held already."""
    desk = Desk()
    (token,) = desk.take("a", "x", mode=CO_WRITE)
    desk.take("b", "x", mode=READ)
    desk.wait("c", "x")
    granted = only(desk.ask("a", "x", mode=CO_WRITE), facts.LockGranted)
    assert granted.replaces == token < granted.token
    assert list(desk.table.locks) == [2, granted.token]


@pytest.mark.parametrize(("before", "after"), [(READ, INTENT), (READ, WRITE), (INTENT, WRITE), (CO_WRITE, WRITE)])
def test_a_lone_holder_upgrades_in_place_past_those_who_wait_for_it(before: LockMode, after: LockMode) -> None:
    """Rule 3: the queue behind its own lock does not hold it up; the old token is stale."""
    desk = Desk()
    (token,) = desk.take("a", "x", mode=before)
    desk.wait("b", "x", mode=WRITE)
    desk.wait("c", "x", mode=READ)
    granted = only(desk.ask("a", "x", mode=after), facts.LockGranted)
    assert granted.replaces == token
    assert holders(desk) == {"x": [("a", after)]}


def test_an_upgrade_waits_for_other_holders() -> None:
    """And replaces the lock it comes from when it is granted."""
    desk = Desk()
    (mine,), (other,) = desk.take("a", "x", mode=READ), desk.take("b", "x", mode=READ)
    ticket = desk.wait("a", "x", mode=WRITE)
    granted = desk.release("b", other)[1]
    assert (granted.ticket, granted.replaces) == (ticket, mine)


@pytest.mark.parametrize(
    ("before", "after"), [(WRITE, CO_WRITE), (WRITE, INTENT), (WRITE, READ), (INTENT, READ), (CO_WRITE, READ)]
)
def test_a_downgrade_never_waits_and_lets_in_who_may_join_now(before: LockMode, after: LockMode) -> None:
    """In the same turn."""
    desk = Desk()
    (token,) = desk.take("a", "x", mode=before)
    if before is WRITE:
        desk.wait("b", "x", mode=READ)
    else:
        desk.take("b", "x", mode=READ)
    said = desk.ask("a", "x", mode=after)
    assert said[0].replaces == token
    assert sorted(holders(desk)["x"]) == [("a", after), ("b", READ)]


def test_a_holder_is_never_in_its_own_way() -> None:
    """Between a directory and what is below it, a glob and a file, in any order and mode."""
    desk = Desk()
    desk.take("a", "src/", mode=READ)
    desk.take("a", "src/app.py", mode=WRITE)
    desk.take("a", "**/*.py", mode=INTENT)
    desk.take("a", "./", mode=WRITE)
    desk.take("a", "docs/", "*.md", mode=CO_WRITE)
    assert len(desk.table.of("a")) == 6


def test_a_holder_of_a_directory_is_not_queued_behind_those_who_wait_for_it() -> None:
    """Asking for a file below it would else be a deadlock with oneself."""
    desk = Desk()
    desk.take("a", "src/", mode=READ)
    desk.wait("b", "src/app.py", mode=WRITE)
    desk.take("a", "src/app.py", mode=WRITE)


def test_agents_do_not_wait_for_their_own_earlier_requests() -> None:
    """Two requests of one agent do not line up behind each other."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    desk.wait("b", "x", "y")
    desk.take("b", "y")
    desk.release("a", token)
    assert holders(desk) == {"y": [("b", "write")], "x": [("b", "write")]}


def test_holding_a_target_frees_its_holders_own_request_from_the_queue() -> None:
    """An upgrade is not held up by the queue, also when it was asked for before what it upgrades."""
    desk = Desk()
    desk.take("a", "src/x")
    desk.wait("c", "src/", mode=READ)
    ticket = desk.wait("b", "src/a", mode=WRITE)
    reading, writing = desk.ask("b", "src/a", mode=READ)
    assert (writing.ticket, writing.replaces) == (ticket, reading.token)


# ---- refused


def test_without_patience_the_answer_is_who_holds_it() -> None:
    """`wait=0`: nothing is queued, and the refusal names holder, target and mode, and Rule 3."""
    desk = Desk()
    desk.take("a", "src/", mode=INTENT)
    desk.wait("b", "src/x.py")
    refused = only(desk.ask("c", "src/x.py", wait=0), facts.RequestRefused)
    assert (refused.code, refused.rule, refused.field) == (Code.LOCK_HELD, 3, "targets")
    assert refused.message == "a holds src/ (intent); b asked earlier (write)"
    assert not desk.table.waiting_of("c")


def test_a_refusal_stays_a_line_however_many_are_in_the_way() -> None:
    """Facts are read back with their limits checked."""
    desk = Desk()
    for index in range(30):
        desk.take(f"agent-{index}", "d" * 200 + "/" + "x" * 200, mode=READ)
    refused = only(desk.ask("w", "./", wait=0), facts.RequestRefused)
    assert len(refused.message) <= 500
    queued = only(desk.ask("w", "./"), facts.LockQueued)
    assert len(queued.behind) == lock_requests.NAMED


@pytest.mark.parametrize(
    ("target", "code"), [("../x", Code.PATH_ESCAPES), ("a\0", Code.BAD_TARGET), ("[", Code.BAD_TARGET)]
)
def test_a_target_that_is_none_is_refused(target: str, code: Code) -> None:
    """And nothing of the request is granted."""
    desk = Desk()
    refused = only(desk.ask("a", "x", target), facts.RequestRefused)
    assert refused.code == code
    assert not desk.table.locks


def test_an_agent_has_so_many_locks_and_no_more() -> None:
    """Held and waited for count together; what is held already does not count again."""
    desk = Desk(Limits(locks_per_agent=3))
    desk.take("b", "z")
    desk.take("a", "x", "y")
    desk.wait("a", "z")
    assert only(desk.ask("a", "w"), facts.RequestRefused).code == Code.LIMIT
    desk.take("a", "x", mode=READ)


# ---- queued


def test_who_has_to_wait_is_told_behind_whom() -> None:
    """Holders first, each once; for as long as it said, or the mesh's own limit."""
    desk = Desk()
    desk.take("a", "x", "y")
    desk.wait("b", "x", wait=5.0)
    queued = only(desk.ask("c", "y", "x", task=9), facts.LockQueued)
    assert (queued.targets, queued.behind, queued.wait, queued.task) == (("x", "y"), ("a", "b"), 120.0, 9)


def test_first_come_is_first_served() -> None:
    """Each release hands over to the earliest, with how long it waited."""
    desk = Desk()
    desk.take("a0", "x")
    tickets = [desk.wait(f"a{index}", "x") for index in range(1, 5)]
    for index, ticket in enumerate(tickets, start=1):
        desk.now += 1
        (lock,) = desk.table.locks.values()
        released, granted = desk.release(f"a{index - 1}", lock.token)
        assert released.token == lock.token
        assert (granted.agent, granted.ticket, granted.waited) == (f"a{index}", ticket, float(index))


@pytest.mark.parametrize("waiting", [WRITE, INTENT, CO_WRITE])
def test_later_readers_do_not_overtake_who_waits_to_write(waiting: LockMode) -> None:
    """However many come: they queue behind, and are let in together afterwards."""
    desk = Desk()
    (reader,) = desk.take("r0", "src/app.py", mode=READ)
    desk.wait("w", "src/", mode=waiting)
    desk.wait("r1", "src/app.py", mode=READ)
    desk.wait("r2", "src/*.py", mode=READ)
    desk.take("r3", "docs/x", mode=READ)
    said = desk.release("r0", reader)
    assert said[1].agent == "w"
    desk.release("w", said[1].token)
    assert {agent for held in holders(desk).values() for agent, _ in held} == {"r1", "r2", "r3"}


def test_who_announces_does_not_overtake_a_waiting_reader() -> None:
    """It could stand beside the reader, but would then upgrade in place and keep it out."""
    desk = Desk()
    desk.take("w", "src/a")
    desk.wait("r", "./", mode=READ)
    desk.wait("i", "src/b", mode=INTENT)


def test_what_conflicts_with_no_earlier_request_is_granted_past_the_queue() -> None:
    """The queue is one per conflict, not one for all."""
    desk = Desk()
    desk.take("a", "x")
    desk.wait("b", "x", "y")
    assert only(desk.ask("c", "y", wait=0), facts.RequestRefused).code == Code.LOCK_HELD
    desk.take("c", "z")


def test_nobody_waits_for_a_place_in_line_that_is_given_up() -> None:
    """A withdrawn request lets those behind it through at once."""
    desk = Desk()
    desk.take("a", "x", mode=READ)
    desk.wait("b", "x", mode=WRITE, task=1)
    desk.wait("c", "x", mode=READ)
    ended, granted = desk.turn(lambda turn: lock_requests.withdraw_waiting(turn, "b"))
    assert (ended.code, ended.agent) == (lock_requests.WITHDRAWN, "b")
    assert (granted.agent, granted.mode) == ("c", READ)


def test_only_the_requests_of_one_task_are_withdrawn_when_it_is_named() -> None:
    """The others keep their place."""
    desk = Desk()
    desk.take("a", "x", "y")
    desk.wait("b", "x", task=1)
    kept = desk.wait("b", "y", task=2)
    desk.turn(lambda turn: lock_requests.withdraw_waiting(turn, "b", task=1))
    assert [waiting.ticket for waiting in desk.table.waiting_of("b")] == [kept]


# ---- given back, taken away


def test_only_the_holder_releases_and_twice_is_harmless() -> None:
    """Tokens of others, of the past and of nobody are ignored."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    assert desk.release("b", token) == []
    desk.now += 2
    released = only(desk.release("a", token, token, 99), facts.LockReleased)
    assert released == facts.LockReleased(token=token, agent="a", target="x", mode=WRITE, held=2.0)
    assert desk.release("a", token) == []


def test_all_of_an_agents_locks_go_with_a_reason() -> None:
    """As when it leaves or is lost."""
    desk = Desk()
    desk.take("a", "x", "y")
    desk.take("b", "z")
    said = desk.turn(lambda turn: lock_requests.release_all(turn, "a", "lost"))
    assert [(fact.target, fact.reason) for fact in said] == [("x", "lost"), ("y", "lost")]
    assert holders(desk) == {"z": [("b", "write")]}


def test_a_lock_taken_by_force_goes_to_who_waits_for_it() -> None:
    """The reason is on record, never longer than a line."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    desk.wait("b", "x")
    released, granted = desk.turn(lambda turn: lock_requests.force_release(turn, token, "stuck" * 100))
    assert released.reason.startswith("forced: stuck")
    assert len(released.reason) == 500
    assert granted.agent == "b"
    refused = only(desk.turn(lambda turn: lock_requests.force_release(turn, token, "again")), facts.RequestRefused)
    assert refused.code == Code.UNKNOWN


def test_a_lock_under_which_a_change_is_landing_neither_ends_nor_changes() -> None:
    """Not by its lease, its holder, the person, or another mode; afterwards by any of them."""
    desk = Desk()
    (token,) = desk.take("a", "x", mode=CO_WRITE)
    desk.table.pin((token, 99))
    assert desk.sweep(after=100.0) == []
    assert desk.release("a", token) == []
    assert only(desk.ask("a", "x"), facts.RequestRefused).code == Code.WRONG_STATE
    forced = desk.turn(lambda turn: lock_requests.force_release(turn, token, "now"))
    assert only(forced, facts.RequestRefused).code == Code.WRONG_STATE
    desk.table.unpin((token, 99))
    assert only(desk.sweep(), facts.LockExpired).token == token


def test_a_waiting_upgrade_of_such_a_lock_waits_until_it_has_landed() -> None:
    """Although nobody else is in its way any more."""
    desk = Desk()
    (mine,), (other,) = desk.take("a", "x", mode=CO_WRITE), desk.take("b", "x", mode=CO_WRITE)
    desk.wait("a", "x", mode=WRITE)
    desk.table.pin((mine,))
    assert [type(fact) for fact in desk.release("b", other)] == [facts.LockReleased]
    desk.table.unpin((mine,))
    assert only(desk.turn(lock_requests.promote), facts.LockGranted).replaces == mine


# ---- leases and patience


def test_a_lock_ends_with_its_lease_and_not_before() -> None:
    """And goes to who waits, in the same turn."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    ticket = desk.wait("b", "x")
    assert desk.table.next_deadline() == BEGINNING + 30.0
    assert desk.sweep(after=29.9) == []
    expired, granted = desk.sweep(after=0.1)
    assert (expired.token, expired.held) == (token, pytest.approx(30.0))
    assert granted.ticket == ticket


def test_a_heartbeat_renews_what_it_lists_of_its_own() -> None:
    """The rest runs out; another agent's token is not renewed by listing it."""
    desk = Desk()
    (listed,), (missing,) = desk.take("a", "x"), desk.take("a", "y")
    (other,) = desk.take("b", "z")
    desk.now += 20.0
    desk.renew("a", listed, other, 99)
    assert {fact.token for fact in desk.sweep(after=10.0)} == {missing, other}
    assert desk.table.next_deadline() == BEGINNING + 50.0


def test_no_lease_ends_while_the_coordinator_makes_up_for_its_own_lateness() -> None:
    """Late is safe, early is not."""
    desk = Desk()
    desk.take("a", "x")
    desk.state.no_expiry_before = BEGINNING + 70.0
    assert desk.sweep(after=60.0) == []
    assert len(desk.sweep(after=10.0)) == 1


def test_after_a_restart_every_lease_and_every_wait_begins_anew() -> None:
    """However long the coordinator was away."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    desk.wait("b", "x", wait=5.0)
    desk.now += 1000.0
    desk.table.rearm(desk.now)
    assert desk.sweep() == []
    assert desk.table.locks[token].deadline == desk.now + 30.0
    assert only(desk.sweep(after=5.0), facts.LockWaitEnded).waited == 1005.0


def test_patience_ends_with_the_names_of_who_was_in_the_way() -> None:
    """A request that waited long enough, not before; those behind it move up."""
    desk = Desk()
    desk.take("a", "x", mode=READ)
    ticket = desk.wait("b", "x", wait=10.0)
    desk.wait("c", "x", mode=READ, wait=20.0)
    assert desk.sweep(after=9.9) == []
    ended, granted = desk.sweep(after=0.1)
    assert (ended.ticket, ended.code, ended.message) == (ticket, Code.LOCK_TIMEOUT, "a holds x (read)")
    assert granted.agent == "c"


def test_what_becomes_free_at_the_last_moment_is_granted_not_given_up() -> None:
    """Leases end before patience does when both end at once."""
    desk = Desk()
    desk.take("a", "x")
    desk.wait("b", "x", wait=30.0)
    assert [type(fact) for fact in desk.sweep(after=30.0)] == [facts.LockExpired, facts.LockGranted]


# ---- circles


def test_of_two_who_wait_for_each_other_the_younger_request_is_refused() -> None:
    """At once, naming the circle; the elder one is served when the younger lets go."""
    desk = Desk()
    desk.take("a", "x")
    (token,) = desk.take("b", "y")
    desk.wait("a", "y")
    refused = only(desk.ask("b", "x"), facts.RequestRefused)
    assert (refused.code, refused.message) == (Code.DEADLOCK, "b waits for a, a waits for b")
    assert desk.release("b", token)[1].agent == "a"


def test_a_circle_of_three_is_found_also_through_the_queue() -> None:
    """An earlier request in the way counts like a lock."""
    desk = Desk()
    desk.take("a", "x")
    desk.take("b", "y")
    desk.take("c", "z")
    desk.wait("a", "y")
    desk.wait("b", "z")
    assert "c waits for a, a waits for b, b waits for c" in only(desk.ask("c", "x"), facts.RequestRefused).message
    desk.take("d", "w", "v")
    desk.wait("c", "w")
    refused = only(desk.ask("d", "y", mode=READ), facts.RequestRefused)
    assert refused.code == Code.DEADLOCK


def test_two_readers_cannot_both_upgrade() -> None:
    """The second to ask is refused: neither would ever let go."""
    desk = Desk()
    desk.take("a", "x", mode=READ)
    (token,) = desk.take("b", "x", mode=READ)
    desk.wait("a", "x", mode=WRITE)
    assert only(desk.ask("b", "x", mode=WRITE), facts.RequestRefused).code == Code.DEADLOCK
    assert desk.release("b", token)[1].mode is WRITE


def test_a_circle_closed_by_a_grant_ends_its_youngest_request() -> None:
    """An upgrade past the queue can make somebody wait who did not before."""
    desk = Desk()
    desk.take("a", "f", mode=CO_WRITE)
    desk.take("c", "g")
    desk.take("d", "z")
    elder = desk.wait("a", "g")
    younger = desk.wait("c", "f", "z", mode=READ)
    granted, ended = desk.ask("a", "f", mode=WRITE)
    assert isinstance(granted, facts.LockGranted)
    assert (ended.ticket, ended.code) == (younger, Code.DEADLOCK)
    assert ended.message == "a waits for c, c waits for a"
    assert [waiting.ticket for waiting in desk.table.waiting_of("a")] == [elder]


def test_a_circle_closed_by_a_release_ends_its_youngest_request() -> None:
    """Who lets go of the lock it was upgrading stands in line again, perhaps behind one that waits for it."""
    desk = Desk()
    (reading,) = desk.take("a", "x", mode=READ)
    desk.take("a", "y")
    desk.take("c", "x", mode=READ)
    elder = desk.wait("b", "x", "y", mode=WRITE)
    younger = desk.wait("a", "x", mode=WRITE)
    released, ended = desk.release("a", reading)
    assert released.token == reading
    assert (ended.ticket, ended.code) == (younger, Code.DEADLOCK)
    assert [waiting.ticket for waiting in desk.table.waiting.values()] == [elder]
