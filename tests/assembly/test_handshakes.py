"""QUIC handshakes against the distance of countries, through the whole audit, as test_round_trips.py has it for TCP."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from captures._quic import crypto_frame, initial, parameter
from captures._tls import client_hello, server_hello
from captures._writer import Capture
from gdsi_audit.assembly.handshakes import timed
from gdsi_audit.assembly.perspective import Sides
from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Statement, Vantage
from gdsi_audit.flows import CLOSED
from gdsi_audit.packets.address import value
from gdsi_audit.protocols import Message
from gdsi_audit.protocols.quic import LongHeader, QuicInitial, VersionNegotiation

FRANKFURT = Vantage(position="lan", latitude=50.11, longitude=8.68)
IN_AMERICA, DEVICE = "8.36.116.7", "192.168.1.50"
BEGIN, SECOND = 1_790_000_000_000_000_123, 1_000_000_000
FIRST, CLIENT, SERVER, RETRIED = b"\x01" * 8, b"\x02" * 5, b"\x03" * 8, b"\x04" * 8
NOISE = Capture(4, 0, "handshakes")
HELLO = crypto_frame(client_hello(NOISE, "quic.cams.example", ("h3",), quic=parameter(0x0F, CLIENT)))
ASKED = initial(FIRST, CLIENT, FIRST, HELLO, side="client")
ASKED_AGAIN = initial(FIRST, CLIENT, FIRST, HELLO, side="client", packet_number=1)
ANSWER = initial(CLIENT, SERVER, FIRST, crypto_frame(server_hello(NOISE, session=b"")), side="server")
ANOTHER = initial(b"\x09" * 5, SERVER, FIRST, crypto_frame(server_hello(NOISE, session=b"")), side="server")
RETRY = b"\xf0\x00\x00\x00\x01\x05" + CLIENT + b"\x08" + RETRIED + b"token" + bytes(16)
ASKED_WITH_TOKEN = initial(RETRIED, CLIENT, RETRIED, HELLO, side="client", packet_number=1)
NEGOTIATION = b"\x80\x00\x00\x00\x00\x05" + CLIENT + b"\x08" + FIRST + struct.pack(">II", 1, 0x0A0A0A0A)


def frame(from_device: bool, payload: bytes) -> bytes:
    ends = (DEVICE, IN_AMERICA) if from_device else (IN_AMERICA, DEVICE)
    addresses = b"".join(bytes(map(int, text.split("."))) for text in ends)
    ports = (49152, 443) if from_device else (443, 49152)
    udp = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64 if from_device else 50, 17, 0) + addresses
    macs = (b"\x02\0\0\0\0\x50", b"\x02\0\0\0\0\x01")
    return b"".join(macs[::-1] if from_device else macs) + b"\x08\0" + ip + udp


def capture(path, *datagrams: tuple[float, bool, bytes]):
    """A pcap of (milliseconds, from the device, UDP payload)."""
    records = ((BEGIN + round(at * 1e6), frame(from_device, payload)) for at, from_device, payload in datagrams)
    packed = (struct.pack("<IIII", at // SECOND, at % SECOND, len(data), len(data)) + data for at, data in records)
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + b"".join(packed))
    return path


def refuted(path):
    statement = Statement(by="tester", file="bench.toml", sha256="00" * 32)
    result = audit(path, replace(NOTHING_DECLARED, statements=(statement,), vantage=FRANKFURT))
    return result.traffic.endpoints[IN_AMERICA].place.refuted


@pytest.mark.parametrize(
    ("datagrams", "shown"),
    [
        ([(0, True, ASKED), (3, False, ANSWER)], "3.0 ms from the first QUIC Initial to the server's Initial in frames 1, 2"),
        ([(0, True, ASKED), (7, True, ASKED_AGAIN), (9, False, ANSWER)], "9.0 ms from the first QUIC Initial to the server's Initial in frames 1, 3"),
        (
            [(0, True, ASKED), (3, False, RETRY), (4, True, ASKED_WITH_TOKEN), (8, False, ANSWER)],
            "3.0 ms from the first QUIC Initial to the server's Retry in frames 1, 2",
        ),
        ([(0, True, ASKED), (3, False, NEGOTIATION)], "3.0 ms from the first QUIC Initial to the server's Version Negotiation in frames 1, 2"),
        ([(0, True, ASKED), (180, False, ANSWER)], ""),
        ([(0, True, ASKED_AGAIN), (3, False, ANSWER)], ""),
        ([(0, True, ASKED), (3, False, ANOTHER)], ""),
        ([(0, True, ASKED)], ""),
    ],
)
def test_quic_handshakes_are_timed_from_the_first_initial(tmp_path, datagrams, shown):
    words = refuted(capture(tmp_path / "quic.pcap", *datagrams))
    expected = f"US: {shown} of quic.pcap, where light takes at least 53.3 ms in fibre, 35.6 ms in vacuum"
    assert words == ((expected,) if shown else ())


def quic(hello_number: int, since_s: float, body, answer_ms: float = 3.0):
    """What is timed of one conversation that begins `since_s` after the capture."""
    rows = np.zeros(2, CLOSED)
    rows["start"], rows["flow"], rows["transport"] = [BEGIN, BEGIN + round(since_s * SECOND)], [0, 16], 17
    rows["handshake_rtt_ns"], rows["resp_port"] = -1, 443
    rows["resp_hi"], rows["resp_lo"] = value(IN_AMERICA)
    hello = QuicInitial("1", "aa", "bb", None, hello_number)
    start = int(rows["start"][1])
    messages = [
        Message(flow=16, frame=8, time=start + round(answer_ms * 1e6), protocol="quic", from_responder=True, body=body),
        Message(flow=16, frame=7, time=start, protocol="quic", from_responder=False, body=hello),
    ]
    return timed(rows, Sides(np.arange(2), np.zeros(2, np.int32), np.ones(2, np.bool_)), messages, 0.0001)


SERVERS = QuicInitial("1", "bb", "cc", None)


@pytest.mark.parametrize(
    ("number", "since_s", "body", "count"),
    [
        (0, 0.1, SERVERS, 1),
        (1, 0.1, SERVERS, 0),
        (-1, 9.9, SERVERS, 0),
        (1, 10.0, SERVERS, 1),
        (0, 0.1, LongHeader("Retry", "1", "bb", "cc"), 1),
        (0, 0.1, VersionNegotiation("bb", "aa", ("1",)), 1),
        (0, 0.1, replace(SERVERS, dcid="ee"), 0),
    ],
)
def test_a_first_initial_is_one_by_its_number_or_by_silence_before_it(number, since_s, body, count):
    found = quic(number, since_s, body)
    assert [(one.rtt_s, one.transport, one.port, one.address) for one in found] == [(0.003, "udp", 443, IN_AMERICA)] * count


def test_a_faster_answer_than_any_network_s_is_not_timed():
    assert quic(0, 0.1, SERVERS, answer_ms=0.05) == []
