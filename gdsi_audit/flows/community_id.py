"""Community ID v1: the pivot to the same flow in other tools. https://github.com/corelight/community-id-spec"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part

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
    ids = np.empty(len(flows), object)
    ids[:] = community_texts(flows).astype(f"U{TEXT_BYTES}")
    return ids


def community_texts(flows: NDArray[np.void]) -> NDArray[np.bytes_]:
    """The same as bytes."""
    texts = np.zeros((len(flows), TEXT_BYTES), np.uint8)
    columns = [np.ascontiguousarray(flows[name]) for name in ("orig_hi", "orig_lo", "resp_hi", "resp_lo", "orig_port", "resp_port", "transport")]
    write_ids(Ends(*columns), np.empty(64, np.uint8), np.empty(80, np.int64), texts)
    ids: NDArray[np.bytes_] = texts.view(f"S{TEXT_BYTES}").ravel()
    for row in np.flatnonzero((texts[:, 0] == 0) & (flows["transport"] != NO_TRANSPORT)).tolist():
        flow = flows[row]
        orig, resp = ((int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])) for side in ("orig", "resp"))
        ids[row] = community_id(orig, int(flow["orig_port"]), resp, int(flow["resp_port"]), int(flow["transport"])).encode()
    return ids


TEXT_BYTES = 30
LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)
ROUND_CONSTANTS = np.array([0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6])
MASK = 0xFFFFFFFF
# Constants that are passed have a NumPy type: for Python's own the callee would be compiled once per value.
START_A, START_B, START_C, START_D, START_E = (np.int64(word) for word in (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0))
ONE, FIVE, THIRTY = (np.int64(bits) for bits in (1, 5, 30))
NO_TRANSPORT = 255  # ARP

HAS_PORTS = np.zeros(256, np.bool_)
HAS_PORTS[[ICMP, ICMP6, TCP, UDP, SCTP]] = True
HAS_COUNTERPART = np.zeros((2, 256), np.bool_)
"""By type, for ICMP and ICMPv6."""
for _row, _transport in enumerate((ICMP, ICMP6)):
    HAS_COUNTERPART[_row, list(COUNTERPARTS[_transport])] = True


class Ends(NamedTuple):
    """Columns of CLOSED, one entry per flow each."""

    orig_hi: NDArray[np.uint64]
    orig_lo: NDArray[np.uint64]
    resp_hi: NDArray[np.uint64]
    resp_lo: NDArray[np.uint64]
    orig_port: NDArray[np.uint16]
    resp_port: NDArray[np.uint16]
    transport: NDArray[np.uint8]


@part
def _rotated(value: Any, bits: Any) -> Any:
    return ((value << bits) | (value >> (32 - bits))) & MASK


@part
def _append(body: Any, size: Any, value: Any, count: Any) -> Any:
    """Writes the last `count` bytes of `value`, big end first, behind `size` bytes; returns how many there are then."""
    for place in range(count):
        body[size + place] = (value >> np.uint64(8 * (count - 1 - place))) & np.uint64(255)
    return size + count


@kernel
def write_ids(ends: Ends, body: Any, words: Any, texts: Any) -> Any:
    """Writes the ID of each flow to `texts`, shape (n, TEXT_BYTES); leaves it where there is none, and where the two ends are of different families.

    `body` and `words` are room for 64 bytes and 80 numbers: what is hashed, and SHA-1's schedule (FIPS 180-4).
    """
    orig_hi, orig_lo, resp_hi, resp_lo, orig_port, resp_port, transport = ends
    for row in range(len(transport)):
        kind = transport[row]
        is_v4 = orig_hi[row] == 0 and (orig_lo[row] >> np.uint64(32)) == V4_MAPPED
        if kind == NO_TRANSPORT or is_v4 != (resp_hi[row] == 0 and (resp_lo[row] >> np.uint64(32)) == V4_MAPPED):
            continue
        has_ports = HAS_PORTS[kind]
        ahead = orig_hi[row] < resp_hi[row] or (orig_hi[row] == resp_hi[row] and orig_lo[row] < resp_lo[row])
        if has_ports and orig_hi[row] == resp_hi[row] and orig_lo[row] == resp_lo[row]:
            ahead = orig_port[row] <= resp_port[row]
        if (kind == ICMP and not HAS_COUNTERPART[0, orig_port[row] & 255]) or (kind == ICMP6 and not HAS_COUNTERPART[1, orig_port[row] & 255]):
            ahead = True
        first_hi, first_lo, first_port = orig_hi[row], orig_lo[row], orig_port[row]
        second_hi, second_lo, second_port = resp_hi[row], resp_lo[row], resp_port[row]
        if not ahead:
            first_hi, first_lo, first_port, second_hi, second_lo, second_port = second_hi, second_lo, second_port, first_hi, first_lo, first_port
        body[:] = 0
        size = np.int64(2)
        if not is_v4:
            size = _append(body, size, first_hi, np.int64(8))
        size = _append(body, size, first_lo, np.int64(4 if is_v4 else 8))
        if not is_v4:
            size = _append(body, size, second_hi, np.int64(8))
        size = _append(body, size, second_lo, np.int64(4 if is_v4 else 8))
        body[size] = kind
        size += 2
        if has_ports:
            size = _append(body, size, np.uint64(first_port), np.int64(2))
            size = _append(body, size, np.uint64(second_port), np.int64(2))
        body[size] = 0x80
        body[62], body[63] = (8 * size) >> 8, (8 * size) & 255
        for at in range(16):
            words[at] = np.int64(body[4 * at]) << 24 | np.int64(body[4 * at + 1]) << 16 | np.int64(body[4 * at + 2]) << 8 | np.int64(body[4 * at + 3])
        for at in range(16, 80):
            words[at] = _rotated(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], ONE)
        a, b, c, d, e = START_A, START_B, START_C, START_D, START_E
        for at in range(80):
            if at < 20:
                mixed = (b & c) | (~b & d)
            elif at < 40 or at >= 60:
                mixed = b ^ c ^ d
            else:
                mixed = (b & c) | (b & d) | (c & d)
            a, b, c, d, e = (_rotated(a, FIVE) + mixed + e + ROUND_CONSTANTS[at // 20] + words[at]) & MASK, a, _rotated(b, THIRTY), c, d
        words[0], words[1], words[2] = (START_A + a) & MASK, (START_B + b) & MASK, (START_C + c) & MASK
        words[3], words[4], words[5] = (START_D + d) & MASK, (START_E + e) & MASK, 0
        texts[row, 0], texts[row, 1], texts[row, TEXT_BYTES - 1] = 0x31, 0x3A, 0x3D
        for letter in range(27):
            # Six bits each, across the borders of the words.
            bit = 6 * letter
            pair = words[bit // 32] << 32 | words[bit // 32 + 1]
            texts[row, 2 + letter] = LETTERS[(pair >> (58 - bit % 32)) & 63]


def _address(hi: int, lo: int) -> bytes:
    if hi == 0 and lo >> 32 == V4_MAPPED:
        return (lo & 0xFFFFFFFF).to_bytes(4)
    return (hi << 64 | lo).to_bytes(16)


def _digest(body: bytes) -> str:
    return "1:" + base64.b64encode(hashlib.sha1(SEED.to_bytes(2) + body, usedforsecurity=False).digest()).decode()
