"""Handshakes that somebody on the way could break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdsi_audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors import _cipher_suites
from gdsi_audit.detectors.weak_tls import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._certificate import Certificate
from gdsi_audit.protocols._certificate_facts import CertificateFacts
from gdsi_audit.protocols._client_hello import ClientHello
from gdsi_audit.protocols._handshake import ServerHello

NOW = 1_790_000_000 * 10**9
DAY = 86_400 * 10**9
ROW = "remote name name_source up_bytes\n203.0.113.9:443 api.cams.example tls-sni 5000"
HELLO = ClientHello("api.cams.example", 0x0303, 0x0303, (), (0xC02B,), (0,), (), (), (), (), "", False, False, False, False, "", "")
SOUND = ServerHello(0x0303, 0xC02B, "", "", False)
LEAF = CertificateFacts(
    sha256="00",
    subject="CN=api.cams.example",
    issuer="CN=ca",
    dns_names=("api.cams.example",),
    not_before=NOW - 90 * DAY,
    not_after=NOW + 90 * DAY,
    key_type="RSA",
    key_bits=2048,
    signature_hash="sha256",
)


def seen(device_traffic, *bodies, table=ROW, protocol="tls"):
    said = [(False, HELLO), *((not isinstance(body, ClientHello), body) for body in bodies)]
    return device_traffic(table, messages={protocol: tuple(Message(16, 1, NOW, protocol, back, body) for back, body in said)})


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity) for one in detect(traffic, declaration)]


def kinds(traffic):
    return [one.measures["defects"] for one in detect(traffic, NOTHING_DECLARED)]


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        (SOUND, []),
        (replace(SOUND, version=0x0304, cipher_suite=0x1301), []),
        (replace(SOUND, version=0x0301), [("version", "low")]),
        (replace(SOUND, version=0x0302), [("version", "low")]),
        (replace(SOUND, version=0x0300), [("version", "medium")]),
        (replace(SOUND, cipher_suite=0x002E), [("suite: no encryption", "medium")]),
        (replace(SOUND, cipher_suite=0x0018), [("suite: RC4, suite: nobody's identity checked", "medium")]),
        (replace(SOUND, cipher_suite=0xC012), [("suite: 3DES", "low")]),
        (replace(SOUND, cipher_suite=0xC011), [("suite: RC4", "low")]),
        (replace(SOUND, compression=1), [("compression", "low")]),
        (replace(SOUND, version=0x0301, hello_retry=True), []),
    ],
)
def test_what_was_agreed_on(device_traffic, hello, expected):
    assert [(one.measures["defects"], one.severity) for one in detect(seen(device_traffic, hello), NOTHING_DECLARED)] == expected


@pytest.mark.parametrize(
    ("leaf", "kind"),
    [
        (LEAF, None),
        (replace(LEAF, self_signed=True), "self-signed"),
        (replace(LEAF, not_after=NOW - 3 * DAY), "expired"),
        (replace(LEAF, not_before=NOW + 3 * DAY), "not yet valid"),
        (replace(LEAF, not_after=NOW - DAY // 2), None),
        (replace(LEAF, dns_names=("*.example",)), "name"),
        (replace(LEAF, dns_names=("*.cams.example",)), None),
        (replace(LEAF, key_bits=1024), "key"),
        (replace(LEAF, key_type="EC", key_bits=192), "key"),
        (replace(LEAF, key_type="EC", key_bits=256), None),
        (replace(LEAF, signature_hash="md5"), "signature"),
        (replace(LEAF, signature_hash="sha1"), "signature"),
    ],
)
def test_certificates(device_traffic, leaf, kind):
    traffic = seen(device_traffic, SOUND, Certificate((leaf,)))
    assert kinds(traffic) == ([kind] if kind else [])
    assert [severity for _, severity in found(traffic)] == (["low"] if kind else [])


@pytest.mark.parametrize("place", [1, 2])
def test_what_stands_above_the_leaf_proves_nothing(device_traffic, place):
    chain = (LEAF, *([LEAF] * (place - 1)), replace(LEAF, signature_hash="sha1", self_signed=True, key_bits=1024))
    assert found(seen(device_traffic, SOUND, Certificate(chain))) == []


def test_a_certificate_that_was_refused_or_is_a_peers(device_traffic):
    bad = Certificate((replace(LEAF, self_signed=True),))
    assert found(seen(device_traffic, SOUND, bad, table=ROW.replace("5000", "130"))) == []
    assert found(seen(device_traffic, SOUND, bad, protocol="dtls")) == []
    inbound = ROW.replace("up_bytes", "up_bytes initiator").replace("5000", "5000 remote")
    assert found(seen(device_traffic, SOUND, bad, table=inbound)) == []


def test_what_was_in_force_then(device_traffic):
    then = ROW.replace("up_bytes", "up_bytes start").replace("5000", "5000 1480000000000000000")
    assert found(seen(device_traffic, replace(SOUND, version=0x0301), table=then)) == [("cams.example", "info")]
    unset = ROW.replace("up_bytes", "up_bytes start").replace("5000", "5000 1000")
    assert found(seen(device_traffic, replace(SOUND, version=0x0301), table=unset)) == [("cams.example", "low")]


@pytest.mark.parametrize(
    ("item", "severity", "fields"),
    [
        (Destination(name="api.cams.example"), "low", []),
        (Destination(name="api.cams.example", encryption="tls"), "medium", ["encryption"]),
        (Destination(name="api.cams.example", encryption="none"), "info", []),
        (Destination(name="other.example"), "medium", []),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, severity, fields):
    (one,) = detect(seen(device_traffic, replace(SOUND, cipher_suite=0x003B)), declared(item))
    assert (one.subject, one.severity, [broken.field for broken in one.contradicts]) == ("cams.example", severity, fields)
    (old,) = detect(seen(device_traffic, replace(SOUND, version=0x0301)), declared(item))
    assert old.severity in ("low", "info") and old.contradicts == ()


def test_a_certificate_that_a_declared_party_signed_itself(device_traffic, declared):
    traffic = seen(device_traffic, SOUND, Certificate((replace(LEAF, self_signed=True),)))
    assert found(traffic, declared(Destination(name="api.cams.example", encryption="tls"))) == [("cams.example", "info")]
    assert found(traffic, declared("api.cams.example")) == [("cams.example", "low")]


def test_in_the_local_network(device_traffic):
    local = ROW.replace("203.0.113.9", "192.168.1.9")
    assert found(seen(device_traffic, replace(SOUND, version=0x0301), table=local)) == [("cams.example", "info")]


def test_what_is_only_offered(device_traffic):
    traffic = device_traffic(ROW, messages={"tls": (Message(16, 1, NOW, "tls", False, replace(HELLO, cipher_suites=(0xC02B, 0x0003))),)})
    assert found(traffic) == [("offered, not agreed on", "info")]


def test_the_oldest_version_when_nothing_else_is_offered(device_traffic):
    oldest = replace(HELLO, version=0x0002, cipher_suites=(0x010080,))
    traffic = device_traffic(ROW, messages={"tls": (Message(16, 1, NOW, "tls", False, oldest),)})
    assert found(traffic) == [("cams.example", "medium")]


def test_tables_of_suites():
    assert _cipher_suites.WEAK[0x0003] == ("export-grade keys", "RC4")
    assert not {0x1301, 0xC02B, 0xC02F, 0xCCA8, 0x009C, 0x002F} & set(_cipher_suites.WEAK)
    assert all(_cipher_suites.unassigned((suite,)) == 0 for suite in _cipher_suites.WEAK)


EXPECTED = [("export", "medium"), ("null", "medium"), *((name, "low") for name in ("expired", "old", "othername", "selfsigned", "sha1", "shortkey"))]


@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_captures(repository, suffix):
    folder = repository / "captures" / "detectors"
    mine = [one for one in audit(folder / f"weak_tls{suffix}.pcap").findings if one.detector == "weak_tls"]
    assert [(one.subject, one.severity) for one in mine] == [(f"{name}.example", severity) for name, severity in EXPECTED]
    assert [one for one in audit(folder / f"weak_tls_benign{suffix}.pcap").findings if one.severity != "info"] == []
