"""The lock matrix and the table of locks."""

from __future__ import annotations

import copy

import msgspec
import pytest

from devmesh.core import lock_requests
from devmesh.core.lock_invariants import contents
from devmesh.core.locks import BLOCKING, COMPATIBLE, PRECEDING, Lock, LockTable, Waiting, compatible
from devmesh.core.turn import Turn
from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.terms import LockMode
from tests.core.lock_desk import BEGINNING, Desk

READ, WRITE, INTENT, CO_WRITE = LockMode.READ, LockMode.WRITE, LockMode.INTENT, LockMode.CO_WRITE

MATRIX = """
held        READ  WRITE  INTENT  CO_WRITE
READ        yes   no     no      no
WRITE       no    no     no      no
INTENT      yes   no     no      no
CO_WRITE    yes   no     no      yes
"""
"The design's table, typed again: held down, requested across."
HEADER, *ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [(row[0], asked, answer) for row in ROWS for asked, answer in zip(HEADER[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("held", "requested", "answer"), CELLS)
def test_the_matrix_is_the_designs(held: str, requested: str, answer: str) -> None:
    """Cell by cell, in the table and in what two agents are told."""
    assert compatible(LockMode[held], LockMode[requested]) is (answer == "yes")
    desk = Desk()
    desk.take("a", "x", mode=LockMode[held])
    kind = facts.LockGranted if answer == "yes" else facts.LockQueued
    assert [type(fact) for fact in desk.ask("b", "x", mode=LockMode[requested])] == [kind]


def test_the_matrix_names_every_mode_and_write_is_always_alone() -> None:
    """Held or requested."""
    assert list(COMPATIBLE) == list(LockMode) and len(CELLS) == 16  # noqa: PT018 - one claim
    assert not COMPATIBLE[WRITE]
    assert not any(WRITE in joining for joining in COMPATIBLE.values())


def test_the_matrix_is_not_symmetric_and_where() -> None:
    """A reader may join who announces or co-writes; neither is begun while another reads."""
    lopsided = {(held, asked) for held in LockMode for asked in COMPATIBLE[held] if held not in COMPATIBLE[asked]}
    assert lopsided == {(INTENT, READ), (CO_WRITE, READ)}


@pytest.mark.parametrize("mode", list(LockMode))
def test_what_blocks_and_what_goes_before_follow_from_the_matrix(mode: LockMode) -> None:
    """Every mode that blocks also goes before; readers pass readers, co-writers co-writers, nobody else anybody."""
    assert BLOCKING[mode] == {held for held in LockMode if not compatible(held, mode)}
    assert frozenset(LockMode) - PRECEDING[mode] == ({mode} if mode in {READ, CO_WRITE} else frozenset())


def _busy() -> Desk:
    desk = Desk()
    desk.take("a", "src/", "docs/*.md", mode=CO_WRITE)
    desk.take("b", "src/app.py", mode=READ)
    desk.take("b", "x", "y")
    desk.wait("a", "x", "src/y", mode=READ)
    desk.wait("c", "x", "./", mode=WRITE, wait=50.0)
    return desk


def test_a_table_rebuilt_from_its_locks_and_queue_is_the_same() -> None:
    """Also after both were written out and read back."""
    table = _busy().table
    locks = msgspec.json.decode(msgspec.json.encode(table.locks), type=dict[int, Lock])
    waiting = msgspec.json.decode(msgspec.json.encode(table.waiting), type=dict[int, Waiting])
    rebuilt = LockTable.rebuild(dict(reversed(locks.items())), dict(reversed(waiting.items())))
    assert list(rebuilt.locks.items()) == list(table.locks.items())
    assert list(rebuilt.waiting.items()) == list(table.waiting.items())
    assert contents(rebuilt.held_at.root) == contents(table.held_at.root)
    assert rebuilt.next_deadline() == table.next_deadline()
    assert rebuilt.vigil.restless == tuple(table.waiting)


def test_the_facts_of_a_story_explain_the_table() -> None:
    """Applied to an empty one they give the same locks and the same queue."""
    desk = _busy()
    desk.ask("b", "x", mode=READ)
    desk.sweep(after=10.0)
    desk.turn(lambda turn: lock_requests.release_all(turn, "a", "left"))
    desk.sweep(after=25.0)
    replayed = LockTable()
    for now, fact in desk.story:
        replayed.apply(fact, now)
    assert (replayed.locks, replayed.waiting) == (desk.table.locks, desk.table.waiting)


def test_facts_about_something_else_change_nothing() -> None:
    """Nor does the end of what is not there."""
    table = _busy().table
    before = copy.deepcopy((table.locks, table.waiting))
    table.apply(facts.GoalSet(text="anything"), 1.0)
    table.apply(facts.LockReleased(token=99, agent="a", target="x", mode=WRITE), 1.0)
    table.apply(facts.LockWaitEnded(ticket=99, agent="a", code="WITHDRAWN"), 1.0)
    assert (table.locks, table.waiting) == before


def test_what_an_agent_holds_and_waits_for() -> None:
    """By token and by ticket; nothing, of one that is not known."""
    table = _busy().table
    assert [lock.target for lock in table.of("b")] == ["src/app.py", "x", "y"]
    assert [waiting.targets for waiting in table.waiting_of("c")] == [("./", "x")]
    assert (table.of("z"), table.waiting_of("z")) == ((), ())
    assert (table.load("a"), table.load("b"), table.load("c"), table.load("z")) == (4, 3, 2, 0)


def test_holding_is_about_exactly_this_target_in_exactly_this_mode() -> None:
    """Or in any, where none is asked about."""
    table = _busy().table
    held = table.holding("a", "src/", CO_WRITE)
    assert held is not None
    assert table.holding("a", "src/") is held
    assert table.holding("a", "src/", WRITE) is None
    assert table.holding("a", "src/app.py") is None
    assert table.holding("z", "src/") is None


def test_a_file_is_covered_by_a_writing_lock_around_it() -> None:
    """WRITE before CO_WRITE; a file, a directory or a glob; never by one that only reads or announces."""
    desk = Desk()
    desk.take("a", "src/", mode=CO_WRITE)
    desk.take("a", "src/*.py", mode=WRITE)
    desk.take("a", "docs/", mode=INTENT)
    desk.take("a", "app/[[]id]/page.tsx", mode=WRITE)

    def covering(path: str) -> str | None:
        lock = desk.table.covering("a", path)
        return lock.target if lock else None

    assert covering("src/app.py") == "src/*.py"
    assert covering("src/app.rs") == "src/"
    assert covering("docs/x") is None
    assert covering("app/[id]/page.tsx") == "app/[[]id]/page.tsx"
    assert covering("app/i/page.tsx") is None
    assert desk.table.covering("b", "src/app.py") is None


def test_everything_in_the_way_is_listed_by_token_and_ticket() -> None:
    """Once each, the requests before a ticket only, where one is named."""
    desk = _busy()
    blockers = desk.table.conflicts("d", ("./", "src/app.py"), WRITE)
    assert [lock.token for lock in blockers.holders] == list(desk.table.locks)
    assert [waiting.ticket for waiting in blockers.waiters] == list(desk.table.waiting)
    first, second = desk.table.waiting
    assert [waiting.ticket for waiting in desk.table.conflicts("d", ("x",), WRITE, before_ticket=second).waiters] == [
        first
    ]
    assert desk.table.conflicts("d", ("z/",), READ, before_ticket=second).waiters == ()


def test_the_next_deadline_is_the_earliest_of_leases_and_waits() -> None:
    """None when nothing can end by itself."""
    desk = Desk()
    assert desk.table.next_deadline() is None
    (token,) = desk.take("a", "x")
    desk.wait("b", "x", wait=10.0)
    assert desk.table.next_deadline() == BEGINNING + 10.0
    desk.table.pin((token,))
    desk.sweep(after=10.0)
    assert desk.table.next_deadline() is None
    desk.table.unpin((token,))
    assert desk.table.next_deadline() == BEGINNING + 30.0


def test_after_a_restart_every_lease_and_wait_runs_its_full_length() -> None:
    """From the moment the coordinator is back."""
    desk = Desk()
    desk.take("a", "x")
    desk.wait("b", "x", wait=10.0)
    desk.table.rearm(BEGINNING + 500.0)
    assert desk.table.next_deadline() == BEGINNING + 510.0
    assert [lock.deadline for lock in desk.table.of("a")] == [BEGINNING + 530.0]


def test_pinning_is_about_tokens_that_are_held() -> None:
    """Others are ignored, pinned or unpinned; a lock that ends is pinned no more."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    assert desk.table.pinned_of("a", ("x",)) is None
    desk.table.pin((token, 99))
    assert desk.table.pinned_of("a", ("w", "x")) is desk.table.locks[token]
    assert desk.table.pinned_of("b", ("x",)) is None
    desk.table.unpin((99,))
    assert list(desk.table.pinned) == [token]
    desk.table.apply(facts.LockExpired(token=token, agent="a", target="x", mode=WRITE), BEGINNING)
    assert not desk.table.pinned


def test_nobody_is_in_their_own_way() -> None:
    """With what they hold or with what they wait for; in a mode they have there already nothing is in the way."""
    desk = Desk()
    desk.take("a", "src/", mode=CO_WRITE)
    desk.take("b", "src/x", mode=READ)
    desk.wait("c", "src/x")
    assert desk.table.conflicts("a", ("src/x",), CO_WRITE).agents == ()
    assert desk.table.conflicts("a", ("src/x",), WRITE).agents == ("b",)
    assert desk.table.conflicts("b", ("src/x",), INTENT).agents == ("a",)
    assert desk.table.conflicts("c", ("src/x",), READ).agents == ()


def test_of_two_requests_of_one_agent_one_can_end() -> None:
    """The other keeps waiting."""
    table = _busy().table
    table.apply(facts.LockQueued(ticket=90, agent="c", targets=("y",), mode=WRITE, wait=1.0), BEGINNING)
    table.apply(facts.LockWaitEnded(ticket=90, agent="c", code="WITHDRAWN"), BEGINNING)
    assert [waiting.targets for waiting in table.waiting_of("c")] == [("./", "x")]


def test_only_the_holder_renews_a_lease() -> None:
    """Another's heartbeat that lists the token renews nothing, nor one that lists a past token."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    for agent, tokens in (("b", (token,)), ("a", (99,))):
        desk.table.apply(facts.LeasesRenewed(agent=agent, tokens=tokens, lease=90.0), BEGINNING)
    assert desk.table.locks[token].deadline == BEGINNING + 30.0


def test_a_renewal_never_shortens_a_lease() -> None:
    """Late is safe, early is not."""
    desk = Desk()
    (token,) = desk.take("a", "x")
    desk.table.apply(facts.LeasesRenewed(agent="a", tokens=(token,), lease=1.0), BEGINNING)
    assert desk.table.locks[token].deadline == BEGINNING + 30.0


def test_handing_over_does_not_look_at_all_who_wait() -> None:
    """Nodes visited per release are the same with ten waiting and with three hundred, also right after a recovery."""

    def visits(waiting: int) -> int:
        desk = Desk()
        table = LockTable()
        table.apply(facts.LockGranted(token=1, agent="a0", target="x", mode=WRITE, lease=30.0), 0.0)
        for ticket in range(2, waiting + 2):
            agent = f"a{ticket - 1}"
            table.apply(facts.LockQueued(ticket=ticket, agent=agent, targets=("x",), mode=WRITE, wait=100.0), 0.0)
        desk.state.locks = table
        desk.state.sequence = waiting + 1
        lock_requests.promote(Turn(desk.state, 0.0))
        table.held_at.visits = table.wanted_at.visits = 0
        for _ in range(5):
            (lock,) = table.locks.values()
            lock_requests.release(Turn(desk.state, 0.0), lock.agent, (lock.token,))
        return table.held_at.visits + table.wanted_at.visits

    assert visits(300) == visits(10)


def test_a_request_does_not_look_at_what_is_held_elsewhere() -> None:
    """Nodes visited to ask for and give back a file are the same with none held and with five thousand."""

    def visits(held: int) -> int:
        desk = Desk()
        for token in range(1, held + 1):
            granted = facts.LockGranted(token=token, agent="h", target=f"p{token % 9}/f{token}", mode=WRITE, lease=30.0)
            desk.table.apply(granted, 0.0)
        desk.state.sequence = held
        desk.table.held_at.visits = 0
        turn = Turn(desk.state, 0.0)
        lock_requests.request(turn, "a", requests.RequestLock(targets=("p1/new",), mode=WRITE))
        lock_requests.release(turn, "a", (desk.state.sequence,))
        return desk.table.held_at.visits

    assert visits(5000) == visits(9)
