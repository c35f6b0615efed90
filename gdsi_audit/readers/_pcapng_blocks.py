"""The compiled walk over pcapng blocks (draft-ietf-opsawg-pcapng): packets, and everything that is only skipped or counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.kernels import kernel, part
from gdsi_audit.readers import LARGEST_RECORD_BYTES
from gdsi_audit.readers._numbers import u16, u32
from gdsi_audit.readers._pcapng_clock import nanoseconds
from gdsi_audit.readers._tally import BAD, FULL, LARGEST_HELD_BYTES, LONGEST_WIRE_BYTES, METADATA, NEED_MORE, note_absurd_length

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
        kind = u32(data, position, big_endian)
        if kind == SECTION_HEADER:
            return rows, position, METADATA
        total = u32(data, position + 4, big_endian)
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
        elif u32(data, following - 4, big_endian) != total:
            return rows, position, BAD
        elif is_metadata:
            return rows, position, METADATA
        if not is_packet:
            if kind | _CUSTOM_BIT == CUSTOM_NOT_COPIED:
                if total < 16 or position + 16 > stop:
                    return rows, position, BAD if total < 16 else NEED_MORE
                numbered = _is_numbered(data, position, stop, total, big_endian)
            else:
                numbered = kind in (JOURNAL_EXPORT, SYSDIG_EVENT, SYSDIG_EVENT_2, SYSDIG_EVENT_2_LARGE)
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
            wire = u32(data, position + 8, big_endian)
            caplen = wire
            body = position + 12
            if interface_count > 0 and interfaces[base].snaplen > 0:
                caplen = min(wire, interfaces[base].snaplen)
        else:
            if total < 32:
                return rows, position, BAD
            interface_id = u32(data, position + 8, big_endian) if kind == ENHANCED_PACKET else u16(data, position + 8, big_endian)
            upper = np.uint64(u32(data, position + 12, big_endian))
            lower = np.uint64(u32(data, position + 16, big_endian))
            ticks = (upper << np.uint64(32)) | lower
            caplen = u32(data, position + 20, big_endian)
            wire = u32(data, position + 24, big_endian)
            body = position + 28
        if body + caplen > position + total - 4:
            return rows, position, BAD

        if wire > LONGEST_WIRE_BYTES:
            note_absurd_length(count, count.frames + 1)
            wire = LONGEST_WIRE_BYTES
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


@part
def _is_numbered(data: NDArray[np.uint8], position: int, stop: int, total: int, big_endian: bool) -> bool:
    """Whether Wireshark numbers a custom block, of which at least 16 bytes are there."""
    if u32(data, position + 8, big_endian) != _NETFLIX or total < 20 or position + 16 > stop - 4:
        return True
    # Netflix writes its own fields in little-endian order whatever the section's.
    return u32(data, position + 12, big_endian) != (_NETFLIX_SKIP << 24 if big_endian else _NETFLIX_SKIP)
