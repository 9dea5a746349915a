"""The Unix socket: who reaches it, what it asks for all the same, and that nothing listens on a port beside it."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from devmesh.address import SOCKET_FILE, read_connection, socket_of
from devmesh.bridge.dialing import dial
from devmesh.bridge.link import Link
from devmesh.coordinator import binding
from devmesh.coordinator.binding import is_own_peer
from devmesh.errors import MeshError
from devmesh.settings import Settings
from devmesh.vocabulary.codec import decode_delivery
from devmesh.vocabulary.facts import SessionOpened
from devmesh.vocabulary.requests import PostTask
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import looped, running

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")


@pytest.fixture
def unix(settings: Settings) -> Settings:
    """Settings that choose it."""
    return settings.model_copy(update={"ws_transport": "unix"})


@looped
async def test_clients_come_in_by_the_file_and_no_port_is_open(project: Path, unix: Settings) -> None:
    """The connection file names it; a bridge's link and an operator's requests work over it as over a port."""
    async with running(project, unix) as mesh:
        path = Path(mesh.connection.socket)
        found = path.lstat()  # noqa: ASYNC240 - a test's own files
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        ports = [one for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        assert not [one for one in ports if one.laddr.port == mesh.connection.port]
        assert mesh.connection.port == 0
        async with Link(lambda: read_connection(mesh.coordinator.home), Role.OPERATOR) as link:
            assert (await link.request(PostTask(prompt="x"))).facts
    assert not path.exists()  # noqa: ASYNC240 - see above


@looped
async def test_it_asks_for_the_same_headers_as_a_port(project: Path, unix: Settings) -> None:
    """The user's own processes are not all the same: no token, no session; and a page's request never passes."""
    async with running(project, unix) as mesh:
        for headers, status in (
            ([], 401),
            ([("Authorization", "Bearer wrong")], 401),
            ([("Authorization", f"Bearer {mesh.connection.tokens[Role.AGENT]}"), ("Origin", "null")], 403),
        ):
            assert await handshake(mesh.connection.socket, [("Host", "localhost"), *headers]) == status
        assert await handshake(mesh.connection.socket, [("Host", "evil.example")]) == 403


async def handshake(path: str, headers: list[tuple[str, str]]) -> int:
    """The status of a hand-made request."""
    reader, writer = await asyncio.open_unix_connection(path)
    fixed = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
    fixed += [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("X-DevMesh-Key", "k" * 43)]
    writer.write(("GET / HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in [*headers, *fixed]) + "\r\n").encode())
    try:
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


@looped
async def test_what_an_earlier_coordinator_left_is_replaced(project: Path, unix: Settings) -> None:
    """A killed one cannot remove its file."""
    async with running(project, unix) as mesh:
        path = Path(mesh.connection.socket)
    path.touch()  # noqa: ASYNC240 - see above
    async with running(project, unix) as mesh:
        client = await dial(mesh.connection, Role.AGENT, "k" * 43)
        assert isinstance(decode_delivery(await client.recv()).facts[0].fact, SessionOpened)
        await client.close()


@looped
async def test_a_file_that_is_no_socket_is_not_dialled(project: Path, unix: Settings) -> None:
    """The token would be written into it."""
    async with running(project, unix) as mesh:
        decoy = mesh.coordinator.home / "decoy"
        decoy.symlink_to(mesh.connection.socket)
        from msgspec.structs import replace

        with pytest.raises(MeshError):
            await dial(replace(mesh.connection, socket=str(decoy)), Role.AGENT, "k" * 43)


def test_a_long_path_gets_a_short_place_of_the_same_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that others can write into is refused."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert socket_of(tmp_path / "h") == tmp_path / "h" / SOCKET_FILE or len(str(tmp_path)) > 80
    long = tmp_path / ("x" * 100)
    path = socket_of(long)
    assert path.parent == tmp_path / "devmesh"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path != socket_of(tmp_path / ("y" * 100))
    (tmp_path / "devmesh").rmdir()
    (tmp_path / "devmesh").symlink_to(tmp_path)
    with pytest.raises(MeshError):
        socket_of(long)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at the other end")
def test_another_users_process_is_told_from_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the kernel says of it, whatever it says of itself."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert is_own_peer(ours)
        monkeypatch.setattr(binding, "_PEER", _Foreign())
        assert not is_own_peer(ours)


class _Foreign:
    """The kernel's answer, with another user in it."""

    size = 12

    def unpack(self, answer: bytes) -> tuple[int, int, int]:
        """The same but for the user."""
        pid, uid, gid = struct.unpack("3i", answer)
        assert uid == os.geteuid()
        return pid, uid + 1, gid


_STRANGER = """
import socket, sys
path, headers = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as one:
    one.connect(path)
    one.sendall(headers.encode())
    print(one.recv(100).split()[1].decode())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody else")
@looped
async def test_another_user_gets_in_neither_by_the_file_nor_past_its_folder(project: Path, unix: Settings) -> None:
    """With the right token and every mode opened up: 403 by who it is. With the modes as they are: no connection."""
    async with running(project, unix) as mesh:
        path, token = Path(mesh.connection.socket), mesh.connection.tokens[Role.OPERATOR]
        head = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        head += f"X-DevMesh-Key: {'k' * 43}\r\nAuthorization: Bearer {token}\r\n\r\n"

        def stranger(user: int) -> subprocess.CompletedProcess[str]:
            words = ["/usr/bin/env", "python3", "-I", "-c", _STRANGER, str(path), head]
            return subprocess.run(
                words, user=user, capture_output=True, text=True, cwd="/", env={"PATH": "/usr/bin:/bin"}, check=False
            )

        private = {one: mode for one in (path, *path.parents) if not (mode := one.stat().st_mode) & 0o007}
        assert "PermissionError" in (await asyncio.to_thread(stranger, 65534)).stderr
        try:
            for one in private:
                one.chmod(0o777)
            assert (await asyncio.to_thread(stranger, 65534)).stdout.strip() == "403"
            assert (await asyncio.to_thread(stranger, os.geteuid())).stdout.strip() == "101"
        finally:
            for one, mode in private.items():
                one.chmod(mode)
