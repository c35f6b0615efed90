"""Traffic that anybody on the way can read."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import replace

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors import _readable
from gdsi_audit.detectors.cleartext_traffic import detect
from gdsi_audit.protocols import Message, bare_file, http, unnamed_text
from gdsi_audit.protocols._dialogue import Command, Reply, StartTls

NAMED = "api.cams.example http-host"
RANDOM = hashlib.shake_128(b"cleartext").digest(2000)


def flow(service: str = "http", *, up: int = 3000, remote: str = "203.0.113.9:80", name: str = NAMED, **more: object) -> str:
    head = " ".join(["remote name name_source service up_bytes", *more])
    return f"{head}\n{remote} {name} {service or '-'} {up} {' '.join(str(value) for value in more.values())}"


def request(body: bytes = b"", *, method: str = "POST", target: str = "/v1/clips", kind: str = "", head: str = "") -> Message:
    lines = f"{method} {target} HTTP/1.1\r\nHost: api.cams.example\r\n{head}"
    lines += f"Content-Type: {kind}\r\n" if kind else ""
    lines += f"Content-Length: {len(body)}\r\n" if body else ""
    parsed, _ = http.parse(lines.encode() + b"\r\n" + body, from_responder=False)
    return Message(16, 4, 0, "http", False, parsed)


def answer(status: int, head: str = "", body: bytes = b"") -> Message:
    parsed, _ = http.parse(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, from_responder=True)
    return Message(16, 5, 0, "http", True, parsed)


def seen(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, [broken.field for broken in one.contradicts]) for one in detect(traffic, declaration)]


BROKEN = [("api.cams.example", "medium", ["encryption"])]
JSON = request(b'{"room": "bedroom", "motion": true}' * 50, kind="application/json")
SEALED = request(RANDOM, kind="application/octet-stream")


@pytest.mark.parametrize("service", ["http", "mqtt", "ftp", "rtsp", "telnet"])
@pytest.mark.parametrize("encryption", ["tls", "other"])
def test_a_protocol_of_clear_text_breaks_a_promise_of_encryption(device_traffic, declared, service, encryption):
    item = Destination(name="api.cams.example", encryption=encryption)
    messages = {"http": (JSON,)} if service == "http" else {}
    expected = [] if (service, encryption) == ("mqtt", "other") else BROKEN  # nothing of its content is there to read
    assert seen(device_traffic(flow(service), messages=messages), declared(item)) == expected


@pytest.mark.parametrize(
    ("why", "item", "nameable", "severity"),
    [
        ("an item for clear text", Destination(name="a.example", encryption="none"), "no", "info"),
        ("an item that says nothing of it", Destination(name="a.example"), "no", "low"),
        ("a name could be seen", Destination(name="a.example", encryption="none"), "yes", "medium"),
    ],
)
def test_clear_text_whose_name_could_not_be_seen_may_be_the_declared_one(device_traffic, declared, why, item, nameable, severity):
    traffic = device_traffic(flow(name="- -", nameable=nameable), messages={"http": (JSON,)})
    assert seen(traffic, declared(item)) == [("203.0.113.9", severity, [])], why


ASKS, AGREES = (Message(16, number, 0, "smtp", number == 2, StartTls()) for number in (1, 2))
GREETS = Message(16, 1, 0, "smtp", True, Reply("220", "mx.example ESMTP"))
DECLINES, GOES_ON = Message(16, 2, 0, "smtp", True, Reply("502", "no")), Message(16, 3, 0, "smtp", False, Command("MAIL", "FROM:<a@cams.example>"))


@pytest.mark.parametrize(
    ("why", "cut", "missed", "messages", "accused"),
    [
        ("the handshake was cut", "yes", 0, (ASKS, AGREES), False),
        ("the handshake was lost", "no", 517, (ASKS, AGREES), False),
        ("the answer was cut too", "yes", 0, (ASKS,), False),
        ("all is there, and no TLS followed", "no", 0, (ASKS, AGREES), True),
        ("TLS was declined", "yes", 0, (ASKS, DECLINES), True),
        ("and mail was sent nevertheless", "yes", 0, (ASKS, GOES_ON), True),
        ("nobody asked", "yes", 0, (GOES_ON,), True),
        ("all but the greeting was lost", "no", 517, (GREETS,), False),
        ("a greeting, and mail", "no", 517, (GREETS, GOES_ON), True),
        ("a greeting, and all is there", "no", 0, (GREETS,), True),
    ],
)
def test_what_follows_an_agreement_on_tls_cannot_be_told_where_it_was_not_captured(device_traffic, declared, why, cut, missed, messages, accused):
    cells = flow("smtp", remote="203.0.113.9:587", name="api.cams.example dns", cut=cut, missed_bytes=missed)
    numbered = tuple(replace(message, time=number) for number, message in enumerate(messages))
    traffic = device_traffic(cells, messages={"smtp": numbered})
    assert seen(traffic, declared(Destination(name="api.cams.example", encryption="tls"))) == BROKEN * accused, why


def test_a_tunnel_whose_inside_was_cut_is_not_clear_text(device_traffic, declared):
    asks = request(method="CONNECT", target="api.cams.example:443")
    traffic = device_traffic(flow(cut="yes"), messages={"http": (asks, answer(200))})
    assert seen(traffic, declared(Destination(name="api.cams.example", encryption="tls"))) == []


@pytest.mark.parametrize("service", ["tls", "quic", "dtls", "ssh", "dns", "ntp", ""])
def test_what_is_encrypted_or_has_its_role_is_left_alone(device_traffic, declared, service):
    assert seen(device_traffic(flow(service)), declared(Destination(name="api.cams.example", encryption="tls"))) == []


@pytest.mark.parametrize(("encryption", "expected"), [("tls", BROKEN), ("other", []), ("", []), ("none", [("api.cams.example", "info", [])])])
def test_content_that_looks_encrypted_inside_http(device_traffic, declared, encryption, expected):
    item = Destination(name="api.cams.example", encryption=encryption, data=("video",))
    assert seen(device_traffic(flow(), messages={"http": (SEALED,)}), declared(item)) == expected


@pytest.mark.parametrize(
    "messages",
    [
        (request(b"0" * 80, kind="application/ocsp-request"), answer(200, "Content-Type: application/ocsp-response\r\n", b"1" * 400)),
        (request(method="GET", target="/ca/root.crl"), answer(200, "Content-Type: application/pkix-crl\r\n", b"1" * 400)),
        (request(method="GET", target="/generate_204"), answer(204)),
        (request(method="GET", target="/hotspot-detect.html"), answer(200, "Content-Type: text/html\r\n", b"<HTML>Success</HTML>")),
        (request(method="GET", target="/"), answer(301, "Location: https://api.cams.example/\r\n")),
    ],
)
def test_readable_because_of_its_role(device_traffic, declared, messages):
    traffic = device_traffic(flow(up=200), messages={"http": messages})
    for declaration in (declared(Destination(name="api.cams.example", encryption="tls")), declared("other.example"), NOTHING_DECLARED):
        assert seen(traffic, declaration) == []


@pytest.mark.parametrize(
    "message",
    [
        request(method="GET", target="/?imei=1"),
        request(method="GET", target="/", head="Cookie: id=1\r\n"),
        request(method="GET", target="/", head="Authorization: Basic YTpi\r\n"),
        request(b"x" * 20),
    ],
)
def test_a_redirection_comes_too_late_for_what_was_said(device_traffic, declared, message):
    traffic = device_traffic(flow(up=200), messages={"http": (message, answer(301, "Location: https://api.cams.example/\r\n"))})
    assert seen(traffic, declared(Destination(name="api.cams.example", encryption="tls"))) == BROKEN


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Destination(name="api.cams.example", data=("video", "telemetry")), ["low"]),
        (Destination(name="api.cams.example", data=("Location history",)), ["low"]),
        (Destination(name="api.cams.example", data=("firmware",)), []),
        (Destination(name="api.cams.example"), []),
        (Destination(name="api.cams.example", data=("video",), encryption="none"), ["info"]),
        (Destination(name="other.example"), ["medium"]),
        (Destination(name="api.cams.example", encryption="tls", ports=((443, 443),)), ["medium"]),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, expected):
    traffic = device_traffic(flow(), messages={"http": (JSON,)})
    assert [one.severity for one in detect(traffic, declared(item))] == expected


def test_without_a_declaration_an_upload_in_clear_text_is_low(device_traffic):
    assert seen(device_traffic(flow(), messages={"http": (JSON,)})) == [("cams.example", "low", [])]
    assert seen(device_traffic(flow(), messages={"http": (request(b'{"beat": 1}', kind="application/json"),)})) == []
    assert seen(device_traffic(flow(), messages={"http": (SEALED,)})) == []
    assert seen(device_traffic(flow(remote="192.168.1.9:80"), messages={"http": (JSON,)})) == []


def test_text_and_pictures_without_a_protocol(device_traffic, declared):
    text, _ = unnamed_text.parse(struct.pack(">I", 900) + b'{"room": "bedroom"}' * 50, from_responder=False)
    picture, _ = bare_file.parse(b"\xff\xd8\xff\xe0" + bytes(5000), from_responder=False)
    encoded, _ = unnamed_text.parse(b"frame 1 " + base64.b64encode(RANDOM), from_responder=False)
    for protocol, service, body, kind in (("unnamed_text", "", text, "text"), ("bare_file", "bare_file", picture, "JPEG image")):
        messages = {protocol: (Message(16, 4, 0, protocol, False, body),)}
        traffic = device_traffic(flow(service, name="api.cams.example dns"), messages=messages)
        for encryption in ("tls", "other"):
            (one,) = detect(traffic, declared(Destination(name="api.cams.example", encryption=encryption)))
            assert one.severity == "medium" and kind in one.observation
    traffic = device_traffic(flow("", name="api.cams.example dns"), messages={"unnamed_text": (Message(16, 4, 0, "unnamed_text", False, encoded),)})
    assert seen(traffic, declared(Destination(name="api.cams.example", encryption="other"))) == []


def test_a_weak_name_contradicts_nothing(device_traffic, declared):
    traffic = device_traffic(flow(name="api.cams.example dns-later"), messages={"http": (JSON,)})
    assert seen(traffic, declared(Destination(name="api.cams.example", encryption="tls"))) == [("api.cams.example", "low", [])]


def test_nothing_of_the_content_is_printed(device_traffic, declared):
    (one,) = detect(device_traffic(flow(), messages={"http": (JSON,)}), declared(Destination(name="api.cams.example", encryption="tls")))
    assert "bedroom" not in repr(one) and "application/json" in one.observation


@pytest.mark.parametrize(
    ("data", "expected"),
    [(RANDOM, True), (RANDOM[:60], True), (RANDOM[:40], False), (base64.b64encode(RANDOM), False), (b'{"a": 1}' * 40, False), (bytes(200), False)],
)
def test_what_looks_encrypted(data, expected):
    assert _readable.is_opaque(data) is expected


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    reported, benign = (audit(folder / f"cleartext_traffic{kind}{twin}.pcap", folder / "cleartext_traffic.toml") for kind in ("", "_benign"))
    found = [(one.subject, one.severity) for one in reported.findings if one.detector == "cleartext_traffic"]
    assert found == [
        ("backup-cams.example", "medium"),
        ("clips.cams.example", "medium"),
        ("events.cams.example", "medium"),
        ("api.cams.example", "low"),
    ]
    assert [one for one in benign.findings if one.severity != "info"] == []
