"""What agents write, on its way in."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from devmesh.coordinator.funnel import WRITTEN_BY_AGENTS, harmless
from devmesh.core.sessions import MAY_SAY
from devmesh.vocabulary import codec, requests
from devmesh.vocabulary.terms import Outcome, Probe, Role, Stream, Verdict

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
    requests.Ask(text=DIRTY, default=DIRTY, options=(DIRTY,)),
    requests.AnswerQuestion(question=1, answer=DIRTY),
    requests.Join(tool="x", probes=(Probe(way=DIRTY, refused=True, detail=DIRTY),)),
)


@pytest.mark.parametrize("request_", EXAMPLES, ids=lambda request: f"{type(request).__name__}")
def test_neither_secret_nor_control_character_passes(request_: Any) -> None:
    """Promises 9 and 10: whatever client an agent uses, its text is plain and without secrets before it is kept."""
    text = codec.encode(codec.Message(id=1, request=harmless(request_))).decode()
    assert "red" in text
    assert SECRET not in text
    assert "\\u001b" not in text
    assert "\u202e" not in text


def test_every_free_text_of_an_agent_is_in_the_table() -> None:
    """A text field added to a request of agents must be listed, or be one that carries no free text."""
    structured = {"tool", "query", "path"}
    for kind in get_args(requests.AnyRequest):
        if Role.AGENT in MAY_SAY[kind]:
            texts = {field.name for field in msgspec.structs.fields(kind) if _is_text(field.type)}
            assert texts - structured == set(WRITTEN_BY_AGENTS.get(kind, ())), kind


def _is_text(annotation: Any) -> bool:
    """A plain string with a length, and no pattern that says what it may look like."""
    arguments = get_args(annotation)
    return bool(arguments) and arguments[0] is str and not any(getattr(meta, "pattern", None) for meta in arguments[1:])


def test_clean_text_passes_untouched() -> None:
    """The very same object: nothing is copied that needs no cleaning."""
    request = requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text="all good\n")
    assert harmless(request) is request


def test_the_persons_prompt_is_left_alone() -> None:
    """It has to reach the tool word for word."""
    request = requests.PostTask(prompt=DIRTY)
    assert harmless(request) is request


def test_a_default_stays_one_of_the_options() -> None:
    """Both are cleaned alike."""
    cleaned = harmless(requests.Ask(text="?", options=(DIRTY, "no"), default=DIRTY))
    assert isinstance(cleaned, requests.Ask)
    assert cleaned.default == cleaned.options[0]


def test_a_discovery_of_nothing_but_control_characters_stays_valid() -> None:
    """Its text may not be empty, so it becomes a blank."""
    cleaned = harmless(requests.ShareDiscovery(title="t", text="\x1b[0m"))
    assert isinstance(cleaned, requests.ShareDiscovery)
    assert codec.decode_message(codec.encode(codec.Message(id=1, request=cleaned))).request == cleaned
