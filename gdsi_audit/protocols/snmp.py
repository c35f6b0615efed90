"""SNMP 1, 2c and 3: who asks with which right, not what for (RFC 1157, 1901, 3412, 3414)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._ber import INTEGER, OCTET_STRING, SEQUENCE, Element, element

TRANSPORT = "udp"
EVERY_DATAGRAM = True

VERSIONS = {0: "1", 1: "2c", 3: "3"}
PDUS = {0xA0: "get", 0xA1: "get-next", 0xA2: "response", 0xA3: "set", 0xA4: "trap", 0xA5: "get-bulk", 0xA6: "inform", 0xA7: "trap", 0xA8: "report"}
DEFAULT_COMMUNITY = b"public"
USER_SECURITY = 3
BEGINNINGS = (b"\2\1\0\4", b"\2\1\1\4", b"\2\1\3\x30")
"""A version, and the community or version 3's header behind it."""


@dataclass(frozen=True, slots=True)
class SnmpMessage:
    """The community is not kept."""

    version: str
    """1, 2c, 3."""
    operation: str
    """get, get-next, get-bulk, set, trap, inform, response, report; empty: encrypted, or version 3."""
    community_bytes: int
    """-1: version 3 has none."""
    is_public: bool
    """The community is the one that everybody knows."""
    authenticated: bool
    """Version 3 with an authentication code."""
    encrypted: bool
    user_bytes: int
    """Of version 3's user name; -1: none."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """A sequence as long as the datagram, that begins with a version; then a community, or version 3's header."""
    bytes_, length = heads.bytes, heads.length
    found = np.zeros(length.size, np.bool_)
    for row in np.flatnonzero((bytes_[:, 0] == SEQUENCE) & (length >= 20)):
        head = bytes_[row].tobytes()
        count = head[1] & 0x7F if head[1] & 0x80 else 0
        size = int.from_bytes(head[2 : 2 + count]) if count else head[1]
        begin = 2 + count
        beginning = head[begin : begin + 4]
        found[row] = count <= 2 and begin + size == length[row] and beginning in BEGINNINGS
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> SnmpMessage:
    """The message in the first datagram. Raises ValueError."""
    del from_responder
    whole = element(datagrams[0], 0, SEQUENCE).value
    version = element(whole, 0, INTEGER)
    if version.number not in VERSIONS:
        raise ValueError(f"no SNMP version {version.number} at offset 2")
    if version.number == 3:
        return _version_3(whole, version.behind)
    community = element(whole, version.behind, OCTET_STRING)
    operation = PDUS.get(element(whole, community.behind).tag)
    if operation is None:
        raise ValueError(f"no operation of SNMP at offset {community.behind} of the message")
    is_public = community.value.lower() == DEFAULT_COMMUNITY
    return SnmpMessage(VERSIONS[version.number], operation, len(community.value), is_public, False, False, -1)


def _version_3(whole: bytes, start: int) -> SnmpMessage:
    header = element(whole, start, SEQUENCE)
    number = element(header.value, 0, INTEGER)
    largest = element(header.value, number.behind, INTEGER)
    flags = element(header.value, largest.behind, OCTET_STRING)
    model = element(header.value, flags.behind, INTEGER)
    level = flags.value[0] if flags.value else 0
    parameters = element(whole, header.behind, OCTET_STRING)
    user_bytes = len(_user(parameters).value) if model.number == USER_SECURITY else -1
    return SnmpMessage("3", "", -1, False, bool(level & 1), bool(level & 2), user_bytes)


def _user(parameters: Element) -> Element:
    """The user name: fourth of the security parameters (RFC 3414 section 2.4)."""
    inner = element(parameters.value, 0, SEQUENCE).value
    part = element(inner, 0, OCTET_STRING)
    for tag in (INTEGER, INTEGER, OCTET_STRING):
        part = element(inner, part.behind, tag)
    return part
