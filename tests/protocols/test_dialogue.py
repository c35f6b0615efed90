"""SMTP, FTP, POP3, IMAP and SSH by hand: greetings, logins without their secrets, the hand-over to TLS."""

from __future__ import annotations

import dataclasses

import pytest
from conftest import heads_of

from gdsi_audit.protocols import NEED_MORE, ftp, imap, pop, smtp, ssh
from gdsi_audit.protocols._dialogue import Command, Credentials, Reply, StartTls

PLAIN = b"AG1lAHNlY3JldA=="  # \0me\0secret


@pytest.mark.parametrize(
    ("protocol", "line", "body"),
    [
        (smtp, b"EHLO cam.example\r\n", Command("EHLO", "cam.example")),
        (smtp, b"starttls\r\n", StartTls()),
        (smtp, b"DATA\r\n", Command("DATA", "", True)),
        (smtp, b"AUTH PLAIN " + PLAIN + b"\r\n", Credentials("plain", "me", 6)),
        (smtp, b"AUTH PLAIN\r\n" + PLAIN + b"\r\n", Credentials("plain", "me", 6)),
        (smtp, b"AUTH LOGIN\r\nbWU=\r\nc2VjcmV0\r\n", Credentials("login", "me", 6)),
        (smtp, b"AUTH LOGIN bWU=\r\nc2VjcmV0\r\n", Credentials("login", "me", 6)),
        (smtp, b"AUTH CRAM-MD5\r\n", Credentials("cram-md5", "", -1)),
        (ftp, b"USER me\r\nPASS secret\r\n", Credentials("user-pass", "me", 6)),
        (ftp, b"PASS secret\r\n", Credentials("user-pass", "", 6)),
        (ftp, b"AUTH TLS\r\n", StartTls()),
        (ftp, b"STOR a\x1b.bin\r\n", Command("STOR", "a\\x1b.bin")),
        (pop, b"USER me\r\nPASS secret\r\n", Credentials("user-pass", "me", 6)),
        (pop, b"APOP me 0123\r\n", Credentials("apop", "me", 4)),
        (pop, b"STLS\r\n", StartTls()),
        (imap, b'a1 LOGIN "me" secret\r\n', Credentials("login", "me", 6)),
        (imap, b"a1 LOGIN {2}\r\n", Credentials("login", "", -1)),
        (imap, b". STARTTLS\r\n", StartTls()),
        (imap, b"a AUTHENTICATE PLAIN " + PLAIN + b"\r\n", Credentials("plain", "me", 6)),
    ],
)
def test_what_a_client_says(protocol, line, body):
    assert protocol.parse(line + b"\r\n", from_responder=False) == (body, len(line))
    assert protocol.parse(line[:-1], from_responder=False) is NEED_MORE
    assert "secret" not in map(str, dataclasses.astuple(body))


def test_a_user_without_a_password():
    assert ftp.parse(b"USER me\r\nQUIT\r\n", from_responder=False) == (Credentials("user-pass", "me", -1), 9)


@pytest.mark.parametrize(
    ("protocol", "line", "body"),
    [
        (smtp, b"220 mx.example ESMTP with TLS\r\n", Reply("220", "mx.example ESMTP with TLS")),
        (smtp, b"250-mx\r\n250-8BITMIME\r\n250 HELP\r\n", Reply("250", "mx")),
        (smtp, b"220 2.0.0 go ahead\r\n", StartTls()),
        (ftp, b"220 (vsFTPd 3.0)\r\n", Reply("220", "(vsFTPd 3.0)")),
        (ftp, b"211-Features\r\n UTF8\r\n211 End\r\n", Reply("211", "Features")),
        (ftp, b"234 go ahead\r\n", StartTls()),
        (pop, b"+OK ready\r\n", Reply("+OK", "ready")),
        (pop, b"+OK Begin TLS negotiation\r\n", StartTls()),
        (imap, b"* OK ready\r\n", Reply("OK", "OK ready")),
        (imap, b"a1 OK Begin TLS now\r\n", StartTls()),
        (imap, b"a1 NO never\r\n", Reply("NO", "never")),
    ],
)
def test_what_a_server_says(protocol, line, body):
    assert protocol.parse(line + b"x", from_responder=True) == (body, len(line))
    assert protocol.parse(line[:-1], from_responder=True) is NEED_MORE


@pytest.mark.parametrize("protocol", [smtp, ftp, pop, imap])
@pytest.mark.parametrize("data", [b"\x16\x03\x01\0\x10\n", b"\0\n", b"FROB x\r\n", b"x" * 5000])
def test_what_is_no_dialogue(protocol, data):
    for from_responder in (False, True):
        with pytest.raises(ValueError, match="offset"):
            protocol.parse(data, from_responder=from_responder)


def test_greetings_find_their_protocol():
    payloads = [
        b"220 mx ESMTP\r\n",
        b"220 (vsFTPd 3.0)\r\n",
        b"+OK ready\r\n",
        b"* OK ready\r\n",
        b"EHLO a\r\n",
        b"USER me\r\n",
        b"USER a 0 * :b\r\n",
        b". CAPABILITY\r\n",
    ]
    heads = heads_of(payloads, transport=6)
    claims = [[protocol is claimed for claimed in (smtp, ftp, pop, imap)] for protocol in (smtp, ftp, pop, imap, smtp, ftp)]
    found = [[bool(protocol.recognise(heads)[row]) for protocol in (smtp, ftp, pop, imap)] for row in range(len(payloads))]
    assert found == [*claims, [False] * 4, [False, False, False, True]]
    assert smtp.recognise(heads_of([b"220 mx\r\n"], transport=6, resp_port=25))[0]
    assert ftp.recognise(heads_of([b"220 box\r\n"], transport=6, resp_port=21))[0]
    assert pop.recognise(heads_of([b"USER me\r\n"], transport=6, resp_port=110))[0]


def ssh_packet(number: int, payload: bytes = b"") -> bytes:
    padding = 8 - (6 + len(payload)) % 8 + 4
    return (2 + len(payload) + padding).to_bytes(4) + bytes([padding, number]) + payload + bytes(padding)


@pytest.mark.parametrize(
    ("why", "data", "number", "used", "satisfied"),
    [
        ("key exchange initialisation", ssh_packet(20, b"x" * 900) + b"\0\0", 20, len(ssh_packet(20, b"x" * 900)), False),
        ("the client's first", ssh_packet(30, b"y" * 32), 30, len(ssh_packet(30, b"y" * 32)), True),
        ("the server's reply, cut", ssh_packet(31, b"y" * 900)[:100], 31, 100, True),
        ("a length that no packet has", b"\0\xff\xff\xff\0\0", 0, 6, True),
        ("a length of nothing", bytes(6), 0, 6, True),
        ("no packet at all", b"SS\x03 noise", 0, 9, True),
    ],
)
def test_packets_of_ssh_until_one_tells_the_roles(why, data, number, used, satisfied):
    body, consumed = ssh.parse(data, from_responder=False)
    assert (body.number, consumed, body.satisfied) == (number, used, satisfied), why


def test_half_a_packet_of_ssh():
    whole = ssh_packet(20, b"x" * 900)
    assert {ssh.parse(whole[:cut], from_responder=True) for cut in (1, 5, 6, len(whole) - 1)} == {NEED_MORE}


def test_a_banner_of_ssh():
    assert ssh.parse(b"SSH-2.0-dropbear_2022 cam\r\n\0\0", from_responder=True) == (ssh.SshBanner("2.0", "dropbear_2022", "cam"), 27)
    assert ssh.parse(b"SSH-2", from_responder=True) is NEED_MORE
    with pytest.raises(ValueError, match="offset 0"):
        ssh.parse(b"SSH-2.0-" + b"x" * 300, from_responder=True)
    assert ssh.recognise(heads_of([b"SSH-2.0-x\r\n", b"SSL"], transport=6)).tolist() == [True, False]
