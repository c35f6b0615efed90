"""SNMP, LDAP, RTSP, RFB, RDP, ADB, Redis and IRC by hand: who logs in and how, without the secret."""

from __future__ import annotations

import dataclasses

import pytest
from conftest import heads_of
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, adb, irc, ldap, rdp, redis, rfb, rtsp, snmp
from gdsi_audit.protocols._dialogue import Command, Credentials

VARIABLES = bytes.fromhex("020101 020100 020100 3000")  # request number, error status, error index, no variables


def tlv(tag, value):
    return bytes([tag, len(value)]) + value


def community(version, secret, pdu=0xA0):
    return tlv(0x30, tlv(2, bytes([version])) + tlv(4, secret) + tlv(pdu, VARIABLES))


SECURITY = tlv(0x30, tlv(4, b"\x80\0\x1f\x88") + tlv(2, b"\1") + tlv(2, b"\2") + tlv(4, b"admin") + tlv(4, bytes(12)) + tlv(4, bytes(8)))
VERSION_3 = tlv(
    0x30,
    tlv(2, b"\3") + tlv(0x30, tlv(2, b"\x11") + tlv(2, b"\x05\xc0") + tlv(4, b"\7") + tlv(2, b"\3")) + tlv(4, SECURITY) + tlv(4, bytes(16)),
)


def test_snmp():
    assert snmp.parse([community(0, b"public")], from_responder=False) == snmp.SnmpMessage("1", "get", 6, True, False, False, -1)
    assert snmp.parse([community(1, b"s3cret", 0xA3)], from_responder=False) == snmp.SnmpMessage("2c", "set", 6, False, False, False, -1)
    assert snmp.parse([VERSION_3], from_responder=False) == snmp.SnmpMessage("3", "", -1, False, True, True, 5)
    for data in (b"", community(2, b"x"), community(0, b"x", 0xB0), VERSION_3[:20]):
        with pytest.raises(ValueError, match="offset"):
            snmp.parse([data], from_responder=False)
    payloads = [community(0, b"public"), VERSION_3, community(0, b"public") + b"\0", tlv(0x30, bytes(30)), b"\x30\x84" + bytes(30)]
    assert snmp.recognise(heads_of(payloads)).tolist() == [True, True, False, False, False]


BIND = tlv(0x30, tlv(2, b"\1") + tlv(0x60, tlv(2, b"\3") + tlv(4, b"cn=me") + tlv(0x80, b"secret")))
SASL = tlv(0x30, tlv(2, b"\1") + tlv(0x60, tlv(2, b"\3") + tlv(4, b"") + tlv(0xA3, tlv(4, b"GSSAPI"))))


def test_ldap():
    assert ldap.parse(BIND, from_responder=False) == (ldap.LdapBind("simple", "cn=me", 6), len(BIND))
    assert ldap.parse(SASL, from_responder=False) == (ldap.LdapBind("gssapi", "", -1), len(SASL))
    assert ldap.parse(BIND[:-1], from_responder=False) is NEED_MORE
    for data in (b"\x31\0", BIND.replace(b"\x60", b"\x63", 1), b"\x30\x80"):
        with pytest.raises(ValueError, match="offset"):
            ldap.parse(data, from_responder=False)
    assert ldap.recognise(heads_of([BIND, SASL, BIND.replace(b"\x60", b"\x63", 1), bytes(20)], transport=6)).tolist() == [True, True, False, False]


def request(authorization=b"", method=b"DESCRIBE"):
    given = b"Authorization: " + authorization + b"\r\n" if authorization else b""
    return method + b" rtsp://192.168.1.50/live RTSP/1.0\r\nCSeq: 2\r\n" + given + b"\r\n"


def test_rtsp():
    basic = request(b"Basic YWRtaW46c2VjcmV0")  # admin:secret
    body, used = rtsp.parse(basic + b"more", from_responder=False)
    assert (body.method, body.authorization_scheme, body.user_bytes, body.secret_bytes, used) == ("DESCRIBE", "basic", 5, 6, len(basic))
    digest, _ = rtsp.parse(request(b'Digest username="admin", response="00"'), from_responder=False)
    assert (digest.authorization_scheme, digest.user_bytes, digest.secret_bytes) == ("digest", 5, -1)
    answer = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=x\r\nServer: cam\r\nContent-Length: 4\r\n\r\nv=0\n"
    refused, used = rtsp.parse(answer, from_responder=True)
    assert (refused.status, refused.challenge, refused.agent, used) == (401, "digest", "cam", len(answer))
    assert rtsp.parse(answer[:-1], from_responder=True) is NEED_MORE
    assert rtsp.parse(basic[:30], from_responder=False) is NEED_MORE
    assert rtsp.parse(b"$\0\0\4abcd", from_responder=True) == (rtsp.RtspMedia(), 8)
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n"):
        with pytest.raises(ValueError, match="offset 0"):
            rtsp.parse(data, from_responder=False)
    payloads = [basic, answer, b"OPTIONS * RTSP/1.0\r\n", b"OPTIONS / HTTP/1.1\r\n", b"PLAY it again"]
    assert rtsp.recognise(heads_of(payloads, transport=6)).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("transport", "client", "server"),
    [
        (b"RTP/AVP;unicast;client_port=49520-49521;server_port=5000-5001;ssrc=1", (49520, 49521), (5000, 5001)),
        (b"RTP/AVP/UDP;unicast;Client_Port=49520", (49520,), ()),
        (b"RTP/AVP/TCP;unicast;interleaved=0-1", (), ()),
        (b"RTP/AVP;client_port=70000-70001", (), ()),
        (b"", (), ()),
    ],
)
def test_rtsp_names_the_ports_of_its_media(transport, client, server):
    given = b"Transport: " + transport + b"\r\n" if transport else b""
    body, _ = rtsp.parse(b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n" + given + b"\r\n", from_responder=True)
    assert (body.client_ports, body.server_ports) == (client, server)


def test_rfb():
    assert rfb.parse(b"RFB 003.008\n\1\1", from_responder=True) == (rfb.RfbVersion("3.8"), 12)
    assert rfb.parse(b"\2\1\2", from_responder=True) == (rfb.RfbSecurity((1, 2)), 3)
    assert rfb.parse(b"\0\0\0\1", from_responder=True) == (rfb.RfbSecurity((1,)), 4)
    assert rfb.parse(b"\1", from_responder=False) == (rfb.RfbSecurity((1,)), 1)
    assert [rfb.parse(data, from_responder=True) for data in (b"RFB 003", b"\2\1", b"\0\0", b"")] == [NEED_MORE] * 4
    with pytest.raises(ValueError, match="offset 0"):
        rfb.parse(b"RFB xxx.yyy\n", from_responder=True)
    assert rfb.recognise(heads_of([b"RFB 003.008\n", b"RFB is a name"], transport=6)).tolist() == [True, False]


COOKIE = b"Cookie: mstshash=admin\r\n"
ASKS = b"\x01\x00\x08\x00\x03\x00\x00\x00"  # RDP_NEG_REQ: TLS and CredSSP


def tpkt(kind, rest):
    return b"\3\0" + (11 + len(rest)).to_bytes(2) + bytes([6 + len(rest), kind]) + bytes(5) + rest


def test_rdp():
    assert rdp.parse(tpkt(0xE0, COOKIE + ASKS), from_responder=False) == (rdp.RdpSetup(False, False, 5, 3), 43)
    assert rdp.parse(tpkt(0xE0, ASKS), from_responder=False) == (rdp.RdpSetup(False, False, -1, 3), 19)
    assert rdp.parse(tpkt(0xD0, b"\x02\x00\x08\x00\x01\x00\x00\x00"), from_responder=True) == (rdp.RdpSetup(True, False, -1, 1), 19)
    assert rdp.parse(tpkt(0xD0, b"\x03\x00\x08\x00\x05\x00\x00\x00"), from_responder=True)[0].refused
    assert rdp.parse(tpkt(0xE0, ASKS)[:10], from_responder=False) is NEED_MORE
    industrial = tpkt(0xE0, b"\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02")  # the same envelope around S7
    for data in (industrial, b"\3\0\0\2aa"):
        with pytest.raises(ValueError, match="offset"):
            rdp.parse(data, from_responder=False)
    assert rdp.recognise(heads_of([tpkt(0xE0, COOKIE), tpkt(0xE0, ASKS), industrial, b"\3\0\0\x13"], transport=6)).tolist() == [
        True,
        True,
        False,
        False,
    ]


def adb_message(command, data=b""):
    word = command.encode()
    return word + bytes(8) + len(data).to_bytes(4, "little") + bytes(4) + bytes(byte ^ 0xFF for byte in word) + data


def test_adb():
    assert adb.parse(adb_message("CNXN", b"host::features=x\0"), from_responder=False) == (adb.AdbMessage("cnxn", "host", 17), 41)
    assert adb.parse(adb_message("AUTH", bytes(20)), from_responder=True) == (adb.AdbMessage("auth", "", 20), 44)
    carried = adb_message("WRTE", b"secret output")
    assert adb.parse(carried + adb_message("OPEN", b"shell:id\0"), from_responder=False) == (adb.AdbMessage("open", "shell", 9), len(carried) + 33)
    assert adb.parse(carried, from_responder=True) is NEED_MORE
    with pytest.raises(ValueError, match="offset 0"):
        adb.parse(b"CNXN" + bytes(20), from_responder=False)
    assert adb.recognise(heads_of([adb_message("CNXN", b"x"), adb_message("OKAY"), adb_message("ZZZZ"), b"CNXN"], transport=6)).tolist() == [
        True,
        True,
        False,
        False,
    ]


def resp(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def test_redis():
    assert redis.parse(resp(b"auth", b"secret"), from_responder=False) == (Credentials("auth", "", 6), 26)
    assert redis.parse(resp(b"AUTH", b"me", b"secret"), from_responder=False)[0] == Credentials("auth", "me", 6)
    assert redis.parse(resp(b"HELLO", b"3", b"AUTH", b"me", b"secret"), from_responder=False)[0] == Credentials("auth", "me", 6)
    assert redis.parse(resp(b"SET", b"secret", b"secret"), from_responder=False)[0] == Command("SET", "")
    whole = resp(b"AUTH", b"secret")
    assert {redis.parse(whole[:size], from_responder=False) for size in range(1, len(whole))} == {NEED_MORE}
    for data in (b"*0\r\n", b"*1\r\n:1\r\n", b"*1\r\n$1\r\nabc", b"*x", b"*1\r\n$999999\r\n"):
        with pytest.raises(ValueError, match="offset"):
            redis.parse(data, from_responder=False)
    assert redis.recognise(heads_of([whole, b"*1\r\n:1\r\n", b"* OK ready"], transport=6)).tolist() == [True, False, False]


def test_irc():
    assert irc.parse(b"PASS :secret\r\nNICK a\r\n", from_responder=False) == (Credentials("pass", "", 6), 14)
    assert irc.parse(b"NICK bot\r\n", from_responder=False) == (Command("NICK", ""), 10)
    assert irc.parse(b"JOIN #x\r\n", from_responder=False) == (Command("JOIN", "", True), 9)
    assert irc.parse(b"NICK", from_responder=False) is NEED_MORE
    with pytest.raises(ValueError, match="offset 0"):
        irc.parse(b"=\r\n", from_responder=False)
    payloads = [
        b"PASS x\r\nNICK a\r\n",
        b"NICK bot\r\n",
        b"CAP LS 302\r\n",
        b"USER a 0 * :b\r\n",
        b"PASS x\r\n",
        b"USER me\r\n",
        b"PASS " + b"x" * 40,
    ]
    assert irc.recognise(heads_of(payloads, transport=6)).tolist() == [True] * 4 + [False] * 3
    assert irc.recognise(heads_of(payloads[-1:], transport=6, resp_port=6667)).tolist() == [True]


BEGINNINGS = {
    adb: (adb_message("OPEN", b"shell:"), b"CNXN"),
    irc: (b"PASS ", b"NICK a\r\n"),
    ldap: (BIND[:12], b"\x30\x20\x02\x01\x01\x60"),
    rdp: (tpkt(0xE0, COOKIE)[:20], b"\3\0\0\x13\x0e\xe0"),
    redis: (b"*2\r\n$4\r\nAUTH\r\n", b"*1\r\n$"),
    rfb: (b"RFB 003.008\n", b"\2"),
    rtsp: (request()[:40], b"RTSP/1.0 200 OK\r\n"),
    snmp: (community(0, b"public")[:12], VERSION_3[:30]),
}


@pytest.mark.parametrize("module", BEGINNINGS, ids=lambda module: module.__name__.rpartition(".")[2])
@given(tail=st.binary(max_size=80), which=st.integers(0, 1), from_responder=st.booleans())
def test_any_bytes_give_a_message_need_more_or_value_error(module, tail, which, from_responder):
    data = BEGINNINGS[module][which] + tail
    try:
        outcome = module.parse(data if module.TRANSPORT == "tcp" else [data], from_responder=from_responder)
    except ValueError:
        return
    if outcome is NEED_MORE:
        return
    body, used = outcome if module.TRANSPORT == "tcp" else (outcome, 1)
    assert dataclasses.is_dataclass(body) and 0 < used <= len(data)
