"""What agents write, on its way in."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from devmesh.coordinator.funnel import MOST, WRITTEN_BY_AGENTS, harmless
from devmesh.vocabulary import codec, facts, requests
from devmesh.vocabulary.terms import Outcome, PlannedTask, Probe, Role, Stream, Verdict

SECRET = "sk-ant-" + "api03-" + "A1b2C3d4E5f6G7h8J9k0" * 2
DIRTY = f"\x1b[31mred\x1b[0m {SECRET} \u202egnp.exe"
EXAMPLES: tuple[Any, ...] = (
    requests.Join(tool="x", model=DIRTY, host=DIRTY),
    requests.Leave(reason=DIRTY),
    requests.Bid(task=1, reason=DIRTY),
    requests.Decline(task=1, reason=DIRTY),
    requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text=DIRTY),
    requests.OfferChange(task=1, attempt=1, base="0" * 40, head="0" * 40, summary=DIRTY),
    requests.Finish(task=1, attempt=1, outcome=Outcome.DONE, summary=DIRTY),
    requests.Review(change=1, verdict=Verdict.APPROVE, remarks=DIRTY),
    requests.ProposeFramework(overview=DIRTY),
    requests.ShareDiscovery(title=DIRTY, text=DIRTY),
    requests.ReportUsage(task=1, attempt=1, model=DIRTY, conversation=DIRTY),
    requests.Ask(text=DIRTY, options=(DIRTY, "no"), default=DIRTY),
    requests.AnswerQuestion(question=1, answer=DIRTY),
    requests.Join(tool="x", probes=(Probe(way=DIRTY, refused=False, detail=DIRTY),)),
    requests.ProposeFramework(overview="o", tasks=(PlannedTask(key="k", title=DIRTY, prompt=DIRTY),)),
)


@pytest.mark.parametrize("request_", EXAMPLES, ids=lambda request: type(request).__name__)
def test_neither_secret_nor_control_character_passes(request_: Any) -> None:
    """Promises 9 and 10: whatever client an agent uses, its text is plain and without secrets before it is kept."""
    text = codec.encode(codec.Message(id=1, request=harmless(request_))).decode()
    assert "red" in text
    assert SECRET not in text
    assert "\\u001b" not in text
    assert "\u202e" not in text


def test_clean_text_passes_untouched() -> None:
    """The very same object: nothing is copied that needs no cleaning."""
    request = requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text="all good\n")
    assert harmless(request) is request


def test_the_persons_prompt_is_left_alone() -> None:
    """It has to reach the tool word for word."""
    request = requests.PostTask(prompt=DIRTY)
    assert harmless(request) is request


def test_a_discovery_of_nothing_but_control_characters_stays_valid() -> None:
    """Its text may not be empty, so it becomes a blank."""
    cleaned = harmless(requests.ShareDiscovery(title="t", text="\x1b[0m"))
    assert isinstance(cleaned, requests.ShareDiscovery)
    assert codec.decode_message(codec.encode(codec.Message(id=1, request=cleaned))).request == cleaned


def test_the_persons_answer_is_left_alone_and_an_agents_is_not() -> None:
    """It has to reach the tool word for word; who speaks is known from the connection."""
    answer = requests.AnswerQuestion(question=1, answer=DIRTY)
    assert harmless(answer, Role.OPERATOR) is answer
    assert harmless(answer, Role.AGENT) != answer


def test_what_is_kept_fits_its_field_although_a_secret_is_shorter_than_what_stands_for_it() -> None:
    """Otherwise the record could not be read again: a reason of short passwords would end every later start."""
    leave = harmless(requests.Leave(reason="pwd=abcd " * 55))
    assert isinstance(leave, requests.Leave)
    assert leave.reason.startswith("pwd=[redacted] pwd=[redacted]")
    fact = facts.AgentLeft(agent="a-1", reason=leave.reason)
    assert codec.decode_fact(codec.encode(fact)) == fact


@pytest.mark.parametrize("request_", EXAMPLES, ids=lambda request: type(request).__name__)
def test_no_cleaned_request_is_longer_than_may_be_said(request_: Any) -> None:
    """Each text filled to its limit with passwords: it is still a request."""
    kind = type(request_)
    filled = {
        name: "pwd=abcd " * (MOST[kind, name] // 9)
        for name in WRITTEN_BY_AGENTS[kind]
        if isinstance(getattr(request_, name), str) and MOST[kind, name] < codec.MAX_MESSAGE // 2
    }
    message = codec.Message(id=1, request=harmless(replace(request_, **filled)))
    assert codec.decode_message(codec.encode(message)) == message
