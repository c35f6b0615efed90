"""Community ID v1: the pivot to the same flow in other tools. https://github.com/corelight/community-id-spec"""

from __future__ import annotations

import base64
import hashlib

import numpy as np
from numpy.typing import NDArray

SEED = 0
ICMP, ICMP6, TCP, UDP, SCTP = 1, 58, 6, 17, 132
V4_MAPPED = 0xFFFF

COUNTERPARTS = {
    ICMP: {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17},
    ICMP6: {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 139: 140, 140: 139, 144: 145, 145: 144},
}
"""Request and reply types, as the specification lists them."""


def community_id(orig: tuple[int, int], orig_port: int, resp: tuple[int, int], resp_port: int, transport: int) -> str:
    """Of one flow. Addresses are (upper, lower) 64 bits, IPv4 as v4-mapped; ICMP: ports are type, and code or the counterpart's type."""
    source, destination = _address(*orig), _address(*resp)
    middle = bytes((transport, 0))
    if transport not in (ICMP, ICMP6, TCP, UDP, SCTP):
        low, high = sorted((source, destination))
        return _digest(low + high + middle)
    ends = (source + orig_port.to_bytes(2), destination + resp_port.to_bytes(2))
    one_way = transport in COUNTERPARTS and orig_port not in COUNTERPARTS[transport]
    (low, high) = ends if one_way else sorted(ends)
    return _digest(low[:-2] + high[:-2] + middle + low[-2:] + high[-2:])


def community_ids(flows: NDArray[np.void]) -> NDArray[np.object_]:
    """Of each row of a table with the columns of CLOSED; empty for ARP, which has none."""
    columns = (flows[name].tolist() for name in ("orig_hi", "orig_lo", "orig_port", "resp_hi", "resp_lo", "resp_port", "transport"))
    ids = [
        community_id((orig_hi, orig_lo), orig_port, (resp_hi, resp_lo), resp_port, transport) if transport != 255 else ""
        for orig_hi, orig_lo, orig_port, resp_hi, resp_lo, resp_port, transport in zip(*columns, strict=True)
    ]
    return np.array(ids, object)


def _address(hi: int, lo: int) -> bytes:
    if hi == 0 and lo >> 32 == V4_MAPPED:
        return (lo & 0xFFFFFFFF).to_bytes(4)
    return (hi << 64 | lo).to_bytes(16)


def _digest(body: bytes) -> str:
    return "1:" + base64.b64encode(hashlib.sha1(SEED.to_bytes(2) + body, usedforsecurity=False).digest()).decode()
