"""Which packets an analyst leaves out: a subset of Wireshark's display filters, over columns.

Fields: ip.addr ip.src ip.dst ip.proto ip.ttl ipv6.addr ipv6.src ipv6.dst ipv6.hlim eth.addr eth.src eth.dst vlan.id tcp.port tcp.srcport
tcp.dstport udp.port udp.srcport udp.dstport sctp.port sctp.srcport sctp.dstport icmp.type icmp.code icmpv6.type icmpv6.code frame.number
frame.len frame.time_epoch. Protocols, alone: frame ip ipv6 arp tcp udp icmp icmpv6 igmp sctp gre esp. A field alone asks whether it is there.
Operators: == != === !== > < >= <= or eq ne all_eq any_ne gt lt ge le; in {1, 5..9} and not in; ! not, && and, ^^ xor, || or, in this order of
binding; parentheses. Addresses may be prefixes (10.0.0.0/8).

A filter speaks of frames: a field has the values of all packets in the frame, those inside tunnels included. As in Wireshark 4, `ip.addr != x`
holds where the field is there and all its values differ, `ip.addr !== x` where any differs. Unlike Wireshark, headers quoted in ICMP errors do not
count, vlan.id is the innermost tag alone and a priority tag (0) is none, a MAC address of zeros is no address, the sender's in a cooked capture is
eth.src, the MAC addresses of an ARP frame are those in its message, and a frame that holds no packet (it is skipped with its reason) never matches.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.filters._fields import Mask
from gdsi_audit.filters._reader import Reader
from gdsi_audit.filters._tests import Frames, Test


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled display filter."""

    text: str
    test: Test = field(repr=False, compare=False)

    def mask(self, packets: NDArray[np.void]) -> Mask:
        """Which of `packets` (rows of PACKETS, those of a frame together and complete) belong to frames that the filter matches: shape (n,)."""
        if not len(packets):
            return np.zeros(0, np.bool_)
        frames = Frames(packets)
        return np.repeat(self.test(frames), frames.rows)


def compile_filter(text: str, where: str = "") -> Filter:
    """The filter that `text` writes. Raises ValueError, opening with `where`, with the column and the nearest field."""
    try:
        return Filter(text, Reader(text).whole())
    except ValueError as error:
        raise ValueError(f"{where}: {error}" if where else str(error)) from error
