from __future__ import annotations

import numpy as np
import tls_messages as made

from gdsi_audit.flows import CHUNKS
from gdsi_audit.protocols._conversations import MOST_DATAGRAMS, Conversations

HELLO = made.client_hello()
REQUEST = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
ORIGINATOR, RESPONDER = 0, 1


class Flow:
    """One flow whose payload is handed to Conversations batch by batch."""

    def __init__(self, transport: int = 6, resp_port: int = 4000, slot: int = 0, serial: int = 0) -> None:
        self.wanted: list[tuple[int, int, int, int]] = []
        self.conversations = Conversations(lambda *columns: self.wanted.extend(zip(*columns, strict=True)), 8)
        self._offsets, self._frame = [0, 0], 0
        self._transport, self._resp_port, self._slot, self._serial = transport, resp_port, slot, serial

    def hear(self, *chunks: tuple[int, bytes] | tuple[int, bytes, int]) -> list[object]:
        """(protocol, body) per message; a chunk is direction, payload and bytes missing before it."""
        rows, data = np.zeros(len(chunks), CHUNKS), b""
        for row, (direction, payload, *gap) in zip(rows, chunks, strict=True):
            self._frame += 1
            self._offsets[direction] += sum(gap)
            row["slot"], row["serial"], row["transport"], row["from_responder"] = self._slot, self._serial, self._transport, direction
            row["offset"], row["length"], row["frame"], row["resp_port"] = len(data), len(payload), self._frame, self._resp_port
            row["stream_offset"] = self._offsets[direction] if self._transport == 6 else self._frame - 1
            row["gap_bytes"] = sum(gap)
            self._offsets[direction] += len(payload)
            data += payload
        self.messages = self.conversations.hear(np.frombuffer(bytearray(data), np.uint8), rows).messages
        return [(message.protocol, message.body) for message in self.messages]

    def end(self) -> list[object]:
        return [(message.protocol, message.body) for message in self.conversations.end(np.array([self._serial])).messages]


def kinds(said):
    return [(protocol, type(body).__name__) for protocol, body in said]


def test_tls_in_several_chunks_of_one_batch_and_of_several():
    together, apart = Flow(), Flow()
    pieces = [(ORIGINATOR, HELLO[:40]), (ORIGINATOR, HELLO[40:90]), (ORIGINATOR, HELLO[90:])]
    said = together.hear(*pieces)
    assert kinds(said) == [("tls", "ClientHello")] and together.messages[0].frame == 3
    assert [apart.hear(piece) for piece in pieces] == [[], [], said]
    assert together.wanted[0] == (0, 0, ORIGINATOR, 0)


def test_keep_alive_names_both_hosts():
    flow = Flow()
    said = flow.hear((ORIGINATOR, REQUEST % b"one.example"), (ORIGINATOR, REQUEST % b"two.example"))
    assert [body.host for _, body in said] == ["one.example", "two.example"]


def test_connect_hands_over_to_tls():
    flow = Flow()
    said = flow.hear((ORIGINATOR, b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"), (RESPONDER, b"HTTP/1.1 200 OK\r\n\r\n"), (ORIGINATOR, HELLO))
    assert kinds(said) == [("http", "Connect"), ("http", "HttpResponse"), ("tls", "ClientHello")]


def test_socks_hands_over_to_http():
    flow = Flow()
    request = b"\x04\x01\x00\x50\x5d\xb8\xd8\x22\x00"
    said = flow.hear((ORIGINATOR, request), (RESPONDER, b"\x00\x5a" + bytes(6)), (ORIGINATOR, REQUEST % b"in.example"))
    assert kinds(said)[0][0] == "socks" and kinds(said)[-1] == ("http", "HttpRequest")


def test_starttls_hands_over_to_tls():
    flow = Flow(resp_port=25)
    said = flow.hear(
        (RESPONDER, b"220 mail.example ESMTP\r\n"),
        (ORIGINATOR, b"EHLO client.example\r\n"),
        (RESPONDER, b"250-mail.example\r\n250 STARTTLS\r\n"),
        (ORIGINATOR, b"STARTTLS\r\n"),
        (RESPONDER, b"220 ready\r\n"),
        (ORIGINATOR, HELLO),
    )
    assert kinds(said)[-1] == ("tls", "ClientHello")


def test_a_short_first_chunk_waits():
    flow = Flow()
    assert flow.hear((ORIGINATOR, HELLO[:4])) == []
    assert kinds(flow.hear((ORIGINATOR, HELLO[4:]))) == [("tls", "ClientHello")]


def test_a_gap_in_a_body_is_harmless():
    flow = Flow()
    said = flow.hear(
        (RESPONDER, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 10),
        (RESPONDER, b"x" * 30, 60),
        (RESPONDER, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
    )
    assert [body.status for _, body in said] == [200, 404] and not flow.conversations.gaps


def test_a_gap_in_a_head_ends_the_direction_and_leaves_the_lines_that_were_whole():
    flow = Flow()
    said = flow.hear((ORIGINATOR, b"GET / HTTP/1.1\r\nHo"), (ORIGINATOR, b"example\r\n\r\n", 4), (ORIGINATOR, REQUEST % b"late.example"))
    assert [(body.target, body.hosts) for _, body in said] == [("/", ())]
    assert flow.conversations.gaps == {"stream_gap": 1} and flow.wanted == [(0, 0, ORIGINATOR, 0)]


def test_a_gap_or_the_end_inside_a_hello_leaves_what_was_there():
    for finish in (lambda flow: flow.hear((ORIGINATOR, b"rest", 50)), lambda flow: flow.end()):
        flow = Flow()
        assert flow.hear((ORIGINATOR, HELLO[:-10])) == []
        ((protocol, body),) = finish(flow)
        assert (protocol, body.server_name, body.cut) == ("tls", "www.example.com", True)


def test_behind_a_body_of_unknown_length_only_a_message_counts():
    flow = Flow()
    first = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nabc"
    said = flow.hear((RESPONDER, first), (RESPONDER, b"x" * 40), (RESPONDER, b"y" * 40, 500), (RESPONDER, b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert [body.status for _, body in said] == [200, 204] and not flow.conversations.gaps


def test_the_seventeenth_datagram_is_too_late():
    flow = Flow(transport=17)
    beginning = made.message(1, b"")[:1]
    dtls = (
        b"\x16\xfe\xfd"
        + bytes(8)
        + b"\x00\x19"
        + beginning
        + b"\x00\x01\x00"
        + b"\x00\x00"
        + b"\x00\x00\x00"
        + b"\x00\x00\x0d"
        + b"\xfe\xfd"
        + bytes(11)
    )
    for _ in range(MOST_DATAGRAMS):
        assert flow.hear((ORIGINATOR, dtls)) == []
    assert flow.conversations._live[0].sides[0].datagrams == []


def test_a_hello_in_a_datagram_is_said_once():
    flow = Flow(transport=17)
    body = made.client_hello_body((), version=0xFEFD, cookie=b"")
    fragment = bytes([1]) + made.sized(body, 3)[:3] + bytes(5) + made.sized(body, 3)
    hello = b"\x16\xfe\xfd" + bytes(8) + made.sized(fragment, 2)
    encrypted = b"\x16\xfe\xfd\x00\x01" + bytes(6) + made.sized(bytes(40), 2)
    said = flow.hear((ORIGINATOR, hello), (ORIGINATOR, encrypted), (ORIGINATOR, encrypted))
    assert kinds(said) == [("dtls", "ClientHello"), ("dtls", "Encrypted")]
    assert [message.frame for message in flow.messages] == [1, 2]


def test_unknown_bytes_say_nothing_and_cost_nothing():
    flow = Flow()
    assert flow.hear((ORIGINATOR, b"\xff" * 100), (ORIGINATOR, REQUEST % b"late.example")) == []
    assert flow.conversations._live == {}
