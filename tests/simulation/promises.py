"""What no fact may do, by the design and its promises, judged by the book of all facts before it.

Knows nothing of the core's state and rules: a rule that is broken there is not broken here in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from devmesh.core.overlap import overlap
from devmesh.vocabulary import facts
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.terms import Lane, Role, TaskKind, Verdict
from tests.simulation.book import ALLOWED, CO_WRITE, WRITE, Book, side_by_side

Judged = Iterator[str]
Promise = Callable[[Book, Recorded, Any], Judged]


def judged(book: Book, recorded: Recorded) -> list[str]:
    """Every promise that this fact breaks, in words."""
    fact = recorded.fact
    return [
        f"{type(fact).__name__} {recorded.sequence}: {wrong}"
        for promise in PROMISES.get(type(fact), ())
        for wrong in promise(book, recorded, fact)
    ]


# ---- locks


def token_is_new(book: Book, _: Recorded, fact: facts.LockGranted) -> Judged:
    """Every token is greater than any before it, across crashes (S2)."""
    if fact.token <= book.highest:
        yield f"token {fact.token} comes after {book.highest}"


def fits_beside(book: Book, _: Recorded, fact: facts.LockGranted) -> Judged:
    """The matrix, as it is read: held, then requested. A lock renewed in its own mode only has to be possible (S1)."""
    again = any(lock.mode is fact.mode for lock in book.own_around(fact.agent, fact.target))
    for lock in book.locks.values():
        if lock.agent != fact.agent and overlap(lock.target, fact.target):
            allowed = side_by_side(lock.mode, fact.mode) if again else fact.mode in ALLOWED[lock.mode]
            if not allowed:
                yield f"{fact.agent} gets {fact.target} ({fact.mode}) beside {lock.agent}'s {lock.target} ({lock.mode})"


def overtakes_nobody(book: Book, _: Recorded, fact: facts.LockGranted) -> Judged:
    """First come first served: who holds nothing there does not pass an earlier request it does not go with (S11)."""
    if book.own_around(fact.agent, fact.target):
        return
    place = fact.ticket or fact.token
    for waiting in book.waiting.values():
        goes_with = fact.mode in ALLOWED[waiting.mode] and waiting.mode in ALLOWED[fact.mode]
        meets = any(overlap(target, fact.target) for target in waiting.targets)
        if waiting.ticket < place and waiting.agent != fact.agent and meets and not goes_with:
            yield f"{fact.agent} overtakes {waiting.agent}, who waits with ticket {waiting.ticket}"


def lease_is_over(book: Book, recorded: Recorded, fact: facts.LockExpired) -> Judged:
    """No lease ends early: neither counted from the grant, nor from the coordinator's start (S5, S9)."""
    granted = book.locks.get(fact.token)
    if granted is None:
        yield f"token {fact.token} was not held"
    elif recorded.now < max(book.granted_at[fact.token], book.started_at) + granted.lease - 1e-6:
        yield f"token {fact.token} expires before its lease is over"


def agent_was_silent(book: Book, recorded: Recorded, fact: facts.AgentLost) -> Judged:
    """Nor is an agent lost within a lease of its joining or of the coordinator's start."""
    if recorded.now < max(book.since[fact.agent], book.started_at) + book.limits.lease - 1e-6:
        yield f"{fact.agent} had no whole lease to be heard in"


def credit_was_given(book: Book, recorded: Recorded, _: Any) -> Judged:
    """The coordinator's own lateness costs nobody anything (S15)."""
    if recorded.now < book.no_expiry_before:
        yield f"at {recorded.now:.3f}, within the credit that runs to {book.no_expiry_before:.3f}"


def nothing_lands_under_it(book: Book, _: Recorded, fact: Any) -> Judged:
    """While files are exchanged, the locks that cover them stay."""
    token = fact.replaces if isinstance(fact, facts.LockGranted) else fact.token
    for change, tokens in book.exchanging.items():
        if token in tokens:
            yield f"token {token} ends while change {change} is landing under it"


# ---- tasks


def comes_first(book: Book, _: Recorded, fact: facts.TaskAwarded) -> Judged:
    """What a task depends on is completed before it is given to anybody."""
    for number in book.tasks[fact.task].posted.depends_on:
        if book.tasks[number].ended is not facts.TaskCompleted:
            yield f"task {fact.task} is awarded before task {number} is done"


def attempt_is_counted(book: Book, _: Recorded, fact: facts.TaskAwarded) -> Judged:
    """Attempts count up by one, and there are only so many; so many deaths are poison (S27)."""
    task, limits = book.tasks[fact.task], book.limits
    if (
        fact.attempt != task.attempt + 1
        or fact.attempt - task.forgiven > limits.attempts
        or task.deaths >= limits.deaths
    ):
        yield f"attempt {fact.attempt} of task {fact.task} after attempt {task.attempt} and {task.deaths} deaths"
    if task.ended or task.agent:
        yield f"task {fact.task} is not to be had: it is {task.agent}'s, or {task.ended}"


def was_won_fairly(book: Book, _: Recorded, fact: facts.TaskAwarded) -> Judged:
    """A bidder wins who is free; nobody free bid better, or as well and was served less (Rule 2)."""
    task = book.tasks[fact.task]
    bid = task.bids.get(fact.agent)
    if bid is None or fact.agent in task.posted.excludes:
        yield f"{fact.agent} did not, or must not, bid"
    elif fact.task_kind is TaskKind.WORK:
        if not book.free(fact.agent):
            yield f"{fact.agent} has a task already"
        for other in task.bids.values():
            better = (-other.fitness, other.served) < (-bid.fitness, bid.served)
            if better and book.free(other.agent):
                yield f"{other.agent} bid better than {fact.agent}: {other} {bid}"


def everyone_had_a_say(book: Book, recorded: Recorded, fact: facts.TaskAwarded) -> Judged:
    """Nothing is awarded before all who were asked have spoken, or the window is over (Rule 2)."""
    task = book.tasks[fact.task]
    silent = set(task.invited) - task.spoken
    if silent and recorded.now < task.closes_at:
        yield f"task {fact.task} is awarded before {sorted(silent)} had a say"


def was_asked(book: Book, _: Recorded, fact: facts.BidPlaced) -> Judged:
    """Only who was asked bids."""
    if fact.agent not in book.tasks[fact.task].invited:
        yield f"{fact.agent} was not asked about task {fact.task}"


def there_is_room(book: Book, _: Recorded, fact: facts.HardwareReserved) -> Judged:
    """The ledger never gives more than there is (Rule 6)."""
    taken = fact.amount.ram_gb + sum(each.ram_gb for each in book.reserved.values())
    if taken > book.limits.total.ram_gb + 1e-6:
        yield f"{taken} GB set aside of {book.limits.total.ram_gb}"


def is_its_assignees(book: Book, _: Recorded, fact: Any) -> Judged:
    """Work is started, reported, offered and ended by the agent and the attempt it was last awarded to (S26)."""
    task = book.tasks[fact.task]
    if (fact.agent, fact.attempt) != (task.agent, task.attempt):
        yield f"{fact.agent}, attempt {fact.attempt}; task {fact.task} is {task.agent}'s, attempt {task.attempt}"


def holds_what_is_locked(book: Book, _: Recorded, fact: facts.TaskStarted) -> Judged:
    """Files that cannot be merged are held in WRITE before the work on them starts (Rule 3)."""
    globs = [policy.glob for policy in book.limits.lanes if policy.lane is Lane.LOCKED]
    for target in book.tasks[fact.task].posted.files:
        held = any(lock.mode is WRITE and lock.target == target for lock in book.own_around(fact.agent, target))
        if not held and any(overlap(glob, target) for glob in globs):
            yield f"{fact.agent} starts without {target}"


def names_this_attempt(book: Book, recorded: Recorded, fact: Any) -> Judged:
    """What an agent says of an attempt that is over changes nothing (S26)."""
    said: Any = book.asked.get((recorded.session, recorded.request))
    attempt = getattr(said, "attempt", None)
    if attempt is not None and said.task == fact.task and attempt != book.tasks[fact.task].attempt:
        yield f"said of attempt {attempt}; the present one is {book.tasks[fact.task].attempt}"


def lands_for_its_attempt(book: Book, _: Recorded, fact: facts.ChangeApplying | facts.ChangeApplied) -> Judged:
    """A change lands only for the attempt it was offered in: its task has not gone to another meanwhile."""
    offer, task = book.offers[fact.change], book.tasks[fact.task]
    if (offer.agent, offer.attempt) != (task.agent, task.attempt) or task.ended:
        yield f"change {fact.change} is of {offer.agent}, attempt {offer.attempt}; the task is {task.agent}'s"


def ends_once_and_proven(book: Book, _: Recorded, fact: facts.TaskCompleted) -> Judged:
    """A result is recorded once, and only where a change of this attempt landed or a verdict was given."""
    task = book.tasks[fact.task]
    if task.ended:
        yield f"task {fact.task} ended before"
    if task.posted.task_kind is TaskKind.WORK and not (
        fact.change in book.landed and book.offers[fact.change].attempt == fact.attempt
    ):
        yield f"nothing of attempt {fact.attempt} of task {fact.task} has landed"


# ---- changes


def every_file_is_covered(book: Book, _: Recorded, fact: facts.ChangeApplying) -> Judged:
    """The fence: what lands lies under live writing locks it was offered with; what cannot merge under WRITE (S4)."""
    offer = book.offers[fact.change]
    live = [book.locks[token] for token in offer.tokens if token in book.locks]
    if len(live) < len(offer.tokens) or any(lock.agent != offer.agent for lock in live):
        yield f"change {fact.change} lands under stale tokens: {offer.tokens}"
    locked = [policy.glob for policy in book.limits.lanes if policy.lane is Lane.LOCKED]
    for write in fact.plan:
        modes = {lock.mode for lock in live if overlap(lock.target, write.path)}
        whole = any(overlap(glob, write.path) for glob in locked)
        if not modes & ({WRITE} if whole else {WRITE, CO_WRITE}) or (whole and write.merged):
            yield f"change {fact.change} lands {write.path}, held as {sorted(modes)}, merged: {write.merged}"


def was_checked(book: Book, _: Recorded, fact: facts.ChangeApplying) -> Judged:
    """Exactly what lands is what the check passed; a claim is never believed."""
    if book.tasks[fact.task].posted.check and book.passed.get(fact.change) != fact.plan:
        yield f"change {fact.change} lands without its check"


def was_approved(book: Book, _: Recorded, fact: facts.ChangeApplying) -> Judged:
    """A change under review lands only when approved (Rule 5)."""
    verdict = book.verdicts.get(fact.change)
    posted = book.tasks[fact.task].posted
    if (posted.review or posted.contest) and fact.plan and (verdict is None or verdict.verdict is not Verdict.APPROVE):
        yield f"change {fact.change} lands without an approval"


def is_the_only_copy(book: Book, _: Recorded, fact: facts.ChangeApplying) -> Judged:
    """Of several copies of one task at most one lands."""
    contest = book.tasks[fact.task].posted.contest
    if contest is None or book.tasks[fact.task].forgiven:  # the person had a copy retried: that is a wish of its own
        return
    landed = [number for number in book.wrote if book.tasks[number].posted.contest == contest and number != fact.task]
    if landed:
        yield f"change {fact.change} lands beside that of task {landed[0]}, another copy"


def is_within_budget(book: Book, _: Recorded, fact: facts.TaskAwarded) -> Judged:
    """Nothing is begun once a budget is spent."""
    task = book.tasks[fact.task]
    for budget, spent in ((book.budget, book.spent), (task.budget, task.spent)):
        if budget is not None and spent >= budget:
            yield f"task {fact.task} is awarded with {spent} of {budget} dollars spent"


def is_answered_once(book: Book, recorded: Recorded, fact: facts.QuestionAnswered) -> Judged:
    """An answer is given once, never by who asked, and a permission never by an agent."""
    asked = book.questions.get(fact.question)
    speaker = book.agent_of.get(recorded.session or 0)
    if asked is None or fact.question in book.answered:
        yield f"question {fact.question} is answered again, or was never asked"
    elif fact.answered_by == speaker and (speaker == asked.agent or not asked.agents_may_answer):
        yield f"{speaker} answers question {fact.question}, which is not for it"


def reviewer_is_another(book: Book, recorded: Recorded, fact: facts.ReviewGiven) -> Judged:
    """The verdict comes from the agent that has the review, over its own connection, or from the person (Rule 5)."""
    speaker = book.agent_of.get(recorded.session or 0, "person")
    review = book.reviews[fact.change]
    assigned = book.tasks[review].agent if review is not None else "person"
    if speaker != fact.reviewer or speaker == book.offers[fact.change].agent or speaker not in (assigned, "person"):
        yield f"{speaker} judged change {fact.change} of {fact.agent} as {fact.reviewer}; the review is {assigned}'s"
    if speaker in book.came_by and book.came_by[speaker] == book.came_by.get(book.offers[fact.change].agent):
        yield f"{speaker} judged change {fact.change} of {fact.agent}, by whose credential it came in"


# ---- who speaks


def is_the_only_one_by_its_credential(book: Book, recorded: Recorded, fact: facts.AgentJoined) -> Judged:
    """One issued credential is one agent for as long as that agent is in the mesh, connected or not (promise 8)."""
    issued = book.credential_of.get(recorded.session or 0)
    for other, by in book.came_by.items():
        if by == issued and other in book.since:
            yield f"{fact.agent} joined by credential {issued} of {other}, which is here"


def speaks_for_itself(book: Book, recorded: Recorded, fact: Any) -> Judged:
    """Nobody speaks for another: identity comes from the connection (promise 8). The person may overrule."""
    speaker = book.agent_of.get(recorded.session or 0)
    if book.roles.get(recorded.session or 0) is Role.AGENT and speaker != fact.agent:
        yield f"{speaker} spoke for {fact.agent}"


def speaks_of_its_task(book: Book, recorded: Recorded, fact: Any) -> Judged:
    """An agent ends attempts of its own tasks only; and of its reviews, which end with its change."""
    speaker, task = book.agent_of.get(recorded.session or 0), book.tasks[fact.task]
    if book.roles.get(recorded.session or 0) is not Role.AGENT or task.posted.task_kind is TaskKind.REVIEW:
        return
    if task.agent not in (None, speaker):
        yield f"{speaker} ended an attempt of {task.agent}"


def is_the_persons(book: Book, recorded: Recorded, fact: Any) -> Judged:
    """Some things only the person may ask for: the role comes from the connection too."""
    posted = book.tasks[fact.task].posted if isinstance(fact, facts.TaskCancelled) else fact
    if isinstance(posted, facts.TaskPosted) and posted.task_kind is TaskKind.REVIEW:
        return
    if isinstance(fact, facts.LockReleased) and not fact.reason.startswith("forced"):
        return
    if book.roles.get(recorded.session or 0) is not Role.OPERATOR:
        yield f"asked for by {book.agent_of.get(recorded.session or 0)}"


PROMISES: Final[dict[type[Any], tuple[Promise, ...]]] = {
    facts.LockGranted: (token_is_new, fits_beside, overtakes_nobody, nothing_lands_under_it),
    facts.LockQueued: (speaks_for_itself,),
    facts.LockReleased: (speaks_for_itself, is_the_persons, nothing_lands_under_it),
    facts.LockExpired: (lease_is_over, credit_was_given, nothing_lands_under_it),
    facts.AgentJoined: (is_the_only_one_by_its_credential,),
    facts.AgentLost: (agent_was_silent, credit_was_given),
    facts.BidPlaced: (speaks_for_itself, was_asked),
    facts.BidDeclined: (speaks_for_itself,),
    facts.TaskPosted: (is_the_persons,),
    facts.TaskAwarded: (comes_first, attempt_is_counted, was_won_fairly, everyone_had_a_say, is_within_budget),
    facts.TaskStarted: (speaks_for_itself, is_its_assignees, names_this_attempt, holds_what_is_locked),
    facts.OutputReported: (speaks_for_itself, is_its_assignees, names_this_attempt),
    facts.TaskCompleted: (is_its_assignees, names_this_attempt, ends_once_and_proven),
    facts.TaskFailed: (names_this_attempt,),
    facts.TaskRequeued: (speaks_of_its_task, names_this_attempt),
    facts.TaskCancelled: (is_the_persons,),
    facts.TaskReprioritised: (is_the_persons,),
    facts.AgentPaused: (is_the_persons,),
    facts.GoalSet: (is_the_persons,),
    facts.HardwareReserved: (there_is_room,),
    facts.UsageReported: (speaks_for_itself,),
    facts.QuestionAnswered: (is_answered_once,),
    facts.CredentialIssued: (is_the_persons,),
    facts.CredentialRevoked: (is_the_persons,),
    facts.BudgetSet: (is_the_persons,),
    facts.ChangeOffered: (speaks_for_itself, is_its_assignees, names_this_attempt),
    facts.ReviewGiven: (reviewer_is_another,),
    facts.ChangeApplying: (every_file_is_covered, was_checked, was_approved, lands_for_its_attempt, is_the_only_copy),
    facts.ChangeApplied: (lands_for_its_attempt,),
}
"From the kind of a fact to what it may not break."
