"""What a failed run says of the model's service, and what it comes to."""

from __future__ import annotations

import pytest

from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.refusals import LONGEST_SEARCHED, blocked
from devmesh.bridge.tools.tool import Blocked
from devmesh.vocabulary.terms import Blockage

REFUSALS = catalogue.find("claude").refusals

SAID = {
    "API Error: 401 Invalid API key · Please run /login": Blocked(Blockage.AUTHENTICATION, None),
    "unexpected status 403 Forbidden": Blocked(Blockage.AUTHENTICATION, None),
    "Not logged in. Please run `codex login`": Blocked(Blockage.AUTHENTICATION, None),
    "429 Too Many Requests, Retry-After: 30": Blocked(Blockage.RATE_LIMIT, 30.0),
    "Rate limit reached for gpt-5.5: Please try again in 1.5s.": Blocked(Blockage.RATE_LIMIT, 1.5),
    "stream error: 429; retry in 250ms": Blocked(Blockage.RATE_LIMIT, 0.25),
    '{"code":429,"status":"RESOURCE_EXHAUSTED","retryDelay":"17s"}': Blocked(Blockage.RATE_LIMIT, 17.0),
    "Rate limited, try again in 2 minutes": Blocked(Blockage.RATE_LIMIT, 120.0),
    "429 You exceeded your current quota": Blocked(Blockage.QUOTA, None),
    "error 429 {'code': 'insufficient_quota'}": Blocked(Blockage.QUOTA, None),
    "Claude usage limit reached": Blocked(Blockage.QUOTA, None),
    "Your credit balance is too low": Blocked(Blockage.QUOTA, None),
    "API Error: 529 Overloaded": Blocked(Blockage.OVERLOADED, None),
    "503 Service Unavailable": Blocked(Blockage.OVERLOADED, None),
    "connect ECONNREFUSED 127.0.0.1:1": Blocked(Blockage.UNREACHABLE, None),
    "error sending request for url (http://127.0.0.1:1/v1/responses)": Blocked(Blockage.UNREACHABLE, None),
    "litellm.APIConnectionError: Connection error.": Blocked(Blockage.UNREACHABLE, None),
}
NOT_SAID = [
    "",
    "tests/test_401.py failed: 403 passed, 1 failed",
    "Reached maximum number of turns (429)",
    "400 bad request",
    "the file n.txt has 503 lines",
    "FileNotFoundError: [Errno 2] No such file or directory",
]


@pytest.mark.parametrize("text", SAID)
def test_a_refusal_is_known_by_its_words(text: str) -> None:
    """What it is, and when to come back where that is said."""
    assert blocked(REFUSALS, 0, text) == SAID[text]


@pytest.mark.parametrize("text", NOT_SAID)
def test_a_failure_of_the_task_is_no_refusal(text: str) -> None:
    """A number alone blames nobody."""
    assert blocked(REFUSALS, 0, text) is None


STATUSES = {
    401: Blockage.AUTHENTICATION,
    403: Blockage.AUTHENTICATION,
    402: Blockage.QUOTA,
    429: Blockage.RATE_LIMIT,
    503: Blockage.OVERLOADED,
    529: Blockage.OVERLOADED,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_needs_no_words(status: int) -> None:
    """Where an event carries the number as such."""
    assert blocked(REFUSALS, status, "no luck") == Blocked(STATUSES[status], None)


def test_a_used_up_quota_comes_before_the_status_it_is_told_with() -> None:
    """Waiting a moment would not help."""
    assert blocked(REFUSALS, 429, "insufficient_quota") == Blocked(Blockage.QUOTA, None)


def test_the_reason_comes_before_the_complaints() -> None:
    """What a run says of its end weighs more than what it wrote on the way."""
    assert blocked(REFUSALS, 0, "529 overloaded", "earlier: 401 Unauthorized") == Blocked(Blockage.OVERLOADED, None)
    assert blocked(REFUSALS, 0, "no result", "status: 401") == Blocked(Blockage.AUTHENTICATION, None)


def test_only_the_end_of_a_flood_is_searched() -> None:
    """A log of megabytes costs nothing."""
    assert blocked(REFUSALS, 0, "", "status: 401" + "\n" * LONGEST_SEARCHED) is None
