"""Taking whole messages out of what a client sends changes nothing but who reads them."""

from __future__ import annotations

import random

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from devmesh.coordinator.framing import Divider, framed

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"  # noqa: E501
LENGTHS = (0, 1, 5, 125, 126, 127, 300, 65_535, 65_536, 70_000)

Read = list[tuple[Opcode, bool, bytes]]


def opened() -> ServerProtocol:
    """The library's reading of a connection whose handshake is done."""
    protocol = ServerProtocol(max_size=1 << 20)
    protocol.receive_data(REQUEST)
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    assert protocol.state is State.OPEN
    return protocol


def read(protocol: ServerProtocol, data: bytes) -> Read:
    """What the library makes of these bytes."""
    protocol.receive_data(data)
    frames = (event for event in protocol.events_received() if isinstance(event, Frame))
    return [(frame.opcode, frame.fin, bytes(frame.data)) for frame in frames]


def conversation(chance: random.Random) -> bytes:
    """Frames of every kind, a few of them not allowed."""
    said = b""
    for _ in range(chance.randrange(1, 12)):
        opcode = chance.choice([Opcode.TEXT] * 6 + [Opcode.PING, Opcode.PONG, Opcode.BINARY])
        length = chance.choice(LENGTHS[:4] if opcode in {Opcode.PING, Opcode.PONG} else LENGTHS)
        frame = Frame(opcode, chance.randbytes(length))
        said += frame.serialize(mask=chance.random() > 0.02)
        if chance.random() < 0.1:
            said += Frame(Opcode.TEXT, b"pie", fin=False).serialize(mask=True)
            said += Frame(Opcode.CONT, b"ces").serialize(mask=True)
        if chance.random() < 0.03:
            said += chance.choice([b"\xc1\x80abcd", b"\x83\x80abcd", b"\x80\x80abcd", b"\x88\x80abcd", b"\x09\x80abcd"])
    return said


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_sent_in_whatever_pieces_is_read_as_the_library_reads_it(seed: int) -> None:
    """The same frames, in the same order, and the same end, however the bytes arrive."""
    chance = random.Random(seed)
    said = conversation(chance)
    alone, beside, divider = opened(), opened(), Divider()
    expected, found = read(alone, said), []
    while said:
        size = chance.choice([1, 2, 3, 7, 100, 5_000, 1 << 20])
        piece, said = said[:size], said[size:]
        for is_message, part in divider.divide(piece):
            if not is_message:
                found += read(beside, part)
            elif beside.state is State.OPEN:
                found.append((Opcode.TEXT, True, part))
    assert found == expected
    assert (beside.state, beside.close_sent) == (alone.state, alone.close_sent)


def test_messages_are_taken_out_and_the_library_is_spared_them() -> None:
    """Of three messages and a ping it reads the ping."""
    texts = [b"one", b"t" * 126, b""]
    frames = [Frame(Opcode.TEXT, text).serialize(mask=True) for text in texts]
    ping = Frame(Opcode.PING, b"?").serialize(mask=True)
    divided = list(Divider().divide(frames[0] + ping + frames[1] + frames[2]))
    assert divided == [(True, b"one"), (False, ping), (True, b"t" * 126), (True, b"")]


@pytest.mark.parametrize("cut", [*range(1, 30), len(REQUEST) - 1])
def test_nobody_is_divided_who_speaks_before_the_door_is_open(cut: int) -> None:
    """What follows the handshake before its answer is the library's, and so is all that comes later."""
    frame = Frame(Opcode.TEXT, b"early").serialize(mask=True)
    divider = Divider()
    for piece in (REQUEST[:-cut], REQUEST[-cut:] + frame[:6]):
        divider.early(piece)
    assert list(divider.divide(frame[6:] + frame)) == [(False, frame[6:] + frame)]


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_handshake_in_two_pieces_is_one(cut: int) -> None:
    """The messages after it are taken out."""
    divider = Divider()
    for piece in (REQUEST[:-cut], REQUEST[-cut:]):
        divider.early(piece)
    frame = Frame(Opcode.TEXT, b"later").serialize(mask=True)
    assert list(divider.divide(frame)) == [(True, b"later")]


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_written_is_what_the_library_would_write(length: int) -> None:
    """Byte for byte."""
    text = bytes(length)
    assert framed(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
