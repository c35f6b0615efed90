"""What is on imported lists."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Declaration
from gdsi_audit.detectors.known_bad import detect
from gdsi_audit.geo import Place
from gdsi_audit.indicators import Indicator
from gdsi_audit.protocols import Message, http
from gdsi_audit.traffic import ANSWERS, DNS

START = 1_790_000_000 * 10**9
FLOW = "remote name name_source\n203.0.113.9:443 api.evil.example tls-sni"
BARE = "remote nameable\n203.0.113.9:443 no"


def listed(kind: str, value: str, **more) -> Declaration:
    return Declaration(indicators=(Indicator(kind=kind, value=value, file="bad.txt", sha256="ef" * 32, line=7, **{"label": "", **more}),))


def found(traffic, declaration):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


def question(name: str, flow: int) -> pd.DataFrame:
    row = dict(flow=flow, capture=0, frame=1, time=START, client="192.168.1.50", server="192.168.1.1", server_port=53, response=False, query=name)
    return pd.DataFrame([{**row, "qtype": 1, "rcode": 0, "answers": 0, "message_bytes": 40, "solicited": True}]).astype(DNS)


@pytest.mark.parametrize(
    ("kind", "value", "below", "expected"),
    [
        ("name", "api.evil.example", False, [("api.evil.example", "high", "high")]),
        ("name", "evil.example", True, [("api.evil.example", "medium", "medium")]),
        ("name", "*.evil.example", True, [("api.evil.example", "high", "high")]),
        ("name", "*.api.evil.example", True, []),
        ("name", "evil.example", False, []),
        ("name", "vil.example", True, []),
        ("name", "pi.evil.example", True, []),
        ("address", "203.0.113.9", False, [("203.0.113.9", "medium", "medium")]),
        ("prefix", "203.0.113.0/24", False, [("203.0.113.9", "medium", "medium")]),
        ("prefix", "2001:db8::/32", False, []),
        ("address", "203.0.113.90", False, []),
    ],
)
def test_names_and_addresses(device_traffic, kind, value, below, expected):
    assert found(device_traffic(FLOW), listed(kind, value, below=below)) == expected


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8:f::9"])
def test_an_address_that_has_no_other_name(device_traffic, address):
    end = f"[{address}]" if ":" in address else address
    assert found(device_traffic(BARE.replace("203.0.113.9", end)), listed("address", address)) == [(address, "high", "medium")]


def test_an_address_that_many_share(device_traffic):
    places = {"203.0.113.9": Place(multi_location=True)}
    assert found(device_traffic(BARE, places=places), listed("address", "203.0.113.9")) == [("203.0.113.9", "low", "low")]


def test_name_and_address_are_one_cause(device_traffic):
    both = (*listed("name", "api.evil.example").indicators, *listed("address", "203.0.113.9").indicators)
    assert found(device_traffic(FLOW), Declaration(indicators=both)) == [("api.evil.example", "high", "high")]


def test_an_attempt_and_a_question(device_traffic):
    attempt = device_traffic(BARE.replace("nameable", "nameable up_bytes down_bytes conn_state") + " 0 0 S0")
    assert found(attempt, listed("address", "203.0.113.9")) == [("203.0.113.9", "medium", "medium")]
    table = "remote transport service\n192.168.1.1:53 udp dns"
    asked = device_traffic(table, dns=question("sleeper.evil.example", 16))
    assert found(asked, listed("name", "sleeper.evil.example")) == [("sleeper.evil.example", "medium", "medium")]


def test_an_alias_that_is_listed(device_traffic):
    row = dict(capture=0, frame=7, time=0, client="192.168.1.50", server="192.168.1.1", name="cdn.cams.example", address="203.0.113.9", ttl_s=60)
    answers = pd.DataFrame([{**row, "chain": "x.cams.example > c2.evil.example", "solicited": True}]).astype(ANSWERS)
    traffic = device_traffic(FLOW.replace("api.evil.example", "cdn.cams.example"), answer_table=answers)
    assert found(traffic, listed("name", "c2.evil.example")) == [("c2.evil.example", "high", "high")]


@pytest.mark.parametrize(
    ("target", "url", "expected"),
    [
        ("/a/c2.txt", "http://api.evil.example/a/c2.txt", 1),
        ("/a/c2.txt", "https://api.evil.example/a/c2.txt", 1),
        ("http://api.evil.example/a/c2.txt", "http://api.evil.example/a/c2.txt", 1),
        ("/a/c2.txt?x=1", "http://api.evil.example/a/c2.txt", 0),
        ("/a/", "http://api.evil.example/a/c2.txt", 0),
    ],
)
def test_urls_of_requests(device_traffic, target, url, expected):
    body, _ = http.parse(f"GET {target} HTTP/1.1\r\nHost: api.evil.example\r\n\r\n".encode(), from_responder=False)
    traffic = device_traffic(FLOW, messages={"http": (Message(16, 3, START, "http", False, body),)})
    assert len(found(traffic, listed("url", url))) == expected


def test_fingerprints(device_traffic):
    hello = SimpleNamespace(ja3="a" * 32)
    chain = SimpleNamespace(chain=(SimpleNamespace(sha256="b" * 64, sha1="c" * 40),))
    messages = {"tls": (Message(16, 3, START, "tls", False, hello), Message(16, 4, START, "tls", True, chain))}
    traffic = device_traffic(FLOW, messages=messages)
    assert found(traffic, listed("ja3", "a" * 32)) == [("a" * 32, "low", "low")]
    assert found(traffic, listed("certificate-sha256", "b" * 64)) == [("b" * 64, "high", "high")]
    assert found(traffic, listed("certificate-sha1", "c" * 40)) == [("c" * 40, "high", "high")]
    assert found(traffic, listed("ja3s", "a" * 32)) == []


def test_what_the_list_says_of_time(device_traffic):
    assert found(device_traffic(FLOW), listed("name", "api.evil.example", until=START - 1)) == [("api.evil.example", "low", "low")]
    assert found(device_traffic(FLOW), listed("name", "api.evil.example", since=START - 1)) == [("api.evil.example", "high", "high")]


def test_a_declared_party_and_the_bench(device_traffic, declared):
    indicators = listed("name", "api.evil.example").indicators
    assert found(device_traffic(FLOW), declared("api.evil.example", indicators=indicators)) == [("api.evil.example", "medium", "high")]
    assert found(device_traffic(FLOW), declared("other.example", indicators=indicators)) == [("api.evil.example", "high", "high")]


def test_the_list_is_part_of_what_is_said(device_traffic):
    (one,) = detect(device_traffic(FLOW), listed("name", "api.evil.example", label="a botnet"))
    assert 'bad.txt line 7 (SHA-256 efefefefefefefef…) as "a botnet"' in one.observation
    assert (one.measures["list_sha256"], one.measures["list_line"]) == ("ef" * 32, 7)


def test_nothing_without_lists(device_traffic):
    assert found(device_traffic(FLOW), NOTHING_DECLARED) == []
    assert found(device_traffic(""), listed("name", "api.evil.example")) == []


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    bad = folder / "known_bad.indicators.txt"
    reported = audit(folder / f"known_bad{twin}.pcap", indicators=bad)
    found = {one.subject: one.severity for one in reported.findings if one.detector == "known_bad"}
    assert found == {
        "command.botnet.example": "high",
        "eu.drop.botnet.example": "high",
        "http://pages.example/raw/c2.txt": "high",
        "2a01:4f8:9::9" if twin else "116.202.9.9": "high",
        "sleeper.botnet.example": "medium",
        "alias.botnet.example": "high",
    }
    assert [note.kind for note in reported.declaration.notes] == ["indicators"]
    benign = audit(folder / f"known_bad_benign{twin}.pcap", folder / "known_bad.toml", indicators=[bad])
    assert [one for one in benign.findings if one.detector == "known_bad" or one.severity not in ("info", "low")] == []
