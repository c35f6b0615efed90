"""NTP (RFC 5905, extension fields as RFC 7822). The shape is taken strictly: what is not NTP on its port has to stand out."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.protocols import Heads
from gdsi_audit.protocols._column import is_one_of
from gdsi_audit.protocols._dns_shape import begins_message
from gdsi_audit.wire_text import WireText, display

TRANSPORT = "udp"
EVERY_DATAGRAM = True

PORT = 123
HEADER_BYTES = 48
CONTROL, PRIVATE = 6, 7
CONTROL_HEADER_BYTES = {CONTROL: 12, PRIVATE: 8}
LONGEST_MAC_BYTES = 24
MAC_BYTES = (0, 4, 20, 24)
SMALLEST_EXTENSION_BYTES = 16
UNIX_EPOCH_S = 2_208_988_800
ERA_S = 1 << 32


@dataclass(frozen=True, slots=True)
class NtpMessage:
    """One message, its header as it stands and its extension fields by type and size."""

    mode: int
    """1 and 2 symmetric, 3 client, 4 server, 5 broadcast, 6 control, 7 private."""
    version: int
    stratum: int
    """0 in control and private messages, as all below."""
    reference: WireText
    """Address of the server's source, or the name of its clock at stratum 1 and less; empty: none."""
    transmit_time: int
    """UTC nanoseconds; 0: none. A client may put random bits here."""
    timestamps: tuple[int, int, int, int]
    """Reference, originate, receive, transmit as they stand, 64 bits each."""
    extensions: tuple[tuple[int, int], ...]
    """(type, bytes with header) of every extension field."""
    mac_bytes: int
    payload_bytes: int
    """Control and private messages: bytes behind their header."""


def recognise(heads: Heads) -> NDArray[np.bool_]:
    """On port 123 by version, mode, stratum and length; elsewhere only bare client and server messages with plausible clock values."""
    at_port = (heads.orig_port == PORT) | (heads.resp_port == PORT)
    first, stratum, poll, precision = (heads.bytes[:, place] for place in range(4))
    version, mode = first >> 3 & 7, first & 7
    versioned = (version >= 1) & (version <= 4)
    timed = (mode >= 1) & (mode <= 5) & (stratum <= 16) & (heads.length >= HEADER_BYTES) & (heads.length % 4 == 0)
    control = is_one_of(mode, (CONTROL, PRIVATE)) & (heads.length >= np.where(mode == CONTROL, 12, 8)) & (stratum & 0x3F <= 0x1F)
    clock = ((precision == 0) | (precision == 32) | (precision >= 0xE0)) & (poll <= 17) & (heads.bytes[:, 4] == 0) & (heads.bytes[:, 8] == 0)
    elsewhere = timed & (version >= 3) & ((mode == 3) | ((mode == 4) & (stratum > 0))) & (heads.length == HEADER_BYTES) & clock
    elsewhere &= ~begins_message(heads.bytes, heads.length)
    found: NDArray[np.bool_] = versioned & np.where(at_port, timed | control, elsewhere)
    return found


def parse(datagrams: list[bytes], *, from_responder: bool) -> NtpMessage:
    """The message in the first datagram. Raises ValueError where version, mode, length or extension fields cannot be."""
    del from_responder
    data = datagrams[0]
    mode, version = (data[0] & 7, data[0] >> 3 & 7) if data else (0, 0)
    if mode == 0 or not 1 <= version <= 4:
        raise ValueError(f"NTP mode {mode}, version {version} at offset 0")
    if mode in CONTROL_HEADER_BYTES:
        return _control(data, mode, version)
    if len(data) < HEADER_BYTES or data[1] > 16:
        raise ValueError(f"no NTP header: stratum or length cannot be, {len(data)} bytes")
    stamps = [int.from_bytes(data[place : place + 8]) for place in range(16, HEADER_BYTES, 8)]
    extensions, mac_bytes = _extensions(data)
    return NtpMessage(
        mode=mode,
        version=version,
        stratum=data[1],
        reference=_reference(data[1], data[12:16]),
        transmit_time=_nanoseconds(stamps[3]),
        timestamps=(stamps[0], stamps[1], stamps[2], stamps[3]),
        extensions=extensions,
        mac_bytes=mac_bytes,
        payload_bytes=0,
    )


def sound(data: NDArray[np.uint8], offset: NDArray[np.int64], length: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of the datagrams `data[offset : offset + length]` `parse` accepts; those with extension fields are parsed to know."""
    first, second = (np.where(length > place, data[np.minimum(offset + place, data.size - 1)], 0) for place in range(2))
    version, mode, behind = first >> 3 & 7, first & 7, length - HEADER_BYTES
    versioned = (mode > 0) & (version >= 1) & (version <= 4)
    control = (mode >= CONTROL) & (length >= np.where(mode == CONTROL, CONTROL_HEADER_BYTES[CONTROL], CONTROL_HEADER_BYTES[PRIVATE]))
    timed = (mode < CONTROL) & (behind >= 0) & (second <= 16)
    found: NDArray[np.bool_] = versioned & (control | (timed & is_one_of(behind, MAC_BYTES)))
    for row in np.flatnonzero(versioned & timed & ~found).tolist():
        found[row] = _is_sound(data[offset[row] : offset[row] + length[row]].tobytes())
    return found


def _is_sound(datagram: bytes) -> bool:
    try:
        parse([datagram], from_responder=False)
    except ValueError:
        return False
    return True


def _control(data: bytes, mode: int, version: int) -> NtpMessage:
    payload_bytes = len(data) - CONTROL_HEADER_BYTES[mode]
    if payload_bytes < 0:
        raise ValueError(f"an NTP message of mode {mode} ends at offset {len(data)}, inside its header")
    return NtpMessage(mode, version, 0, WireText(""), 0, (0, 0, 0, 0), (), 0, payload_bytes)


def _extensions(data: bytes) -> tuple[tuple[tuple[int, int], ...], int]:
    """Fields until what is left can only be a MAC."""
    fields, position = [], HEADER_BYTES
    while len(data) - position > LONGEST_MAC_BYTES or len(data) - position == SMALLEST_EXTENSION_BYTES:
        size = int.from_bytes(data[position + 2 : position + 4])
        if size < SMALLEST_EXTENSION_BYTES or size % 4 or position + size > len(data):
            raise ValueError(f"an extension field of {size} bytes at offset {position}")
        fields.append((int.from_bytes(data[position : position + 2]), size))
        position += size
    if len(data) - position not in MAC_BYTES:
        raise ValueError(f"{len(data) - position} bytes at offset {position} are neither an extension field nor a MAC")
    return tuple(fields), len(data) - position


def _reference(stratum: int, value: bytes) -> WireText:
    if not any(value):
        return WireText("")
    return display(value.rstrip(b"\0")) if stratum <= 1 else WireText(str(IPv4Address(value)))


def _nanoseconds(stamp: int) -> int:
    """UTC nanoseconds; seconds without the top bit belong to the era that begins in 2036."""
    seconds = (stamp >> 32) - UNIX_EPOCH_S + (0 if stamp >> 63 else ERA_S)
    return seconds * 1_000_000_000 + ((stamp & 0xFFFFFFFF) * 1_000_000_000 >> 32) if stamp else 0
