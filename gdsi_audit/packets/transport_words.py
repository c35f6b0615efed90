"""What transports are called, in tables and declarations alike."""

from __future__ import annotations

from gdsi_audit.packets import ARP

NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58, "sctp": 132, "arp": ARP}
"""IP protocol numbers of those that have a word, and the row of ARP."""

_KNOWN = {number: word for word, number in NUMBERS.items()}
WORDS = tuple(_KNOWN.get(number, f"ip-{number}") for number in range(256))
"""By number; `ip-N` for protocols that are not decoded further."""
