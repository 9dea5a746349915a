"""The table of protocol mutants: what each takes out, and what has to notice it.

A suite that never saw a fault is no evidence; these are the faults it has to see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from devmesh.vocabulary import facts
from tests.mutants import identity, landing, locks, scenarios, spending, work

Mutation = Callable[[pytest.MonkeyPatch], None]


class Seeds(NamedTuple):
    """Histories of the simulation: the seed that killed the mutant last time, then as many from 0 on as it is worth."""

    first: int
    strangers: bool = False
    "Whether it takes agents that lock in every mode and say what they may not say."
    spending: bool = False
    "Whether it takes agents whose tools cost money and ask."
    doubles: bool = False
    "Whether it takes two agents that come by one credential."
    storms: bool = False
    "Whether it takes the storms, in which the shell has hazards of its own: syncs, power cuts, sleep."
    budget: int = 25

    @property
    def order(self) -> list[int]:
        """In which they are tried."""
        return [self.first, *(seed for seed in range(self.budget) if seed != self.first)]


class Mutant(NamedTuple):
    """One mechanism taken out; the docstring of the mutation says which."""

    mutate: Mutation
    killed_by: Seeds | Callable[[], None]
    name: str

    @property
    def breaks(self) -> str:
        """In a sentence."""
        return (self.mutate.__doc__ or "").strip()


def _mutant(mutate: Mutation, killed_by: Seeds | Callable[[], None], suffix: str = "") -> Mutant:
    return Mutant(mutate, killed_by, mutate.__name__ + suffix)


def _among_strangers(first: int) -> Seeds:
    return Seeds(first, strangers=True)


def _among_spenders(first: int) -> Seeds:
    return Seeds(first, spending=True)


def _among_doubles(first: int) -> Seeds:
    return Seeds(first, doubles=True)


def _in_storms(first: int) -> Seeds:
    return Seeds(first, storms=True, budget=200)


MUTANTS: Final[tuple[Mutant, ...]] = (
    # Locks: the matrix, the queue, leases and tokens.
    _mutant(locks.writers_join_readers, _among_strangers(0)),
    _mutant(locks.co_writers_join_readers, _among_strangers(0)),
    _mutant(locks.readers_let_announcers_in, _among_strangers(0)),
    _mutant(locks.upgrades_ignore_others, _among_strangers(0)),
    _mutant(locks.queue_is_overtaken, Seeds(1)),
    _mutant(locks.deadlock_is_not_seen, _among_strangers(0)),
    _mutant(locks.late_deadlock_is_not_seen, scenarios.a_circle_closed_by_a_grant_is_broken),
    _mutant(locks.waiters_are_not_woken, Seeds(0)),
    _mutant(locks.leases_are_not_rearmed, _among_strangers(0)),
    _mutant(locks.agents_are_not_rearmed, Seeds(5)),
    _mutant(locks.stall_gives_no_credit, Seeds(5)),
    _mutant(locks.sleep_is_not_noticed, _in_storms(9)),
    _mutant(locks.the_wall_clock_decides, _in_storms(6)),
    _mutant(locks.leases_are_half, Seeds(1)),
    _mutant(locks.renewals_are_half, Seeds(0)),
    _mutant(locks.renewal_revives, scenarios.a_heartbeat_renews_only_what_is_held),
    _mutant(locks.tokens_begin_again, Seeds(5)),
    _mutant(locks.tokens_are_reused, Seeds(0)),
    _mutant(locks.anyone_releases, _among_strangers(0)),
    _mutant(locks.dropping_releases, Seeds(5)),
    _mutant(locks.lost_agents_release, _among_strangers(5)),
    _mutant(locks.pins_are_ignored, Seeds(0)),
    # The write gate, the check and the review.
    _mutant(landing.no_fence, Seeds(0)),
    _mutant(landing.fence_at_offer_only, Seeds(0)),
    _mutant(landing.fence_at_landing_only, Seeds(3)),
    _mutant(landing.anyones_lock_covers, Seeds(3)),
    _mutant(landing.no_compare_and_swap, Seeds(2)),
    _mutant(landing.exchanged_before_its_intent, _in_storms(57)),
    _mutant(landing.exchanges_are_not_synced, _in_storms(3)),
    _mutant(landing.what_was_exchanged_is_not_synced, _in_storms(387)),
    _mutant(landing.half_of_it_stays, _in_storms(4)),
    _mutant(landing.base_is_not_compared, Seeds(0)),
    _mutant(landing.moved_is_landed, Seeds(2)),
    _mutant(landing.everything_merges, Seeds(0)),
    _mutant(landing.check_is_not_run, Seeds(0)),
    _mutant(landing.check_is_not_believed, Seeds(0)),
    _mutant(landing.exchange_is_forgotten, Seeds(20)),
    _mutant(landing.review_is_not_asked_for, Seeds(0)),
    _mutant(landing.changes_wanted_lands, Seeds(0)),
    _mutant(landing.any_verdict_counts, _among_strangers(1)),
    _mutant(landing.authors_review, Seeds(0)),
    _mutant(landing.what_is_obeyed_lands, scenarios.what_is_obeyed_waits_for_the_person),
    _mutant(landing.what_links_make_obeyed_lands, scenarios.what_links_make_obeyed_waits_for_the_person),
    _mutant(landing.any_approval_is_the_persons, scenarios.what_links_make_obeyed_waits_for_the_person),
    # Tasks, bidding and hardware.
    _mutant(work.any_agents_word_counts, _among_strangers(0)),
    _mutant(work.any_attempt_counts, _among_strangers(39)),
    _mutant(work.results_count_twice, _among_strangers(0)),
    _mutant(work.done_is_believed, _among_strangers(2)),
    _mutant(work.locks_go_back_early, Seeds(3)),
    _mutant(work.memory_goes_back_early, scenarios.a_tool_that_has_not_stopped_keeps_its_memory),
    _mutant(work.ledger_has_no_bottom, Seeds(0)),
    _mutant(work.memory_is_not_given_back, Seeds(0)),
    _mutant(work.dependencies_are_ignored, Seeds(0)),
    _mutant(work.dependents_wait_for_ever, Seeds(0)),
    _mutant(work.attempts_are_not_counted, Seeds(0)),
    _mutant(work.poison_is_tried_for_ever, Seeds(2)),
    _mutant(work.busy_agents_are_awarded, Seeds(0)),
    _mutant(work.first_bid_wins, Seeds(0)),
    _mutant(work.served_is_not_looked_at, Seeds(4)),
    _mutant(work.the_uninvited_bid, Seeds(1)),
    _mutant(work.started_without_its_locks, Seeds(0)),
    _mutant(work.landing_of_the_lost_is_not_settled, Seeds(5)),
    _mutant(work.lost_while_landing_is_abandoned, Seeds(5)),
    _mutant(work.waiting_outlives_the_task, _among_strangers(0)),
    _mutant(work.anybody_reports_writes, scenarios.writes_are_reported_by_who_works),
    # Budgets, parking, the inbox, copies and credentials.
    _mutant(spending.budgets_are_not_looked_at, _among_spenders(0)),
    _mutant(spending.the_blocked_are_asked, _among_spenders(0)),
    _mutant(spending.services_are_the_tasks_fault, scenarios.a_refusing_service_costs_no_attempt),
    _mutant(spending.answers_are_given_again, _among_spenders(0)),
    _mutant(spending.agents_permit_themselves, scenarios.a_permission_is_the_persons_to_give),
    _mutant(spending.every_copy_may_land, _among_spenders(0)),
    _mutant(spending.copies_land_unseen, _among_spenders(0)),
    _mutant(spending.one_agent_does_every_copy, scenarios.a_copy_is_another_agents),
    _mutant(spending.memory_is_not_taken_again, scenarios.a_paused_task_goes_on_with_memory_set_aside),
    _mutant(spending.the_revoked_stay, scenarios.a_revoked_credential_ends_its_connections),
    # Sessions, the record and recovery.
    _mutant(identity.role_is_not_looked_at, _among_strangers(0)),
    _mutant(identity.a_credential_is_for_many, scenarios.a_credential_is_one_agents),
    _mutant(identity.who_is_away_is_not_here, _among_doubles(0)),
    _mutant(identity.names_alone_are_compared, scenarios.nobody_judges_by_the_credential_of_the_author),
    _mutant(identity.any_name_is_given, scenarios.nobody_is_taken_for_another),
    _mutant(identity.requests_count_again, Seeds(5)),
    _mutant(identity.late_requests_count, _among_strangers(4)),
    _mutant(identity.told_before_synced, _in_storms(71)),
    _mutant(identity.not_everything_is_recorded, Seeds(0)),
    _mutant(identity.decisions_bypass_the_record, Seeds(0)),
    _mutant(identity.recovery_forgets(facts.LockReleased), Seeds(0), "releases"),
    _mutant(identity.recovery_forgets(facts.TaskAbandoned), Seeds(0), "deaths"),
    _mutant(identity.recovery_forgets(facts.ReviewGiven), Seeds(0), "verdicts"),
    _mutant(identity.snapshot_forgets("reserved"), Seeds(0), "the_ledger"),
    _mutant(identity.snapshot_forgets("gate_queue"), Seeds(4), "the_line_at_the_gate"),
)
