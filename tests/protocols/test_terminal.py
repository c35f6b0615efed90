"""Telnet and bare terminals by hand: what their text shows, and what is no terminal."""

from __future__ import annotations

import pytest
from conftest import heads_of
from hypothesis import given
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, telnet, terminal, terminal_udp
from gdsi_audit.protocols._terminal_text import signs_of
from gdsi_audit.protocols.telnet import TelnetText
from gdsi_audit.protocols.terminal import TerminalText

DO_ECHO = b"\xff\xfd\x01"  # IAC DO ECHO
WILL_SIZE = b"\xff\xfb\x1f"  # IAC WILL NAWS
SIZE = b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0"  # IAC SB NAWS 80 24 IAC SE


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        (b"LabCam login: ", ("login",)),
        (b"Username:", ("login",)),
        (b"\r\nPassword: ", ("password",)),
        (b"Login incorrect\r\nlogin: ", ("login", "refused")),
        (b"# ", ("root prompt",)),
        (b"\r\n~ # ", ("root prompt",)),
        (b"[root@cam /]# ", ("root prompt",)),
        (b"root@cam:~#", ("root prompt",)),
        (b"\x1b[1;32mme@cam\x1b[0m:~$ ", ("prompt",)),
        (b"sh-4.2$", ("prompt",)),
        (b"tomcat@UBUNTU5:/$ ", ("prompt",)),
        (b"C:\\WINDOWS\\system32>", ("prompt",)),
        (b"\r\n\r\nBusyBox v1.20.2 (2014) built-in shell (ash)\r\n\r\n/ # ", ("banner", "root prompt")),
        (b"uid=0(root) gid=0(root)\n", ("root identity",)),
        (b"uid=0\n", ("root identity",)),
        (b"# uid=1000(me) gid=1000(me)\n$ ", ("identity", "prompt")),
        (b"Linux cam 4.9.84 #1 PREEMPT armv7l GNU/Linux\n", ("system",)),
        (b"root:x:0:0:root:/root:/bin/sh\n", ("accounts",)),
        (b"sh: foo: not found\n", ("error",)),
        (b"drwxr-xr-x    2 root root  4096 Jan 1 bin\n", ("listing",)),
        (b"router> ", ("command prompt",)),
        (b"Welcome to the machine.\r\n", ()),
        (b"##,imei:359586015829802,A;#", ()),
        (b"uid=12345&token=1", ()),
        (b"Total cost: 5 #", ()),
    ],
)
def test_signs(text, signs):
    assert signs_of(text) == signs


def test_telnet_negotiates_then_talks():
    assert telnet.parse(DO_ECHO + WILL_SIZE, from_responder=True) == (TelnetText(2, (), ()), 6)
    assert telnet.parse(SIZE, from_responder=False) == (TelnetText(1, (), ()), 9)
    assert telnet.parse(DO_ECHO + b"cam login: ", from_responder=True) == (TelnetText(1, ("login",), ()), 14)
    assert telnet.parse(DO_ECHO + b"Welcome", from_responder=True) == (TelnetText(1, (), ()), 3)
    assert telnet.parse(b"Welcome", from_responder=True) is NEED_MORE
    assert telnet.parse(b"\xff", from_responder=True) is NEED_MORE
    assert telnet.parse(SIZE[:6], from_responder=True) is NEED_MORE


def test_telnet_counts_what_a_client_types():
    assert telnet.parse(b"root\r\nxc35", from_responder=False) == (TelnetText(0, (), (4,)), 6)
    assert telnet.parse(b"root\r\0secret\r\0", from_responder=False) == (TelnetText(0, (), (4, 6)), 14)
    assert telnet.parse(b"a\xff\xffb\n", from_responder=False) == (TelnetText(0, (), (3,)), 5)
    assert telnet.parse(b"roo", from_responder=False) is NEED_MORE


@pytest.mark.parametrize("data", [b"\xff\x10\x01", b"\xff\xfa\x1f" + bytes(600)])
def test_what_telnet_has_not(data):
    with pytest.raises(ValueError, match="offset 0"):
        telnet.parse(data, from_responder=True)


def test_telnet_is_recognised():
    heads = heads_of([DO_ECHO, DO_ECHO + WILL_SIZE, DO_ECHO + b"login: ", SIZE, b"\xff\xfd\x99", b"\xff\xfb\x90\x00", b"\xff\xd8\xff"], transport=6)
    assert telnet.recognise(heads).tolist() == [True] * 4 + [False] * 3


def test_a_terminal_says_nothing_before_it_shows_itself():
    assert terminal.parse(b"Welcome to HiLinux.\r\n", from_responder=True) is NEED_MORE
    assert terminal.parse(b"Access denied\r\n", from_responder=True) is NEED_MORE
    assert terminal.parse(b"router> ", from_responder=True) is NEED_MORE
    assert terminal.parse(b"drwxr-xr-x    2 root root  4096 Jan 1 bin\n", from_responder=True) is NEED_MORE
    data = b"Welcome to HiLinux.\r\n\r\nlogin: "
    assert terminal.parse(data, from_responder=True) == (TerminalText(("login",), 0), len(data))
    assert terminal.parse(b"x" * 9000 + b"\n/ # ", from_responder=True) == (TerminalText(("root prompt",), 0), 9005)


def test_commands_are_counted():
    data = b"id\nuname -a\ncat /etc/passwd\n"
    assert terminal.parse(data, from_responder=False) == (TerminalText((), 3), len(data))
    for line in (b"idle\n", b"ping\n", b"ls of things\n", b"HELLO id\n"):
        assert terminal.parse(line, from_responder=False) is NEED_MORE


def test_one_message_holds_a_command_or_an_output():
    assert terminal.shown_in(b"id") == TerminalText((), 1)
    assert terminal.shown_in(b"uid=0(root) gid=0(root)\n# ") == TerminalText(("root identity",), 0)
    assert terminal.shown_in(b'{"led": "on"}') == TerminalText((), 0)


def test_a_terminal_begins_with_text():
    with pytest.raises(ValueError, match="offset 0"):
        terminal.parse(b"\x16\x03\x01", from_responder=True)
    payloads = [b"# ", b"login: ", b"\r\nHi", b'{"a":1}', b"<xml/>", b"[root@", b"[1,2]", b"a\x00b", b"\x16\x03\x01", b"x" * 2000, b""]
    assert terminal.recognise(heads_of(payloads, transport=6)).tolist() == [True, True, True, False, False, True, False, False, False, False, False]


@given(st.binary(max_size=200), st.sampled_from([b"", b"# ", b"\xff\xfd\x01", b"login: ", b"\nuid=0"]), st.booleans())
def test_any_bytes(tail, beginning, from_responder):
    for protocol in (telnet, terminal):
        try:
            outcome = protocol.parse(beginning + tail, from_responder=from_responder)
        except ValueError:
            continue
        assert outcome is NEED_MORE or 0 < outcome[1] <= len(beginning + tail)


def test_a_shell_over_datagrams():
    shown = [
        b"uid=0(root) gid=0(root)\n",
        b"\r\nBusyBox v1.20.2 () built-in shell (ash)\r\n",
        b"root:x:0:0:root:/root:/bin/sh\n",
        b"/ # ",
        b"root@cam:~# ",
    ]
    others = [b"uid=5&x", b"# comment", b"status ok", b"$GPGGA,1", b"/path", b"root", b"\xff\xfd\x01"]
    assert terminal_udp.recognise(heads_of([*shown, *others])).tolist() == [True] * 5 + [False] * 7
    assert [terminal_udp.parse([data], from_responder=True).signs for data in shown] == [
        ("root identity",), ("banner",), ("accounts",), ("root prompt",), ("root prompt",),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="offset 0"):
        terminal_udp.parse([b"Password: "], from_responder=True)
