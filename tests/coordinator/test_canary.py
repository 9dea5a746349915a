"""Twenty kinds of secrets, said by an agent in every place where it can say anything: afterwards none is anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec import inspect

from devmesh.audit import frames
from devmesh.bridge.report import Reporter
from devmesh.bridge.tools.reading import in_one_line
from devmesh.coordinator.funnel import WITHIN, WRITTEN_BY_AGENTS
from devmesh.core.sessions import MAY_SAY
from devmesh.core.snapshot import freeze
from devmesh.mesh.sentences import sentence
from devmesh.settings import Settings
from devmesh.vocabulary import requests
from devmesh.vocabulary.codec import encode
from devmesh.vocabulary.plain import ending
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Outcome, PlannedTask, Probe, QuestionKind, Role, Stream, Verdict
from tests.bridge.rig import linked
from tests.coordinator.rig import Client, Running, looped, running

BODY = "A1b2C3d4E5f6G7h8J9k0"
PEM = f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{BODY}{BODY}\n-----END RSA {'PRIVATE'} KEY-----"

#: What is said, and the part of it that must be nowhere. Put together here, so that no scanner takes this file for one.
SECRETS: dict[str, tuple[str, str]] = {
    "Anthropic": (f"sk-ant-api03-{BODY}anth", f"{BODY}anth"),
    "OpenAI": (f"sk-{BODY}open", f"{BODY}open"),
    "OpenAI, of a project": (f"sk-proj-{BODY}proj", f"{BODY}proj"),
    "OpenRouter": (f"sk-or-v1-{BODY}rout", f"{BODY}rout"),
    "GitHub, personal": (f"ghp_{BODY}ghp", f"{BODY}ghp"),
    "GitHub, of an app": (f"ghs_{BODY}ghs", f"{BODY}ghs"),
    "GitHub, fine-grained": (f"github_pat_{BODY}_fine", f"{BODY}_fine"),
    "GitLab": (f"glpat-{BODY}gl", f"{BODY}gl"),
    "AWS, the id": ("AKIA" + "Q7W3E5R9T1Y8U2I4", "Q7W3E5R9T1Y8U2I4"),
    "AWS, the key": (f"aws_secret_access_key = {BODY}/aws+key", f"{BODY}/aws+key"),
    "Google": (f"AIza{BODY}goo-gle1234567", f"{BODY}goo"),
    "Slack": (f"xoxb-1234567890-{BODY}slk", f"{BODY}slk"),
    "Hugging Face": (f"hf_{BODY}hug", f"{BODY}hug"),
    "npm": (f"npm_{BODY}npm1234567890", f"{BODY}npm"),
    "PyPI": (f"pypi-{BODY}py1234567890", f"{BODY}py"),
    "a JWT": (f"eyJhbGciOi{BODY}.eyJzdWIi{BODY}jwt.{BODY}sig", f"{BODY}jwt"),
    "a private key": (PEM, f"{BODY}{BODY}"),
    "a URL with a password": (f"https://me:{BODY}url@example.org/x", f"{BODY}url"),
    "a bearer header": (f"Authorization: Bearer {BODY}bear", f"{BODY}bear"),
    "a password in a setting": (f"DB_PASSWORD={BODY}pwd", f"{BODY}pwd"),
    "Stripe": (f"sk_live_{BODY}stri", f"{BODY}stri"),
    "SendGrid": (f"SG.{BODY}.{BODY}grid", f"{BODY}grid"),
    "Groq": (f"gsk_{BODY}groq", f"{BODY}groq"),
    "Replicate": (f"r8_{BODY}repl", f"{BODY}repl"),
    "Google, of OAuth": (f"ya29.{BODY}oauth", f"{BODY}oauth"),
    "Slack, of a hook": (f"hooks.slack.com/services/T0/B0/{BODY}hook", f"{BODY}hook"),
    "a name in capitals and small letters": (f"clientSecret={BODY}cams", f"{BODY}cams"),
    "a name run together": (f"PGPASSWORD={BODY}pgpw", f"{BODY}pgpw"),
    "a key of whatever": (f"OPENAI_KEY={BODY}anykey", f"{BODY}anykey"),
    "Azure": (f"AccountName=x;AccountKey={BODY}+azur==", f"{BODY}+azur"),
    "a header with a token": (f"Authorization: token {BODY}hdr", f"{BODY}hdr"),
    "an element of XML": (f"<password>{BODY}xml</password>", f"{BODY}xml"),
    "a line of .netrc": (f"machine example.org login me password {BODY}netrc", f"{BODY}netrc"),
}


def said(secret: str, number: int) -> list[Any]:
    """Every request of an agent that has room for a text, with the secret in each of its texts."""
    text = f"look: {secret} !"
    one_line = text.replace("\n", " ")
    return [
        requests.Report(task=1, attempt=1, stream=Stream.STDOUT, text=text),
        requests.Report(task=1, attempt=1, stream=Stream.STDERR, text=text),
        requests.ReportUsage(task=1, attempt=1, model=one_line, conversation=one_line[:200]),
        requests.Ask(text=text, options=(one_line, "no"), default=one_line, question_kind=QuestionKind.QUESTION),
        requests.Ask(text=text, question_kind=QuestionKind.PERMISSION),
        requests.ShareDiscovery(title=one_line, text=text),
        requests.ProposeFramework(overview=text, tasks=(PlannedTask(key="a", title=one_line, prompt=text),)),
        requests.Review(change=1, verdict=Verdict.APPROVE, remarks=text),
        requests.OfferChange(task=1, attempt=1, base="0" * 40, head="1" * 40, summary=one_line),
        requests.Decline(task=1, reason=one_line),
        requests.Bid(task=1, reason=one_line),
        requests.Finish(task=1, attempt=1, outcome=Outcome.FAILED, summary=text) if number == LAST else None,
        requests.Leave(reason=one_line) if number == LAST else None,
    ]


LAST = len(SECRETS) - 1


@looped
async def test_none_of_twenty_kinds_of_secrets_is_found_anywhere(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the record, the mirror, the state, the frames, the sentences, the log, nor in what a watcher was told."""
    caplog.set_level(logging.DEBUG, logger="devmesh")
    async with running(project, settings) as mesh:
        watcher = await Client.connect(mesh.connection, Role.OBSERVER)
        await watcher.ask(requests.Watch())
        operator = await mesh.operator()
        for _ in range(3):
            await operator.ask(requests.PostTask(prompt="leak"))
        agent = await Client.connect(mesh.connection)
        await agent.join("leaky")
        await agent.ask(requests.Start(task=1, attempt=1))
        for number, (secret, _) in enumerate(SECRETS.values()):
            await _join(mesh, secret.replace("\n", " "))
            for request in said(secret, number):
                if request is not None:
                    await agent.ask(request)
        told = await watcher.ask(requests.Watch())
        heard = b"".join(encode(delivery) for delivery in (*watcher.heard, *agent.heard))
        shown = [heard.decode(), repr(told), freeze(mesh.coordinator._in_force.state).decode(errors="replace")]
        home = mesh.coordinator.home
        for client in (watcher, operator, agent):
            await client.close()
    shown += await asyncio.to_thread(_everything_kept, home)
    shown.append(caplog.text)
    assert "leaky" in shown[0]
    assert "look:" in "".join(shown), "what was said was kept, but for the secrets"
    found = [kind for kind, (_, hidden) in SECRETS.items() if any(hidden in text for text in shown)]
    assert found == []


@looped
async def test_none_of_them_is_found_in_part_when_a_bridge_cut_or_split_it(
    project: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Output in pieces that end within a secret, and every text that a bridge shortens: not eight characters of one."""
    caplog.set_level(logging.DEBUG, logger="devmesh")
    async with running(project, settings) as mesh:
        operator = await mesh.operator()
        await operator.ask(requests.PostTask(prompt="leak"))
        home = mesh.coordinator.home
        async with linked(home) as link:
            await link.ask(requests.Join(tool="leaky"))
            reporter = Reporter(link, 1, 1, home / "logs" / "leaky.log")
            for secret, _ in SECRETS.values():
                for at in range(1, len(secret), 5):
                    for piece in (f"look: {secret[:at]}", secret[at : at + 3], f"{secret[at + 3 :]} !\n"):
                        reporter.say(Stream.STDOUT, piece)
                        reporter.say(Stream.STDERR, piece)
            await reporter.close()
            for secret, _ in SECRETS.values():
                for at in range(4, len(secret), 5):
                    far = "so " * 99 + "so"
                    await link.ask(requests.Leave(reason=in_one_line(far[: 299 - at] + " " + secret)))
                    await link.ask(requests.Join(tool="leaky"))
                    long = "x " * 4000 + secret + " y" * ((4000 - at) // 2)
                    await link.ask(requests.ShareDiscovery(title="cut", text=ending(long, 4000)))
        await operator.close()
    shown = await asyncio.to_thread(_everything_kept, home)
    assert "look: " in "".join(shown)
    shown.append(caplog.text)
    parts = {kind: [hidden[at : at + 8] for at in range(len(hidden) - 7)] for kind, (_, hidden) in SECRETS.items()}
    own = {kind: [part for part in found if part not in BODY] for kind, found in parts.items()}
    everything = "\n".join(shown)
    assert [kind for kind, found in own.items() if any(part in everything for part in found)] == []
    assert [part for part in (BODY[at : at + 8] for at in range(len(BODY) - 7)) if part in everything] == []


async def _join(mesh: Running, line: str) -> None:
    """An agent whose tool says of itself what it should not."""
    client = await Client.connect(mesh.connection)
    probe = Probe(way=line, refused=False, detail=line)
    await client.ask(requests.Join(tool="leaky", model=line, host=line, probes=(probe,)))
    await client.ask(requests.Leave(reason=line))
    await client.close()


def _everything_kept(home: Path) -> list[str]:
    """All files as they are, and all that can be read out of them."""
    texts = [path.read_bytes().decode(errors="replace") for path in home.rglob("*") if path.is_file()]
    with sqlite3.connect(home / "audit.db") as database:
        texts += database.iterdump()
    database.close()
    texts += [frames.facts(home, limit=None).to_csv(), json.dumps([sentence(one.fact) for one in frames_of(home)])]
    return texts


def frames_of(home: Path) -> list[Any]:
    """Every recorded fact."""
    from devmesh.mesh.record import Past

    return list(Past(home, home).latest(10_000))


#: Text of an agent that is a name or a path to others, canonical or refused, and no prose.
NO_PROSE = {
    (requests.RequestLock, "targets"),
    (requests.Start, "workspace"),
    (requests.OfferChange, "files"),
    (requests.ReportWrite, "path"),
    (requests.SearchKnowledge, "query"),  # told back to who asked, and not kept
    (PlannedTask, "files"),
}


def test_a_new_text_of_an_agent_cannot_be_forgotten() -> None:
    """Every text field of every request that an agent may say is cleaned, or known to be a name or a path."""
    for kind in get_args(AnyRequest):
        if Role.AGENT in MAY_SAY[kind]:
            cleaned = set(WRITTEN_BY_AGENTS.get(kind, ()))
            assert {name for name in _texts(kind) if (kind, name) not in NO_PROSE} <= cleaned, kind
    for kind, names in WITHIN.items():
        assert {name for name in _texts(kind) if (kind, name) not in NO_PROSE} == set(names), kind


def _texts(kind: type[Any]) -> set[str]:
    """Its fields that may hold text that fits no pattern."""
    of = inspect.type_info(kind)
    assert isinstance(of, inspect.StructType)
    return {field.name for field in of.fields if _has_text(field.type)}


def _has_text(kind: Any) -> bool:
    match kind:
        case inspect.StrType():
            return kind.pattern is None
        case inspect.UnionType():
            return any(_has_text(one) for one in kind.types)
        case inspect.VarTupleType() | inspect.ListType():
            return _has_text(kind.item_type)
        case inspect.StructType():
            return any(_has_text(field.type) for field in kind.fields)
    return False
