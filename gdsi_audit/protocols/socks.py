"""SOCKS 4, 4a and 5: to whom a proxy is asked to connect (RFC 1928, RFC 1929). One message per direction: all of the negotiation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import NEED_MORE, Heads, NeedMore
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_names import folded
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "tcp"

LAST_COMMAND = {4: 2, 5: 3}
METHODS = (*range(10), *range(0x80, 0x100))
NO_AUTHENTICATION, PASSWORD = 0, 2
IPV4, DOMAIN, IPV6 = 1, 3, 4
ADDRESS_BYTES = {IPV4: 4, IPV6: 16}
GRANTED_4 = range(90, 94)
ANSWER_4_BYTES = 8
TUNNELLED = (b"\x16\x03", b"HTTP/", b"SSH-")
"""Beginnings that may stand right behind an answer of version 4, which has no other mark than its length."""
LONGEST_METHODS = 10
LONGEST_TEXT_BYTES = 255


@dataclass(frozen=True, slots=True)
class Socks:
    """What follows in this direction is the tunnelled protocol."""

    version: int
    """4, 5."""
    command: int
    """1 connect, 2 bind, 3 UDP associate; 0: this is the proxy's reply."""
    reply: int
    """SOCKS 5: 0 granted; SOCKS 4: 90 granted; -1: this is a request."""
    host: WireText
    """Name in lower case or address; in a reply, the proxy's own side."""
    port: int
    username: WireText
    password_bytes: int
    """-1: none sent. The password is not kept."""

    def names(self) -> Iterator[tuple[str, str]]:
        """(target host, "socks")."""
        if self.command:
            yield self.host, "socks"

    @property
    def hands_over(self) -> bool:
        """Behind this message the stream speaks another protocol."""
        return True


class _NotYetError(Exception):
    """The negotiation goes on behind the bytes that are here."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A greeting of version 5 and what must follow it, a request of version 4, or the proxy's answers to them."""
    found = np.zeros(heads.length.size, np.bool_)
    for row in np.flatnonzero(is_one_of(heads.bytes[:, 0], (0, 4, 5)) & (heads.length >= 2)):
        head = heads.bytes[row, : heads.length[row]].tobytes()
        found[row] = _is_answer(head, int(heads.length[row])) if heads.from_responder[row] else _is_request(head)
    return found


def parse(data: bytes, *, from_responder: bool) -> tuple[Socks, int] | NeedMore:
    """The negotiation of this direction, whole, and its bytes. Raises ValueError."""
    read = _Reader(data)
    try:
        socks = _answer(read) if from_responder else _request(read)
    except _NotYetError:
        return NEED_MORE
    return socks, read.position


def _is_request(head: bytes) -> bool:
    if head[0] == 4:
        return head[1] in (1, 2) and any(head[2:4]) and b"\0" in head[8:] and head[8:].partition(b"\0")[0].isascii()
    behind = 2 + head[1]
    methods = head[2:behind]
    if head[0] != 5 or not 1 <= head[1] <= LONGEST_METHODS or any(method not in METHODS for method in methods) or len(methods) < head[1]:
        return False
    after = head[behind : behind + 4]
    return not after or (after[0] == 1 and PASSWORD in methods) or (after[0] == 5 and after[1:2] in (b"\1", b"\2", b"\3") and after[2:3] == b"\0")


def _is_answer(head: bytes, length: int) -> bool:
    if head[0] == 0:
        return head[1] in GRANTED_4 and (length == ANSWER_4_BYTES or head[ANSWER_4_BYTES:].startswith(TUNNELLED))
    if head[0] != 5 or head[1] not in (NO_AUTHENTICATION, PASSWORD):
        return False
    after = head[2:6] if head[1] == NO_AUTHENTICATION else head[4:8]
    version_fits = head[1] == NO_AUTHENTICATION or head[2:4] in (b"\1\0", b"")
    return version_fits and (
        not after or (after[0] == 5 and after[1:2] <= b"\x08" and after[2:3] in (b"\0", b"") and after[3:4] in (b"\1", b"\3", b"\4", b""))
    )


def _request(read: _Reader) -> Socks:
    version = read.number(1)
    if version == 4:
        return _request_4(read)
    methods = read.take(read.number(1)) if version == 5 else b""
    if not methods or len(methods) > LONGEST_METHODS or any(method not in METHODS for method in methods):
        raise ValueError("no SOCKS request at offset 0")
    username, password_bytes, version = b"", -1, read.number(1)
    if version == 1 and PASSWORD in methods:
        username, password_bytes, version = read.take(read.number(1)), len(read.take(read.number(1))), read.number(1)
    command, reserved = read.number(1), read.number(1)
    if version != 5 or not 1 <= command <= LAST_COMMAND[5] or reserved:
        raise ValueError(f"no SOCKS 5 request at offset {read.position - 3}")
    return Socks(5, command, -1, _host(read), read.number(2), display(username), password_bytes)


def _request_4(read: _Reader) -> Socks:
    command, port, address = read.number(1), read.number(2), read.take(4)
    if not 1 <= command <= LAST_COMMAND[4]:
        raise ValueError(f"SOCKS 4 has no command {command}: offset 1")
    username = read.until_zero()
    named = address[:3] == b"\0\0\0" and address[3] != 0
    host = folded(display(read.until_zero())) if named else WireText(str(IPv4Address(address)))
    return Socks(4, command, -1, host, port, display(username), -1)


def _answer(read: _Reader) -> Socks:
    version, method = read.number(1), read.number(1)
    if version == 0 and method in GRANTED_4:
        port, address = read.number(2), read.take(4)
        return Socks(4, 0, method, WireText(str(IPv4Address(address))), port, WireText(""), -1)
    if version != 5:
        raise ValueError(f"no SOCKS reply: version {version} at offset 0")
    if method == PASSWORD and read.take(2) != b"\1\0":
        raise ValueError("the proxy refuses the password at offset 3")
    version, reply, reserved = read.number(1), read.number(1), read.number(1)
    if version != 5 or reserved or method not in (NO_AUTHENTICATION, PASSWORD):
        raise ValueError(f"no SOCKS 5 reply at offset {read.position - 3}")
    return Socks(5, 0, reply, _host(read), read.number(2), WireText(""), -1)


def _host(read: _Reader) -> WireText:
    kind = read.number(1)
    if kind == DOMAIN:
        return folded(display(read.take(read.number(1))))
    if kind not in ADDRESS_BYTES:
        raise ValueError(f"address type {kind} at offset {read.position - 1}")
    address = read.take(ADDRESS_BYTES[kind])
    return WireText(str(IPv4Address(address) if kind == IPV4 else IPv6Address(address)))


class _Reader:
    """Reads fields in turn."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        part = self._data[self.position : self.position + size]
        if len(part) < size:
            raise _NotYetError
        self.position += size
        return part

    def number(self, size: int) -> int:
        """A number of `size` bytes, high byte first."""
        return int.from_bytes(self.take(size))

    def until_zero(self) -> bytes:
        """The bytes up to the next zero, which is passed over. Raises ValueError where there is none within LONGEST_TEXT_BYTES."""
        end = self._data.find(b"\0", self.position, self.position + LONGEST_TEXT_BYTES + 1)
        if end < 0 and len(self._data) > self.position + LONGEST_TEXT_BYTES:
            raise ValueError(f"text without end at offset {self.position}")
        if end < 0:
            raise _NotYetError
        text, self.position = self._data[self.position : end], end + 1
        return text
