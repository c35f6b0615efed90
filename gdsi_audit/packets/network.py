"""The packet kernel: Ethernet, what may stand between it and IP, IP with its fragments, the transport header, and the tunnels inside.

One walk per frame: each turn of the inner loop takes one header off, and a tunnel starts the next turn on what it carries. The hot path (Ethernet,
IP, TCP, UDP) stands straight in `decode_links`; everything rarer is a function that leaves its answer in `step`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.gap import SKIP_REASONS
from gdsi_audit.kernels import kernel, part
from gdsi_audit.packets import ARP, DEEPEST_TUNNEL, GAP_BITS, TUNNELS
from gdsi_audit.packets.link import LINKTYPE_ETHERNET

DATAGRAMS = 1024
"""Datagrams in reassembly at a time."""

PAGE_BYTES = 2048
PAGES = 4096
PAGES_PER_DATAGRAM = 32
FRAGMENT_TIMEOUT_NS = 30_000_000_000
"""In capture time, from a datagram's first fragment."""

MOST_EXTENSION_HEADERS = 16
LARGEST_DATAGRAM_BYTES = 65_535
SPARE_PER_FRAME_BYTES = (DEEPEST_TUNNEL + 1) * (LARGEST_DATAGRAM_BYTES + 1)
"""What one frame may put together, each layer of its tunnels being the last fragment of a datagram."""

APPS = 1024
"""Apps of which the name is kept."""

APP_NAME_BYTES = 20

DATAGRAM = np.dtype(
    [
        ("src_hi", "u8"),
        ("src_lo", "u8"),
        ("dst_hi", "u8"),
        ("dst_lo", "u8"),
        ("time", "i8"),  # of its first fragment
        ("frame", "i8"),  # of its first fragment
        ("frames", "i8"),  # of this capture, that wait for the outcome to be booked
        ("frames_bytes", "i8"),  # their bytes on the wire
        ("earlier_frames", "i8"),  # of the capture before this one
        ("earlier_bytes", "i8"),
        ("identification", "u4"),
        ("units", "i4"),  # distinct 8-byte units that have come
        ("reach", "i4"),  # end of the farthest fragment
        ("total_bytes", "i4"),  # -1: the last fragment is still to come
        ("header_bytes", "i4"),  # before the fragmentable part, from the first fragment
        ("fragments", "i4"),
        ("protocol", "u1"),  # IPv4: part of its identity
        ("version", "u1"),
        ("depth", "u1"),
        ("first_protocol", "u1"),  # what the first fragment begins with
        ("ttl", "u1"),
        ("dropped", "u1"),  # its fragments overlapped
    ],
    align=True,
)
"""One row per datagram in reassembly."""


class Reassembly(NamedTuple):
    """Datagrams that wait for fragments. Rows are used in the order of `order`: the first state[LIVE] are in use."""

    datagrams: NDArray[np.void]
    order: NDArray[np.int32]
    came: NDArray[np.uint8]
    """Shape (DATAGRAMS, 1024): which 8-byte units have come, one bit each."""
    page_of: NDArray[np.int16]
    """Shape (DATAGRAMS, PAGES_PER_DATAGRAM): where a datagram's bytes stand; -1: nowhere yet."""
    pages: NDArray[np.uint8]
    free_pages: NDArray[np.int32]
    """The first state[FREE_PAGES] are free."""


class Books(NamedTuple):
    """What became of the frames, and what was odd on the way."""

    frames: NDArray[np.int64]
    """Shape (2, 1 + reasons, 2): frames and wire bytes of this capture and the one before, by outcome (0: decoded, else 1 + reason)."""
    oddities: NDArray[np.int64]
    """Shape (8 + 1 + reasons, 2): count and first frame, of each gap bit and of each reason met inside a tunnel."""
    apps: NDArray[np.int64]
    """App ids seen, in an open hash table of 2 * APPS; -1: free."""
    app_ids: NDArray[np.int64]
    app_names: NDArray[np.uint8]
    """Shape (APPS, APP_NAME_BYTES), in order of first sight; state[APPS_SEEN] are filled."""


# Places in `state`, which lives as long as the decoder.
(
    LIVE,  # datagrams in reassembly
    FREE_PAGES,
    SPARE_USED,
    FRAME_ROWS,  # of the frame under way
    APPS_SEEN,
    RARE,  # 1: the kernel for everyday traffic has met what it leaves to the other
    READ,  # frames since the books were carried over
    READ_BYTES,  # of these, on the wire
    NOW,  # latest time of a decoded frame
    OBSERVED_NS,  # by which it went forward, a silence counted up to LONGEST_SILENCE_NS
    OWED,  # and the three behind it: frames and bytes of this capture and the one before whose datagram is complete
) = range(11)
STATE_PLACES = OWED + 4
NEVER = np.iinfo(np.int64).min
LONGEST_SILENCE_NS = 3_600_000_000_000
"""Nothing shows that anyone listened for longer."""

# Places in `step`, where a function leaves what it found.
OFFSET, KIND, VLAN, TUNNEL, PROTOCOL, FRAGMENT_OFFSET, MORE, IDENTIFICATION = 0, 1, 2, 3, 4, 5, 6, 7
STEP_PLACES = 8

IPV4, IPV6, ARP_TYPE, ETHERNET, PPP = 0x0800, 0x86DD, 0x0806, 0x6558, 0x880B
PPPOE, MPLS, MPLS_MULTICAST, FABRICPATH = 0x8864, 0x8847, 0x8848, 0x8903
BACKBONE_BRIDGE, PORT_EXTENSION, VN_TAG = 0x88E7, 0x893F, 0x8926

NOT_IP = SKIP_REASONS.index("not_ip") + 1
SHORT_FRAME = SKIP_REASONS.index("short_frame") + 1
BAD_HEADER = SKIP_REASONS.index("bad_header") + 1
FRAGMENT_UNREASSEMBLED = SKIP_REASONS.index("fragment_unreassembled") + 1
FRAGMENT_OVERLAP = SKIP_REASONS.index("fragment_overlap") + 1
LIMIT_REASSEMBLY = SKIP_REASONS.index("limit:reassembly") + 1
LIMIT_TUNNEL_DEPTH = SKIP_REASONS.index("limit:tunnel_depth") + 1
LIMIT_EXTENSION_HEADERS = SKIP_REASONS.index("limit:extension_headers") + 1
PENDING = 255
"""The frame is booked when its datagram is complete or given up."""

BAD_IP_CHECKSUM = GAP_BITS["bad_ip_checksum"]
BAD_LENGTH = GAP_BITS["bad_length"]
ZERO_IP_LENGTH = GAP_BITS["zero_ip_length"]
CUT_BY_SNAPLEN = GAP_BITS["cut_by_snaplen"]
IP_OPTIONS = GAP_BITS["ip_options"]
GAP_PLACES = 8

IP_IN_IP, SIX_IN_FOUR, GRE, ERSPAN = TUNNELS.index("ip-in-ip"), TUNNELS.index("6in4"), TUNNELS.index("gre"), TUNNELS.index("erspan")
VXLAN, GENEVE, AYIYA, TEREDO = TUNNELS.index("vxlan"), TUNNELS.index("geneve"), TUNNELS.index("ayiya"), TUNNELS.index("teredo")
GTP_U, IN_FABRICPATH = TUNNELS.index("gtp-u"), TUNNELS.index("fabricpath")

EXTENSION, EXTENSION_OF_IPV6, TUNNELS_IP = 1, 2, 4
PROTOCOL_ROLES = np.zeros(256, np.uint8)
"""What an IP protocol number means for the walk: bits of the line above."""
PROTOCOL_ROLES[[44, 51]] = EXTENSION
PROTOCOL_ROLES[[0, 43, 60, 135, 139, 140]] = EXTENSION_OF_IPV6
PROTOCOL_ROLES[[4, 41, 47]] = TUNNELS_IP

PCAPDROID_TRAILER_BYTES = 32
PCAPDROID_MAGIC = 0x01072021


Integer: Any = np.int64
"""What kernels count with; the type checker takes it for a Python int."""


@part
def _u8(data: NDArray[np.uint8], offset: int) -> int:
    """One byte, signed, for unsigned arithmetic spreads. The unsigned index saves the look for a negative one, so that loads can be joined."""
    value: int = Integer(data[np.uint64(offset)])
    return value


@part
def _u16(data: NDArray[np.uint8], offset: int) -> int:
    value: int = (_u8(data, offset) << 8) | _u8(data, offset + 1)
    return value


@part
def _u32(data: NDArray[np.uint8], offset: int) -> int:
    value: int = (_u8(data, offset) << 24) | (_u8(data, offset + 1) << 16) | (_u8(data, offset + 2) << 8) | _u8(data, offset + 3)
    return value


@part
def _u48(data: NDArray[np.uint8], offset: int) -> int:
    return (_u16(data, offset) << 32) | _u32(data, offset + 2)


@part
def _u64(data: NDArray[np.uint8], offset: int) -> int:
    """The 64 bits as a signed number; storing it in an unsigned column restores it."""
    return (_u32(data, offset) << 32) | _u32(data, offset + 4)


@part
def _shim(data: NDArray[np.uint8], kind: int, offset: int, end: int, step: NDArray[np.int64]) -> int:
    """Takes one header between link and network off. Leaves OFFSET, KIND and, where it has them, VLAN and TUNNEL; returns 0 or a reason.

    MPLS labels say not what they carry (RFC 3032): the first half-byte tells IPv4 and IPv6, else it is an Ethernet pseudo-wire (RFC 4448). PPP may
    have address, control and protocol compressed (RFC 1661, 1662). SNAP has Ethernet types below the organisation codes 0 and 0000f8 (RFC 1042).
    """
    size = end - offset
    needed = 2
    following = -1
    if kind == 0x8100 or kind == 0x88A8 or kind == 0x9100 or kind == 0x9200:
        needed = 4
        if size >= needed:
            step[VLAN] = _u16(data, offset) & 0xFFF
            following = _u16(data, offset + 2)
    elif MPLS <= kind <= MPLS_MULTICAST:
        while end - offset >= 5 and _u8(data, offset + 2) & 1 == 0:
            offset += 4
        size = end - offset
        needed = 5
        if size >= needed:
            version = _u8(data, offset + 4) >> 4
            following = IPV4 if version == 4 else IPV6 if version == 6 else ETHERNET
            offset += 4 if version == 0 else 0
            needed = 4
    elif kind == PPPOE:
        needed = 6
        following = PPP
        if size >= needed and (_u8(data, offset) != 0x11 or _u8(data, offset + 1) != 0):
            return BAD_HEADER
    elif kind == PPP:
        if size >= 4 and _u16(data, offset) == 0xFF03:
            offset += 2
            size -= 2
        if size >= needed:
            protocol = _u8(data, offset)
            if protocol & 1:
                needed = 1
            else:
                protocol = _u16(data, offset)
            following = IPV4 if protocol == 0x0021 else IPV6 if protocol == 0x0057 else MPLS if protocol == 0x0281 else -1
    elif kind <= 1500:
        needed = 3
        service = _u16(data, offset) if size >= needed else 0
        if service == 0x0606:
            following = IPV4
        elif service == 0xAAAA:
            needed = 8
            organisation = _u32(data, offset + 2) if size >= needed else -1
            if (organisation == 0x03000000 or organisation == 0x030000F8) and _u16(data, offset + 6) > 1500:
                following = _u16(data, offset + 6)
    elif kind == FABRICPATH:
        step[TUNNEL] = IN_FABRICPATH
        following = ETHERNET
    elif kind == BACKBONE_BRIDGE:
        needed = 4
        following = ETHERNET
    elif kind == PORT_EXTENSION:
        needed = 8
        following = _u16(data, offset + 6) if size >= needed else -1
    elif kind == VN_TAG:
        needed = 6
        following = _u16(data, offset + 4) if size >= needed else -1
    else:
        return NOT_IP
    if size < needed:
        return SHORT_FRAME
    step[OFFSET] = offset + needed
    step[KIND] = following
    return NOT_IP if following < 0 else 0


@part
def _extension(data: NDArray[np.uint8], protocol: int, offset: int, end: int, step: NDArray[np.int64]) -> int:
    """Takes one extension header off (RFC 8200 section 4). Leaves OFFSET, PROTOCOL and a fragment's fields (MORE -1: none); returns 0 or a reason."""
    if end - offset < 8:
        return SHORT_FRAME
    step[MORE] = -1
    step[PROTOCOL] = _u8(data, offset)
    if protocol == 44:
        field = _u16(data, offset + 2)
        step[OFFSET] = offset + 8
        step[FRAGMENT_OFFSET] = field & 0xFFF8
        step[MORE] = field & 1
        step[IDENTIFICATION] = _u32(data, offset + 4)
        return 0
    size = (_u8(data, offset + 1) + 2) * 4 if protocol == 51 else (_u8(data, offset + 1) + 1) * 8
    if end - offset < size:
        return SHORT_FRAME
    step[OFFSET] = offset + size
    return 0


@part
def _tunnel(
    data: NDArray[np.uint8], protocol: int, src_port: int, dst_port: int, offset: int, end: int, wire_end: int, step: NDArray[np.int64]
) -> bool:
    """Whether this payload is a tunnel's, by protocol or port and by shape; leaves OFFSET, KIND and TUNNEL. KIND 0: whichever IP stands there.

    IP in IP: RFC 2003, 4213. GRE: RFC 2784, 2890, 2637 (PPTP); ERSPAN: draft-foschiano-erspan-03. VXLAN: RFC 7348 with the group policy and generic
    protocol extensions. Geneve: RFC 8926 section 3.4. GTP-U: 3GPP TS 29.281 section 5, message type 255 and its extension headers. Teredo: RFC 4380
    section 5.1.1, authentication and origin indication first. AYIYA: draft-massar-v6ops-ayiya-02, operation 1 (forward).
    """
    size = end - offset
    if size < 8:
        return False
    first, second = _u8(data, offset), _u8(data, offset + 1)
    place = offset
    kind = 0
    if protocol == 4 or protocol == 41:
        step[TUNNEL] = IP_IN_IP if protocol == 4 else SIX_IN_FOUR
    elif protocol == 47:
        step[TUNNEL] = GRE
        kind = _u16(data, offset + 2)
        place += 4 + ((first >> 5) & 4) + ((first >> 3) & 4) + ((first >> 2) & 4)
        version = second & 7
        if version > 1 or first & 0x40:
            return False
        if version == 1:
            place += (second >> 5) & 4
        if kind == 0x88BE or kind == 0x22EB:
            step[TUNNEL] = ERSPAN
            if first & 0x10 or kind == 0x22EB:
                if end - place < 12:
                    return False
                third = _u8(data, place) >> 4 == 2
                place += 20 if third and _u8(data, place + 11) & 1 else 12 if third else 8
            kind = ETHERNET
        elif kind == 0x883E:
            place += 0 if place < end and _u8(data, place) >> 4 == 4 else 4
            kind = IPV4
        elif kind not in (IPV4, IPV6, ETHERNET, PPP, MPLS, MPLS_MULTICAST, 0x8100):
            return False
    elif dst_port in (4789, 8472, 4790):
        step[TUNNEL] = VXLAN
        place += 8
        kind = ETHERNET
        if size < 8 + 14 or _u8(data, offset + 7) != 0:
            return False
        if dst_port == 4790:
            following = _u8(data, offset + 3)
            kind = IPV4 if following == 1 else IPV6 if following == 2 else ETHERNET
            if first & 0xF0 or not first & 4 or following == 0 or following > 3:
                return False
        elif first != 0x88 and (first != 8 or second != 0 or _u16(data, offset + 2) != 0):
            return False
    elif dst_port == 6081:
        step[TUNNEL] = GENEVE
        place += 8 + (first & 0x3F) * 4
        kind = _u16(data, offset + 2)
        if first & 0xC0 or second & 0x3F or _u8(data, offset + 7) or kind not in (IPV4, IPV6, ETHERNET):
            return False
    elif dst_port == 2152 or src_port == 2152:
        step[TUNNEL] = GTP_U
        if first & 0xF0 != 0x30 or second != 255 or _u16(data, offset + 2) > wire_end - offset - 8:
            return False
        place += 8 + (4 if first & 7 else 0)
        following = _u8(data, place - 1) if first & 4 and place <= end else 0
        while following != 0:
            extension_bytes = _u8(data, place) * 4 if place < end else 0
            if extension_bytes == 0 or end - place < extension_bytes:
                return False
            place += extension_bytes
            following = _u8(data, place - 1)
    elif dst_port == 3544 or src_port == 3544:
        step[TUNNEL] = TEREDO
        kind = IPV6
        if first == 0 and second == 1:
            place += 13 + _u8(data, offset + 2) + _u8(data, offset + 3)
        if end - place >= 8 and _u16(data, place) == 0:
            place += 8
        if end - place < 40 or _u8(data, place) >> 4 != 6 or _u16(data, place + 4) != wire_end - place - 40:
            return False
    else:
        step[TUNNEL] = AYIYA
        place += 8 + (1 << (first >> 4)) + (second >> 4) * 4
        if _u8(data, offset + 2) & 15 != 1 or _u8(data, offset + 3) not in (4, 41):
            return False
    if place >= end:
        return False
    if kind == 0:
        version = _u8(data, place) >> 4
        kind = IPV4 if version == 4 else IPV6
        if version != 4 and version != 6:
            return False
    step[OFFSET] = place
    step[KIND] = kind
    return True


@part
def _tunnel_ports(src_port: int, dst_port: int) -> bool:
    """Whether UDP between these ports may carry a tunnel. VXLAN and Geneve take their source port from a hash: only the destination tells."""
    found = dst_port == 4789 or dst_port == 4790 or dst_port == 8472 or dst_port == 6081
    found = found or src_port == 2152 or dst_port == 2152 or src_port == 3544 or dst_port == 3544
    return found or src_port == 5072 or dst_port == 5072


@part
def _note_app(books: Books, state: NDArray[np.int64], app: int, data: NDArray[np.uint8], name: int) -> None:
    """Keeps the name of an app at first sight."""
    mask = books.apps.size - 1
    place = (app * 0x9E3779B1) & mask
    while books.apps[place] != -1 and books.apps[place] != app:
        place = (place + 1) & mask
    seen = state[APPS_SEEN]
    if books.apps[place] == app or seen >= APPS:
        return
    books.apps[place] = app
    books.app_ids[seen] = app
    for index in range(APP_NAME_BYTES):
        books.app_names[seen, index] = data[name + index]
    state[APPS_SEEN] = seen + 1


@part
def _odd(books: Books, place: int, frame: int) -> None:
    if books.oddities[place, 0] == 0:
        books.oddities[place, 1] = frame
    books.oddities[place, 0] += 1


@part
def _close(table: Reassembly, place: int, books: Books, state: NDArray[np.int64], reason: int) -> None:
    """The outcome of a datagram is known: its frames are booked for `reason`, or owed to the frame that completed it (0).

    Inside tunnels, where frames are booked already, it is an oddity. One that overlapped keeps its row, so that the rest of it is dropped too.
    """
    row = table.order[place]
    held = table.datagrams[row]
    if reason == 0:
        state[OWED] += held.frames
        state[OWED + 1] += held.frames_bytes
        state[OWED + 2] += held.earlier_frames
        state[OWED + 3] += held.earlier_bytes
    elif not held.dropped:
        books.frames[0, reason, 0] += held.frames
        books.frames[0, reason, 1] += held.frames_bytes
        books.frames[1, reason, 0] += held.earlier_frames
        books.frames[1, reason, 1] += held.earlier_bytes
        if held.depth > 0:
            _odd(books, GAP_PLACES + reason, held.frame)
    held.frames = 0
    held.frames_bytes = 0
    held.earlier_frames = 0
    held.earlier_bytes = 0
    for index in range(PAGES_PER_DATAGRAM):
        page = table.page_of[row, index]
        if page >= 0:
            table.free_pages[state[FREE_PAGES]] = page
            state[FREE_PAGES] += 1
            table.page_of[row, index] = -1
    if reason == FRAGMENT_OVERLAP:
        held.dropped = 1
        return
    last = state[LIVE] - 1
    table.order[place] = table.order[last]
    table.order[last] = row
    state[LIVE] = last


@part
def _make_room(table: Reassembly, packet: Any, spared: int, books: Books, state: NDArray[np.int64]) -> bool:
    """Gives up what has timed out, or else the datagram that waits longest; never row `spared`. False: there is nothing else."""
    oldest = Integer(-1)
    before = state[LIVE]
    for place in range(before - 1, -1, -1):
        row = table.order[place]
        if row == spared:
            continue
        if abs(packet.time - table.datagrams[row].time) > FRAGMENT_TIMEOUT_NS:
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
    if state[LIVE] < before:
        return True
    for place in range(before):
        row = table.order[place]
        if row != spared and (oldest < 0 or table.datagrams[row].frame < table.datagrams[table.order[oldest]].frame):
            oldest = Integer(place)
    if oldest < 0:
        return False
    _close(table, oldest, books, state, Integer(LIMIT_REASSEMBLY))
    return True


@part
def _find(table: Reassembly, packet: Any, protocol: int, books: Books, state: NDArray[np.int64]) -> int:
    """Row of the datagram that `packet` is a fragment of, begun if need be."""
    for place in range(state[LIVE]):
        row: int = Integer(table.order[place])
        held = table.datagrams[row]
        if (
            held.identification == packet.ip_id
            and held.src_lo == packet.src_lo
            and held.dst_lo == packet.dst_lo
            and held.src_hi == packet.src_hi
            and held.dst_hi == packet.dst_hi
            and held.version == packet.ip_version
            and held.depth == packet.depth
            and (held.version == 6 or held.protocol == protocol)
        ):
            if abs(packet.time - held.time) <= FRAGMENT_TIMEOUT_NS:
                return row
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
            break
    if state[LIVE] == table.order.size:
        _make_room(table, packet, Integer(-1), books, state)
    row = Integer(table.order[state[LIVE]])
    state[LIVE] += 1
    for index in range(table.came.shape[1]):
        table.came[row, index] = 0
    held = table.datagrams[row]
    held.src_hi = packet.src_hi
    held.src_lo = packet.src_lo
    held.dst_hi = packet.dst_hi
    held.dst_lo = packet.dst_lo
    held.time = packet.time
    held.frame = packet.frame
    held.identification = packet.ip_id
    held.protocol = protocol
    held.version = packet.ip_version
    held.depth = packet.depth
    held.units = 0
    held.reach = 0
    held.total_bytes = -1
    held.header_bytes = 0
    held.fragments = 0
    held.dropped = 0
    return row


@part
def _reassemble(
    table: Reassembly,
    data: NDArray[np.uint8],
    packet: Any,
    offset: int,
    size: int,
    header_bytes: int,
    protocol: int,
    room: int,
    to_book: bool,
    step: NDArray[np.int64],
    books: Books,
    state: NDArray[np.int64],
) -> int:
    """Takes one fragment (fields in `step`): 0 once its datagram is complete and stands at `room`, else PENDING or a reason.

    Leaves OFFSET (its length) and PROTOCOL. A fragment that came before with the same bytes is tolerated; any other overlap drops the whole
    datagram (RFC 5722), as does a fragment beyond its end.
    """
    begin, last = step[FRAGMENT_OFFSET], step[MORE] == 0
    stop = begin + size
    if size <= 0 or stop > LARGEST_DATAGRAM_BYTES or (not last and size & 7 != 0):
        return BAD_HEADER
    row = _find(table, packet, protocol, books, state)
    held = table.datagrams[row]
    if held.dropped:
        return FRAGMENT_OVERLAP
    first_unit, stop_unit = begin >> 3, (stop + 7) >> 3
    came = 0
    for unit in range(first_unit, stop_unit):
        came += (Integer(table.came[row, unit >> 3]) >> (unit & 7)) & 1
    total = Integer(held.total_bytes)
    wrong = 0 < came < stop_unit - first_unit or (total >= 0 and (stop > total or (last and stop < total) or (not last and stop == total)))
    wrong = wrong or (last and held.reach > stop)
    if came == 0 and not wrong:
        for index in range(begin // PAGE_BYTES, (stop - 1) // PAGE_BYTES + 1):
            while table.page_of[row, index] < 0:
                if state[FREE_PAGES] > 0:
                    state[FREE_PAGES] -= 1
                    table.page_of[row, index] = table.free_pages[state[FREE_PAGES]]
                elif not _make_room(table, packet, row, books, state):
                    return LIMIT_REASSEMBLY
        for unit in range(first_unit, stop_unit):
            table.came[row, unit >> 3] |= np.uint8(1 << (unit & 7))
        held.units += stop_unit - first_unit
    if not wrong:
        for index in range(size):
            place = begin + index
            place = table.page_of[row, place // PAGE_BYTES] * PAGE_BYTES + place % PAGE_BYTES
            if came == 0:
                table.pages[place] = data[offset + index]
            elif table.pages[place] != data[offset + index]:
                wrong = True
    at = Integer(0)
    while table.order[at] != row:
        at += 1
    if wrong:
        _close(table, at, books, state, Integer(FRAGMENT_OVERLAP))
        return FRAGMENT_OVERLAP
    held.fragments += 1
    held.reach = max(held.reach, stop)
    if last:
        held.total_bytes = stop
    if begin == 0:
        held.first_protocol = protocol
        held.header_bytes = header_bytes
        held.ttl = packet.ttl
    total = Integer(held.total_bytes)
    if total < 0 or held.units < (total + 7) >> 3:
        if to_book:
            held.frames += 1
            held.frames_bytes += packet.wire_bytes
        return PENDING
    for index in range(total):
        data[room + index] = table.pages[table.page_of[row, index // PAGE_BYTES] * PAGE_BYTES + index % PAGE_BYTES]
    packet.ttl = held.ttl
    packet.fragments = min(held.fragments, 255)
    packet.ip_bytes = held.header_bytes + total
    step[OFFSET] = total
    step[PROTOCOL] = held.first_protocol
    _close(table, at, books, state, Integer(0))
    return 0


@part
def _arp(data: NDArray[np.uint8], offset: int, end: int, packet: Any) -> int:
    """Fills the row of an ARP message for IPv4 (RFC 826); returns 0 or a reason."""
    if end - offset < 8:
        return SHORT_FRAME
    hardware, protocol = _u8(data, offset + 4), _u8(data, offset + 5)
    if _u16(data, offset + 2) != IPV4 or protocol != 4:
        return NOT_IP
    if end - offset < 8 + 2 * (hardware + protocol):
        return SHORT_FRAME
    sender, target = offset + 8, offset + 8 + hardware + protocol
    packet.src_hi, packet.dst_hi = 0, 0
    packet.src_lo = (0xFFFF << 32) | _u32(data, sender + hardware)
    packet.dst_lo = (0xFFFF << 32) | _u32(data, target + hardware)
    if hardware == 6:
        packet.src_mac, packet.dst_mac = _u48(data, sender), _u48(data, target)
    packet.src_port = _u16(data, offset + 6)
    packet.payload_offset = target + hardware + protocol
    packet.transport = ARP
    packet.ip_version, packet.ttl, packet.ip_bytes, packet.ip_id = 0, 0, 0, 0
    return 0


@part
def _other_transport(data: NDArray[np.uint8], packet: Any, protocol: int, offset: int, end: int, wire_end: int) -> int:
    """Fills ports and payload of everything but TCP and UDP; returns 0 or a reason."""
    size = end - offset
    header = 0
    if protocol == 1 or protocol == 58:
        if size < 2:
            return SHORT_FRAME if end < wire_end else BAD_HEADER
        header = 8
        packet.src_port, packet.dst_port = _u8(data, offset), _u8(data, offset + 1)
        packet.checksum = _u16(data, offset + 2) if size >= 4 else 0
    elif protocol in (132, 136, 33):
        if size < 4:
            return SHORT_FRAME if end < wire_end else BAD_HEADER
        packet.src_port, packet.dst_port = _u16(data, offset), _u16(data, offset + 2)
        header = 12
        if protocol == 132:
            packet.checksum = _u16(data, offset + 10) if size >= 12 else 0
        elif protocol == 136:
            header = 8
            packet.checksum = _u16(data, offset + 6) if size >= 8 else 0
        elif size >= 8:
            header = max(12, _u8(data, offset + 4) * 4)
            packet.checksum = _u16(data, offset + 6)
    packet.payload_offset = min(offset + header, end)
    packet.payload_bytes = max(0, size - header)
    packet.payload_wire_bytes = max(0, wire_end - offset - header)
    return 0


@kernel
def decode_links(
    rows: NDArray[np.void],
    table: Reassembly | None,
    books: Books,
    state: NDArray[np.int64],
    step: NDArray[np.int64],
    data: NDArray[np.uint8],
    spare_offset: int,
    spare_bytes: int,
    records: NDArray[np.void],
    links: NDArray[np.void] | None,
    first: int,
    stop: int,
    written: int,
) -> tuple[int, int]:
    """Decodes `links[first:stop]` into `rows` from `written` on until rows or spare room run short; returns (rows written, first link not done).

    Without `links` it goes over the records themselves and stops in front of the first that is not Ethernet. Without `table` as well it is the kernel
    for everyday traffic, compiled in half the time: it stops in front of the first frame that holds a fragment, or a protocol or port of tunnels, and
    sets RARE.
    """
    position = first
    room_for_frame = rows.size - DEEPEST_TUNNEL - 1
    while position < stop and written <= room_for_frame and state[SPARE_USED] + SPARE_PER_FRAME_BYTES <= spare_bytes:
        if links is None:
            record = records[position]
            if record.linktype != LINKTYPE_ETHERNET:
                break
            kind, offset = Integer(ETHERNET), Integer(record.offset)
            end = offset + record.caplen_bytes
            src_mac, dst_mac, app = Integer(0), Integer(0), Integer(-1)
            reason, is_shared, is_last = Integer(0), False, True
        else:
            link = links[position]
            record = records[link.record]
            kind, offset, end = Integer(link.ethertype), Integer(link.offset), Integer(link.end)
            src_mac, dst_mac, app = Integer(link.src_mac), Integer(link.dst_mac), Integer(link.app)
            reason, is_shared, is_last = Integer(link.reason), link.shared != 0, link.last != 0
            if link.app_name_offset >= 0:
                _note_app(books, state, app, data, link.app_name_offset)
        position += 1
        outermost = written
        frame = Integer(record.frame)
        spare_limit = state[SPARE_USED] + SPARE_PER_FRAME_BYTES
        depth, tunnel, parent, vlan, turns = Integer(0), Integer(0), Integer(-1), Integer(0), Integer(0)
        wire_end = end + max(0, Integer(record.wire_bytes) - Integer(record.caplen_bytes))
        while reason == 0:
            if kind == ETHERNET:
                if end - offset < 14:
                    reason = SHORT_FRAME
                    break
                dst_mac, src_mac, kind = _u48(data, offset), _u48(data, offset + 6), _u16(data, offset + 12)
                offset += 14
            packet = rows[written]
            gap, protocol = Integer(0), Integer(0)
            more, fragment_offset, identification = Integer(-1), Integer(0), Integer(0)
            if kind == IPV4:
                if end - offset < 20:
                    reason = SHORT_FRAME
                    break
                header_bytes = (_u8(data, offset) & 15) * 4
                if _u8(data, offset) >> 4 != 4 or header_bytes < 20:
                    reason = BAD_HEADER
                    break
                if end - offset < header_bytes:
                    reason = SHORT_FRAME
                    break
                ip_bytes = _u16(data, offset + 2)
                if ip_bytes == 0:
                    ip_bytes = wire_end - offset
                    gap |= ZERO_IP_LENGTH
                elif ip_bytes < header_bytes:
                    reason = BAD_HEADER
                    break
                elif ip_bytes > wire_end - offset:
                    ip_bytes = wire_end - offset
                    gap |= BAD_LENGTH
                checksum = 0
                for place in range(offset, offset + header_bytes, 4):
                    checksum += _u32(data, place)
                checksum = (checksum & 0xFFFF) + ((checksum >> 16) & 0xFFFF) + (checksum >> 32)
                checksum = (checksum & 0xFFFF) + (checksum >> 16)
                if (checksum & 0xFFFF) + (checksum >> 16) != 0xFFFF:
                    gap |= BAD_IP_CHECKSUM
                if header_bytes > 20:
                    gap |= IP_OPTIONS
                identification = _u16(data, offset + 4)
                field = _u16(data, offset + 6)
                if field & 0x3FFF:
                    more, fragment_offset = (field >> 13) & 1, (field & 0x1FFF) * 8
                packet.ttl = _u8(data, offset + 8)
                protocol = _u8(data, offset + 9)
                packet.src_hi, packet.src_lo = 0, (0xFFFF << 32) | _u32(data, offset + 12)
                packet.dst_hi, packet.dst_lo = 0, (0xFFFF << 32) | _u32(data, offset + 16)
                packet.ip_version = 4
                extensions = Integer(EXTENSION)
            elif kind == IPV6:
                if end - offset < 40:
                    reason = SHORT_FRAME
                    break
                if _u8(data, offset) >> 4 != 6:
                    reason = BAD_HEADER
                    break
                header_bytes = Integer(40)
                protocol = _u8(data, offset + 6)
                ip_bytes = 40 + _u16(data, offset + 4)
                if ip_bytes == 40 and (protocol == 0 or protocol == 6 or protocol == 17):
                    ip_bytes = wire_end - offset
                    gap |= ZERO_IP_LENGTH
                elif ip_bytes > wire_end - offset:
                    ip_bytes = wire_end - offset
                    gap |= BAD_LENGTH
                packet.ttl = _u8(data, offset + 7)
                packet.src_hi, packet.src_lo = _u64(data, offset + 8), _u64(data, offset + 16)
                packet.dst_hi, packet.dst_lo = _u64(data, offset + 24), _u64(data, offset + 32)
                packet.ip_version = 6
                extensions = Integer(EXTENSION | EXTENSION_OF_IPV6)
            elif kind != ARP_TYPE:
                # The bound is far above any real stack of tags; headers without length, such as Ethernet in Ethernet, end it anyway.
                step[VLAN], step[TUNNEL] = vlan, tunnel
                reason = _shim(data, kind, offset, end, step)
                kind, offset, vlan, tunnel = step[KIND], step[OFFSET], step[VLAN], step[TUNNEL]
                continue
            packet.time, packet.frame, packet.wire_bytes = record.time, frame, record.wire_bytes
            packet.src_mac, packet.dst_mac = src_mac, dst_mac
            packet.parent, packet.app, packet.vlan = parent, app, vlan
            packet.depth, packet.tunnel, packet.fragments = depth, tunnel, 0
            packet.tcp_seq, packet.tcp_ack, packet.tcp_flags, packet.tcp_window, packet.checksum = 0, 0, 0, 0, 0
            packet.src_port, packet.dst_port = 0, 0
            if kind == ARP_TYPE:
                packet.payload_bytes, packet.payload_wire_bytes, packet.gap = 0, 0, 0
                reason = _arp(data, offset, end, packet)
                if reason == 0:
                    written += 1
                break
            packet.ip_bytes, packet.ip_id = ip_bytes, identification
            ip_end = min(end, offset + ip_bytes)
            if depth == 0 and end - ip_end >= PCAPDROID_TRAILER_BYTES and _u32(data, end - PCAPDROID_TRAILER_BYTES) == PCAPDROID_MAGIC:
                app = _u32(data, end - PCAPDROID_TRAILER_BYTES + 4)
                app = app - (app >> 31 << 32)
                packet.app = app
                _note_app(books, state, app, data, end - PCAPDROID_TRAILER_BYTES + 8)
            ip_wire_end = offset + ip_bytes
            network = offset
            offset += header_bytes
            # Headers between IP and transport, and fragments, which may hold further such headers.
            while more >= 0 or PROTOCOL_ROLES[protocol] & extensions:
                turns += 1
                if turns > MOST_EXTENSION_HEADERS * (depth + 1):
                    reason = LIMIT_EXTENSION_HEADERS
                    break
                if more < 0:
                    reason = _extension(data, protocol, offset, ip_end, step)
                    if reason != 0:
                        break
                    offset, protocol, more = step[OFFSET], step[PROTOCOL], step[MORE]
                    if more < 0:
                        continue
                    fragment_offset, identification = step[FRAGMENT_OFFSET], step[IDENTIFICATION]
                    packet.ip_id = identification
                    if more == 0 and fragment_offset == 0:
                        # An atomic fragment is whole (RFC 6946).
                        more = Integer(-1)
                        continue
                    header_bytes = offset - 8 - network
                if table is None:
                    state[RARE] = 1
                    return outermost, position - 1
                if ip_end < ip_wire_end:
                    # The rest of its bytes will never come: the first fragment is decoded as far as it goes, the others say nothing.
                    if fragment_offset > 0:
                        reason = FRAGMENT_UNREASSEMBLED
                        break
                    packet.fragments = 1
                    more = Integer(-1)
                    continue
                if state[SPARE_USED] + LARGEST_DATAGRAM_BYTES + 1 > spare_limit:
                    reason = LIMIT_REASSEMBLY
                    break
                step[FRAGMENT_OFFSET], step[MORE] = fragment_offset, more
                room = spare_offset + state[SPARE_USED]
                to_book = written == outermost and not is_shared
                reason = _reassemble(table, data, packet, offset, ip_end - offset, header_bytes, protocol, room, to_book, step, books, state)
                if reason != 0:
                    break
                state[SPARE_USED] += step[OFFSET]
                offset, protocol, more = room, step[PROTOCOL], Integer(-1)
                ip_end = room + step[OFFSET]
                ip_wire_end = ip_end
                end, wire_end = ip_end, ip_end
                network = offset - header_bytes
            if reason != 0:
                break
            if ip_end < ip_wire_end:
                gap |= CUT_BY_SNAPLEN
            src_port, dst_port = Integer(0), Integer(0)
            if protocol == 6:
                if ip_end - offset < 4:
                    reason = SHORT_FRAME if ip_end < ip_wire_end else BAD_HEADER
                    break
                packet.src_port, packet.dst_port = _u16(data, offset), _u16(data, offset + 2)
                header = 20
                if ip_end - offset >= 20:
                    packet.tcp_seq, packet.tcp_ack = _u32(data, offset + 4), _u32(data, offset + 8)
                    header = (_u8(data, offset + 12) >> 4) * 4
                    packet.tcp_flags = _u16(data, offset + 12) & 0x1FF
                    packet.tcp_window, packet.checksum = _u16(data, offset + 14), _u16(data, offset + 16)
                if header < 20 or header > ip_wire_end - offset:
                    header = ip_wire_end - offset
                    gap |= BAD_LENGTH
                packet.payload_offset = min(offset + header, ip_end)
                packet.payload_bytes = max(0, ip_end - offset - header)
                packet.payload_wire_bytes = ip_wire_end - offset - header
            elif protocol == 17:
                if ip_end - offset < 4:
                    reason = SHORT_FRAME if ip_end < ip_wire_end else BAD_HEADER
                    break
                src_port, dst_port = _u16(data, offset), _u16(data, offset + 2)
                packet.src_port, packet.dst_port = src_port, dst_port
                size = ip_wire_end - offset
                if ip_end - offset >= 8:
                    claimed = _u16(data, offset + 4)
                    packet.checksum = _u16(data, offset + 6)
                    # A length of 0 is a jumbogram's (RFC 2675) or one that the network card was to fill in.
                    if 8 <= claimed <= size:
                        size = claimed
                    elif claimed != 0:
                        gap |= BAD_LENGTH
                packet.payload_offset = min(offset + 8, ip_end)
                packet.payload_bytes = max(0, min(ip_end, offset + size) - offset - 8)
                packet.payload_wire_bytes = max(0, size - 8)
            else:
                reason = _other_transport(data, packet, protocol, offset, ip_end, ip_wire_end)
                if reason != 0:
                    break
            packet.transport = protocol
            packet.gap = gap
            may_tunnel = PROTOCOL_ROLES[protocol] & TUNNELS_IP != 0 or (protocol == 17 and _tunnel_ports(src_port, dst_port))
            if table is None and may_tunnel:
                state[RARE] = 1
                return outermost, position - 1
            if gap != 0:
                for bit in range(GAP_PLACES):
                    if (gap >> bit) & 1:
                        _odd(books, bit, frame)
            written += 1
            found = False
            step[VLAN] = 0
            if not may_tunnel:
                break
            if table is not None:
                if protocol == 17:
                    offset = Integer(packet.payload_offset)
                    ip_end = offset + packet.payload_bytes
                    ip_wire_end = offset + packet.payload_wire_bytes
                found = _tunnel(data, protocol, src_port, dst_port, offset, ip_end, ip_wire_end, step)
            if not found:
                break
            if depth == DEEPEST_TUNNEL:
                reason = LIMIT_TUNNEL_DEPTH
                break
            depth += 1
            parent = written - 1
            kind, offset, tunnel = step[KIND], step[OFFSET], step[TUNNEL]
            end, wire_end = ip_end, ip_wire_end
            src_mac, dst_mac, vlan = 0, 0, 0
        if written > outermost:
            state[FRAME_ROWS] += written - outermost
            if reason != 0 and reason != PENDING:
                _odd(books, GAP_PLACES + reason, frame)
        if is_last:
            state[READ] += 1
            state[READ_BYTES] += record.wire_bytes
            if state[FRAME_ROWS] > 0:
                reason = 0
                if record.time > state[NOW]:
                    state[OBSERVED_NS] += min(record.time - state[NOW], LONGEST_SILENCE_NS) if state[NOW] != NEVER else 0
                    state[NOW] = record.time
            elif reason == PENDING and is_shared:
                reason = FRAGMENT_UNREASSEMBLED
            if reason != PENDING:
                books.frames[0, reason, 0] += 1
                books.frames[0, reason, 1] += record.wire_bytes
                for column in range(4):
                    books.frames[column >> 1, reason, column & 1] += state[OWED + column]
                    state[OWED + column] = 0
            state[FRAME_ROWS] = 0
    return written, position


@kernel
def next_capture(table: Reassembly, books: Books, state: NDArray[np.int64], at_end: bool) -> None:
    """Another capture begins: what waits since the one before the last is given up, the rest grows a capture older. At the end all is given up."""
    for place in range(state[LIVE] - 1, -1, -1):
        held = table.datagrams[table.order[place]]
        if at_end or held.earlier_frames > 0:
            _close(table, Integer(place), books, state, Integer(FRAGMENT_UNREASSEMBLED))
        else:
            held.earlier_frames = held.frames
            held.earlier_bytes = held.frames_bytes
            held.frames = 0
            held.frames_bytes = 0
