"""Passwords and tokens that can be read on the way."""

from __future__ import annotations

import base64

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination
from gdsi_audit.detectors.cleartext_credentials import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._dialogue import Credentials
from gdsi_audit.protocols.http import parse as http
from gdsi_audit.protocols.ldap import LdapBind
from gdsi_audit.protocols.mqtt import MqttConnect, MqttPublish
from gdsi_audit.protocols.rtsp import RtspMessage
from gdsi_audit.protocols.snmp import SnmpMessage
from gdsi_audit.protocols.socks import Socks
from gdsi_audit.protocols.telnet import TelnetText
from gdsi_audit.protocols.terminal import TerminalText

OUTSIDE = "remote name name_source\n203.0.113.9:80 api.cams.example http-host"
INSIDE = "remote\n192.168.1.9:80"
SECRET = "Zebra7Quartz"
PARTS = f'Content-Disposition: form-data; name="pwd"\r\n\r\n{SECRET}\r\n--x'
DIGESTED = "<Security><Password Type='#PasswordDigest'>abc=</Password></Security>"


def said(protocol, *turns):
    """`turns`: bodies of the originator; a list around one makes it the responder's."""
    pairs = [(isinstance(turn, list), turn[0] if isinstance(turn, list) else turn) for turn in turns]
    return {protocol: tuple(Message(16, 1 + number, number, protocol, responder, body) for number, (responder, body) in enumerate(pairs))}


def request(line="GET / HTTP/1.1", header="", body=""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return http(f"{line}\r\nHost: api.cams.example\r\n{header}{length}\r\n{body}".encode(), from_responder=False)[0]


def basic(text):
    return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}\r\n"


def user(secret_bytes=12, kind="user-pass", name="camera"):
    return Credentials(kind, name, secret_bytes)


def snmp(secret_bytes, *, public=False, operation="get"):
    return SnmpMessage("2c", operation, secret_bytes, public, False, False, -1)


def rtsp(scheme, secret_bytes, target="rtsp://192.168.1.50/live"):
    return RtspMessage("DESCRIBE", target, 0, scheme, 5, secret_bytes, "", "")


def mqtt(size):
    return MqttConnect(4, "camera", "camera", True, size, "", 60)


LOGIN = [[TelnetText(0, ("login",), ())], TelnetText(0, (), (4,)), [TelnetText(0, ("password",), ())], TelnetText(0, (), (12,))]
BARE = [[TerminalText(("login",), 0)], [TerminalText(("password",), 0)], [TerminalText(("root prompt",), 0)]]

CASES = [
    ("http", [request(header=basic(f"camera:{SECRET}"))], "HTTP Basic", "medium", "low"),
    ("http", [request(header="Authorization: Digest username=x\r\n")], "HTTP Digest", "low", "info"),
    ("http", [request(header="Authorization: NTLM TlRMTVNTUAAB\r\n")], "HTTP NTLM", "low", "info"),
    ("http", [request(header=f"Authorization: Bearer {SECRET}\r\n")], "HTTP Bearer token", "medium", "low"),
    ("http", [request(header=f"X-Api-Key: {SECRET}\r\n")], "HTTP API key", "low", "info"),
    ("http", [request(header=f"X-Auth-Token: {SECRET}\r\n")], "HTTP token", "medium", "low"),
    ("http", [request(f"GET /x?apiKey={SECRET} HTTP/1.1")], "an API key in a URL", "low", "info"),
    ("http", [request(f"GET /get_status.cgi?loginuse=admin&loginpas={SECRET} HTTP/1.1")], "a password in a URL", "medium", "low"),
    ("http", [request(f"GET /x?access_token={SECRET} HTTP/1.1")], "an access token in a URL", "medium", "low"),
    ("http", [request("POST /l HTTP/1.1", body=f"user=camera&password={SECRET}")], "a password in a form", "medium", "low"),
    ("http", [request("POST /l HTTP/1.1", body=f'{{"user": "camera", "wifi_password" : "{SECRET}"}}')], "a password in a form", "medium", "low"),
    ("http", [request("POST /l HTTP/1.1", body=f"<u:Login><u:Password>{SECRET}</u:Password></u:Login>")], "a password in a form", "medium", "low"),
    ("http", [request("POST /l HTTP/1.1", body=PARTS)], "a password in a form", "medium", "low"),
    ("http", [request("POST /l HTTP/1.1", body=f"password={'0f' * 16}")], "a password in a form", "medium", "info"),
    ("http", [request("POST /l HTTP/1.1", body=DIGESTED)], "WS-Security digest", "low", "info"),
    ("ftp", [user()], "FTP login", "medium", "low"),
    ("ftp", [user(name="anonymous")], "FTP login", "info", "info"),
    ("smtp", [user(kind="login")], "SMTP login", "medium", "low"),
    ("smtp", [user(-1, kind="cram-md5", name="")], "SMTP CRAM-MD5", "low", "info"),
    ("imap", [user(30, kind="scram-sha-256", name="")], "IMAP SCRAM-SHA-256", "low", "info"),
    ("pop", [user(32, kind="apop")], "POP APOP", "low", "info"),
    ("redis", [user(name="")], "Redis login", "medium", "low"),
    ("irc", [user(kind="pass", name="")], "IRC login", "medium", "low"),
    ("mqtt", [mqtt(12)], "MQTT login", "medium", "low"),
    ("mqtt", [MqttPublish("wifi", 0, b'{"psk":"' + SECRET.encode() + b'"}', 0)], "a password in a message", "medium", "low"),
    ("ldap", [LdapBind("simple", "cn=camera", 12)], "LDAP simple bind", "medium", "low"),
    ("socks", [Socks(5, 1, -1, "x.example", 80, "camera", 12)], "SOCKS login", "medium", "low"),
    ("snmp", [snmp(7)], "SNMP community", "medium", "low"),
    ("snmp", [snmp(6, public=True)], "SNMP community", "medium", "info"),
    ("rtsp", [rtsp("basic", 12)], "RTSP Basic", "medium", "low"),
    ("rtsp", [rtsp("digest", -1)], "RTSP Digest", "low", "info"),
    ("rtsp", [rtsp("", -1, f"rtsp://camera:{SECRET}@192.168.1.50/")], "a password in a URL", "medium", "low"),
    ("telnet", LOGIN, "telnet login", "medium", "low"),
    ("terminal", BARE, "login over a bare connection", "medium", "low"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "turns", "kind", "outside", "inside"), CASES)
def test_kinds_and_where_they_go(device_traffic, protocol, turns, kind, outside, inside):
    messages = said(protocol, *turns)
    for table, severity in ((OUTSIDE, outside), (OUTSIDE.replace("203.0.113.9", "[2001:db8:f::9]"), outside), (INSIDE, inside)):
        (one,) = detect(device_traffic(table, messages=messages), NOTHING_DECLARED)
        assert (one.subject.partition(" with ")[0], one.severity) == (kind, severity)
        assert SECRET not in repr(one) and "camera" not in one.observation


SILENT = [
    ("http", [request()]),
    ("http", [request("GET /x?password=&token=1&pwd=***&user=camera HTTP/1.1")]),
    ("http", [request("POST /l HTTP/1.1", body="compass=north&bypass=yes&passed=12")]),
    ("http", [request("POST /l HTTP/1.1", body='{"password": "", "passengers": "two"}')]),
    ("ftp", [user(-1)]),
    ("mqtt", [mqtt(-1)]),
    ("ldap", [LdapBind("simple", "", 0)]),
    ("ldap", [LdapBind("gssapi", "", -1)]),
    ("snmp", [SnmpMessage("3", "", -1, False, True, True, 5)]),
    ("telnet", LOGIN[:3]),
    ("terminal", BARE[:2]),
]


@pytest.mark.parametrize(("protocol", "turns"), SILENT)
def test_what_shows_no_secret(device_traffic, protocol, turns):
    assert list(detect(device_traffic(OUTSIDE, messages=said(protocol, *turns)), NOTHING_DECLARED)) == []


@pytest.mark.parametrize(
    ("item", "clear", "challenge", "broken"),
    [
        (Destination(name="api.cams.example"), "medium", "low", []),
        (Destination(name="api.cams.example", encryption="none"), "medium", "info", []),
        (Destination(name="api.cams.example", encryption="tls"), "high", "low", ["encryption"]),
        (Destination(name="other.example"), "high", "low", []),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, clear, challenge, broken):
    for header, severity in ((basic(f"camera:{SECRET}"), clear), ("Authorization: Digest x\r\n", challenge)):
        (one,) = detect(device_traffic(OUTSIDE, messages=said("http", request(header=header))), declared(item))
        assert (one.severity, [part.field for part in one.contradicts]) == (severity, broken)


def test_inside_the_local_network_clear_text_can_be_declared(device_traffic, declared):
    messages = said("http", request(header=basic(f"camera:{SECRET}")))
    for encryption, severity in (("none", "info"), ("", "low"), ("tls", "medium")):
        (one,) = detect(device_traffic(INSIDE, messages=messages), declared(Destination(klass="local-network", encryption=encryption)))
        assert one.severity == severity


def test_a_stranger_who_is_refused_shows_no_secret_of_the_device(device_traffic):
    table = "local remote initiator\n192.168.1.50:23 203.0.113.9:40000 remote"
    refused = [*LOGIN, [TelnetText(0, ("refused", "login"), ())]]
    (one,) = detect(device_traffic(table, messages=said("telnet", *refused)), NOTHING_DECLARED)
    assert one.severity == "low"


def test_one_cause_is_one_finding(device_traffic):
    messages = said("http", *[request(header=basic(f"camera:{SECRET}"))] * 5)
    (one,) = detect(device_traffic(OUTSIDE, messages=messages), NOTHING_DECLARED)
    assert (one.measures["logins"], one.measures["user_bytes"], one.measures["secret_bytes"]) == (5, 6, 12)
    assert [part.frame_count for part in one.evidence] == [5]


def test_bench_machines_are_not_judged(device_traffic, declared):
    messages = said("http", request(header=basic(f"camera:{SECRET}")))
    assert list(detect(device_traffic(OUTSIDE, messages=messages), declared(bench=(Bench(role="tester", address="203.0.113.9"),)))) == []


@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_generated_captures(repository, suffix):
    folder = repository / "captures" / "detectors"
    stated = folder / "cleartext_credentials.toml"
    result = audit(folder / f"cleartext_credentials{suffix}.pcap", stated)
    shown = {one.subject.partition(" with ")[0]: one.severity for one in result.findings if one.detector == "cleartext_credentials"}
    assert shown == {"HTTP Basic": "high", "MQTT login": "high", "a password in a URL": "high", "FTP login": "medium", "telnet login": "low"}
    assert {one.commitment: one.verdict for one in result.verdicts}["GDSI-3"] == "contradicted"
    bare = audit(folder / f"cleartext_credentials{suffix}.pcap").findings
    assert {one.severity for one in bare if one.detector == "cleartext_credentials"} == {"medium", "low"}
    assert audit(folder / f"cleartext_credentials_benign{suffix}.pcap", stated).worst() in ("", "info")
