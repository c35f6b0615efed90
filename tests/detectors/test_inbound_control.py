"""Sessions in which somebody else operates the device."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination, Listener
from gdsi_audit.detectors.inbound_control import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._industrial import Operation
from gdsi_audit.protocols.adb import AdbMessage
from gdsi_audit.protocols.http import parse as http
from gdsi_audit.protocols.mqtt import MqttPublish
from gdsi_audit.protocols.rdp import RdpSetup
from gdsi_audit.protocols.rfb import RfbSecurity, RfbVersion
from gdsi_audit.protocols.rtsp import RtspMessage
from gdsi_audit.protocols.snmp import SnmpMessage
from gdsi_audit.protocols.ssh import SshBanner, SshPacket
from gdsi_audit.protocols.telnet import TelnetText
from gdsi_audit.protocols.terminal import TerminalText

ASKS_SNMP = [SnmpMessage("2c", "get", 7, False, False, False, -1)]
SETS_SNMP = [SnmpMessage("2c", "set", 7, False, False, False, -1)]
ANSWERS_SNMP = SnmpMessage("2c", "response", 7, False, False, False, -1)
WRITES, READS, ANSWERS = (Operation("write single coil", 5, "unit 1", *kind) for kind in ((True, True), (True, False), (False, False)))
OUTSIDE = "local remote initiator history up_bytes\n192.168.1.50:23 203.0.113.77:40000 remote ShAdDa 3000"
INSIDE = OUTSIDE.replace("203.0.113.77", "192.168.1.77")
UNSEEN = "local remote initiator device_is_originator history\n192.168.1.50:23 203.0.113.77:40000 unknown no DdAa"
CALLED = "local remote initiator history\n192.168.1.50:50000 203.0.113.77:4444 device ShADda"
OBEYS = CALLED.replace("ShADda", "ShAdDa")
ROOT = TelnetText(0, ("banner", "root prompt"), ())
LOGIN, PASSWORD = TelnetText(0, ("login",), ()), TelnetText(0, ("password",), ())


def said(protocol, *turns):
    """`turns`: bodies of the responder; a tuple around one makes it the originator's."""
    pairs = [(not isinstance(turn, list), turn[0] if isinstance(turn, list) else turn) for turn in turns]
    return {protocol: tuple(Message(16, 4 + number, number, protocol, responder, body) for number, (responder, body) in enumerate(pairs))}


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


def severities(traffic, declaration=NOTHING_DECLARED):
    return [one.severity for one in detect(traffic, declaration)]


def test_a_root_shell_for_anyone(device_traffic, declared):
    messages = said("telnet", ROOT)
    assert found(device_traffic(OUTSIDE, messages=messages)) == [("shell on tcp/23 from outside", "high", "high")]
    assert found(device_traffic(INSIDE, messages=messages)) == [("shell on tcp/23 from inside", "medium", "high")]
    listener = declared(listeners=(Listener(port=23, sender="anywhere"),))
    assert severities(device_traffic(OUTSIDE, messages=messages), listener) == ["medium"]
    assert severities(device_traffic(OUTSIDE, messages=messages), declared("api.cams.example")) == ["high"]
    assert severities(device_traffic(UNSEEN, messages=messages)) == ["medium"]


def test_a_shell_behind_a_login(device_traffic, declared):
    messages = said("telnet", LOGIN, PASSWORD, ROOT)
    assert severities(device_traffic(OUTSIDE, messages=messages)) == ["medium"]
    assert severities(device_traffic(INSIDE, messages=messages)) == ["low"]
    assert severities(device_traffic(OUTSIDE, messages=messages), declared("api.cams.example")) == ["high"]
    assert severities(device_traffic(OUTSIDE, messages=messages), declared(listeners=(Listener(port=23, sender="anywhere"),))) == ["info"]
    assert severities(device_traffic(UNSEEN, messages=messages)) == ["low"]


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (Destination(klass="local-network"), "low"),
        (Destination(klass="local-network", initiator="remote"), "info"),
    ],
)
def test_the_local_network_as_a_whole_says_nothing_of_operating_the_device(device_traffic, declared, item, severity):
    shell = device_traffic(INSIDE, messages=said("telnet", LOGIN, PASSWORD, ROOT))
    assert severities(shell, declared(item)) == [severity]
    assert severities(shell, declared(item, listeners=(Listener(port=23, sender="local"),))) == ["info"]


def test_a_user_without_a_password_is_no_login(device_traffic):
    assert severities(device_traffic(OUTSIDE, messages=said("telnet", LOGIN, ROOT))) == ["high"]


def test_a_devices_own_command_line(device_traffic):
    menu = TelnetText(0, ("command prompt",), ())
    assert severities(device_traffic(OUTSIDE, messages=said("telnet", menu))) == ["high"]
    assert severities(device_traffic(OUTSIDE, messages=said("telnet", LOGIN, PASSWORD, menu))) == ["medium"]


def test_a_shell_over_datagrams(device_traffic):
    table = OUTSIDE.replace("history", "history transport").replace("ShAdDa", "Dd udp")
    assert found(device_traffic(table, messages=said("terminal_udp", text("root identity")))) == [("shell on udp/23 from outside", "high", "high")]


def test_no_further_than_the_login(device_traffic):
    refused = TelnetText(0, ("refused", "login"), ())
    assert severities(device_traffic(OUTSIDE, messages=said("telnet", LOGIN, PASSWORD, refused))) == ["low"]


def text(*signs, commands=0):
    return TerminalText(signs, commands)


@pytest.mark.parametrize(
    ("table", "turns", "reported"),
    [
        (CALLED, [[text("prompt")], [text("root identity", "prompt")]], True),
        (CALLED, [[text("banner", "prompt")], text(commands=1)], True),
        (OBEYS, [[text("root identity")]], True),
        (CALLED, [[text("root identity")]], False),  # a line of a log
        (CALLED, [[text("banner")]], False),
        (CALLED, [text("login"), text("prompt")], False),  # the device is the one who works there
    ],
)
def test_a_shell_that_the_device_hands_out(device_traffic, declared, table, turns, reported):
    messages = said("terminal", *turns)
    assert found(device_traffic(table, messages=messages)) == [("shell to 203.0.113.77", "high", "high")] * reported
    if reported:
        local = device_traffic(table.replace("203.0.113.77", "192.168.1.77"), messages=messages)
        assert severities(local) == ["medium"]
        from ipaddress import ip_network

        assert severities(device_traffic(table, messages=messages), declared(Destination(network=ip_network("203.0.113.0/24")))) == ["medium"]


def request(text_, status=200):
    return [[http(text_, from_responder=False)[0]], http(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status, from_responder=True)[0]]


SET = b"PUT /lights/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
KNOWN = SET.replace(b"Host", b"Authorization: Digest x\r\nHost")
PLAY = RtspMessage("PLAY", "rtsp://x", 0, "", -1, -1, "", "")
ALLOWED = RtspMessage("PLAY", "rtsp://x", 0, "digest", 5, -1, "", "")
GRANTED, CHALLENGED = RtspMessage("", "", 200, "", -1, -1, "", ""), RtspMessage("", "", 401, "", -1, -1, "digest", "")
SSH = SshBanner("2.0", "x", "")


@pytest.mark.parametrize(
    ("protocol", "turns", "outside", "inside"),
    [
        ("ssh", [[SSH], SSH], "medium", "low"),
        ("ssh", [[SSH]], "", ""),
        ("ssh brief", [[SSH], SSH], "low", "low"),
        ("adb", [[AdbMessage("cnxn", "host", 9)], AdbMessage("cnxn", "device", 9), [AdbMessage("open", "shell", 9)]], "high", "medium"),
        ("adb", [[AdbMessage("cnxn", "host", 9)], AdbMessage("auth", "", 20), AdbMessage("cnxn", "device", 9)], "medium", "low"),
        ("adb", [[AdbMessage("cnxn", "host", 9)], AdbMessage("auth", "", 20)], "low", "low"),
        ("rfb", [RfbVersion("3.8"), RfbSecurity((1, 2)), [RfbSecurity((1,))]], "high", "medium"),
        ("rfb", [RfbVersion("3.8"), RfbSecurity((2,)), [RfbSecurity((2,))]], "medium", "low"),
        ("rfb", [RfbVersion("3.8")], "", ""),
        ("rdp", [[RdpSetup(False, False, 5, 3)], RdpSetup(True, False, -1, 2)], "medium", "low"),
        ("rdp", [[RdpSetup(False, False, 5, 3)], RdpSetup(True, True, -1, 5)], "", ""),
        ("rtsp", [[PLAY], GRANTED], "medium", "low"),
        ("rtsp", [[PLAY], CHALLENGED, [ALLOWED], GRANTED], "medium", "low"),
        ("rtsp", [[PLAY], CHALLENGED], "low", "low"),
        ("http", request(SET), "medium", "low"),
        ("http", request(KNOWN), "medium", "low"),
        ("http", request(SET, 401), "", ""),
        ("http", request(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "", ""),
        ("http", request(b"GET /cgi-bin/ctl?cmd=x HTTP/1.1\r\nHost: x\r\n\r\n"), "medium", "low"),
        ("snmp", [SETS_SNMP, ANSWERS_SNMP], "medium", "low"),
        ("snmp", [ASKS_SNMP, ANSWERS_SNMP], "", ""),
        ("modbus", [[WRITES], ANSWERS], "medium", "low"),
        ("modbus", [[WRITES]], "", ""),
        ("bacnet", [[READS], ANSWERS], "", ""),
    ],
)  # fmt: skip
def test_other_protocols(device_traffic, protocol, turns, outside, inside):
    messages = said(protocol.split()[0], *turns)
    size = "300" if protocol.endswith("brief") else "3000"
    assert severities(device_traffic(OUTSIDE.replace("3000", size), messages=messages)) == [outside] * bool(outside)
    assert severities(device_traffic(INSIDE.replace("3000", size), messages=messages)) == [inside] * bool(inside)
    assert set(severities(device_traffic(UNSEEN, messages=messages))) <= {"low"}


def test_a_management_request(device_traffic):
    get = b"GET /7f3a HTTP/1.1\r\nAuthorization: Digest x\r\nHost: x\r\n\r\n"
    assert severities(device_traffic(OUTSIDE.replace(":23 ", ":7547 "), messages=said("http", *request(get)))) == ["medium"]


def test_what_is_declared_or_the_testers_own(device_traffic, declared):
    messages = said("http", *request(SET))
    listeners = (Listener(port=23, sender="local"),)
    assert severities(device_traffic(INSIDE, messages=messages), declared(listeners=listeners)) == ["info"]
    (outside,) = detect(device_traffic(OUTSIDE, messages=messages), declared(listeners=listeners))
    assert (outside.severity, [(item.table, item.field) for item in outside.contradicts]) == ("high", [("listener", "from")])
    assert severities(device_traffic(OUTSIDE, messages=messages), declared(bench=(Bench(role="tester", address="203.0.113.77"),))) == []


def test_sessions_on_the_devices_own_calls_are_not_looked_at(device_traffic):
    assert severities(device_traffic(CALLED, messages=said("http", *request(SET)))) == []


@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_generated_captures(repository, suffix):
    folder = repository / "captures" / "detectors"
    stated = folder / "inbound_control.toml"
    for declaration, web in ((stated, "high"), (None, "medium")):
        result = audit(folder / f"inbound_control{suffix}.pcap", declaration)
        shown = sorted((one.subject.split(" ")[0], one.severity) for one in result.findings if one.detector == "inbound_control")
        assert shown == [("shell", "high"), ("shell", "high"), ("web", web)]
    benign = audit(folder / f"inbound_control_benign{suffix}.pcap", stated)
    assert benign.worst() in ("", "info")
    assert [one.subject for one in benign.findings if one.detector == "inbound_control"] == ["secure shell on tcp/22 from inside"]


@pytest.mark.parametrize(
    ("why", "table", "turns", "stated", "expected"),
    [
        ("the device serves whom it called", CALLED, [[SshPacket(31)]], ("a.example",), "high"),
        ("nothing is declared", CALLED, [[SshPacket(33)]], (), "medium"),
        ("the party is declared", CALLED, [[SshPacket(31)]], (Destination(network=ip_network("203.0.113.0/24")),), "low"),
        ("inside the local network", CALLED.replace("203.0.113.77", "192.168.1.77"), [[SshPacket(31)]], ("a.example",), "low"),
        ("no session came of it", CALLED, [[SshPacket(31)]], ("a.example",), "low"),
        ("the device is the client", CALLED, [[SshPacket(30)], SshPacket(31)], ("a.example",), None),
        ("who called was not seen", CALLED.replace(" device ", " unknown "), [[SshPacket(31)]], ("a.example",), None),
    ],
)
def test_ssh_that_the_device_serves_to_whom_it_called(device_traffic, declared, why, table, turns, stated, expected):
    up_bytes = 100 if why.startswith("no session") else 9000
    table = f"{table.replace(' history', ' history up_bytes')} {up_bytes}"
    declaration = declared(*stated) if stated else NOTHING_DECLARED
    expected_rows = [(f"secure shell to {'192.168.1.77' if 'inside' in why else '203.0.113.77'}", expected, "high")] if expected else []
    assert found(device_traffic(table, messages=said("ssh", *turns)), declaration) == expected_rows, why


def of_mqtt(*payloads):
    return [MqttPublish("a/b", 0, payload, 0) for payload in payloads]


@pytest.mark.parametrize(
    ("why", "pushed", "answered", "expected"),
    [
        ("a shell", (b"id", b"cat /etc/passwd"), (b"uid=0(root) gid=0(root)\n", b"root:x:0:0:root:/root:/bin/sh\n"), ["high"]),
        ("an appliance told what to do", (b"reboot", b'{"led": "on"}'), (b"ok", b"Linux cam 4.9.1 #1 SMP\n"), []),
        ("restarts, and a log", (b"reboot", b"reboot"), (b"sh: 1: curl: not found\n", b"ok"), []),
        ("a log that nobody asked for", (b"on", b"off"), (b"uid=0(root) gid=0(root)\n", b"Linux version 4.9\n"), []),
    ],
)
def test_a_shell_through_a_broker(device_traffic, declared, why, pushed, answered, expected):
    turns = [turn for pair in zip(of_mqtt(*pushed), ([one] for one in of_mqtt(*answered)), strict=True) for turn in pair]
    traffic = device_traffic(CALLED, messages=said("mqtt", *turns))
    assert severities(traffic, declared("*.cams.example")) == expected, why
    broker = Destination(network=ip_network("203.0.113.77"))
    assert severities(traffic, declared(broker)) == ["medium"] * len(expected), why
    assert severities(device_traffic(OUTSIDE, messages=said("mqtt", *turns)), declared(broker)) == []
