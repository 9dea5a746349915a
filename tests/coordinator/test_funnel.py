"""What agents write, on its way in."""

from __future__ import annotations

from typing import Any

import pytest

from devmesh.coordinator.funnel import harmless
from devmesh.vocabulary import codec, requests
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
