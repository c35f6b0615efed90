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
    ids = np.full(len(flows), "", object)
    orig_is_v4, resp_is_v4 = _is_mapped(flows, "orig"), _is_mapped(flows, "resp")
    usual = np.isin(flows["transport"], (ICMP, ICMP6, TCP, UDP, SCTP)) & (orig_is_v4 == resp_is_v4)
    for of_family, body in ((usual & orig_is_v4, _bodies_v4), (usual & ~orig_is_v4, _bodies_v6)):
        ids[of_family] = _digests(body(flows[of_family], _swapped(flows[of_family])))
    for row in np.flatnonzero(~usual & (flows["transport"] != 255)).tolist():
        flow = flows[row]
        orig, resp = ((int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])) for side in ("orig", "resp"))
        ids[row] = community_id(orig, int(flow["orig_port"]), resp, int(flow["resp_port"]), int(flow["transport"]))
    return ids


def _is_mapped(flows: NDArray[np.void], side: str) -> NDArray[np.bool_]:
    return np.asarray((flows[f"{side}_hi"] == 0) & (flows[f"{side}_lo"] >> np.uint64(32) == V4_MAPPED), np.bool_)


def _swapped(flows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Whether the responder's end comes first: the smaller of (address, port) does, unless the message has no counterpart."""
    greater, equal = np.zeros(len(flows), np.bool_), np.ones(len(flows), np.bool_)
    for name in ("hi", "lo", "port"):
        orig, resp = flows[f"orig_{name}"], flows[f"resp_{name}"]
        greater |= equal & (orig > resp)
        equal &= orig == resp
    for transport, counterparts in COUNTERPARTS.items():
        greater &= (flows["transport"] != transport) | np.isin(flows["orig_port"], list(counterparts))
    return greater


def _bodies_v4(flows: NDArray[np.void], swapped: NDArray[np.bool_]) -> NDArray[np.void]:
    """What is hashed: seed, addresses, transport, zero, ports."""
    bodies = np.zeros(len(flows), [("seed", ">u2"), ("low", ">u4"), ("high", ">u4"), *_MIDDLE_AND_PORTS])
    low, high = _ordered(flows, swapped, "lo")
    bodies["low"], bodies["high"] = low & np.uint64(0xFFFFFFFF), high & np.uint64(0xFFFFFFFF)
    return _with_ports(bodies, flows, swapped)


def _bodies_v6(flows: NDArray[np.void], swapped: NDArray[np.bool_]) -> NDArray[np.void]:
    halves = [(name, ">u8") for name in ("low_hi", "low_lo", "high_hi", "high_lo")]
    bodies = np.zeros(len(flows), [("seed", ">u2"), *halves, *_MIDDLE_AND_PORTS])
    for half in ("hi", "lo"):
        bodies[f"low_{half}"], bodies[f"high_{half}"] = _ordered(flows, swapped, half)
    return _with_ports(bodies, flows, swapped)


_MIDDLE_AND_PORTS = (("transport", "u1"), ("zero", "u1"), ("low_port", ">u2"), ("high_port", ">u2"))


def _ordered(flows: NDArray[np.void], swapped: NDArray[np.bool_], name: str) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    orig, resp = flows[f"orig_{name}"], flows[f"resp_{name}"]
    return np.where(swapped, resp, orig), np.where(swapped, orig, resp)


def _with_ports(bodies: NDArray[np.void], flows: NDArray[np.void], swapped: NDArray[np.bool_]) -> NDArray[np.void]:
    bodies["seed"], bodies["transport"] = SEED, flows["transport"]
    bodies["low_port"], bodies["high_port"] = _ordered(flows, swapped, "port")
    return bodies


def _digests(bodies: NDArray[np.void]) -> NDArray[np.str_]:
    """The text of each body. Padded to a multiple of three bytes all digests are one base64 text."""
    size, data = bodies.itemsize, bodies.tobytes()
    digests = (hashlib.sha1(data[at : at + size], usedforsecurity=False).digest() for at in range(0, len(data), size))
    letters = np.frombuffer(bytearray(base64.b64encode(b"".join(digest + b"\0" for digest in digests))), np.uint8).reshape(-1, 28)
    letters[:, 27] = ord("=")
    words = np.empty((len(letters), 30), np.uint8)
    words[:, 0], words[:, 1], words[:, 2:] = ord("1"), ord(":"), letters
    return words.view("S30").ravel().astype("U30")


def _address(hi: int, lo: int) -> bytes:
    if hi == 0 and lo >> 32 == V4_MAPPED:
        return (lo & 0xFFFFFFFF).to_bytes(4)
    return (hi << 64 | lo).to_bytes(16)


def _digest(body: bytes) -> str:
    return "1:" + base64.b64encode(hashlib.sha1(SEED.to_bytes(2) + body, usedforsecurity=False).digest()).decode()
