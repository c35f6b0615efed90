"""Names that carry data, and names that are only long."""

from __future__ import annotations

from base64 import b32encode
from hashlib import shake_128

import pandas as pd
import pytest

from gdsi_audit.declarations import NOTHING_DECLARED
from gdsi_audit.detectors import _encoded_text
from gdsi_audit.detectors.dns_tunnelling import detect
from gdsi_audit.traffic import DNS

FLOW = "remote transport service\n192.168.1.1:53 udp dns"
A, TXT = 1, 16


def data(number: int, size: int) -> bytes:
    return shake_128(str(number).encode()).digest(size)


def asked(names, *, qtype=TXT, rcode=0, answers=1, answer_bytes=3):
    """A query and its response for each name, a second apart, all in flow 16."""
    rows = []
    for number, name in enumerate(names):
        common = {"flow": 16, "capture": 0, "client": "192.168.1.50", "server": "192.168.1.1", "server_port": 53, "query": name, "qtype": qtype}
        question = 12 + len(name) + 2 + 4
        reply = question + answers * (12 + answer_bytes)
        rows.append({**common, "response": False, "rcode": 0, "answers": 0, "message_bytes": question})
        rows.append({**common, "response": True, "rcode": rcode, "answers": answers, "message_bytes": reply})
        for row in rows[-2:]:
            row.update(frame=len(rows), time=number * 1_000_000_000, solicited=True)
    return pd.DataFrame(rows, columns=list(DNS)).astype(DNS)


@pytest.mark.parametrize("size", [10, 20, 31])
@pytest.mark.parametrize("encode", [bytes.hex, lambda raw: b32encode(raw).decode().strip("=").lower()])
def test_bytes_moved_are_estimated_within_a_fifth(device_traffic, size, encode):
    names = [f"{encode(data(number, size))}.{number:04d}.t.cams.example" for number in range(100)]
    (found,) = detect(device_traffic(FLOW, dns=asked(names)), NOTHING_DECLARED)
    moved = 100 * size
    assert found.subject == "cams.example"
    assert found.measures["estimated_up_bytes"] == pytest.approx(moved, rel=0.2)
    assert found.count == 100


def test_what_the_answers_carry(device_traffic):
    names = [f"{data(number, 12).hex()}.t.cams.example" for number in range(40)]
    (found,) = detect(device_traffic(FLOW, dns=asked(names, qtype=10, answer_bytes=500)), NOTHING_DECLARED)
    assert found.measures["estimated_down_bytes"] == pytest.approx(40 * 500, rel=0.2)
    assert (found.severity, found.confidence) == ("high", "high")


def test_a_tunnel_without_a_domain(device_traffic):
    names = [f"dnscat.{data(number, 20).hex()}" for number in range(30)]
    (found,) = detect(device_traffic(FLOW, dns=asked(names)), NOTHING_DECLARED)
    assert (found.subject, found.severity) == ("no top-level domain", "medium")


ONE_NAME = [f"{data(1, 20).hex()}.cams.example"] * 60
REVERSED = [".".join(map(str, data(number, 4))) + ".list.example" for number in range(60)]
REVERSED_V6 = [".".join(data(number, 16).hex()) + ".ip6.arpa" for number in range(60)]
WORDS = [
    f"{first}-{second}-status.cams.example"
    for first in ("kitchen", "garden", "street", "garage")
    for second in ("one", "two", "three", "four", "five")
]
SERVICES = [f"_{data(number, 8).hex()}._tcp.cams.example" for number in range(60)]
RUNNING = [f"edge{number}.pool.cams.example" for number in range(60)]
FEW = [f"{data(number, 20).hex()}.cams.example" for number in range(19)]


@pytest.mark.parametrize("names", [ONE_NAME, REVERSED, REVERSED_V6, WORDS * 3, SERVICES, RUNNING, FEW])
def test_names_that_carry_nothing(device_traffic, names):
    assert list(detect(device_traffic(FLOW, dns=asked(names)), NOTHING_DECLARED)) == []


HASHES = [f"{data(number, 16).hex()}.hashes.example" for number in range(60)]


def test_a_list_of_hashes_answers_within_127(device_traffic):
    look_ups = asked(HASHES, qtype=A, answer_bytes=4)
    assert list(detect(_with(device_traffic, look_ups, "127.0.0.4"), NOTHING_DECLARED)) == []
    assert [one.subject for one in detect(_with(device_traffic, look_ups, "203.0.113.5"), NOTHING_DECLARED)] == ["hashes.example"]


@pytest.mark.parametrize("size", [16, 20, 28, 21, 30])
@pytest.mark.parametrize("encode", [bytes.hex, lambda raw: b32encode(raw).decode().strip("=").lower()])
def test_only_labels_as_long_as_a_digest_make_a_list(device_traffic, size, encode):
    texts = [encode(data(number, size)) for number in range(60)]
    names = [f"{text}.hashes.example" for text in texts]
    traffic = device_traffic(FLOW, dns=asked(names, qtype=A, answer_bytes=4), answers=[f"{name} 127.0.0.2" for name in names])
    assert len(list(detect(traffic, NOTHING_DECLARED))) == (size in (21, 30))


def _with(device_traffic, dns, address):
    return device_traffic(FLOW, dns=dns, answers=[f"{name} {address}" for name in HASHES])


def test_names_that_are_contacted_are_names(device_traffic):
    lines = [f"203.0.113.{number}:443 tcp tls" for number in range(60)]
    pairs = [f"{name} 203.0.113.{number}" for number, name in enumerate(HASHES)]
    traffic = device_traffic("\n".join([FLOW, *lines]), dns=asked(HASHES, qtype=A, answer_bytes=4), answers=pairs)
    assert list(detect(traffic, NOTHING_DECLARED)) == []
    shared = device_traffic(f"{FLOW}\n203.0.113.1:443 tcp tls", dns=asked(HASHES, qtype=A), answers=[f"{name} 203.0.113.1" for name in HASHES])
    assert [one.subject for one in detect(shared, NOTHING_DECLARED)] == ["hashes.example"]


def test_words_and_encodings():
    assert _encoded_text.common_share(["telemetry", "firmware-update", "akamaiedge"]) > 0.5
    assert _encoded_text.common_share([data(number, 20).hex() for number in range(20)]) < 0.3
    assert _encoded_text.common_share([]) == 0.0
    assert [_encoded_text.bits_per_symbol([text]) for text in ("0123", "0123456789abcdef", "abcdefghijklmnopqrstuv", "a\u0080")] == [
        3.32,
        4.0,
        5.0,
        7.0,
    ]
    assert _encoded_text.plain("a\\xffb") == "a\u0080b"
