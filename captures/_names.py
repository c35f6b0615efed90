"""DNS messages (RFC 1035, RFC 3596, RFC 6762), and a lookup as a device does it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

from captures._writer import Capture, Host, packed

A, CNAME, PTR, TXT, AAAA, SRV = 1, 5, 12, 16, 28, 33
Record = tuple[str, int, int, bytes]
"""Owner, type, time to live in seconds, data."""


def name_bytes(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\x00"


def dns_message(number: int, flags: int, questions: Sequence[tuple[str, int]], answers: Sequence[Record] = (), *, top: int = 0) -> bytes:
    """`top`: the bit that mDNS puts above the class of answers (flush the cache)."""
    asked = b"".join(name_bytes(name) + struct.pack(">HH", kind, 1) for name, kind in questions)
    said = b"".join(name_bytes(name) + struct.pack(">HHIH", kind, 1 | top, ttl, len(data)) + data for name, kind, ttl, data in answers)
    return struct.pack(">HHHHHH", number, flags, len(questions), len(answers), 0, 0) + asked + said


def address_record(name: str, address: str, ttl_s: int = 300) -> Record:
    data = packed(address)
    return name, A if len(data) == 4 else AAAA, ttl_s, data


def lookup(capture: Capture, at_s: float, client: Host, resolver: Host, chain: Sequence[str], addresses: Sequence[str], *, ttl_s: int = 300,
           rtt_s: float = 0.008) -> float:  # fmt: skip
    """Asks for `chain[0]`, is led along the rest of `chain` to `addresses`; returns when the answer came."""
    number, port = capture.whole(1, 65_536), capture.port()
    question = [(chain[0], A if capture.ip_version == 4 else AAAA)]
    aliases = [(alias, CNAME, ttl_s, name_bytes(target)) for alias, target in pairwise(chain)]
    answers = [*aliases, *(address_record(chain[-1], address, ttl_s) for address in addresses)]
    capture.udp(at_s, client, port, resolver, 53, dns_message(number, 0x0100, question))
    capture.udp(at_s + rtt_s, resolver, 53, client, port, dns_message(number, 0x8180, question, answers))
    return at_s + rtt_s
