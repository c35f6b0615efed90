"""The compiled walk over pcapng blocks (draft-ietf-opsawg-pcapng): packets, and everything that is only skipped or counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.readers import LARGEST_RECORD_BYTES
from gdsi_audit.readers._tally import BAD, FULL, LARGEST_HELD_BYTES, LATEST_S, METADATA, NEED_MORE

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION, PACKET, SIMPLE_PACKET, NAME_RESOLUTION, INTERFACE_STATISTICS, ENHANCED_PACKET = 1, 2, 3, 4, 5, 6
JOURNAL_EXPORT = 9
DECRYPTION_SECRETS = 10
CUSTOM, CUSTOM_NOT_COPIED = 0x0BAD, 0x40000BAD
_CUSTOM_BIT = CUSTOM ^ CUSTOM_NOT_COPIED
# Sets of block types as bits: compiled in no time, which membership in a tuple is not.
_PACKETS = 1 << ENHANCED_PACKET | 1 << SIMPLE_PACKET | 1 << PACKET
_METADATA = 1 << INTERFACE_DESCRIPTION | 1 << INTERFACE_STATISTICS | 1 << NAME_RESOLUTION | 1 << DECRYPTION_SECRETS
SYSDIG_EVENT, SYSDIG_EVENT_2, SYSDIG_EVENT_2_LARGE = 0x204, 0x216, 0x221
# Netflix's black-box logs: of its custom blocks only this kind is not numbered by Wireshark.
_NETFLIX, _NETFLIX_SKIP = 10949, 3
_LONGEST_WIRE_BYTES = 0x7FFFFFFF
_NANO = np.uint64(1_000_000_000)

INTERFACES = np.dtype(
    [
        ("ticks_per_s", "u8"),  # a power of ten; 0: more than a second can be counted in
        ("ns_per_tick", "u8"),  # 0: less than one
        ("ticks_per_ns", "u8"),  # 0: less than one, or beyond counting
        ("shift", "i8"),  # ticks of 2^-shift seconds; -1: a power of ten
        ("offset_s", "i8"),  # if_tsoffset, within ±2^61
        ("snaplen", "i8"),  # 0: unlimited
        ("linktype", "i4"),
    ],
    align=True,
)
"""One row per interface description: what a packet needs of it."""


@part
def _u32(data: NDArray[np.uint8], at: int, big_endian: bool) -> int:
    first, second, third, fourth = np.int64(data[at]), np.int64(data[at + 1]), np.int64(data[at + 2]), np.int64(data[at + 3])
    if big_endian:
        return int((first << 24) | (second << 16) | (third << 8) | fourth)
    return int((fourth << 24) | (third << 16) | (second << 8) | first)


@part
def _u16(data: NDArray[np.uint8], at: int, big_endian: bool) -> int:
    first, second = np.int64(data[at]), np.int64(data[at + 1])
    if big_endian:
        return int((first << 8) | second)
    return int((second << 8) | first)


@kernel
def nanoseconds(ticks: np.uint64, interface: Any) -> tuple[int, bool]:
    """UTC nanoseconds of a timestamp, rounded down; False when int64 cannot hold it and it was clamped."""
    seconds = np.uint64(0)
    fraction_ns = np.uint64(0)
    if interface.shift >= 0:
        shift = np.uint64(interface.shift)
        fraction = ticks
        if shift < np.uint64(64):
            seconds = ticks >> shift
            fraction = ticks - (seconds << shift)
        # The product of fraction and 10^9 needs 94 bits: it is made of two halves, and what the shift drops is dropped once.
        if shift < np.uint64(32):
            fraction_ns = (fraction * _NANO) >> shift
        elif shift < np.uint64(96):
            low = ((fraction & np.uint64(0xFFFFFFFF)) * _NANO) >> np.uint64(32)
            fraction_ns = ((fraction >> np.uint64(32)) * _NANO + low) >> (shift - np.uint64(32))
    else:
        fraction = ticks
        if interface.ticks_per_s > np.uint64(0):
            seconds = ticks // interface.ticks_per_s
            fraction = ticks - seconds * interface.ticks_per_s
        if interface.ns_per_tick > np.uint64(0):
            fraction_ns = fraction * interface.ns_per_tick
        elif interface.ticks_per_ns > np.uint64(0):
            fraction_ns = fraction // interface.ticks_per_ns
    whole_s = int(min(seconds, np.uint64(1 << 61))) + int(interface.offset_s)
    if whole_s > LATEST_S:
        return LATEST_S * 1_000_000_000, False
    if whole_s < -LATEST_S:
        return -LATEST_S * 1_000_000_000, False
    return whole_s * 1_000_000_000 + int(fraction_ns), True


@kernel
def walk_blocks(
    data: NDArray[np.uint8],
    position: int,
    stop: int,
    big_endian: bool,
    base: int,
    interface_count: int,
    interfaces: NDArray[np.void],
    out: NDArray[np.void],
    tally: NDArray[np.void],
) -> tuple[int, int, int]:
    """Writes a row of RECORDS per packet in `data[position:stop]`; returns rows, first unread byte, and why it returned.

    `base` is the row in `interfaces` of the section's first interface, `interface_count` how many the section has so far. The first unread byte
    lies beyond `stop` when a block that nobody reads goes on there. METADATA: the block there is for Python, and whole unless a section header.
    """
    count = tally[0]
    rows = 0
    while position + 12 <= stop:
        if rows == out.size:
            return rows, position, FULL
        kind = _u32(data, position, big_endian)
        if kind == SECTION_HEADER:
            return rows, position, METADATA
        total = _u32(data, position + 4, big_endian)
        if total < 12:
            return rows, position, BAD
        following = position + ((total + 3) // 4) * 4
        is_packet = (_PACKETS >> min(kind, 63)) & 1 == 1
        is_metadata = (_METADATA >> min(kind, 63)) & 1 == 1
        held = total <= LARGEST_HELD_BYTES - 4
        if not held:
            if is_packet or kind == INTERFACE_DESCRIPTION:
                return rows, position, BAD
            if is_metadata:
                count.oversized_metadata += 1
        elif following > stop:
            return rows, position, NEED_MORE
        elif _u32(data, following - 4, big_endian) != total:
            return rows, position, BAD
        elif is_metadata:
            return rows, position, METADATA
        if not is_packet:
            numbered = kind in (JOURNAL_EXPORT, SYSDIG_EVENT, SYSDIG_EVENT_2, SYSDIG_EVENT_2_LARGE)
            if kind | _CUSTOM_BIT == CUSTOM_NOT_COPIED:
                if total < 16 or position + 16 > stop:
                    return rows, position, BAD if total < 16 else NEED_MORE
                numbered = True
                if _u32(data, position + 8, big_endian) == _NETFLIX and total >= 20 and position + 16 <= stop - 4:
                    # Netflix writes its own fields in little-endian order whatever the section's.
                    numbered = _u32(data, position + 12, big_endian) != (_NETFLIX_SKIP << 24 if big_endian else _NETFLIX_SKIP)
            if numbered:
                count.frames += 1
                count.not_a_packet += 1
            position = following
            continue

        ticks = np.uint64(0)
        interface_id = 0
        if kind == SIMPLE_PACKET:
            if total < 16:
                return rows, position, BAD
            wire = _u32(data, position + 8, big_endian)
            caplen = wire
            body = position + 12
            if interface_count > 0 and interfaces[base].snaplen > 0:
                caplen = min(wire, interfaces[base].snaplen)
        else:
            if total < 32:
                return rows, position, BAD
            interface_id = _u32(data, position + 8, big_endian) if kind == ENHANCED_PACKET else _u16(data, position + 8, big_endian)
            upper = np.uint64(_u32(data, position + 12, big_endian))
            lower = np.uint64(_u32(data, position + 16, big_endian))
            ticks = (upper << np.uint64(32)) | lower
            caplen = _u32(data, position + 20, big_endian)
            wire = _u32(data, position + 24, big_endian)
            body = position + 28
        if body + caplen > position + total - 4:
            return rows, position, BAD

        if wire > _LONGEST_WIRE_BYTES:
            if count.absurd_wire_length == 0:
                count.absurd_wire_length_frame = count.frames + 1
            count.absurd_wire_length += 1
            wire = _LONGEST_WIRE_BYTES
        if interface_id >= interface_count:
            count.frames += 1
            count.wire_bytes += wire
            count.unknown_interface += 1
            count.unknown_interface_bytes += wire
            position = following
            continue
        interface = interfaces[base + interface_id]
        if caplen > max(interface.snaplen, LARGEST_RECORD_BYTES):
            return rows, position, BAD
        count.frames += 1
        count.wire_bytes += wire
        time = 0
        if kind == SIMPLE_PACKET:
            if count.no_timestamp == 0:
                count.no_timestamp_frame = count.frames
            count.no_timestamp += 1
        else:
            time, in_range = nanoseconds(ticks, interface)
            if in_range:
                count.first = min(count.first, time)
                count.last = max(count.last, time)
            else:
                if count.absurd_timestamp == 0:
                    count.absurd_timestamp_frame = count.frames
                count.absurd_timestamp += 1
        row = out[rows]
        row.time = time
        row.frame = count.frames
        row.offset = body
        row.caplen_bytes = caplen
        row.wire_bytes = wire
        row.linktype = interface.linktype
        row.interface = base + interface_id
        rows += 1
        position = following
    return rows, position, NEED_MORE
