"""Who gets in, header by header, and what turning strangers away costs."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.datastructures import Headers

from devmesh.coordinator.guard import SECRET, Credential, Guard, Rejection
from devmesh.coordinator.pace import Bucket, Pace
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import Running, looped, running

PORT = 7_700
TOKENS = {role: f"{role}-" + "t" * 40 for role in Role}
KEY = "k" * 43
GOOD = [("Host", f"127.0.0.1:{PORT}"), ("Authorization", f"Bearer {TOKENS[Role.AGENT]}"), (SECRET, KEY)]

Pairs = list[tuple[str, str]]


def changed(name: str, *values: str) -> Pairs:
    """The good headers with this one replaced."""
    return [pair for pair in GOOD if pair[0] != name] + [(name, value) for value in values]


MATRIX: dict[str, tuple[Pairs, int]] = {
    "the right token, the own host, no origin": (GOOD, 101),
    "localhost is the own host, too": (changed("Host", f"LOCALHOST:{PORT}"), 101),
    "an evil origin": ([*GOOD, ("Origin", "https://evil.example")], 403),
    "the null origin": ([*GOOD, ("Origin", "null")], 403),
    "an origin that looks like ours": ([*GOOD, ("Origin", f"http://127.0.0.1:{PORT}")], 403),
    "two origins": ([*GOOD, ("Origin", "null"), ("Origin", "null")], 403),
    "a foreign host, as a rebound name brings it": (changed("Host", f"evil.example:{PORT}"), 403),
    "a host with another port": (changed("Host", "127.0.0.1:1"), 403),
    "two hosts": (changed("Host", f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT}"), 403),
    "no host": (changed("Host"), 403),
    "no token": (changed("Authorization"), 401),
    "a wrong token": (changed("Authorization", "Bearer " + "x" * 46), 401),
    "the beginning of the token": (changed("Authorization", f"Bearer {TOKENS[Role.AGENT][:-1]}"), 401),
    "the token twice": (changed("Authorization", GOOD[1][1], GOOD[1][1]), 401),
    "the token under another scheme": (changed("Authorization", f"Basic {TOKENS[Role.AGENT]}"), 401),
    "no key": (changed(SECRET), 400),
    "a key that can be guessed": (changed(SECRET, "k" * 31), 400),
    "two keys": (changed(SECRET, KEY, KEY), 400),
}


def guard(burst: float = 100) -> Guard:
    """One that has heard no failure yet, with time standing still."""
    return Guard(TOKENS, PORT, Bucket(Pace(rate=1, burst=burst), lambda: 7_777.0))


def status_of(verdict: Credential | Rejection) -> int:
    """The HTTP status it stands for."""
    return 101 if isinstance(verdict, Credential) else int(verdict.status)


@pytest.mark.parametrize("case", MATRIX)
def test_only_the_right_headers_pass(case: str) -> None:
    """Every case of the matrix has exactly its status."""
    pairs, status = MATRIX[case]
    assert status_of(guard().judge(Headers(pairs))) == status


@pytest.mark.parametrize("role", list(Role))
def test_the_role_comes_from_the_token(role: Role) -> None:
    """Nothing else says who one is."""
    verdict = guard().judge(Headers(changed("Authorization", f"Bearer {TOKENS[role]}")))
    assert isinstance(verdict, Credential)
    assert verdict.role is role


def test_the_secret_itself_is_not_kept() -> None:
    """Only its hash is, so that the record never shows it."""
    verdict = guard().judge(Headers(GOOD))
    assert isinstance(verdict, Credential)
    assert KEY not in verdict.key
    assert len(verdict.key) == 64


def test_who_fails_too_often_is_slowed_and_the_right_token_is_not() -> None:
    """Somebody who guesses keeps nobody out but himself."""
    one = guard(burst=3)
    wrong = Headers(changed("Authorization", "Bearer wrong"))
    assert [status_of(one.judge(wrong)) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert status_of(one.judge(Headers(GOOD))) == 101


def test_a_rejection_names_no_token() -> None:
    """What a stranger reads helps him nothing."""
    for pairs, status in MATRIX.values():
        verdict = guard().judge(Headers(pairs))
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            assert isinstance(verdict, Rejection)
            assert not any(token in verdict.text for token in TOKENS.values())


async def handshake(mesh: Running, pairs: Pairs) -> int:
    """The status the real server answers a hand-made request with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", mesh.connection.port)
    fixed = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    text = "".join(f"{name}: {value}\r\n" for name, value in [*pairs, *fixed])
    writer.write(f"GET / HTTP/1.1\r\n{text}\r\n".encode())
    try:
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


@looped
async def test_the_server_asks_the_guard_before_anything_else(project: Path, settings: Settings) -> None:
    """The same matrix on a real socket: never an upgrade where the guard says no."""
    async with running(project, settings) as mesh:
        port, token = mesh.connection.port, mesh.connection.tokens[Role.AGENT]
        for case, (pairs, status) in MATRIX.items():
            real = [
                (name, value.replace(str(PORT), str(port)).replace(TOKENS[Role.AGENT], token)) for name, value in pairs
            ]
            found = await handshake(mesh, real)
            assert found == status or (status != 101 and found == 429), case
